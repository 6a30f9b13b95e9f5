#!lua flags=no-writes
-- find_delivery.lua - one delivery of an organization, with its attempts
--
-- KEYS    1 events stream, 2 attempts stream, 3 dead letters stream, 4 due zset,
--         and prefixes with the same tag: 5 mr:{p}:event:  6 mr:{p}:letters:  7 mr:{p}:endpoint:
-- ARGV    1 organization, 2 event, 3 endpoint
-- RETURNS nothing when there is none, else
--         1 type of the event, 2 state (lib/record, lib/held), 3 its dead letter: id, fields; or
--         nothing, 4 the attempts that are still kept, oldest first, each: id, fields
--         (lib/attempt_row)
--
-- Of one whose event is gone there is the letter alone: type and state are '' then.
local call = redis.call
--@include log_entry
--@include letter
--@include clock
--@include held
--@include attempt_row

local events, attempts, dlq, due, records, places, endpoints = unpack(KEYS)
local org, event, endpoint = unpack(ARGV)
local state = redis.pcall('HGET', records .. event, endpoint)
local entry = type(state) == 'string' and log_entry(events, event, org)
if not entry then
    local letter = letter_at(places .. org, event, endpoint)
    local fields = letter and letter_fields(dlq, letter) or {}
    return #fields > 0 and {'', '', {letter, fields}, {}} or {}
end

local made = {}
for item in string.gmatch(string.match(state, '%S+$') or '', '[^,]+') do
    made[#made + 1] = attempt_row(attempts, item)
end
local letter = letter_of(state)
local fields = letter and letter_fields(dlq, letter) or {}
state = told_of_held(due, endpoints, endpoint, state)
return {entry.type, state, #fields > 0 and {letter, fields} or {}, made}
