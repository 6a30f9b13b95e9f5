-- Deliveries to an endpoint that is gated: held in its lane until it is resumed, or until the lane
-- lets them go (lib/lane). Whether it is, only its own record says, so that none is held behind the
-- resuming. pcall: a record that is no hash gates nothing.
local gates, woken = {}, {}

local function gate_in(paused, ordered, per_second)
    return paused == '1' and 'paused' or ordered == '1' and 'ordering'
        or (per_second or '') ~= '' and 'rate_limit'
end

-- What its deliveries wait for: paused, ordering or rate_limit; or false.
local function gate_of(endpoint_prefix, endpoint)
    if gates[endpoint] == nil then
        local found = redis.pcall('HMGET', endpoint_prefix .. endpoint, 'paused', 'ordered',
                                  'rate_per_second')
        gates[endpoint] = gate_in(found[1], found[2], found[3])
    end
    return gates[endpoint]
end

-- A lane that may go on by itself has its endpoint's id in due, by the ms when. rule: NX where it
-- may be later what is held now; LT where the lane may have waited for it.
local function hold(keys, gate, rule, endpoint, id, now)
    count_waiting(keys.waiting, gate, write_over('ZADD', keys.lanes .. endpoint, 0, id))
    if gate ~= 'paused' and not woken[endpoint] then
        woken[endpoint] = true
        call('ZADD', keys.due, rule, now, endpoint)
    end
end
