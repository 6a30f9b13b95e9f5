-- The lane of an endpoint lets go of what it may now, D5 held -> D1 ready, in the order of events,
-- and says in due when it goes on. While it is paused: nothing, and nothing in due; resuming brings
-- it back. Once it is gated no more, disabled or deleted: all. With a rate limit: as many as that
-- allows (lib/gcra). Ordered: the next in turn (lib/turn), one at a time. While many are unread,
-- one at a time, for others come behind them. What a gate lets go is marked, so that a dispatcher
-- tells it from what has yet to stand in line.
-- pcall, here and in lib/turn: keys that are something else stop no other lane.
local UNREAD_MAX, FULL_MS = 200, 5

local function lane_keys(keys)
    return {due = keys[1], waiting = keys[2], deliveries = keys[3], events = keys[4],
            records = keys[5], lanes = keys[6], endpoints = keys[7], turns = keys[8],
            rates = keys[9], org_events = keys[10]}
end

local function first_in(lane, most)
    return most > 0 and redis.pcall('ZRANGE', lane, 0, most - 1) or {}
end

-- Asked once per call, and reckoned on. Whoever waits, one goes: who keeps the stream long must not
-- keep all lanes shut.
local function free_room(keys)
    if not keys.free then
        local group = group_info(keys.deliveries, 'dispatcher')
        local unread = call('XLEN', keys.deliveries) - (group and group.pending or 0)
        keys.free = UNREAD_MAX - unread
    end
    return math.max(keys.free, 1)
end

local function open_lane(keys, endpoint, _, room)
    local lane = keys.lanes .. endpoint
    call('UNLINK', keys.turns .. endpoint)
    return resume_all(keys, lane, first_in(lane, room)), 0
end

-- Returns how many went, and the ms after which the lane goes on.
local function pass_gate(keys, endpoint, found, room, us)
    local lane, limits = keys.lanes .. endpoint, {}
    local per_second, burst = tonumber(found[5] or ''), tonumber(found[6] or '')
    if per_second and burst then
        limits[1] = open_limiter(keys.rates .. endpoint, per_second, burst, us)
        room = math.min(room, math.floor((limits[1].limit - limits[1].ahead) / UNIT))
    end
    local chosen, wait_ms = nil, 0
    if found[4] == '1' and room > 0 then
        chosen, wait_ms = next_in_turn(keys, endpoint, found[1] or '', first_in(lane, 1)[1],
                                       math.floor(us / 1000))
    end
    local moved = resume_all(keys, lane, chosen or first_in(lane, room), 'lane', '1')
    for _ = 1, limits[1] and moved or 0 do
        take(limits[1])
    end
    local numbers = {}
    write_limiters(limits, numbers)
    return moved, math.max(wait_ms, numbers[3] or 0)
end

-- room: how many at most. Returns how many went.
local function release_lane(keys, endpoint, room, us)
    local found = redis.pcall('HMGET', keys.endpoints .. endpoint, 'org', 'disabled',
                              'paused', 'ordered', 'rate_per_second', 'rate_burst')
    local gate, moved, wait_ms = gate_in(found[3], found[4], found[5]), 0, 0
    if room > 0 and gate ~= 'paused' then
        local pass = gate and found[2] ~= '1' and pass_gate or open_lane
        local most = math.min(room, free_room(keys))
        moved, wait_ms = pass(keys, endpoint, found, most, us)
        keys.free = keys.free - moved
        wait_ms = moved == most and most < room and math.max(wait_ms, FULL_MS) or wait_ms
    end
    if gate == 'paused' or #first_in(keys.lanes .. endpoint, 1) == 0 then
        call('ZREM', keys.due, endpoint)
    else
        call('ZADD', keys.due, digits(math.ceil(us / 1000) + wait_ms), endpoint)
    end
    return moved
end
