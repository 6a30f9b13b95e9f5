#!lua flags=allow-oom
-- job_replay.lua - D3 delivered, D6 dead -> D1 ready, a step of it: deliveries in the history of an
--                  endpoint, oldest first
--
-- KEYS    1 to 4 as lib/job, 5 events stream, 6 deliveries stream, 7 due zset, 8 waiting hash,
--         9 dead letters stream, and prefixes with the same tag:
--         10 mr:{p}:event:  11 mr:{p}:dlq:  12 mr:{p}:endpoint:  13 mr:{p}:history:
--         14 mr:{p}:events:
-- ARGV    as lib/job
-- RETURNS as lib/job; the error of a failed one: endpoint_deleted or endpoint_disabled
--
-- Parameters of the job: endpoint; from and to, the first and the last event id; status: failed,
-- delivered or all. Its cursor is the last event that was looked at. Skipped are those that wait or
-- are on their way already, and those whose event is not in the log any more.
-- A step looks at 200 events or a mebibyte of the log, and enqueues what there is room for.
local call = redis.call
--@include clock
--@include origin
--@include delivery
--@include waiting
--@include record
--@include wait
--@include resume
--@include log_entry
--@include event_id
--@include mark
--@include history_walk
--@include replay
--@include job

local answer = open_job()
if answer then
    return answer
end
local keys = replay_keys(5)
local endpoint, now = job.endpoint, digits(step_ms)
local open = endpoint_word(keys.endpoints, endpoint)
local room = room_in(keys.deliveries)
if open ~= 'open' then
    return end_job('failed', open == 'gone' and 'endpoint_deleted' or 'endpoint_disabled')
elseif room <= 0 then
    return wait_ms(STEP_MS)
end
local from = job.cursor == '' and '[' .. job.from or '(' .. job.cursor
local next_event = history_from(KEYS[13] .. endpoint, KEYS[14] .. job.org, ARGV[3], from, false)

local function next_in_window()
    local event = next_event()
    return event and event <= job.to and event or nil
end

local function is_wanted(first)
    return first ~= 'dead' and first ~= 'delivered'
        or job.status == 'all' or (job.status == 'failed') == (first == 'dead')
end

-- Those that wait or are on their way are not hurried.
local function replay_one(event)
    local state = redis.pcall('HGET', keys.records .. event, endpoint)
    local first = type(state) == 'string' and string.match(state, '^%S+') or ''
    if not state or not is_wanted(first) then -- not state: the event went to others
        return 'unwanted'
    end
    local word = (first == 'dead' or first == 'delivered')
        and replay(keys, job.org, event, endpoint, false, now) or 'absent'
    return word == 'ready' and 'done' or word
end

return step_through(next_in_window, room, replay_one, function(event) return event end)
