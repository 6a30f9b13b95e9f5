-- A delivery that waits is ready again. Returns what it waited for; nil when its record does not
-- say how it goes on: then nothing is written.
local function resume(deliveries, record, id)
    local endpoint = 'ep_' .. string.sub(id, 25)
    local state = redis.pcall('HGET', record, endpoint)
    local reason, attempt, snoozes, org, trace, request, tail =
        read_waiting(type(state) == 'string' and state)
    if reason then
        ready(deliveries, 'evt_' .. string.sub(id, 5, 24), endpoint, org, attempt, snoozes,
              history_of(tail), text(trace), text(request), '')
        call('HSET', record, endpoint, 'pending ' .. tail)
    end
    return reason
end
