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
