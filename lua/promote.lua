#!lua flags=allow-oom
-- promote.lua - D4 waiting -> D1 ready, for what is due, bounded
--
-- KEYS    1 due zset, 2 deliveries stream,
--         3 prefix mr:{p}:delivery: (the keys under it are named by the members of due, same tag)
-- ARGV    1 how many at most (200), 2 time in ms to use instead of Redis's ('')
-- RETURNS number moved, the next due ms or '', number of members without a whole hash (taken out
--         of due; should be 0; what there is of the hash stays, to be looked at), the time in ms
local call = redis.call
--@include clock
--@include delivery

local due, deliveries, prefix = unpack(KEYS)
local now = digits(now_ms(ARGV[2]))
local members = call('ZRANGE', due, '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[1])

-- pcall: one key of another type must not stop all that wait behind it.
local function read_hash(key)
    local fields = redis.pcall('HMGET', key, 'event', 'endpoint', 'org', 'attempt', 'snoozes',
                               'history', 'trace', 'request', 'body')
    for i = 1, 9 do
        if not fields[i] then
            return nil
        end
    end
    return fields
end

local moved = {}
for i = 1, #members do
    local key = prefix .. members[i]
    local fields = read_hash(key)
    if fields then
        ready(deliveries, unpack(fields))
        moved[#moved + 1] = key
    end
end
if #moved > 0 then
    call('DEL', unpack(moved))
end
if #members > 0 then
    call('ZREM', due, unpack(members))
end
return {#moved, earliest_due(due), #members - #moved, now}
