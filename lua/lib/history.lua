-- The events that an endpoint has had deliveries of: zset mr:{p}:history:<endpoint>, all with the
-- same score, so that they stand in the order of their ids, which is the order of time. Gathered
-- over the call and written once per endpoint.
local histories = {} -- endpoint -> event, or what ZADD wants of several

local function add_history(endpoint, event)
    local found = histories[endpoint]
    if not found then
        histories[endpoint] = event
    elseif type(found) == 'string' then
        histories[endpoint] = {'0', found, '0', event}
    else
        local n = #found
        found[n + 1], found[n + 2] = '0', event
    end
end

-- pcall: what cannot be listed must not stop, half-way, what is delivered.
local function write_history(prefix)
    for endpoint, found in pairs(histories) do
        if type(found) == 'string' then
            redis.pcall('ZADD', prefix .. endpoint, '0', found)
        else
            redis.pcall('ZADD', prefix .. endpoint, unpack(found))
        end
    end
end
