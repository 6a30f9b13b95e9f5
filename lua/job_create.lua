#!lua
-- job_create.lua - a job begins: its record, its place among those that go on, and its place among
--                  those of its organization
--
-- KEYS    1 the job (hash), 2 jobs zset,
--         3 mr:{p}:jobs:<org> (zset, score 0), 4 mr:{p}:running:<org> (set)
-- ARGV    1 how many unfinished ones the organization may have (0: any number),
--         2 time in ms to use instead of Redis's (''),
--         3 id, 4 organization, 5 kind, 6 who made it, 7… its parameters: name value …
-- RETURNS created; or full: nothing is written
--
-- One that exists already is created.
local call = redis.call
--@include clock

local job, jobs, index, running = unpack(KEYS)
local id, org, kind, actor = unpack(ARGV, 3, 6)
assert(actor and #ARGV % 2 == 0, 'job_create: pairs of name and value')
local now, most = digits(now_ms(ARGV[2])), tonumber(ARGV[1])

-- Errors, if they are something else, before anything is written.
call('ZCARD', jobs) call('ZCARD', index)
local unfinished = call('SCARD', running)
if call('HEXISTS', job, 'id') == 1 then
    return 'created'
elseif most > 0 and unfinished >= most then
    return 'full'
end
call('HSET', job, 'id', id, 'kind', kind, 'org', org, 'state', 'running', 'cursor', '', 'done', 0,
     'skipped', 0, 'error', '', 'created_at', now, 'updated_at', now, 'finished_at', '',
     'actor', actor, unpack(ARGV, 7))
call('ZADD', jobs, now, id)
call('ZADD', index, 0, id)
call('SADD', running, id)
return 'created'
