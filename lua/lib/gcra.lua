-- The generic cell rate algorithm: a limiter is the time, in us, at which it will be as good as
-- unused (its theoretical arrival time, TAT). One unit moves it by an interval; it may be ahead of now
-- by burst intervals. Source: ATM Forum Traffic Management 4.0, section 4.4.2.
-- Loaded from a string key, taken from any number of times, written once.
local function gcra_load(key, interval_us, burst, now_us)
    local found = redis.pcall('GET', key)
    local tat = type(found) == 'string' and tonumber(found) or 0
    local limit_us = interval_us * burst
    return {key = key, interval = interval_us, limit = limit_us, now = now_us,
            -- A clock that was set back must not close it for longer than a whole burst takes.
            tat = math.min(math.max(tat, now_us), now_us + limit_us)}
end

local function gcra_allows(limiter)
    return limiter.tat + limiter.interval - limiter.now <= limiter.limit
end

local function gcra_take(limiter)
    limiter.tat, limiter.is_taken = limiter.tat + limiter.interval, true
end

local function gcra_write(limiter)
    if limiter.is_taken then
        local ahead_ms = math.ceil((limiter.tat - limiter.now) / 1000)
        call('SET', limiter.key, digits(limiter.tat), 'PX', digits(ahead_ms + 1))
    end
end

-- How many it would still allow, the ms until it is as good as unused, and the ms until it allows
-- one more.
local function gcra_say(limiter, results)
    local ahead = limiter.tat - limiter.now
    results[#results + 1] = math.floor((limiter.limit - ahead) / limiter.interval)
    results[#results + 1] = math.ceil(ahead / 1000)
    results[#results + 1] = math.max(0, math.ceil((ahead + limiter.interval - limiter.limit) / 1000))
end
