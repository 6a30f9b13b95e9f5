-- A delivery that waits is ready again. Its record says how it goes on; false when that is not to
-- be read: then nothing is written.
local function resume(deliveries, record, id)
    local endpoint = 'ep_' .. string.sub(id, 25)
    local state = #id == 44 and redis.pcall('HGET', record, endpoint)
    local reason, attempt, snoozes, org, trace, request, tail =
        read_waiting(type(state) == 'string' and state)
    if tail then
        ready(deliveries, 'evt_' .. string.sub(id, 5, 24), endpoint, org, attempt, snoozes,
              history_of(tail), text(trace), text(request), '')
        call('HSET', record, endpoint, 'pending ' .. tail)
    end
    return tail and reason
end
