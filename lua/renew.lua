#!lua flags=allow-oom
-- renew.lua - the leases of entries this consumer still holds start anew
--
-- KEYS    1 stream
-- ARGV    1 group, 2 consumer, 3… entry ids (ascending; at most 200)
-- RETURNS the ids that are not this consumer's any more, or are deleted from the stream
--
-- XCLAIM alone would take entries back from whoever reclaimed them; so the owner is checked first.
-- Times delivered stay as they are. NOGROUP when there is no such group.
local call = redis.call
--@include owned

local stream, group, consumer = KEYS[1], ARGV[1], ARGV[2]
local ids = {unpack(ARGV, 3)}
local owned = owned_ids(stream, group, consumer, ids)

local held, still = {}, {}
for _, id in ipairs(ids) do
    held[#held + 1] = owned[id] and id or nil
end
if #held > 0 then
    held[#held + 1] = 'JUSTID'
    for _, id in ipairs(call('XCLAIM', stream, group, consumer, 0, unpack(held))) do
        still[id] = true
    end
end

local lost = {}
for _, id in ipairs(ids) do
    lost[#lost + 1] = not still[id] and id or nil
end
return lost
