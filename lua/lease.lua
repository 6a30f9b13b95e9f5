#!lua flags=allow-oom
-- lease.lua - events of an organization are leased: those whose lease has run out, then new ones
--
-- KEYS    1 stream of the organization's events, 2 its leases (zset), 3 events stream
-- ARGV    1 name of the lease, 2 how long it is in ms, 3 how many at most,
--         4 bytes of data and attributes past which it takes no more,
--         5 time in ms to use instead of Redis's ('')
-- RETURNS 1 until when, in ms,
--         then eight per event: its entry's id, how often it was leased, until when, type, key,
--         time or '' when its id tells it, data, attributes of a CloudEvent or ''
--
-- An event is pending for one lease at a time. One that may be delivered only later is put aside
-- until then; one that has left the log, or was meant for one endpoint only, is acknowledged. So
-- that a call stays short it looks at 1,000 at most: it may find nothing, and the next one more.
local call = redis.call
--@include clock
--@include group
--@include inbox

local stream, leases, log = unpack(KEYS)
local lease, limit, most_bytes, now = ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[4]), now_ms(ARGV[5])
local until_ms, looks_left, bytes, taken, holders = digits(now + ARGV[2]), 1000, 0, 0, {}
local results = {until_ms}

local free = call('ZRANGE', leases, '-inf', digits(now), 'BYSCORE', 'LIMIT', 0, looks_left)
call('XLEN', log) -- what is no stream ends here, before anything is written
local group = group_info(stream, INBOX) or {}
if not group.name and call('XLEN', stream) + #free > 0 then
    call('XGROUP', 'CREATE', stream, INBOX, 0, 'MKSTREAM')
end

local function has_room()
    looks_left = looks_left - 1
    return looks_left >= 0 and taken < limit and bytes <= most_bytes
end

local function take(id, lease_count, event)
    taken, bytes = taken + 1, bytes + #event.data + #(event.ce or '')
    call('ZADD', leases, until_ms, id)
    add_event(results, id, lease_count, until_ms, event)
end

for i = 1, #free do
    if not has_room() then
        break
    end
    local id = free[i]
    local row, event = pending_row(stream, id), inbox_event(log, id)
    holders[row and row[2] or lease] = true
    if row and event and call('XCLAIM', stream, INBOX, lease, 0, id)[1] then
        take(id, row[4] + 1, event)
    else
        leave_inbox(stream, leases, id)
    end
end

-- Reading makes a consumer, even of nothing: so ask first.
local read_to = group['last-delivered-id'] or '0-0'
local is_new = taken < limit and call('XRANGE', stream, '(' .. read_to, '+', 'COUNT', 1)[1]
while is_new and has_room() do
    local read = call('XREADGROUP', 'GROUP', INBOX, lease, 'COUNT', 1, 'STREAMS', stream, '>')
    local id = read and read[1][2][1][1]
    local event = id and inbox_event(log, id)
    holders[lease], is_new = true, id
    if event and (tonumber(event.after) or 0) > now then
        call('XCLAIM', stream, INBOX, NOBODY, 0, id, 'RETRYCOUNT', 0, 'JUSTID')
        call('ZADD', leases, event.after, id)
    elseif event then
        take(id, 1, event)
    elseif id then
        leave_inbox(stream, leases, id)
    end
end
forget_leases(stream, holders)
return results
