-- The event id of an entry, as common/model/ids.c makes it: 50 bits of ms, 35 of seq, 15 of
-- the partition, five to a character. Numbers are doubles, exact to 2^53.
local ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

local function base32(number, chars)
    local text = ''
    while number > 0 do
        local digit = number % 32
        text = string.sub(ALPHABET, digit + 1, digit + 1) .. text
        number = (number - digit) / 32
    end
    return string.rep('0', chars - #text) .. text
end

local function event_id(ms, seq, partition)
    return 'evt_' .. base32(ms, 10) .. base32(seq, 7) .. base32(partition, 3)
end
