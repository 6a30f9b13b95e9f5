-- What the record of an event says of one endpoint's delivery, a word and what belongs to it:
--   pending <tail>                        ready or claimed
--   waiting <reason> <until ms or -> <attempt> <snoozes> <origin> <tail>
--   delivered <tail>
--   dead <letter: its entry of the dead letters, or -> <tail>
-- <tail> is "0" before the first attempt, then "<attempts> <status> <ms> <history>", with an item
-- for each attempt (lib/attempts).
-- <origin> is lib/origin's.
local function waiting_state(reason, until_ms, attempt, snoozes, origin, tail)
    return 'waiting ' .. reason .. ' ' .. until_ms .. ' ' .. attempt .. ' ' .. snoozes .. ' '
        .. origin .. ' ' .. tail
end

-- reason, attempt, snoozes, origin, tail of a delivery that waits; else nothing.
local function read_waiting(state)
    return string.match(state or '', '^waiting (%S+) %S+ (%d+) (%d+) (%S+ %S+ %S+) (.+)$')
end

local function history_of(tail)
    return string.match(tail, '^%d+ %d+ %d+ (%S+)$') or ''
end

-- The tail of a delivery of which no attempt is made now: what was before stays.
local function pending_tail(record, endpoint)
    local state = redis.pcall('HGET', record, endpoint)
    return type(state) == 'string' and string.match(state, '^pending (.+)$') or '0'
end
