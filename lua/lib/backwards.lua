-- The entries of a stream one by one, newest first, read a hundred at a time. Bounds: after an
-- entry ('': none) or else before a time, and not before another ('': none).
local CHUNK = 100

local function backwards(stream, after, since_ms, until_ms)
    local max = after ~= '' and '(' .. after or until_ms ~= '' and '(' .. until_ms .. '-0' or '+'
    local min, chunk, at = since_ms ~= '' and since_ms .. '-0' or '-', nil, CHUNK
    return function()
        if at == CHUNK then
            chunk, at = call('XREVRANGE', stream, max, min, 'COUNT', CHUNK), 0
            max = #chunk > 0 and '(' .. chunk[#chunk][1]
        end
        at = at + 1
        return unpack(chunk[at] or {})
    end
end
