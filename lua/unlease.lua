#!lua flags=allow-oom
-- unlease.lua - events that a lease holds are acknowledged, or may be leased again at once
--
-- KEYS    1 stream of the organization's events, 2 its leases (zset)
-- ARGV    1 rule: ack or release, 2 name of the lease,
--         3… ids of entries (at most 100; none: all that it holds)
-- RETURNS two per entry: its id, and held (until now) or not_held (then nothing is written for it)
--
-- A lease holds what it took, also past its time, until another takes it. What is released keeps
-- the count of its leases.
local call = redis.call
--@include group
--@include inbox

local stream, leases, rule, lease = KEYS[1], KEYS[2], ARGV[1], ARGV[2]
local ids, results = {unpack(ARGV, 3)}, {}
assert(rule == 'ack' or rule == 'release', 'unlease: ack or release')
-- What is no stream or no zset ends here, before anything is written.
call('XLEN', stream) call('ZCARD', leases)
local has_group = group_info(stream, INBOX)

if has_group and #ids == 0 then
    for i, row in ipairs(call('XPENDING', stream, INBOX, '-', '+', 100, lease)) do
        ids[i] = row[1]
    end
end
for _, id in ipairs(ids) do
    local is_held = has_group and pending_row(stream, id, lease)
    if is_held and rule == 'release'
        and call('XCLAIM', stream, INBOX, NOBODY, 0, id, 'JUSTID')[1] then
        call('ZADD', leases, 0, id)
    elseif is_held then
        leave_inbox(stream, leases, id)
    end
    results[#results + 1], results[#results + 2] = id, is_held and 'held' or 'not_held'
end
if has_group then
    forget_leases(stream, {[lease] = true})
end
return results
