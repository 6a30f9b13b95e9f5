#!lua flags=no-writes
-- list_inbox.lua - a page of what an organization has not acknowledged, the oldest first
--
-- KEYS    1 stream of the organization's events, 2 its leases (zset), 3 events stream
-- ARGV    1 list what is after this entry ('': from the oldest), 2 how many at most,
--         3 bytes of data and attributes past which the page ends,
--         4 time in ms to use instead of Redis's ('')
-- RETURNS 1 the entry to go on after, or '' when there is nothing after this page,
--         then eight per event: its entry's id, how often it was leased, until when it is (ms, or
--         ''), type, key, time or '' when its id tells it, data, attributes of a CloudEvent or ''
--
-- What is pending stands before all that is unread. What has left the log, or was meant for one
-- endpoint only, is skipped; then the page is short.
local call = redis.call
--@include clock
--@include group
--@include entries
--@include inbox

local stream, leases, log = unpack(KEYS)
local after, limit = ARGV[1] == '' and '0-0' or ARGV[1], tonumber(ARGV[2])
local most_bytes, now = tonumber(ARGV[3]), now_ms(ARGV[4])
local group = group_info(stream, INBOX)

local function later_of(a, b)
    local a_ms, a_seq = parse(a)
    local b_ms, b_seq = parse(b)
    return (a_ms > b_ms or a_ms == b_ms and a_seq > b_seq) and a or b
end

-- One more than asked for, to know whether there is more: the id and how often it was leased.
local found = {}
local rows = group and call('XPENDING', stream, INBOX, '(' .. after, '+', limit + 1) or {}
for _, row in ipairs(rows) do
    found[#found + 1] = {row[1], row[4]}
end
if #found <= limit then
    local from = group and later_of(after, group['last-delivered-id']) or after
    for _, entry in ipairs(call('XRANGE', stream, '(' .. from, '+', 'COUNT', limit + 1 - #found)) do
        found[#found + 1] = {entry[1], 0}
    end
end

-- Of what waits for its time, and was never leased, that is not the end of a lease.
local function leased_until(id, lease_count)
    local until_ms = lease_count > 0 and call('ZSCORE', leases, id)
    return until_ms and tonumber(until_ms) > now and until_ms or ''
end

local results, bytes = {''}, 0
for i = 1, #found do
    local id, lease_count = unpack(found[i])
    if i > limit or bytes > most_bytes then
        results[1] = found[i - 1][1]
        break
    end
    local event = inbox_event(log, id)
    if event then
        bytes = bytes + #event.data + #(event.ce or '')
        add_event(results, id, lease_count, leased_until(id, lease_count), event)
    end
end
return results
