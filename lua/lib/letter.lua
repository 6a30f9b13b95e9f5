-- The fields of a dead letter, name by name; none when it is gone. pcall: an id that is none has
-- none.
local function letter_fields(dlq, letter)
    local found = redis.pcall('XRANGE', dlq, letter, letter)
    return found[1] and found[1][2] or {}
end

-- The letter that a state names, if any.
local function letter_of(state)
    return string.match(state, '^dead (%d+%-%d+) ')
end

local function letter_field(fields, name)
    for i = 1, #fields, 2 do
        if fields[i] == name then
            return fields[i + 1]
        end
    end
    return ''
end

-- A letter that has outlived its event is found by its place in the hash mr:{p}:letters:<org>, that
-- trim.lua gives it.
local function letter_place(event, endpoint)
    return event .. ' ' .. endpoint
end

-- The letter of such a place, if any. pcall: a key that is something else has none.
local function letter_at(places, event, endpoint)
    local letter = redis.pcall('HGET', places, letter_place(event, endpoint))
    return type(letter) == 'string' and letter or nil
end
