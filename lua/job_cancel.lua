#!lua flags=allow-oom
-- job_cancel.lua - a running job is cancelled: what it has done stays
--
-- KEYS    1 the job (hash), 2 jobs zset, 3 mr:{p}:running:<org> (set)
-- ARGV    1 organization, 2 time in ms to use instead of Redis's ('')
-- RETURNS cancelled; finished: it is so already, or cannot be cancelled; absent: the organization
--         has no such job
local call = redis.call
--@include clock

local found = call('HMGET', KEYS[1], 'id', 'org', 'state', 'kind')
local id, org, state, kind = unpack(found, 1, 4)
if not id or org ~= ARGV[1] then
    return 'absent'
elseif state ~= 'running' or kind == 'forget' then
    return 'finished'
end
local now = digits(now_ms(ARGV[2]))
call('ZCARD', KEYS[2]) call('SCARD', KEYS[3]) -- an error, if they are something else
call('HSET', KEYS[1], 'state', 'cancelled', 'updated_at', now, 'finished_at', now)
call('ZADD', KEYS[2], now, id)
call('SREM', KEYS[3], id)
return 'cancelled'
