-- Since when an endpoint has had nothing but failures: hash mr:{p}:failing, endpoint -> ms. Read
-- and written once per call, since most calls meet no failure and an empty hash.
-- pcall: what cannot be counted must not stop, half-way, what is settled.
local failed, succeeded, failing_now, failing_limit, any_failing = {}, {}, nil, 0, false

local function read_failing(key, limit_ms, now)
    local count = redis.pcall('HLEN', key)
    failing_limit, failing_now = tonumber(limit_ms), now
    any_failing = type(count) == 'number' and count > 0 and key
end

-- Whether this attempt makes it one that has failed for too long.
local function is_failing(endpoint, outcome, duration)
    if duration == '' or outcome == 'snooze' then
        return false
    elseif outcome == 'delivered' then
        if any_failing or failed[endpoint] then
            succeeded[endpoint], failed[endpoint] = true, nil
        end
        return false
    end
    local since = not succeeded[endpoint] and any_failing
        and redis.pcall('HGET', any_failing, endpoint)
    failed[endpoint] = true
    return type(since) == 'string' and failing_limit > 0
        and failing_now - (tonumber(since) or failing_now) >= failing_limit
end

local function write_failing(key)
    for endpoint in pairs(any_failing and succeeded or {}) do
        redis.pcall('HDEL', key, endpoint)
    end
    for endpoint in pairs(failed) do
        redis.pcall('HSETNX', key, endpoint, failing_now)
    end
end
