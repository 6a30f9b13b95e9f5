#!lua flags=no-writes
-- list_audit.lua - a page of who changed what in an organization, newest first
--
-- KEYS    1 stream mr:{p}:audit:<organization>
-- ARGV    1 where it begins and 2 where it ends, as of XREVRANGE ('+', '-', an id, or '(' and one)
--         3 how many entries at most, 4 how many are looked at at most
--         5 action and 6 target that they must have ('': any)
-- RETURNS the id of the last entry that was looked at ('': there are no more), then of each that is
--         shown its id and its fields
local call = redis.call
local from, to, limit, looks = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local action, target = ARGV[5], ARGV[6]
local CHUNK = 100

local function fits(fields)
    local found = {}
    for i = 1, #fields, 2 do
        found[fields[i]] = fields[i + 1]
    end
    return (action == '' or found.action == action) and (target == '' or found.target == target)
end

local results, shown = {''}, 0
while looks > 0 do
    local asked = math.min(CHUNK, looks)
    local entries = call('XREVRANGE', KEYS[1], from, to, 'COUNT', asked)
    for _, entry in ipairs(entries) do
        if fits(entry[2]) and shown == limit then
            return results
        end
        results[1] = entry[1]
        if fits(entry[2]) then
            shown = shown + 1
            results[#results + 1], results[#results + 2] = entry[1], entry[2]
        end
    end
    if #entries < asked then
        results[1] = ''
        return results
    end
    looks, from = looks - asked, '(' .. entries[#entries][1]
end
return results
