-- A step of a job. Its script's first KEYS are 1 the job (hash), 2 jobs zset, and the prefixes
-- 3 mr:{p}:jobs: and 4 mr:{p}:running:; its first ARGV are 1 time in ms to use instead of Redis's
-- (''), 2 ms for which a finished job is kept, 3 partition, 4 what was done for it elsewhere ('').
-- RETURNS of a step: a word and ms, how things stand and when to go on:
--   running            it was stepped, or waits for room: go on after ms
--   done failed …      it is finished: nothing to do for ms
--   absent             it has been removed
local STEP_MS = 2
local READY_MAX, TOP_UP_MAX = 60, 5
local LOOKED_MAX = 200
local job, step_ms = {}, now_ms(ARGV[1])

local function end_job(state, err)
    call('HSET', KEYS[1], 'state', state, 'error', err, 'updated_at', digits(step_ms),
         'finished_at', digits(step_ms))
    call('ZADD', KEYS[2], digits(step_ms + ARGV[2]), job.id)
    call('SREM', KEYS[4] .. job.org, job.id)
    return {state, digits(ARGV[2])}
end

-- Nothing when it runs: its fields are in `job` then. Else what to return: a job that is finished
-- is in the zset by the time when it is to be removed.
local function open_job()
    local fields = call('HGETALL', KEYS[1])
    for i = 1, #fields, 2 do
        job[fields[i]] = fields[i + 1]
    end
    if not job.id then
        return {'absent', '0'}
    elseif job.state == 'running' then
        return nil
    end
    local left = (tonumber(job.finished_at) or 0) + ARGV[2] - step_ms
    if left > 0 then
        call('ZADD', KEYS[2], digits(step_ms + left), job.id)
        return {job.state, digits(left)}
    end
    call('UNLINK', KEYS[1])
    call('ZREM', KEYS[2], job.id)
    call('ZREM', KEYS[3] .. job.org, job.id)
    return {'absent', '0'}
end

-- How many deliveries a step may enqueue: few at a time, for fresh ones come behind them; none
-- while there are READY_MAX that are ready or in flight.
local function room_in(deliveries)
    return math.min(TOP_UP_MAX, READY_MAX - call('XLEN', deliveries))
end

local function wait_ms(ms)
    return {'running', digits(ms)}
end

local function go_on(cursor, done, skipped, ms)
    call('HSET', KEYS[1], 'cursor', cursor, 'done', digits(job.done + done),
         'skipped', digits(job.skipped + skipped), 'updated_at', digits(step_ms))
    return wait_ms(ms)
end

local function finish(done, skipped)
    go_on(job.cursor, done, skipped, 0)
    return end_job('done', '')
end

local function each_of(found)
    local at = 0
    return function()
        at = at + 1
        return found[at]
    end
end

-- Goes on through what next_item gives (nil: there is no more), LOOKED_MAX at most, while there is
-- room for what comes of it. one(item) says done, unwanted, later (this step has read enough) or
-- why it is skipped; position(item) is what the cursor says of it. Returns what the step returns.
local function step_through(next_item, room, one, position)
    local done, skipped, looked, item, word = 0, 0, 0, next_item(), nil
    while item and looked < LOOKED_MAX and done < room do
        word = one(item)
        if word == 'later' then
            break
        end
        job.cursor, looked = position(item), looked + 1
        done = word == 'done' and done + 1 or done
        skipped = word ~= 'done' and word ~= 'unwanted' and skipped + 1 or skipped
        item = next_item()
    end
    return item and go_on(job.cursor, done, skipped, STEP_MS) or finish(done, skipped)
end
