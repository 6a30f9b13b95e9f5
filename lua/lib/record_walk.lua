-- The deliveries of an event one by one in the order of their endpoints, from after one ('': all).
-- look(page, event, endpoint, state) says whether to go on, and so does walk_record. A record that
-- is too wide to be read whole is asked for the endpoints that its organization has and had, a
-- hundred at a time.
local WIDE = 500

local function next_endpoints(zsets, after)
    local names, from = {}, after == '' and '-' or '(' .. after
    for _, zset in ipairs(zsets) do
        for _, name in ipairs(call('ZRANGE', zset, from, '+', 'BYLEX', 'LIMIT', 0, 100)) do
            names[#names + 1] = name
        end
    end
    table.sort(names)
    return {unpack(names, 1, math.min(#names, 100))}
end

local function walk_wide(record, zsets, page, event, after)
    local names = next_endpoints(zsets, after)
    while #names > 0 do
        local states = call('HMGET', record, unpack(names))
        for i, name in ipairs(names) do
            if not look(page, event, name, states[i]) then
                return false
            end
        end
        names = next_endpoints(zsets, names[#names])
    end
    return true
end

-- pcall: a record that is something else says nothing.
local function walk_record(record, zsets, page, event, after)
    local count, states, names = redis.pcall('HLEN', record), {}, {}
    if type(count) == 'number' and count > WIDE then
        return walk_wide(record, zsets, page, event, after)
    end
    local fields = redis.pcall('HGETALL', record)
    for i = 1, #fields, 2 do
        if string.sub(fields[i], 1, 3) == 'ep_' and fields[i] > after then
            names[#names + 1], states[fields[i]] = fields[i], fields[i + 1]
        end
    end
    table.sort(names)
    for _, name in ipairs(names) do
        if not look(page, event, name, states[name]) then
            return false
        end
    end
    return true
end
