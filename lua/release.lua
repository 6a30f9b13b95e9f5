#!lua flags=allow-oom
-- release.lua - D5 held -> D1 ready, at once, for what the lanes of some endpoints may let go now
--
-- KEYS    as promote.lua
-- ARGV    1 time in ms to use instead of Redis's (''), then endpoints
-- RETURNS the earliest due ms now known, or ''
--
-- At most 200 deliveries in all. Lanes for which there is no room any more are due at once.
local call = redis.call
--@include clock
--@include delivery
--@include hash
--@include waiting
--@include record
--@include resume
--@include group
--@include log_entry
--@include hold
--@include gcra
--@include turn
--@include lane

local keys, room = lane_keys(KEYS), 200
-- An error, if they are something else, before anything is written.
call('ZCARD', keys.due) call('XLEN', keys.deliveries)
local us = ARGV[1] == '' and now_us('') or ARGV[1] * 1000
for i = 2, #ARGV do
    room = room - release_lane(keys, ARGV[i], room, us)
end
return earliest_due(keys.due)
