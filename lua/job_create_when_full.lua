#!lua flags=allow-oom
-- job_create_when_full.lua - as job_create.lua, also while Redis is full: for jobs that free what
--                            it holds
--
-- KEYS    as job_create.lua
-- ARGV    as job_create.lua; kinds: release, purge, forget
-- RETURNS as job_create.lua
local call = redis.call
--@include clock
--@include job_create

local kind = ARGV[5]
assert(kind == 'release' or kind == 'purge' or kind == 'forget',
       'job_create_when_full: release, purge or forget')
return job_create(unpack(KEYS))
