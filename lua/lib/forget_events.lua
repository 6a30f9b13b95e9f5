-- Events of an organization that is being forgotten. One goes as soon as no processor and no
-- dispatcher has anything to do with it: those two end by themselves, since its endpoints are gone.
local FORGET_MAX, group = 100, 'processor'
local read_to, log_gone, record_gone, any_stays = nil, {}, {}, false

local function find_read_to()
    local info = group_info(events, group)
    read_to = info and info['last-delivered-id'] or '0-0'
end

local function is_read(ms, seq)
    local read_ms, read_seq = parse(read_to)
    return ms < read_ms or ms == read_ms and seq <= read_seq
end

-- Fields and states, of a wide record some, and whether it is one. pcall: as in lib/forget.
local function some_fields(record)
    local count = redis.pcall('HLEN', record)
    local is_wide = type(count) == 'number' and count > WIDE
    return is_wide and call('HSCAN', record, 0, 'COUNT', WIDE)[2] or redis.pcall('HGETALL', record),
        is_wide
end

-- A delivery that waits leaves the place where it does.
local function leave_place(event, endpoint, state)
    local reason, until_ms = string.match(state, '^waiting (%S+) (%S+) ')
    if reason then
        local place = until_ms == '-' and lane_prefix .. endpoint or due
        count_waiting(waiting, reason, -call('ZREM', place, delivery_id(event, endpoint)))
    end
end

-- Returns whether all of it goes. Of a wide record, what has ended goes at once, part by part.
local function forget_event(id, ms, seq)
    local event = event_id(ms, seq, tonumber(ARGV[3]))
    local fields, is_wide = some_fields(record_prefix .. event)
    local ended, is_pending = {}, false
    for i = 1, #fields, 2 do
        if string.sub(fields[i + 1], 1, 8) == 'pending ' then
            is_pending = true
        else
            ended[#ended + 1], ended[#ended + 2] = fields[i], fields[i + 1]
        end
    end
    if is_pending and not is_wide or #call('XPENDING', events, group, id, id, 1) > 0 then
        return false
    end
    for i = 1, #ended, 2 do
        leave_place(event, ended[i], ended[i + 1])
        call('HDEL', failing, ended[i])
    end
    if is_wide then
        forget_part(record_prefix .. event, ended, event, job.org)
        return false
    end
    forget_histories(ended, event, job.org)
    forget_entry(job.org, id)
    record_gone[#record_gone + 1], log_gone[#log_gone + 1] = record_prefix .. event, id
    return true
end

local function just_before_read_to()
    local ms, seq = parse(read_to)
    return seq > 0 and string.format('%.0f-%.0f', ms, seq - 1)
        or string.format('%.0f-18446744073709551615', ms - 1)
end

-- Redis tells no lag while the entry that the group read last is the last one deleted: it might be
-- one that was not read. It was, so the stream is told of one before.
local function write_forgotten_events()
    if #log_gone > 0 then
        call('XDEL', events, unpack(log_gone))
        call('HDEL', cursors, unpack(log_gone))
        call('UNLINK', unpack(record_gone))
        write_forgotten(org_events_prefix)
    end
    for endpoint in pairs(of_history) do -- it went with its endpoint: what is there came late
        call('UNLINK', history_prefix .. endpoint)
    end
    local info, facts = call('XINFO', 'STREAM', events), {}
    for i = 1, #info, 2 do
        facts[info[i]] = info[i + 1]
    end
    if facts['max-deleted-entry-id'] == read_to and read_to ~= '0-0' then
        call('XSETID', events, facts['last-generated-id'], 'ENTRIESADDED', facts['entries-added'],
             'MAXDELETEDID', just_before_read_to())
    end
end

-- A step through them: where to go on ('' from the oldest), and whether there is nothing left.
local function forget_events(cursor)
    local index = org_events_prefix .. job.org
    local from = cursor == '' and '-' or '(' .. cursor
    local found = call('XRANGE', index, from, '+', 'COUNT', FORGET_MAX)
    find_read_to()
    for i = 1, #found do
        local id = found[i][1]
        local ms, seq = parse(id)
        any_stays = not (is_read(ms, seq) and forget_event(id, ms, seq)) or any_stays
        cursor = id
    end
    if call('EXISTS', events) == 1 then
        write_forgotten_events()
    end
    return #found == FORGET_MAX and cursor or '', call('XLEN', index) == 0
end
