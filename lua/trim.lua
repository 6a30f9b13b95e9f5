#!lua flags=allow-oom
-- trim.lua - old events that nobody needs any more go with their records, one by one; what somebody
--            still needs is passed over
--
-- KEYS    1 events stream, and prefixes with the same tag (the keys under them are named by the
--         entries): 2 mr:{p}:event:  3 mr:{p}:events:  4 mr:{p}:leases:  5 mr:{p}:history:
--         6 mr:{p}:letters:
-- ARGV    1 group, 2 events older than this ms may go,
--         3 go on after this entry ('': from the oldest), 4 how many to look at at most (100),
--         5 partition
-- RETURNS 1 how many went
--         2 how many old ones stay, because somebody needs them
--         3 the entry to go on after, or '' when the pass is through (young, unread, or the end)
--
-- Needed is what is pending, what has a delivery that is pending or waits in its record, and what
-- somebody has leased. With an event go its record, its entry in mr:{p}:events:<org> and its marks
-- in the histories of its endpoints, unless they are for others, too; a dead letter of it stays and
-- gets a place in mr:{p}:letters:<org>. The record of a wide event goes in parts, one per call, of
-- which only the last counts.
-- A call ends early once a mebibyte of fields and records was looked at, and each text of a record
-- counts for 128 bytes more, so that it stays short whatever their size.
-- The entry that the group read last stays while an older one does: without it Redis could not tell
-- the lag. What goes from the beginning goes by XTRIM, which costs less than XDEL. A node of the
-- stream (4 KiB) is freed when the last entry in it has gone.
local call = redis.call
--@include group
--@include event_id
--@include log_entry
--@include mark
--@include entries
--@include inbox
--@include letter
--@include forget
--@include forget_marks

local events, record_prefix, index_prefix, leases_prefix, history_prefix, places_prefix =
    unpack(KEYS)
local group, limit_ms, cursor = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local partition, bytes_left = tonumber(ARGV[5]), 1048576

local info = group_info(events, group)
local read_to = info and info['last-delivered-id'] or '0-0'
local read_to_ms, read_to_seq = parse(read_to)
local oldest, from_oldest = (call('XRANGE', events, '-', '+', 'COUNT', 1)[1] or {})[1], nil
local held = info and call('XPENDING', events, group, '-', '+', 1)[1]
local held_ms, held_seq = parse(held and held[1] or '')
local kept, trim_to, deleted, records, is_in_parts = 0, nil, {}, {}, false

-- What is before the smallest pending id is not pending; only past it each one is asked for.
local function is_pending(id, ms, seq)
    return held_ms and (ms > held_ms or ms == held_ms and seq >= held_seq)
        and call('XPENDING', events, group, id, id, 1)[1]
end

local function just_before(ms, seq)
    return seq > 0 and string.format('%.0f-%.0f', ms, seq - 1)
        or string.format('%.0f-18446744073709551615', ms - 1)
end

-- Returns where to go on: after it, or before it when there is more of it.
local function look_at(id, ms, seq, org)
    local event = event_id(ms, seq, partition)
    local record = record_prefix .. event
    from_oldest = from_oldest or #records == 0 and id == oldest
    local fields, is_wide, is_needed, cost = look_at_record(record)
    bytes_left = bytes_left - cost
    if is_needed or id == read_to and not from_oldest or is_pending(id, ms, seq)
        or is_leased(leases_prefix, org, id, limit_ms) then
        kept, from_oldest = kept + 1, false
        return id
    elseif is_wide then
        is_in_parts = true
        forget_part(record, fields, event, org)
        return just_before(ms, seq)
    end
    forget_histories(fields, event, org)
    forget_entry(org, id)
    records[#records + 1] = record
    trim_to = from_oldest and string.format('%.0f-%.0f', ms, seq + 1) or trim_to
    deleted[#deleted + 1] = not from_oldest and id or nil
    return id
end

local through = false
while not through and not is_in_parts and bytes_left > 0 and #records + kept < tonumber(ARGV[4]) do
    local id, fields = entry_after(events, cursor)
    local ms, seq = parse(id or '')
    through = not id or ms >= limit_ms or ms > read_to_ms or ms == read_to_ms and seq > read_to_seq
    cursor = through and '' or look_at(id, ms, seq, fields[2])
    bytes_left = bytes_left - entry_size(fields or {})
end
write_places(places_prefix) -- while their records are there: they could not be found again
if trim_to then
    call('XTRIM', events, 'MINID', '=', trim_to)
end
if #deleted > 0 then
    call('XDEL', events, unpack(deleted))
end
if #records > 0 then
    call('UNLINK', unpack(records))
end
write_forgotten(index_prefix, leases_prefix)
write_marks(history_prefix, index_prefix, partition)
return {#records, kept, cursor}
