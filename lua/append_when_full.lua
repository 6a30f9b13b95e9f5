#!lua flags=allow-oom
-- append_when_full.lua - an entry of a stream that is written although Redis is full: in the
--                        audit, of what takes away or frees; and what announces a change
--
-- KEYS    1 the stream
-- ARGV    as XADD has them after the key
-- RETURNS the entry's id
local call = redis.call

return call('XADD', KEYS[1], unpack(ARGV))
