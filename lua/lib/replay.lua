-- A delivery is ready again, whatever became of it. For one that is dead or delivered the schedule
-- begins anew, its history is kept and its letter goes; one that waits for a time goes on now as it
-- would have then. Returns a word:
--   ready     done
--   pending   it is ready or claimed already, or in line in its endpoint's lane
--   paused    it is held until its endpoint is resumed
--   disabled  its endpoint gets nothing
--   gone      its endpoint was deleted
--   absent    there is no such delivery of this organization any more, or it is not dead as
--             is_dead asks
--   later     this call has read a mebibyte of the log: ask again
local replay_bytes, endpoint_words = 1048576, {}

-- A script's KEYS from that one on: events deliveries due waiting dlq, and the prefixes
-- mr:{p}:event: mr:{p}:dlq: mr:{p}:endpoint:. Errors, if one is something else, before anything is
-- written; but not for those under the prefixes.
local function replay_keys(first)
    local keys = {}
    keys.events, keys.deliveries, keys.due, keys.waiting, keys.dlq, keys.records, keys.letters,
        keys.endpoints = unpack(KEYS, first)
    call('XLEN', keys.deliveries) call('ZCARD', keys.due) call('XLEN', keys.dlq)
    return keys
end

local function endpoint_word(prefix, endpoint)
    if not endpoint_words[endpoint] then
        local found = redis.pcall('HMGET', prefix .. endpoint, 'id', 'disabled')
        endpoint_words[endpoint] = not found[1] and 'gone'
            or found[2] == '1' and 'disabled' or 'open'
    end
    return endpoint_words[endpoint]
end

-- Of one that is held; nil: it is not.
local function held_word(prefix, endpoint, state)
    local reason, until_ms = string.match(state, '^waiting (%S+) (%S+) ')
    if until_ms ~= '-' then
        return nil
    end
    local is_paused = reason == 'paused'
        or redis.pcall('HGET', prefix .. endpoint, 'paused') == '1'
    return is_paused and 'paused' or 'pending'
end

local function begin_anew(keys, entry, event, endpoint, state, now)
    local letter, tail = string.match(state, '^dead (%S+) (.+)$')
    tail = tail or string.match(state, '^delivered (.+)$')
    local status, history = string.match(tail or '', '^%d+ (%d+) %d+ ?(.*)$')
    if not status then
        return 'absent'
    end
    ready(keys.deliveries, event, endpoint, origin_of(entry.org, entry.trace, entry.request),
          '1', '0', history, '')
    call('HSET', keys.records .. event, endpoint,
         'pending 0 ' .. status .. ' ' .. now .. (history == '' and '' or ' ' .. history))
    if letter and letter ~= '-' then
        call('XDEL', keys.dlq, letter)
        redis.pcall('XDEL', keys.letters .. entry.org, letter)
    end
    return 'ready'
end

local function go_on_now(keys, event, endpoint)
    local id = delivery_id(event, endpoint)
    local reason = resume(keys.deliveries, keys.records .. event, id)
    if reason then
        count_waiting(keys.waiting, reason, -call('ZREM', keys.due, id))
    end
    return reason and 'ready' or 'absent'
end

local function replay(keys, org, event, endpoint, is_dead, now)
    local state = redis.pcall('HGET', keys.records .. event, endpoint)
    local first = type(state) == 'string' and string.match(state, '^%S+') or ''
    if first == '' or is_dead and first ~= 'dead' and first ~= 'pending' then
        return 'absent'
    elseif replay_bytes <= 0 then
        return 'later'
    end
    local entry = log_entry(keys.events, event, org)
    replay_bytes = replay_bytes - (entry and #entry.data + #entry.ce or 0)
    local open = entry and endpoint_word(keys.endpoints, endpoint)
    local word = not entry and 'absent' or open ~= 'open' and open
        or first == 'pending' and 'pending' or held_word(keys.endpoints, endpoint, state)
    return word or first == 'waiting' and go_on_now(keys, event, endpoint)
        or begin_anew(keys, entry, event, endpoint, state, now)
end
