#!lua flags=allow-oom
-- promote.lua - D4 waiting -> D1 ready, and D5 held -> D1 ready in lanes, for what is due, bounded
--
-- KEYS    1 due zset, 2 waiting hash, 3 deliveries stream, 4 events stream,
--         and prefixes with the same tag (the keys under them are named by the members of due):
--         5 mr:{p}:event:  6 mr:{p}:lane:  7 mr:{p}:endpoint:  8 mr:{p}:turn:  9 mr:{p}:rate:
--         10 mr:{p}:events:
-- ARGV    1 how many at most (200), 2 time in ms to use instead of Redis's ('')
-- RETURNS number moved, the next due ms or '', number of members of which no record says how to go
--         on (taken out of due; should be 0; what there is of the record stays, to be looked at),
--         the time in ms
--
-- A member ep_… is a lane: lib/lane. One for which there is no room left is due again at once.
-- Hash mr:{p}:waiting: the reasons of what leaves due are counted down; it goes when nothing is due
-- or held, so that what could not be counted once is not wrong for ever.
local call = redis.call
--@include clock
--@include delivery
--@include waiting
--@include record
--@include resume

local keys = {due = KEYS[1], waiting = KEYS[2], deliveries = KEYS[3], records = KEYS[5]}
local us, most = ARGV[2] == '' and now_us('') or ARGV[2] * 1000, tonumber(ARGV[1])
local now, LANE_BYTE = digits(math.floor(us / 1000)), string.byte('e')
local members = call('ZRANGE', keys.due, '-inf', now, 'BYSCORE', 'LIMIT', 0, most)

local deliveries, lanes = {}, {}
for i = 1, #members do
    local of_kind = string.byte(members[i]) == LANE_BYTE and lanes or deliveries
    of_kind[#of_kind + 1] = members[i]
end
local moved = resume_all(keys, keys.due, deliveries)
local orphans = #deliveries - moved
if #lanes > 0 then -- most calls meet none: then these parts, too, would cost them something
--@include hash
--@include group
--@include log_entry
--@include hold
--@include gcra
--@include turn
--@include lane
    local of_lanes = lane_keys(KEYS)
    for i = 1, #lanes do
        moved = moved + release_lane(of_lanes, lanes[i], most - moved, us)
    end
end
local next_due = earliest_due(keys.due)
if next_due == '' then
    forget_waiting(keys.waiting)
end
return {moved, next_due, orphans, now}
