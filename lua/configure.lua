#!lua
-- configure.lua - one record of the configuration is created, changed or removed, with its place in
--                 an index
--
-- KEYS    1 the record (hash),
--         2 optional: the index, a zset (members at score 0),
--         3 optional: where members of the index go when they are removed, a zset (score 0)
-- ARGV    1 rule: create (refused when the record exists), change or remove (refused when it does
--         not), once (as change; refused, as exists, when the first of its fields has a value), or
--         swap (as change; refused, as moved, when its first pair is not what stands there),
--         2 index member, 3… field value … (none to remove)
-- RETURNS written, exists, absent or moved
local call = redis.call
local record, index, gone = KEYS[1], KEYS[2], KEYS[3]
local rule, member = ARGV[1], ARGV[2]

local is_removal = rule == 'remove'
assert(is_removal and #ARGV == 2
       or (rule == 'create' or rule == 'change' or rule == 'once')
          and #ARGV >= 4 and #ARGV % 2 == 0
       or rule == 'swap' and #ARGV >= 6 and #ARGV % 2 == 0,
       'configure: create or change and pairs of field and value, or remove')
local exists = call('EXISTS', record) == 1
if rule == 'create' and exists then
    return 'exists'
elseif rule ~= 'create' and not exists then
    return 'absent'
elseif rule == 'swap' and call('HGET', record, ARGV[3]) ~= ARGV[4] then
    return 'moved'
elseif rule == 'once' and (call('HGET', record, ARGV[3]) or '') ~= '' then
    return 'exists'
end
if is_removal then
    call('DEL', record)
else
    call('HSET', record, unpack(ARGV, 3))
end
if index and is_removal then
    call('ZREM', index, member)
elseif index then
    call('ZADD', index, 0, member)
end
if gone and is_removal then
    call('ZADD', gone, 0, member)
end
return 'written'
