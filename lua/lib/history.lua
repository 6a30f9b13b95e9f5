-- The events that an endpoint has had deliveries of: zset mr:{p}:history:<endpoint>, all with the
-- same score, so that they stand in the order of their ids, which is the order of time. Gathered
-- over the call and written once per endpoint.
local histories = {}

local function add_history(endpoint, event)
    local members = histories[endpoint] or {}
    histories[endpoint], members[#members + 1], members[#members + 2] = members, '0', event
end

-- pcall: what cannot be listed must not stop, half-way, what is delivered.
local function write_history(prefix)
    for endpoint, members in pairs(histories) do
        redis.pcall('ZADD', prefix .. endpoint, unpack(members))
    end
end
