#!lua flags=allow-oom
-- configure_when_full.lua - as configure.lua, also while Redis is full: for what takes away or
--                           frees
--
-- KEYS    as configure.lua
-- ARGV    as configure.lua; rules: change, remove
-- RETURNS as configure.lua
local call = redis.call
--@include configure

assert(ARGV[1] == 'change' or ARGV[1] == 'remove', 'configure_when_full: change or remove')
return configure(unpack(KEYS))
