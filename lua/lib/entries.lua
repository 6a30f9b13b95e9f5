-- The ms and the sequence of an entry id; nothing for a text that is none.
local function parse(id)
    local ms, seq = string.match(id, '^(%d+)-(%d+)$')
    return tonumber(ms), tonumber(seq)
end

-- The entries of a stream one by one: id and fields of the one after an id ('': the first).
-- Read ahead while they are small, eight at a time, about 64 KiB by the size of the last one.
local ahead, ahead_at, last_bytes = {}, 0, 65536

local function entry_after(stream, id)
    if not ahead[ahead_at + 1] then
        local from = id == '' and '-' or '(' .. id
        local count = math.max(1, math.min(8, math.floor(65536 / last_bytes)))
        ahead, ahead_at = call('XRANGE', stream, from, '+', 'COUNT', count), 0
    end
    ahead_at = ahead_at + 1
    return unpack(ahead[ahead_at] or {})
end

local function entry_size(fields)
    local bytes = 1
    for i = 2, #fields, 2 do
        bytes = bytes + #fields[i]
    end
    last_bytes = bytes
    return bytes
end
