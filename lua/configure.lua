#!lua
-- configure.lua - one record of the configuration is created or changed, with its place in an index
--
-- KEYS    1 the record (hash),
--         2 optional: the index, a zset (member at score 0) or a hash (member -> ARGV 3)
-- ARGV    1 rule: create (refused when the record exists) or change (refused when it does not)
--         2 index member, 3 '' for a zset index, else the value in a hash index,
--         4… field value …
-- RETURNS written, exists or absent
local call = redis.call
local record, index = KEYS[1], KEYS[2]
local rule, member, value = ARGV[1], ARGV[2], ARGV[3]

assert((rule == 'create' or rule == 'change') and #ARGV >= 5 and #ARGV % 2 == 1,
       'configure: create or change, and pairs of field and value')
local exists = call('EXISTS', record) == 1
if rule == 'create' and exists then
    return 'exists'
end
if rule == 'change' and not exists then
    return 'absent'
end
call('HSET', record, unpack(ARGV, 4))
if index and value == '' then
    call('ZADD', index, 0, member)
elseif index then
    call('HSET', index, member, value)
end
return 'written'
