#!lua flags=allow-oom
-- promote.lua - D4 waiting -> D1 ready, for what is due, bounded
--
-- KEYS    1 due zset, 2 waiting hash, 3 deliveries stream,
--         4 prefix mr:{p}:event: (the records under it are named by the members of due, same tag)
-- ARGV    1 how many at most (200), 2 time in ms to use instead of Redis's ('')
-- RETURNS number moved, the next due ms or '', number of members of which no record says how to go
--         on (taken out of due; should be 0; what there is of the record stays, to be looked at),
--         the time in ms
--
-- Hash mr:{p}:waiting: the reasons of what leaves due are counted down; it goes when nothing is due
-- or held, so that what could not be counted once is not wrong for ever.
local call = redis.call
--@include clock
--@include delivery
--@include waiting
--@include record
--@include resume

local due, waiting, deliveries, prefix = unpack(KEYS)
local now = digits(now_ms(ARGV[2]))
local members = call('ZRANGE', due, '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[1])

local moved, left = 0, {}
for i = 1, #members do
    local id = members[i]
    local reason = resume(deliveries, prefix .. 'evt_' .. string.sub(id, 5, 24), id)
    if reason then
        moved, left[reason] = moved + 1, (left[reason] or 0) + 1
    end
end
if #members > 0 then
    call('ZREM', due, unpack(members))
end
for reason, count in pairs(left) do
    count_waiting(waiting, reason, -count)
end
local next_due = earliest_due(due)
if next_due == '' then
    forget_waiting(waiting)
end
return {moved, next_due, #members - moved, now}
