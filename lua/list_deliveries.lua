#!lua flags=no-writes
-- list_deliveries.lua - a page of an organization's deliveries, newest event first, then by
--                       endpoint
--
-- KEYS    1 mr:{p}:events:<org>, 2 and 3 zsets of its endpoints and of those it had,
--         4 dead letters stream, 5 due zset, and prefixes with the same tag:
--         6 mr:{p}:event:  7 mr:{p}:history:  8 mr:{p}:endpoint:
-- ARGV    1 and 2 event and endpoint after which the page begins ('': at the newest; no endpoint:
--         after all of the event), 3 how many at most, 4 word of their state (''),
--         5 endpoint (''), 6 event (''), 7 partition
-- RETURNS 1 and 2 event and endpoint after which the next page begins, '' when there is nothing
--         more
--         3 the deliveries, each: event, endpoint, state (lib/record, lib/held), of one that is
--         dead the reason or ''
--
-- A call looks at 500 events and states at most: then the page is short. To find the events of a
-- mark (lib/mark) counts as two.
local call = redis.call
--@include event_id
--@include log_entry
--@include backwards
--@include letter
--@include clock
--@include mark
--@include history_walk
--@include held
--@include delivery_page
--@include record_walk

local index, endpoints, gone, dlq, due, records, histories, prefix = unpack(KEYS)
local from_event, from_endpoint, limit, word, endpoint_asked, event_asked, partition = unpack(ARGV)
local zsets, page = {endpoints, gone}, {found = {}, looks_left = 500, is_full = false, dlq = dlq,
    limit = tonumber(limit), word = word, event = from_event, endpoint = from_endpoint, due = due,
    endpoints = prefix}

local function look_at(event)
    local state = redis.pcall('HGET', records .. event, endpoint_asked)
    return look(page, event, endpoint_asked, state)
end

local function walk(event, after)
    return walk_record(records .. event, zsets, page, event, after)
end

local function walk_event()
    local id = entry_of(event_asked)
    local is_ours = #call('XRANGE', index, id, id) > 0
    if is_ours and endpoint_asked == '' then
        walk(event_asked, from_endpoint)
    elseif is_ours and from_event == '' then
        look_at(event_asked)
    end
end

local function walk_history()
    local is_ours = call('ZSCORE', endpoints, endpoint_asked)
        or call('ZSCORE', gone, endpoint_asked)
    if not is_ours then
        return
    end
    local next_event = history_from(histories .. endpoint_asked, index, partition,
                                    from_event ~= '' and '(' .. from_event or '', true)
    local event, is_first = next_event()
    while event do
        page.looks_left = page.looks_left - (is_first and 2 or 0)
        if not look_at(event) then
            return
        end
        event, is_first = next_event()
    end
end

local function walk_events()
    if from_endpoint ~= '' and not walk(from_event, from_endpoint) then
        return
    end
    local after = from_event == '' and '' or entry_of(from_event)
    for id in backwards(index, after, '', '') do
        local event = event_of(id, partition)
        if not has_room(page) or not walk(event, '') then
            return
        end
        page.event, page.endpoint = event, ''
    end
end

local walk_asked = event_asked ~= '' and walk_event
    or endpoint_asked ~= '' and walk_history or walk_events
walk_asked()
return {page.is_full and page.event or '', page.is_full and page.endpoint or '', page.found}
