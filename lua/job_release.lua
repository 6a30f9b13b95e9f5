#!lua flags=allow-oom
-- job_release.lua - D5 held -> D1 ready, a step of it: the deliveries in the lane of an endpoint
--                   that was resumed
--
-- KEYS    1 to 4 as lib/job, 5 deliveries stream, 6 waiting hash,
--         and prefixes with the same tag: 7 mr:{p}:event:  8 mr:{p}:lane:  9 mr:{p}:endpoint:
-- ARGV    as lib/job
-- RETURNS as lib/job
--
-- The job may be made before its endpoint is resumed: while it is paused, the lane is left alone,
-- and after 30 s there is nothing to release. A member whose record does not say how to go on is
-- taken out and counted as skipped.
local call = redis.call
--@include clock
--@include delivery
--@include waiting
--@include record
--@include resume
--@include hold
--@include job

local answer = open_job()
if answer then
    return answer
end
local deliveries, waiting = KEYS[5], KEYS[6]
local lane, room = KEYS[8] .. job.endpoint, room_in(deliveries)
local held = call('ZCARD', lane)
if is_paused(KEYS[9], job.endpoint) then
    return step_ms < job.created_at + 30000 and wait_ms(100) or finish(0, 0)
elseif held > 0 and room <= 0 then
    return wait_ms(STEP_MS)
end
local members, moved = call('ZRANGE', lane, 0, math.max(room, 1) - 1), 0
for i = 1, #members do
    local record = KEYS[7] .. 'evt_' .. string.sub(members[i], 5, 24)
    moved = resume(deliveries, record, members[i]) and moved + 1 or moved
end
if #members > 0 then
    count_waiting(waiting, 'paused', -call('ZREM', lane, unpack(members)))
end
if #members < held then
    return go_on('', moved, #members - moved, STEP_MS)
end
return finish(moved, #members - moved)
