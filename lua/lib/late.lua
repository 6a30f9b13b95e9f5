-- A delivery that its lane let go long ago: what the rate limit counted then says nothing of now,
-- so its attempt is counted when it starts. Needs lib/gcra.
local late_limiters = {}

local function late_limiter(endpoint_prefix, rate_prefix, endpoint, us)
    local found = redis.pcall('HMGET', endpoint_prefix .. endpoint, 'paused', 'rate_per_second',
                              'rate_burst')
    local per_second, burst = tonumber(found[2] or ''), tonumber(found[3] or '')
    return found[1] ~= '1' and per_second and burst
        and open_limiter(rate_prefix .. endpoint, per_second, burst, us) or false
end

local function may_start_late(endpoint_prefix, rate_prefix, endpoint, us)
    local limiter = late_limiters[endpoint]
    if limiter == nil then
        limiter = late_limiter(endpoint_prefix, rate_prefix, endpoint, us)
        late_limiters[endpoint] = limiter
    end
    if not limiter or not allows(limiter) then
        return false
    end
    take(limiter)
    return true
end

local function write_late_limiters()
    for _, limiter in pairs(late_limiters) do
        write_limiters({limiter or nil}, {})
    end
end
