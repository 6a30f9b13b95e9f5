#!lua flags=allow-oom
-- job_release.lua - D5 held -> D1 ready, a step of it: the deliveries in the lane of an endpoint
--                   that was resumed
--
-- KEYS    1 to 4 as lib/job, 5 deliveries stream, 6 waiting hash, 7 due zset,
--         and prefixes with the same tag: 8 mr:{p}:event:  9 mr:{p}:lane:  10 mr:{p}:endpoint:
-- ARGV    as lib/job
-- RETURNS as lib/job
--
-- The job may be made before its endpoint is resumed: while it is paused, the lane is left alone,
-- and after 30 s there is nothing to release. A member whose record does not say how to go on is
-- taken out and counted as skipped.
-- An endpoint that is gated otherwise lets go itself (lib/lane): then it is due, and what is held
-- only says from now on what it waits for. The cursor is the last delivery that was told so.
local call = redis.call
--@include clock
--@include delivery
--@include hash
--@include waiting
--@include record
--@include resume
--@include hold
--@include job

local answer = open_job()
if answer then
    return answer
end
local keys = {deliveries = KEYS[5], waiting = KEYS[6], due = KEYS[7], records = KEYS[8]}
local lane, room = KEYS[9] .. job.endpoint, room_in(keys.deliveries)
local gate = gate_of(KEYS[10], job.endpoint)

local function tell(delivery)
    local record, endpoint = record_of(keys.records, delivery), job.endpoint
    local state = redis.pcall('HGET', record, endpoint)
    local reason = read_waiting(type(state) == 'string' and state)
    if reason and reason ~= gate then
        call('HSET', record, endpoint, (string.gsub(state, '^waiting %S+', 'waiting ' .. gate)))
        count_waiting(keys.waiting, reason, -1)
        count_waiting(keys.waiting, gate, 1)
    end
    return 'unwanted'
end

if gate == 'paused' then
    return step_ms < job.created_at + 30000 and wait_ms(100) or finish(0, 0)
elseif gate then
    local from = job.cursor == '' and '-' or '(' .. job.cursor
    local told = call('ZRANGE', lane, from, '+', 'BYLEX', 'LIMIT', 0, LOOKED_MAX + 1)
    call('ZADD', keys.due, 'LT', digits(step_ms), job.endpoint)
    return step_through(each_of(told), LOOKED_MAX, tell, function(delivery) return delivery end)
end
local held = call('ZCARD', lane)
if held > 0 and room <= 0 then
    return wait_ms(STEP_MS)
end
local members = call('ZRANGE', lane, 0, math.max(room, 1) - 1)
local moved = resume_all(keys, lane, members)
count_waiting(keys.waiting, 'paused', moved - #members)
if #members < held then
    return go_on('', moved, #members - moved, STEP_MS)
end
return finish(moved, #members - moved)
