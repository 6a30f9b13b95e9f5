#!lua flags=no-writes
-- list_jobs.lua - a page of the jobs of an organization, newest first
--
-- KEYS    1 mr:{p}:jobs:<org> (zset), 2 prefix mr:{p}:job: with the same tag
-- ARGV    1 a job: those before it ('': from the newest), 2 how many at most
-- RETURNS per job its fields, name value …
local call = redis.call

local from = ARGV[1] == '' and '+' or '(' .. ARGV[1]
local ids, results = call('ZRANGE', KEYS[1], from, '-', 'BYLEX', 'REV', 'LIMIT', 0, ARGV[2]), {}
for i = 1, #ids do
    local fields = redis.pcall('HGETALL', KEYS[2] .. ids[i])
    if #fields > 0 then
        results[#results + 1] = fields
    end
end
return results
