-- The generic cell rate algorithm: a limiter is the time at which it will be as good as unused
-- (its theoretical arrival time). One unit moves it by 1 / per_second; it may be ahead of now by
-- burst units. Source: ATM Forum Traffic Management 4.0, section 4.4.2.
-- Counted in ticks, of which per_second make a us, so that all numbers are whole and no unit is
-- lost or won by rounding. Stored as "<us> <ticks>".
local UNIT = 1000000

local function open_limiter(key, per_second, burst, now)
    local limit, found = burst * UNIT, redis.pcall('GET', key)
    local us, ticks = string.match(type(found) == 'string' and found or '', '^(%d+) (%d+)$')
    local ahead = us and (us - now) * per_second + ticks or 0
    -- Clocks are set back, and bursts made smaller: it is closed for a burst at most.
    return {key = key, now = now, per_second = per_second, limit = limit,
            ahead = math.max(0, math.min(ahead, limit)), is_changed = ahead > limit}
end

-- Two arguments each, from ARGV[at] on: per_second and burst.
local function load_limiters(count, first_key, at, now)
    local limiters = {}
    for i = 1, count do
        limiters[i] = open_limiter(KEYS[first_key + i - 1], tonumber(ARGV[at + 2 * i - 2]),
                                   ARGV[at + 2 * i - 1], now)
    end
    return limiters
end

local function allows(limiter)
    return limiter.ahead + UNIT <= limiter.limit
end

local function take(limiter)
    limiter.ahead, limiter.is_changed = limiter.ahead + UNIT, true
end

-- Three results each: how many it would still allow, the ms until it is as good as unused, and the
-- ms until it allows one more.
local function write_limiters(limiters, results)
    for _, limiter in ipairs(limiters) do
        local ahead, ticks_per_ms = limiter.ahead, limiter.per_second * 1000
        local short, ticks = ahead + UNIT - limiter.limit, ahead % limiter.per_second
        if limiter.is_changed then
            local us = limiter.now + (ahead - ticks) / limiter.per_second
            call('SET', limiter.key, string.format('%d %d', us, ticks),
                 'PXAT', digits(math.ceil(us / 1000) + 1))
        end
        results[#results + 1] = math.floor((limiter.limit - ahead) / UNIT)
        results[#results + 1] = math.ceil(ahead / ticks_per_ms)
        results[#results + 1] = math.max(0, math.ceil(short / ticks_per_ms))
    end
end
