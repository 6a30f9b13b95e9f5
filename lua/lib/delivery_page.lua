-- A page of deliveries as it fills: limit, word (of their state, '': any), dlq, due, endpoints (a
-- prefix), found, looks_left, is_full, and event and endpoint: the last one looked at, after which
-- the next page begins.
local function has_room(page)
    page.is_full = page.is_full or #page.found == page.limit or page.looks_left <= 0
    page.looks_left = page.looks_left - 1
    return not page.is_full
end

local function reason_of(dlq, state)
    local letter = letter_of(state)
    return letter and letter_field(letter_fields(dlq, letter), 'reason') or ''
end

-- Whether to go on.
local function look(page, event, endpoint, state)
    if not has_room(page) then
        return false
    end
    page.event, page.endpoint = event, endpoint
    local word = type(state) == 'string' and string.match(state, '^%S*')
    if word and (page.word == '' or page.word == word) then
        page.found[#page.found + 1] = {event, endpoint,
            told_of_held(page.due, page.endpoints, endpoint, state), reason_of(page.dlq, state)}
    end
    return true
end
