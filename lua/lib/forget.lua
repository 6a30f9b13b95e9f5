-- What is kept of an event beside its entry of the log: its record, its marks in the histories of
-- its endpoints, its entry among those of its organization. Dead letters stay, and get places of
-- their own (lib/letter). Looked at one by one; what is gathered of histories and organizations
-- goes at the end of the call, at once for each.
-- pcall: a key that is something else says nothing, and stops nothing.
local WIDE = 500
local TEXT_COST = 128 -- of looking at a text, as bytes
local of_history, org_of_endpoint, of_org, of_lease, of_letters, has_leases = {}, {}, {}, {}, {}, {}
local leaving -- an event that goes in parts

local function is_unsettled(state)
    local first = string.sub(state, 1, 8)
    return first == 'pending ' or first == 'waiting '
end

-- Whether one of every so many texts says that somebody waits, and what looking at them cost.
local function look_at_texts(texts, every)
    local is_needed, cost = false, 0
    for i = 1, #texts do
        cost = cost + #texts[i] + TEXT_COST
        is_needed = is_needed or i % every == 0 and is_unsettled(texts[i])
    end
    return is_needed, cost
end

-- Fields and states (some of them when there are too many for a call), whether it is too wide for
-- one call, whether somebody waits for the event, and what that cost.
local function look_at_record(record)
    local count = redis.pcall('HLEN', record)
    if type(count) ~= 'number' or count <= WIDE then
        local fields = redis.pcall('HGETALL', record)
        return fields, false, look_at_texts(fields, 2)
    end
    if call('HEXISTS', record, 'trimmed') == 0 then -- before a part goes nobody may need any
        local is_needed, cost = look_at_texts(call('HVALS', record), 1)
        if is_needed then
            return {}, true, is_needed, cost
        end
    end
    local fields = call('HSCAN', record, 0, 'COUNT', WIDE)[2]
    return fields, true, look_at_texts(fields, 2)
end

local function gather(map, name, value)
    local values = map[name] or {}
    map[name], values[#values + 1] = values, value
end

local function forget_histories(fields, event, org)
    for i = 1, #fields, 2 do
        if string.sub(fields[i], 1, 3) == 'ep_' then
            gather(of_history, fields[i], event)
            org_of_endpoint[fields[i]] = org
            local letter = letter_of(fields[i + 1])
            if letter then
                gather(of_letters, org, letter_place(event, fields[i]))
                gather(of_letters, org, letter)
            end
        end
    end
end

-- A part of a wide record. It says from now on that it is not whole: an event that is fanned out
-- again must not take what is gone for what never was.
local function forget_part(record, fields, event, org)
    local gone = {}
    leaving = event
    for i = 1, #fields, 2 do
        gone[#gone + 1] = fields[i] ~= 'trimmed' and fields[i] or nil
    end
    forget_histories(fields, event, org)
    call('HSET', record, 'trimmed', 1)
    if #gone > 0 then
        call('HDEL', record, unpack(gone))
    end
end

local function forget_entry(org, id)
    gather(of_org, org, id)
end

-- A lease that ran out before the limit, and was not asked for since, keeps nothing.
local function is_leased(leases_prefix, org, id, limit_ms)
    if has_leases[org] == nil then
        has_leases[org] = call('EXISTS', leases_prefix .. org) == 1
    end
    local until_ms = has_leases[org] and redis.pcall('ZSCORE', leases_prefix .. org, id)
    if type(until_ms) ~= 'string' then
        return false
    elseif tonumber(until_ms) < limit_ms then
        gather(of_lease, org, id)
    end
    return tonumber(until_ms) >= limit_ms
end

local function forget_leased(stream, leases, ids)
    local names = {}
    for _, id in ipairs(group_info(stream, INBOX) and ids or {}) do
        names[(pending_row(stream, id) or {})[2] or NOBODY] = true
        call('XACK', stream, INBOX, id)
    end
    forget_leases(stream, names)
    call('ZREM', leases, unpack(ids))
end

local PLACES_MAX = 1000 -- an even number of arguments, below what Lua can unpack

local function write_places(places_prefix)
    for org, places in pairs(of_letters) do
        for i = 1, #places, PLACES_MAX do
            redis.pcall('HSET', places_prefix .. org,
                        unpack(places, i, math.min(i + PLACES_MAX - 1, #places)))
        end
    end
end

-- All but the histories.
local function write_forgotten(index_prefix, leases_prefix)
    for org, ids in pairs(of_lease) do
        forget_leased(index_prefix .. org, leases_prefix .. org, ids)
    end
    for org, ids in pairs(of_org) do
        redis.pcall('XDEL', index_prefix .. org, unpack(ids))
    end
end
