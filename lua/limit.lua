#!lua
-- limit.lua - one request counts against the rate limits of who makes it
--
-- KEYS    one limiter each: mr:{p}:rate:<organization or key>
-- ARGV    1 time in us to use instead of Redis's ('': Redis's), then two per limiter: its interval in
--         us and its burst
-- RETURNS allowed or limited, then three per limiter: how many it would still allow, ms until it is as
--         good as unused, ms until it allows one more (0: now)
--
-- A request that any of them refuses counts against none.
local call = redis.call
--@include clock
--@include gcra

local now, limiters, is_allowed = now_us(ARGV[1]), {}, true
for i = 1, #KEYS do
    limiters[i] = gcra_load(KEYS[i], tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1]), now)
    is_allowed = is_allowed and gcra_allows(limiters[i])
end
local results = {is_allowed and 'allowed' or 'limited'}
for i = 1, #limiters do
    if is_allowed then
        gcra_take(limiters[i])
        gcra_write(limiters[i])
    end
    gcra_say(limiters[i], results)
end
return results
