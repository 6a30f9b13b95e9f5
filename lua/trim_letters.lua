#!lua flags=allow-oom
-- trim_letters.lua - dead letters that are old go; their deliveries stay D6 dead, without a letter
--
-- KEYS    1 dead letters stream, and prefixes with the same tag: 2 mr:{p}:event:  3 mr:{p}:dlq:
--         4 mr:{p}:letters:
-- ARGV    1 letters older than this ms go, 2 how many at most
-- RETURNS how many went
--
-- With a letter goes its entry among those of its organization. Each organization has such a stream
-- of its own, and no process knows them all, so the letters that go are read: some 10 us for each,
-- once in its life.
local call = redis.call
--@include letter

local dlq, records, letters, letter_places = unpack(KEYS)
local to = string.format('%.0f', ARGV[1] - 1)
local found = call('XRANGE', dlq, '-', to, 'COUNT', ARGV[2])
local of_org, places = {}, {}
for i = 1, #found do
    local letter, fields = unpack(found[i])
    local event, endpoint, org = fields[2], fields[4] or '', fields[6] or ''
    local state = redis.pcall('HGET', records .. event, endpoint)
    local tail = type(state) == 'string' and string.match(state, '^dead (%S+) ') == letter
        and string.match(state, '^dead %S+ (.*)$')
    if tail then
        call('HSET', records .. event, endpoint, 'dead - ' .. tail)
    end
    of_org[org], places[org] = of_org[org] or {}, places[org] or {}
    table.insert(of_org[org], letter)
    table.insert(places[org], letter_place(event, endpoint))
end
for org, ids in pairs(of_org) do
    redis.pcall('XDEL', letters .. org, unpack(ids))
    redis.pcall('HDEL', letter_places .. org, unpack(places[org]))
end
if #found > 0 then
    local ms, seq = string.match(found[#found][1], '^(%d+)-(%d+)$')
    call('XTRIM', dlq, 'MINID', '=', string.format('%s-%.0f', ms, seq + 1))
end
return #found
