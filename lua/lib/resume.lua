-- The record that says how a delivery stands, by the delivery's id.
local function record_of(record_prefix, delivery)
    return record_prefix .. 'evt_' .. string.sub(delivery, 5, 24)
end

-- A delivery that waits is ready again. Returns what it waited for; nil when its record does not
-- say how it goes on: then nothing is written.
-- Further arguments: fields of its entry, as ready has them.
local function resume(deliveries, record, id, ...)
    local endpoint = 'ep_' .. string.sub(id, 25)
    local state = redis.pcall('HGET', record, endpoint)
    local reason, attempt, snoozes, origin, tail =
        read_waiting(type(state) == 'string' and state)
    if reason then
        ready(deliveries, 'evt_' .. string.sub(id, 5, 24), endpoint, origin, attempt, snoozes,
              history_of(tail), '', ...)
        call('HSET', record, endpoint, 'pending ' .. tail)
    end
    return reason
end

-- Those deliveries leave the zset in which they wait, and are ready. Returns how many are: one
-- whose record does not say how to go on just leaves.
local function resume_all(keys, zset, deliveries, ...)
    local moved, left = 0, {}
    for i = 1, #deliveries do
        local id = deliveries[i]
        local reason = resume(keys.deliveries, record_of(keys.records, id), id, ...)
        if reason then
            moved, left[reason] = moved + 1, (left[reason] or 0) + 1
        end
    end
    if #deliveries > 0 then
        call('ZREM', zset, unpack(deliveries))
    end
    for reason, count in pairs(left) do
        count_waiting(keys.waiting, reason, -count)
    end
    return moved
end
