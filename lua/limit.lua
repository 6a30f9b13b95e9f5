#!lua flags=allow-oom
-- limit.lua - requests count against the rate limits of who makes them
--
-- KEYS    one limiter each: mr:{p}:rate:<organization or key>
-- ARGV    1 time in us to use instead of Redis's ('': Redis's)
--         2 number of limiters, then two for each: how many per second, and its burst; whole
--           numbers, at least 1
--         then two per request: the number of a limiter that it counts against, or 0
-- RETURNS a word per request: allowed or limited
--         then three per limiter: how many it would still allow, ms until it is as good as unused,
--         ms until it allows one more (0: now)
--
-- A request that any of them refuses counts against none. Without memory for more they are few and
-- expire: what is only read must not stop.
local call = redis.call
--@include clock
--@include gcra

local first = 3 + 2 * #KEYS
assert(tonumber(ARGV[2]) == #KEYS and (#ARGV - first) % 2 == 1, 'limit: 2 arguments per limiter')
local limiters, results = load_limiters(#KEYS, 1, 3, now_us(ARGV[1])), {}
for i = first, #ARGV, 2 do
    local a, b = limiters[tonumber(ARGV[i])], limiters[tonumber(ARGV[i + 1])]
    local is_allowed = (not a or allows(a)) and (not b or allows(b))
    if is_allowed and a then
        take(a)
    end
    if is_allowed and b then
        take(b)
    end
    results[#results + 1] = is_allowed and 'allowed' or 'limited'
end
write_limiters(limiters, results)
return results
