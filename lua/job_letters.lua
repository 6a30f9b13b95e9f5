#!lua flags=allow-oom
-- job_letters.lua - D6 dead -> D1 ready (redrive), or its letter goes (purge), a step of it: the
--                   dead letters of an organization that were there when the job was made, oldest
--                   first
--
-- KEYS    1 to 4 as lib/job, 5 events stream, 6 deliveries stream, 7 due zset, 8 waiting hash,
--         9 dead letters stream, and prefixes with the same tag:
--         10 mr:{p}:event:  11 mr:{p}:dlq:  12 mr:{p}:endpoint:  13 mr:{p}:events:
--         14 mr:{p}:letters:
-- ARGV    as lib/job
-- RETURNS as lib/job
--
-- Parameters of the job, '' for any: endpoint, type, reason, since_ms, until_ms (both belong to
-- the window). Its cursor is the last letter that was looked at. Skipped are, by a redrive, letters
-- whose event is not in the log any more, or whose endpoint is gone or disabled. Deliveries of a
-- purge stay dead, without a letter.
-- A step looks at 200 letters or a mebibyte; a redrive enqueues what there is room for.
local call = redis.call
--@include clock
--@include origin
--@include delivery
--@include waiting
--@include record
--@include wait
--@include resume
--@include log_entry
--@include letter
--@include replay
--@include job

local answer = open_job()
if answer then
    return answer
end
local keys = replay_keys(5)
local index, types, now = keys.letters .. job.org, KEYS[13] .. job.org, digits(step_ms)
local is_purge = job.kind == 'purge'
local room = is_purge and LOOKED_MAX or room_in(keys.deliveries)
if room <= 0 then
    return wait_ms(STEP_MS)
end
local from = job.cursor ~= '' and '(' .. job.cursor or job.since_ms ~= '' and job.since_ms or '-'
local to = digits(math.min(tonumber(job.until_ms) or job.created_at, job.created_at))
local found = call('XRANGE', index, from, to, 'COUNT', LOOKED_MAX + 1)

local function is_in(stream, id, name, value)
    local entry = value ~= '' and call('XRANGE', stream, id, id)[1]
    for i = 1, entry and #entry[2] or 0, 2 do
        if entry[2][i] == name then
            return entry[2][i + 1] == value
        end
    end
    return value == ''
end

local function purge(letter, event, endpoint, state)
    if state then
        call('HSET', keys.records .. event, endpoint,
             'dead - ' .. string.match(state, '^dead %S+ (.*)$'))
    else
        redis.pcall('HDEL', KEYS[14] .. job.org, letter_place(event, endpoint))
    end
    call('XDEL', keys.dlq, letter)
    call('XDEL', index, letter)
    return 'done'
end

local function step_one(found_one)
    local letter, delivery = found_one[1], found_one[2][2]
    local event, endpoint = 'evt_' .. string.sub(delivery, 5, 24), 'ep_' .. string.sub(delivery, 25)
    if job.endpoint ~= '' and job.endpoint ~= endpoint
        or not is_in(keys.dlq, letter, 'reason', job.reason)
        or not is_in(types, entry_of(event), 'type', job.type) then
        return 'unwanted'
    end
    local state = redis.pcall('HGET', keys.records .. event, endpoint)
    local is_its_own = type(state) == 'string' and string.match(state, '^dead (%S+) ') == letter
    if is_purge then
        return purge(letter, event, endpoint, is_its_own and state)
    end
    local word = is_its_own and replay(keys, job.org, event, endpoint, true, now) or 'absent'
    return word == 'ready' and 'done' or word
end

return step_through(each_of(found), room, step_one, function(found_one) return found_one[1] end)
