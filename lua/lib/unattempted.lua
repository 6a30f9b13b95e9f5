-- Of settle.lua, by its names: a delivery of which no attempt was made. It goes back, or waits, or,
-- a late one, may be attempted after all.
local YIELD_MS = 1000

local function settle_unattempted(event, endpoint, attempt, _, _, history, org, snoozes, trace,
                                  request, body, outcome, err, _, delay)
    if outcome == 'late' and may_start(endpoint_prefix, rate_prefix, endpoint, late_us) then
        return 'go'
    end
    local origin = origin_of(org, trace, request)
    local gate = (outcome == 'hold' or outcome == 'late') and gate_of(endpoint_prefix, endpoint)
    if outcome == 'park' or gate then
        local reason, until_ms = gate or err, gate and '-' or digits(now + delay)
        local record = record_prefix .. event
        write_hash(record, endpoint, waiting_state(reason, until_ms, attempt, snoozes, origin,
                                                   pending_tail(record, endpoint)))
        if gate then
            local is_late = outcome == 'late' -- its lane yields, or would take each unit before it
            hold({due = due, waiting = waiting, lanes = lane_prefix}, gate,
                 is_late and 'GT' or 'LT', endpoint, delivery_id(event, endpoint),
                 is_late and digits(now + YIELD_MS) or now)
        else
            wait_until(until_ms, reason, event, endpoint)
        end
    else
        ready(deliveries, event, endpoint, origin, attempt, snoozes, history, body)
    end
    return 'settled'
end
