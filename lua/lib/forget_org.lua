-- What else an organization has, a bounded part per call. Each returns whether that was the last of
-- it, and what the cursor says.

local function forget_jobs()
    local index = KEYS[3] .. job.org
    local ids = call('ZRANGE', index, 0, LOOKED_MAX)
    for i = 1, #ids do
        if ids[i] ~= job.id then
            call('UNLINK', job_prefix .. ids[i])
            call('ZREM', KEYS[2], ids[i])
            call('ZREM', index, ids[i])
        end
    end
    return #ids <= LOOKED_MAX, ''
end

-- Returns the ids of those that went. What is in their lanes goes with its event.
local function forget_endpoints()
    local has_any = call('ZCARD', endpoints_prefix .. job.org) > 0
    local index = (has_any and endpoints_prefix or gone_prefix) .. job.org
    local ids = call('ZRANGE', index, 0, 49)
    for i = 1, #ids do
        call('UNLINK', history_prefix .. ids[i], endpoint_prefix .. ids[i], turn_prefix .. ids[i],
             rate_prefix .. ids[i])
        call('ZREM', due, ids[i])
        call('HDEL', failing, ids[i])
        call('ZREM', index, ids[i])
    end
    return ids
end

-- Attempts and letters, also those that no record names: a stream is walked to its end.
local function forget_in(stream)
    local from = job.cursor == '' and '-' or '(' .. job.cursor
    local found, gone = call('XRANGE', stream, from, '+', 'COUNT', LOOKED_MAX), {}
    for i = 1, #found do
        gone[#gone + 1] = found[i][2][6] == job.org and found[i][1] or nil
    end
    if #gone > 0 then
        call('XDEL', stream, unpack(gone))
    end
    return #found < LOOKED_MAX, #found > 0 and found[#found][1] or job.cursor
end

-- No index names them: all keys are looked through.
local function forget_dedup()
    local from = job.cursor == '' and '0' or job.cursor
    local cursor, keys = unpack(call('SCAN', from, 'MATCH', dedup_prefix .. job.org .. ':*',
                                     'COUNT', 500))
    if #keys > 0 then
        call('UNLINK', unpack(keys))
    end
    return cursor == '0', cursor
end

-- The counters of lib/stats. pcall: a key that is something else counts nothing.
local function forget_stats()
    local fields, org = {}, job.org .. ':'
    for _, word in ipairs({'extra', 'skipped', 'retried', 'snoozed', 'dead'}) do
        fields[#fields + 1] = org .. word
    end
    redis.pcall('HDEL', stats, unpack(fields))
end
