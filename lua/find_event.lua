#!lua flags=no-writes
-- find_event.lua - one event of an organization
--
-- KEYS    1 events stream, 2 cursors hash, 3 prefix mr:{p}:event: with the same tag
-- ARGV    1 organization, 2 event
-- RETURNS nothing when there is none, else as lib/event_row, and then
--         its data, trace, request or '' when the trace tells it, the ms when it was to be
--         delivered or '', and the attributes of a CloudEvent or ''
local call = redis.call
--@include log_entry
--@include event_row

local entry = log_entry(KEYS[1], ARGV[2], ARGV[1])
if not entry then
    return {}
end
local row = event_row(KEYS[2], KEYS[3], entry_of(ARGV[2]), ARGV[2], entry)
for _, name in ipairs({'data', 'trace', 'request', 'after', 'ce'}) do
    row[#row + 1] = entry[name]
end
return row
