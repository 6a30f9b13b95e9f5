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
--@include job_create

return job_create(unpack(KEYS))
