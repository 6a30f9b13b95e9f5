#!lua flags=no-writes
-- list_events.lua - a page of an organization's events, newest first
--
-- KEYS    1 events stream, 2 mr:{p}:events:<org>, 3 cursors hash,
--         4 prefix mr:{p}:event: (the keys under it are named by the entries, same tag)
-- ARGV    1 organization, 2 entry after which the page begins ('': at the newest),
--         3 how many events at most, 4 type (''), 5 not before this ms (''), 6 before this ms (''),
--         7 partition
-- RETURNS 1 the entry after which the next page begins, '' when there is nothing more
--         2 the events, each as lib/event_row
--
-- A call looks at 1,000 entries at most, and at a mebibyte of them: then the page is short.
local call = redis.call
--@include event_id
--@include log_entry
--@include event_row
--@include backwards

local events, index, cursors, records = unpack(KEYS)
local org, after, limit, type_asked, since_ms, until_ms, partition = unpack(ARGV)
limit = tonumber(limit)

local found, last, looks_left, bytes_left = {}, '', 1000, 1048576
for id, fields in backwards(index, after, since_ms, until_ms) do
    if #found == limit or looks_left == 0 or bytes_left <= 0 then
        return {last, found}
    end
    last, looks_left = id, looks_left - 1
    local entry = (type_asked == '' or fields[2] == type_asked) and log_fields(events, id, org)
    if entry then
        local event = event_of(id, partition)
        found[#found + 1] = event_row(cursors, records, id, event, entry)
        bytes_left = bytes_left - #entry.data - #entry.ce
    end
end
return {'', found}
