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
-- The hash says, by group, the last entry that anybody ever took over: later ones are still with
-- whom they were given to, unless settled.
local call = redis.call
--@include entry_order

local stream, group, consumer, reclaimed = KEYS[1], ARGV[1], ARGV[2], KEYS[2]

local most = math.max(1, math.floor(ARGV[5] / 10))
local scan = call('XAUTOCLAIM', stream, group, consumer, ARGV[3], ARGV[4], 'COUNT', most)
local claimed = {}
for i, entry in ipairs(scan[2]) do
    local id, fields = entry[1], entry[2]
    local pending = call('XPENDING', stream, group, id, id, 1, consumer)[1]
    claimed[i] = {id, pending[4], fields}
end

-- pcall: a hash that is something else makes all be looked up.
local function note(id)
    local last = redis.pcall('HGET', reclaimed, group)
    if id and (not last or type(last) == 'string' and is_after(id, last)) then
        redis.pcall('HSET', reclaimed, group, id)
    end
end
note((claimed[#claimed] or {})[1])
note(scan[3][#scan[3]])
return {scan[1], scan[3], claimed}
