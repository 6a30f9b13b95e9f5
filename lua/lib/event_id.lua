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

-- Neighbours in a stream share all but the last two characters of their ms.
local shared, shared_text

local function event_id(ms, seq, partition)
    local low = ms % 1024
    local high = (ms - low) / 1024
    if high ~= shared then
        shared, shared_text = high, base32(high, 8)
    end
    return 'evt_' .. shared_text .. base32(low, 2) .. base32(seq, 7) .. base32(partition, 3)
end

local function event_of(entry, partition)
    local ms, seq = string.match(entry, '^(%d+)-(%d+)$')
    return event_id(tonumber(ms), tonumber(seq), tonumber(partition))
end
