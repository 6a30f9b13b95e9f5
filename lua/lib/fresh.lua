-- Of fanout.lua, by its names: a delivery, unless its event's record has it already. It is ready,
-- or waits for its time, or is held in its endpoint's lane. Returns whether it is new.
local function write_fresh(record, event, endpoint, org, trace, request, after, later, gated, body)
    local gate = gated == '1' and not later and gate_of(endpoint_prefix, endpoint)
    if not add_field(record, endpoint, later or gate
            and waiting_state(gate, '-', 1, 0, org, trace, request, '0') or 'pending 0') then
        return false
    end
    add_history(endpoint, event)
    if later then
        wait_until(after, 'scheduled', event, endpoint)
    elseif gate then
        hold({due = due, waiting = waiting, lanes = lane_prefix}, gate, 'NX', endpoint,
             delivery_id(event, endpoint), digits(now))
    else
        ready(deliveries, event, endpoint, org, '1', '0', '', trace, request, body)
    end
    return true
end
