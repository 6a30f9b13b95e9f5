-- The events that an endpoint has had deliveries of, as marks (lib/mark): gathered over the call,
-- and written at once for each endpoint.
local histories = {} -- by endpoint: a mark, or what ZADD wants of several

local function add_history(endpoint, mark)
    local found = histories[endpoint]
    if not found then
        histories[endpoint] = mark
    elseif type(found) == 'string' then
        histories[endpoint] = found == mark and found or {'0', found, '0', mark}
    elseif found[#found] ~= mark then
        local n = #found
        found[n + 1], found[n + 2] = '0', mark
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
