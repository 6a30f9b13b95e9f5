#!lua flags=allow-oom
-- reap.lua - names of dead consumers are removed, never one that has something pending
--            (that would strand it)
--
-- KEYS    1 stream
-- ARGV    1 group, 2 idle ms after which a name counts as dead,
--         3 one name to remove whatever its idle time ('': none), 4 how many at most
-- RETURNS how many were removed
-- NOGROUP when there is no such group.
local call = redis.call
local stream, group, gone = KEYS[1], ARGV[1], ARGV[3]
local idle_ms, limit = tonumber(ARGV[2]), tonumber(ARGV[4])

local removed = 0
for _, row in ipairs(call('XINFO', 'CONSUMERS', stream, group)) do
    local consumer = {}
    for i = 1, #row, 2 do
        consumer[row[i]] = row[i + 1]
    end
    local dead = consumer.name == gone or consumer.idle >= idle_ms
    if removed < limit and consumer.pending == 0 and dead then
        call('XGROUP', 'DELCONSUMER', stream, group, consumer.name)
        removed = removed + 1
    end
end
return removed
