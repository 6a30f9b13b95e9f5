#!lua flags=no-writes
-- list_jobs_due.lua - which jobs of a partition may be stepped now
--
-- KEYS    1 jobs zset, 2 prefix mr:{p}:job: with the same tag
-- ARGV    1 time in ms to use instead of Redis's (''), 2 how many at most
-- RETURNS ms until the next one is due ('': there is none that is not due or not listed), then per
--         job its id and its kind ('': it has no record)
local call = redis.call
--@include clock

local now = now_ms(ARGV[1])
local first = call('ZRANGE', KEYS[1], '-inf', '+inf', 'BYSCORE', 'LIMIT', 0, ARGV[2] + 1,
                   'WITHSCORES')
local results = {''}
for i = 1, #first, 2 do
    local left = first[i + 1] - now
    if left > 0 or i > 2 * ARGV[2] then
        results[1] = digits(math.max(left, 0))
        break
    end
    local fields = redis.pcall('HMGET', KEYS[2] .. first[i], 'kind')
    results[#results + 1], results[#results + 2] = first[i], fields[1] or ''
end
return results
