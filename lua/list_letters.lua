#!lua flags=no-writes
-- list_letters.lua - a page of an organization's dead letters, newest first
--
-- KEYS    1 dead letters stream, 2 mr:{p}:dlq:<org>, 3 mr:{p}:events:<org>
-- ARGV    1 letter after which the page begins ('': at the newest), 2 how many at most,
--         3 endpoint (''), 4 type (''), 5 reason (''), 6 not before this ms (''),
--         7 before this ms ('')
-- RETURNS 1 the letter after which the next page begins, '' when there is nothing more
--         2 the letters, each: id, type of the event ('' when it is gone), fields
--
-- A call looks at 250 letters at most, and at a mebibyte of answers: then the page is short.
local call = redis.call
--@include log_entry
--@include backwards
--@include letter

local dlq, index, org_events = unpack(KEYS)
local after, limit, endpoint, type_asked, reason, since_ms, until_ms = unpack(ARGV)
limit = tonumber(limit)

local function type_of(delivery)
    local id = entry_of('evt_' .. string.sub(delivery, 5, 24))
    local found = call('XRANGE', org_events, id, id)[1]
    return found and found[2][2] or ''
end

-- A letter is long: what its place and its event say is asked first.
local function is_asked_by(delivery)
    return (endpoint == '' or string.sub(delivery, 25) == string.sub(endpoint, 4))
        and (type_asked == '' or type_of(delivery) == type_asked)
end

local found, last, looks_left, bytes_left = {}, '', 250, 1048576
for id, place in backwards(index, after, since_ms, until_ms) do
    if #found == limit or looks_left == 0 or bytes_left <= 0 then
        return {last, found}
    end
    last, looks_left = id, looks_left - 1
    local fields = is_asked_by(place[2]) and letter_fields(dlq, id) or {}
    bytes_left = bytes_left - #letter_field(fields, 'response')
    if #fields > 0 and (reason == '' or letter_field(fields, 'reason') == reason) then
        found[#found + 1] = {id, type_of(place[2]), fields}
    end
end
return {'', found}
