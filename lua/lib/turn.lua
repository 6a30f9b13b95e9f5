-- Whose turn it is in the lane of an ordered endpoint: one delivery is in flight, from its release
-- to its end, whatever happens between. Hash mr:{p}:turn:<endpoint>: delivery, the last one let go;
-- seen, an entry of the organization's events before which all are processed.
local BLOCKED_MS, UNPROCESSED_MS = 5000, 20 -- at most, and at least
local looks_left, unprocessed = 100, {} -- of an organization: an entry that is known to be so

local function is_before(entry, other)
    local ms, seq = string.match(entry, '^(%d+)-(%d+)$')
    local other_ms, other_seq = string.match(other, '^(%d+)-(%d+)$')
    ms, other_ms = tonumber(ms), tonumber(other_ms)
    return ms < other_ms or ms == other_ms and tonumber(seq) < tonumber(other_seq)
end

-- How long it is not over; nil: it is. Its time in due tells when it comes back to the lane.
local function in_flight_ms(keys, endpoint, delivery, now)
    local state = redis.pcall('HGET', record_of(keys.records, delivery), endpoint)
    local first, until_ms = string.match(type(state) == 'string' and state or '',
                                         '^(%a+) ?%S* ?(%S*)')
    if first == 'waiting' and (tonumber(until_ms) or 0) > now then
        return until_ms - now
    end
    return (first == 'pending' or first == 'waiting') and BLOCKED_MS or nil
end

-- After how long to look again whether all older events of the organization are processed: a tenth
-- of the time that it has been waited for; nil: they are. Each is asked for about once: they are
-- looked at from the oldest that is pending, or from where the last look ended.
local function unprocessed_ms(keys, org, delivery, turn_key, seen, now)
    local entry = entry_of('evt_' .. string.sub(delivery, 5, 24))
    local group = group_info(keys.events, 'processor')
    local waited_ms = now - string.match(entry, '^%d+')
    local again_ms = math.max(UNPROCESSED_MS, math.min(BLOCKED_MS, math.floor(waited_ms / 10)))
    if not group or is_before(group['last-delivered-id'], entry) then
        return again_ms
    end
    local oldest = group.pending > 0 and call('XPENDING', keys.events, 'processor')[2]
    if not oldest or not is_before(oldest, entry) then
        return nil
    end
    if unprocessed[org] and is_before(unprocessed[org], entry) then
        return again_ms
    end
    local from = string.match(seen or '', '^%d+%-%d+$') and is_before(oldest, seen) and seen
        or oldest
    local most = looks_left
    local found = most > 0 and redis.pcall('XRANGE', keys.org_events .. org, from, '(' .. entry,
                                           'COUNT', most) or {}
    local is_held = false
    for i = 1, #found do
        seen, looks_left = found[i][1], looks_left - 1
        is_held = #call('XPENDING', keys.events, 'processor', seen, seen, 1) > 0
        if is_held then
            unprocessed[org] = seen
            break
        end
    end
    if #found > 0 then
        write_hash(turn_key, 'seen', seen)
    end
    return is_held and again_ms or #found == most and 0 or nil
end

-- Who may go, a list, and the ms after which to look again. first: the oldest in the lane.
local function next_in_turn(keys, endpoint, org, first, now)
    local turn_key = keys.turns .. endpoint
    local turn = first and redis.pcall('HMGET', turn_key, 'delivery', 'seen') or {}
    local last, is_back = turn[1], false
    if last then
        is_back = redis.pcall('ZSCORE', keys.lanes .. endpoint, last)
    end
    if first and not is_back then
        local wait_ms = last and in_flight_ms(keys, endpoint, last, now)
            or unprocessed_ms(keys, org, first, turn_key, turn[2], now)
        if wait_ms then
            return {}, wait_ms
        end
        write_hash(turn_key, 'delivery', first)
    end
    return {is_back and last or first}, BLOCKED_MS
end
