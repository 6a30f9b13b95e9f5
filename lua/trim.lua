#!lua flags=allow-oom
-- trim.lua - old events that nobody needs any more go with their records, one by one; what somebody
--            still needs is passed over
--
-- KEYS    1 events stream, 2 prefix mr:{p}:event: (the records under it are named by the entries)
-- ARGV    1 group, 2 events older than this ms may go,
--         3 go on after this entry ('': from the oldest), 4 how many to look at at most (100),
--         5 partition
-- RETURNS 1 how many went
--         2 how many old ones stay, because somebody needs them
--         3 the entry to go on after, or '' when the pass is through (young, unread, or the end)
--
-- Needed is what is pending, and what has a delivery "pending …" in its record. A call ends early
-- once a mebibyte of fields and records was looked at, so that it stays short whatever their size.
-- The entry that the group read last stays while an older one does: without it Redis could not tell
-- the lag. What goes from the beginning goes by XTRIM, which costs less than XDEL. A node of the
-- stream (4 KiB) is freed when the last entry in it has gone.
local call = redis.call
--@include group
--@include event_id
--@include entries

local events, record_prefix = KEYS[1], KEYS[2]
local group, limit_ms, cursor = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local partition, bytes_left = tonumber(ARGV[5]), 1048576

-- pcall: a record that is no hash says of nothing that it waits.
local function is_waiting(record)
    local waiting = false
    for _, state in ipairs(redis.pcall('HVALS', record)) do
        bytes_left = bytes_left - #state
        waiting = waiting or string.sub(state, 1, 8) == 'pending '
    end
    return waiting
end

local info = group_info(events, group)
local read_to = info and info['last-delivered-id'] or '0-0'
local read_to_ms, read_to_seq = parse(read_to)
local oldest, from_oldest = (call('XRANGE', events, '-', '+', 'COUNT', 1)[1] or {})[1], nil
local held = info and call('XPENDING', events, group, '-', '+', 1)[1]
local held_ms, held_seq = parse(held and held[1] or '')
local kept, trim_to, deleted, records = 0, nil, {}, {}

-- What is before the smallest pending id is not pending; only past it each one is asked for.
local function is_pending(id, ms, seq)
    return held_ms and (ms > held_ms or ms == held_ms and seq >= held_seq)
        and call('XPENDING', events, group, id, id, 1)[1]
end

-- Returns the id itself.
local function look_at(id, ms, seq)
    local record = record_prefix .. event_id(ms, seq, partition)
    from_oldest = from_oldest or #records == 0 and id == oldest
    if is_waiting(record) or id == read_to and not from_oldest
        or is_pending(id, ms, seq) then
        kept, from_oldest = kept + 1, false
        return id
    end
    records[#records + 1] = record
    trim_to = from_oldest and string.format('%.0f-%.0f', ms, seq + 1) or trim_to
    deleted[#deleted + 1] = not from_oldest and id or nil
    return id
end

local through = false
while not through and bytes_left > 0 and #records + kept < tonumber(ARGV[4]) do
    local id, fields = entry_after(events, cursor)
    local ms, seq = parse(id or '')
    through = not id or ms >= limit_ms or ms > read_to_ms or ms == read_to_ms and seq > read_to_seq
    cursor = through and '' or look_at(id, ms, seq)
    bytes_left = bytes_left - entry_size(fields or {})
end
if trim_to then
    call('XTRIM', events, 'MINID', '=', trim_to)
end
if #deleted > 0 then
    call('XDEL', events, unpack(deleted))
end
if #records > 0 then
    call('UNLINK', unpack(records))
end
return {#records, kept, cursor}
