-- Deliveries to an endpoint that is paused: held in its lane until it is resumed. Whether it is,
-- only its own record says, so that none is held behind the resuming. pcall: a record that is no
-- hash is not paused.
local function is_paused(endpoint_prefix, endpoint)
    return redis.pcall('HGET', endpoint_prefix .. endpoint, 'paused') == '1'
end

local function hold(lane_prefix, waiting, endpoint, id, now)
    count_waiting(waiting, 'paused', write_over('ZADD', lane_prefix .. endpoint, now, id))
end
