#!lua flags=allow-oom
-- reclaim.lua - an entry pending for a consumer silent for a lease -> pending for this one
--
-- KEYS    1 stream, 2 reclaimed hash
-- ARGV    1 group, 2 consumer, 3 lease in ms, 4 cursor ("0-0" to start),
--         5 how many pending entries to look at, at most (200); a tenth of them change hands
-- RETURNS 1 the cursor to go on from ("0-0": the scan is through)
--         2 ids that were pending and are deleted from the stream (must be empty, else events
--           were lost)
--         3 list of {id, times delivered, fields}
-- XAUTOCLAIM looks at ten times its COUNT, and looking is what costs. A call may return few or none
-- with a cursor: go on from it. NOGROUP when there is no such group.
local call = redis.call
--@include entry_order
--@include reclaimed

local stream, group, consumer, reclaimed = KEYS[1], ARGV[1], ARGV[2], KEYS[2]

local most = math.max(1, math.floor(ARGV[5] / 10))
local scan = call('XAUTOCLAIM', stream, group, consumer, ARGV[3], ARGV[4], 'COUNT', most)
local claimed = {}
for i, entry in ipairs(scan[2]) do
    local id, fields = entry[1], entry[2]
    local pending = call('XPENDING', stream, group, id, id, 1, consumer)[1]
    claimed[i] = {id, pending[4], fields}
end

local last_claimed, last_gone = (claimed[#claimed] or {})[1], scan[3][#scan[3]]
if last_claimed then
    note_reclaimed(reclaimed, group, last_claimed)
end
if last_gone then
    note_reclaimed(reclaimed, group, last_gone)
end
return {scan[1], scan[3], claimed}
