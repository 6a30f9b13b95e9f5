-- The hash mr:{p}:reclaimed: group -> the last entry that changed hands, or was in a repeated call.
-- What comes after it is with whom it was given to, unless that one is through with it.
-- pcall: a hash that is something else says nothing for sure.
local function is_behind_reclaimed(reclaimed, group, id)
    local last = redis.pcall('HGET', reclaimed, group) or '0-0'
    return type(last) == 'string' and is_after(id, last)
end

local function note_reclaimed(reclaimed, group, id)
    if is_behind_reclaimed(reclaimed, group, id) then
        redis.pcall('HSET', reclaimed, group, id)
    end
end
