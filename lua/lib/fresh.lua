-- Of fanout.lua, by its names: a delivery, unless its event's record has it already. It is ready,
-- or waits for its time, or is held in its endpoint's lane. Returns whether it is new.
-- The record comes last: were the script cut there, as lua/strays.lua tells, the delivery would be
-- written anew with its event, and not be missing for ever.
local function write_fresh(record, event, endpoint, origin, after, later, gated, body, mark)
    if any_record and redis.pcall('HEXISTS', record, endpoint) == 1 then
        return false
    end
    local gate = gated == '1' and not later and gate_of(endpoint_prefix, endpoint)
    local state = later or 'pending 0'
    if later then
        wait_until(after, 'scheduled', event, endpoint)
    elseif gate then
        state = waiting_state(gate, '-', 1, 0, origin, '0')
        hold({due = due, waiting = waiting, lanes = lane_prefix}, gate, 'NX', endpoint,
             delivery_id(event, endpoint), digits(now))
    else
        ready_fresh(deliveries, event, endpoint, origin, body)
    end
    write_hash(record, endpoint, state)
    add_history(endpoint, mark)
    return true
end

-- The same of a whole event of whose record nothing is there: its deliveries are ready. Were the
-- script cut before its record, all of them would be written anew.
local function write_ready(record, first, last, event, origin, body, mark)
    for e = first, last do
        ready_fresh(deliveries, event, items[e], origin, body)
        add_history(items[e], mark)
    end
    if first == last then
        write_hash(record, items[first], 'pending 0')
    elseif first < last then
        local states = {}
        for e = first, last do
            states[#states + 1], states[#states + 2] = items[e], 'pending 0'
        end
        write_hash(record, unpack(states))
        count(org_in(origin), ':extra', last - first)
    end
end
