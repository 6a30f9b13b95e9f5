#!lua flags=no-writes
-- list_endpoints.lua - the endpoints of an organization, newest first, a page
--
-- KEYS    1 mr:{p}:endpoints:<org> (zset, score 0), 2 prefix mr:{p}:endpoint: (the records under it
--         are named by the zset's members, same tag), 3 failing hash
-- ARGV    1 go on after this id ('': from the newest), 2 how many at most
-- RETURNS 1 the id after which the next page begins, or '' when there is none
--         then two per endpoint: its fields (name value name value …), and since when it has had
--         nothing but failures, in ms, or ''
--
-- A page ends early once a mebibyte of records was read. What has no record, or one that is no
-- hash, is left out.
local call = redis.call

local index, prefix, failing = unpack(KEYS)
local limit, bytes_left = tonumber(ARGV[2]), 1048576
local from = ARGV[1] == '' and '+' or '(' .. ARGV[1]
local ids = call('ZRANGE', index, from, '-', 'BYLEX', 'REV', 'LIMIT', 0, limit + 1)

local function size(fields)
    local bytes = 0
    for i = 1, #fields do
        bytes = bytes + #fields[i]
    end
    return bytes
end

local results, last = {''}, 0
while last < #ids and last < limit and bytes_left > 0 do
    last = last + 1
    local fields = redis.pcall('HGETALL', prefix .. ids[last])
    local since = redis.pcall('HGET', failing, ids[last])
    if #fields > 0 then
        results[#results + 1] = fields
        results[#results + 1] = type(since) == 'string' and since or ''
        bytes_left = bytes_left - size(fields)
    end
end
results[1] = last < #ids and ids[last] or ''
return results
