-- Through an endpoint's history: the ids of the events within its marks (lib/mark), each once, in
-- the order of time or newest first. Some went to other endpoints only: their records say so. Of
-- marks that lie in one another the widest counts. One history in a call.
local MARKS_CHUNK, is_there = 50, {}

-- The widest mark that an id, or a mark, lies in and is not itself.
local function mark_around(history, id)
    for i = 1, #MARK_CHARS do
        local chars = MARK_CHARS[i]
        local mark = chars < #id and string.sub(id, 1, chars)
        if mark and is_there[mark] == nil then
            is_there[mark] = call('ZSCORE', history, mark) ~= false
        end
        if mark and is_there[mark] then
            return mark
        end
    end
end

-- The next member of a history, read a chunk at a time; at: MARKS_CHUNK to read on at the bound.
local function next_member(walk)
    if walk.at == MARKS_CHUNK and walk.is_newest_first then
        walk.chunk, walk.at = call('ZRANGE', walk.history, walk.bound, '-', 'BYLEX', 'REV',
                                   'LIMIT', 0, MARKS_CHUNK), 0
    elseif walk.at == MARKS_CHUNK then
        walk.chunk, walk.at = call('ZRANGE', walk.history, walk.bound, '+', 'BYLEX',
                                   'LIMIT', 0, MARKS_CHUNK), 0
    end
    walk.at = walk.at + 1
    return walk.chunk[walk.at]
end

-- A function that gives the marks one by one: the one around an event id, and those behind it.
-- From there: '(' and an id, or '[' and an id that counts, or '' for all. What is in a history and
-- is no mark is passed over.
local function marks_from(history, from, is_newest_first)
    local past = is_newest_first and '' or '~' -- what makes of a mark a bound behind all in it
    local around, last = mark_around(history, string.sub(from, 2)), nil
    local walk = {history = history, is_newest_first = is_newest_first, at = MARKS_CHUNK,
        bound = from ~= '' and from or is_newest_first and '+' or '-'}
    return function()
        local mark = around or next_member(walk)
        while mark and not around and (not is_mark(mark) or last and starts_with(mark, last)) do
            walk.bound = is_mark(mark) and walk.bound or '(' .. mark
            mark = next_member(walk)
        end
        mark = mark and not around and mark_around(history, mark) or mark
        around, last, walk.bound = nil, mark, mark and '(' .. mark .. past
        return mark
    end
end

-- A function that gives the organization's entries in a stretch one after the other, nil when there
-- are no more; the stretches must come in their order. What was read behind one is kept for the
-- next, since to find a place in a stream costs as much as to read some thirty entries. Few are
-- read at a time while most are passed over.
local FEW, MANY = 8, 128

local function entries_from(index, is_newest_first)
    local chunk, at, used, count = {}, 1, 0, FEW

    local function read(from)
        count = used > 0 and used * 2 >= #chunk and math.min(2 * count, MANY) or FEW
        chunk = is_newest_first and call('XREVRANGE', index, from, '-', 'COUNT', count)
            or call('XRANGE', index, from, '+', 'COUNT', count)
        at, used = 1, 0
        return #chunk > 0
    end

    return function(begin, first_ms, last_ms)
        while chunk[at] or read(begin) do
            local id = chunk[at][1]
            local ms = tonumber(string.match(id, '^%d+'))
            if first_ms <= ms and ms <= last_ms then
                at, used = at + 1, used + 1
                return id
            elseif is_newest_first == (ms < first_ms) then
                return nil
            end
            at = at + 1
        end
    end
end

-- A function that gives one event id after the other, from there on, and nil at the end; and if it
-- is the first of its mark, which costs as much as to look at two. An id that no event has stands
-- for a mark that there are none in.
local function history_from(history, index, partition, from, is_newest_first)
    local next_mark, mark = marks_from(history, from, is_newest_first), nil
    local next_entry = entries_from(index, is_newest_first)
    local from_id, bracket = string.sub(from, 2), string.sub(from, 1, 1) == '(' and '(' or ''
    local first_ms, last_ms, begin, is_begun

    local function begin_mark()
        mark = next_mark()
        if mark then
            first_ms, last_ms = stretch_of(mark)
            is_begun = starts_with(from_id, mark)
            begin = is_begun and bracket .. entry_of(from_id)
                or digits(is_newest_first and last_ms or first_ms)
        end
        return mark
    end

    return function()
        while mark or begin_mark() do
            if #mark == EVENT_CHARS then
                local event = mark
                mark = nil
                return event
            end
            local entry = next_entry(begin, first_ms, last_ms)
            if entry then
                local is_first = not is_begun
                begin, is_begun = '(' .. entry, true
                return event_of(entry, partition), is_first
            end
            local stand_in = not is_begun and (is_newest_first and first_of or last_of)(mark)
            mark = nil
            if stand_in then
                return stand_in
            end
        end
    end
end
