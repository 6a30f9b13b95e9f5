#!lua flags=allow-oom
-- limit.lua - one request counts against the rate limits of who makes it
--
-- KEYS    one limiter each: mr:{p}:rate:<organization or key>
-- ARGV    1 time in us to use instead of Redis's ('': Redis's),
--         then two per limiter: how many per second, and its burst; whole numbers, at least 1
-- RETURNS allowed or limited, then three per limiter: how many it would still allow, ms until it is
--         as good as unused, ms until it allows one more (0: now)
--
-- A request that any of them refuses counts against none. Without memory for more they are few and
-- expire: what is only read must not stop.
local call = redis.call
--@include clock
--@include gcra

assert(#ARGV == 1 + 2 * #KEYS, 'limit: 2 arguments per limiter')
local limiters, is_allowed = load_limiters(#KEYS, 1, 2, now_us(ARGV[1])), true
for _, limiter in ipairs(limiters) do
    is_allowed = is_allowed and allows(limiter)
end
local results = {is_allowed and 'allowed' or 'limited'}
for _, limiter in ipairs(is_allowed and limiters or {}) do
    take(limiter)
end
write_limiters(limiters, results)
return results
