-- What a history keeps of the events that go with lib/forget: its marks before the first event that
-- is left to the organization go, and of those behind it the ones of these events, when they are
-- for none that is left. An event that goes in parts keeps no mark.
local GONE_MAX = 1000 -- of those before the first that is left, in a call
local firsts_left, is_over = {}, {}

-- The entries of a stretch that are left, two at most; nil when they cannot be read.
local function entries_left(index, from, to)
    local left = redis.pcall('XRANGE', index, from, to, 'COUNT', 2)
    if leaving and left[1] and left[1][1] == entry_of(leaving) then
        table.remove(left, 1)
    end
    return not left.err and left or nil
end

-- The id of the first event that is left; '~' when none is, '' when that cannot be read.
local function first_left(index, partition)
    if not firsts_left[index] then
        local left = entries_left(index, '-', '+')
        firsts_left[index] = left and (left[1] and event_of(left[1][1], partition) or '~') or ''
    end
    return firsts_left[index]
end

local function is_mark_over(index, mark)
    local name = index .. ' ' .. mark
    if is_over[name] == nil then
        local left = entries_left(index, entry_of(first_of(mark)), entry_of(last_of(mark)))
        is_over[name] = left ~= nil and #left == 0
    end
    return is_over[name]
end

local function forget_marks(history, index, first, events)
    local behind, gone, asked = string.sub(first, 1, MARK_CHARS[1]), {}, {}
    local before = redis.pcall('ZLEXCOUNT', history, '-', '(' .. behind)
    if type(before) == 'number' and before > 0 then
        call('ZREMRANGEBYRANK', history, 0, math.min(before, GONE_MAX) - 1)
    end
    for i = 1, #events do
        for c = 1, events[i] >= behind and #MARK_CHARS or 0 do
            local mark = string.sub(events[i], 1, MARK_CHARS[c])
            if not asked[mark] and is_mark_over(index, mark) then
                gone[#gone + 1] = mark
            end
            asked[mark] = true
        end
        gone[#gone + 1] = events[i] >= behind and events[i] or nil
    end
    if #gone > 0 then
        redis.pcall('ZREM', history, unpack(gone))
    end
end

local function write_marks(history_prefix, index_prefix, partition)
    for endpoint, events in pairs(of_history) do
        local index = index_prefix .. org_of_endpoint[endpoint]
        forget_marks(history_prefix .. endpoint, index, first_left(index, partition), events)
    end
end
