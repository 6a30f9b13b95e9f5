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
--@include configure

return configure(unpack(KEYS))
