-- A mark of an endpoint's history (zset mr:{p}:history:<endpoint>, all with score 0): the beginning
-- of event ids, MARK_CHARS of them. It says that the endpoint has had deliveries of events among
-- those of its organization whose ids begin so: of 32.768 s, 1.024 s or 32 ms, since a character is
-- five bits of time (lib/event_id). What was written before 2026-11-28 is a whole id.
local MARK_CHARS, EVENT_CHARS = {11, 12, 13}, 24
local IS_WIDTH = {[11] = true, [12] = true, [13] = true, [EVENT_CHARS] = true}

local function is_mark(text)
    return IS_WIDTH[#text] and string.find(text, '^evt_[0-9a-hjkmnp-tv-z]+$') ~= nil
end

local function starts_with(text, mark)
    return string.sub(text, 1, #mark) == mark
end

-- The first and the last ms that it is for.
local function stretch_of(mark)
    local width = 32 ^ (14 - #mark)
    local first = base32_number(mark, 5, #mark) * width
    return first, first + width - 1
end

-- The first and the last id that begins so.
local function first_of(mark)
    return mark .. string.rep('0', EVENT_CHARS - #mark)
end

local function last_of(mark)
    return mark .. string.rep('z', EVENT_CHARS - #mark)
end
