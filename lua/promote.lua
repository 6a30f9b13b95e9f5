#!lua flags=allow-oom
-- promote.lua - D4 waiting -> D1 ready, for what is due, bounded
--
-- KEYS    1 due zset, 2 waiting hash, 3 deliveries stream,
--         4 prefix mr:{p}:delivery: (the keys under it are named by the members of due, same tag)
-- ARGV    1 how many at most (200), 2 time in ms to use instead of Redis's ('')
-- RETURNS number moved, the next due ms or '', number of members without a whole hash (taken out
--         of due; should be 0; what there is of the hash stays, to be looked at), the time in ms
--
-- Hash mr:{p}:waiting: the reasons of what leaves due are counted down; it goes when due is empty,
-- so that what could not be counted once is not wrong for ever.
local call = redis.call
--@include clock
--@include delivery
--@include waiting

local due, waiting, deliveries, prefix = unpack(KEYS)
local now = digits(now_ms(ARGV[2]))
local members = call('ZRANGE', due, '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[1])

local moved, left = {}, {}
for i = 1, #members do
    local key, is_whole = prefix .. members[i], true
    -- pcall: one key of another type must not stop all that wait behind it.
    local fields = redis.pcall('HMGET', key, 'event', 'endpoint', 'org', 'attempt', 'snoozes',
                               'history', 'trace', 'request', 'body', 'reason')
    for k = 1, 9 do
        is_whole = is_whole and fields[k]
    end
    if is_whole then
        ready(deliveries, unpack(fields, 1, 9))
        moved[#moved + 1] = key
    end
    local reason = fields[10] or ''
    left[reason] = (left[reason] or 0) + 1
end
if #moved > 0 then
    call('DEL', unpack(moved))
end
if #members > 0 then
    call('ZREM', due, unpack(members))
end
left[''] = nil
for reason, count in pairs(left) do
    count_waiting(waiting, reason, -count)
end
local next_due = earliest_due(due)
if next_due == '' then
    call('DEL', waiting)
end
return {#moved, next_due, #members - #moved, now}
