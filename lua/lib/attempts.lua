-- Redis takes long to write a number of Lua's, and most of a batch have the same.
local successors = {}

local function one_more(number)
    successors[number] = successors[number] or digits(number + 1)
    return successors[number]
end

-- A history, attempts' ids with commas between, and one more. When replays have made it long, the
-- oldest are left out.
local HISTORY_MAX = 2000

local function longer(history, id)
    if #history > HISTORY_MAX then
        history = string.match(history, ',(.*)$', -HISTORY_MAX)
    end
    return history == '' and id or history .. ',' .. id
end
