#!lua flags=no-writes
-- list_deliveries.lua - a page of an organization's deliveries, newest event first, then by endpoint
--
-- KEYS    1 mr:{p}:events:<org>, 2 and 3 zsets of its endpoints and of those it had,
--         4 dead letters stream, and prefixes with the same tag: 5 mr:{p}:event:  6 mr:{p}:history:
-- ARGV    1 and 2 event and endpoint after which the page begins ('': at the newest; no endpoint: after
--         all of the event), 3 how many at most, 4 word of their state (''),
--         5 endpoint (''), 6 event (''), 7 partition
-- RETURNS 1 and 2 event and endpoint after which the next page begins, '' when there is nothing more
--         3 the deliveries, each: event, endpoint, state (lib/record), of one that is dead the reason
--
-- A call looks at 1,000 events and states at most: then the page is short.
local call = redis.call
--@include event_id
--@include log_entry
--@include backwards
--@include letter
--@include record_walk

local index, endpoints, gone, dlq, records, histories = unpack(KEYS)
local last_event, last_endpoint, limit, word, endpoint_asked, event_asked, partition = unpack(ARGV)
local found, looks_left, is_full, zsets = {}, 1000, false, {endpoints, gone}
local from_event, from_endpoint = last_event, last_endpoint
limit, partition = tonumber(limit), tonumber(partition)

local function has_room()
    is_full = is_full or #found == limit or looks_left <= 0
    looks_left = looks_left - 1
    return not is_full
end

local function reason_of(state)
    local letter = letter_of(state)
    return letter and letter_field(letter_fields(dlq, letter), 'reason') or ''
end

local function look(event, endpoint, state)
    if not has_room() then
        return false
    end
    last_event, last_endpoint = event, endpoint
    if type(state) == 'string' and (word == '' or string.match(state, '^%S*') == word) then
        found[#found + 1] = {event, endpoint, state, reason_of(state)}
    end
    return true
end

local function walk(event, after)
    return walk_record(records .. event, zsets, event, after, look)
end

local function walk_event()
    local id = entry_of(event_asked)
    local is_ours = #call('XRANGE', index, id, id) > 0
    if is_ours and endpoint_asked == '' then
        walk(event_asked, from_endpoint)
    elseif is_ours and from_event == '' then
        look(event_asked, endpoint_asked, redis.pcall('HGET', records .. event_asked, endpoint_asked))
    end
end

local function walk_history()
    local is_ours = call('ZSCORE', endpoints, endpoint_asked) or call('ZSCORE', gone, endpoint_asked)
    local max, events = from_event == '' and '+' or '(' .. from_event, nil
    while is_ours and not (events and #events == 0) do
        events = call('ZRANGE', histories .. endpoint_asked, max, '-', 'BYLEX', 'REV', 'LIMIT', 0, 100)
        for _, event in ipairs(events) do
            if not look(event, endpoint_asked, redis.pcall('HGET', records .. event, endpoint_asked)) then
                return
            end
            max = '(' .. event
        end
    end
end

local function walk_events()
    local after = from_event == '' and '' or entry_of(from_event)
    if from_endpoint ~= '' and not walk(from_event, from_endpoint) then
        return
    end
    for id in backwards(index, after, '', '') do
        local ms, seq = string.match(id, '^(%d+)-(%d+)$')
        local event = event_id(tonumber(ms), tonumber(seq), partition)
        if not has_room() or not walk(event, '') then
            return
        end
        last_event, last_endpoint = event, ''
    end
end

if event_asked ~= '' then
    walk_event()
elseif endpoint_asked ~= '' then
    walk_history()
else
    walk_events()
end
return {is_full and last_event or '', is_full and last_endpoint or '', found}
