#!lua flags=allow-oom
-- trim.lua - the oldest events and their records go, in order, stopping at the first that anyone
--            still needs
--
-- KEYS    1 events stream, then one record key mr:{p}:event:<id> per candidate
-- ARGV    1 group, 2 events older than this ms may go,
--         then the candidates' entry ids: the oldest of the stream, ascending, without gaps, in
--         the order of their record keys (at most 200)
-- RETURNS how many went, and the word that stopped it:
--         all      nothing did
--         young    not older than ARGV 2
--         unread   past the group's last delivered id
--         pending  at or past the group's smallest pending id
--         waiting  its record has a delivery "pending …"
--
-- Exact XTRIM MINID after the last one that goes; UNLINK of their records. Candidates that another
-- call has trimmed are passed over.
local call = redis.call
--@include group

local events, group = KEYS[1], ARGV[1]
local limit_ms = tonumber(ARGV[2])

local function parse(id)
    local ms, seq = string.match(id, '^(%d+)-(%d+)$')
    return {ms = tonumber(ms), seq = tonumber(seq)}
end

local function is_past(a, b)
    return a.ms > b.ms or a.ms == b.ms and a.seq > b.seq
end

-- pcall: a record that is no hash says of nothing that it waits.
local function is_waiting(record)
    for _, state in ipairs(redis.pcall('HVALS', record)) do
        if string.sub(state, 1, 8) == 'pending ' then
            return true
        end
    end
    return false
end

local info = group_info(events, group)
local read_to = parse(info and info['last-delivered-id'] or '0-0')
local held = info and call('XPENDING', events, group, '-', '+', 1)[1]
local held_from = held and parse(held[1])

local function what_stops(id, record)
    return id.ms >= limit_ms and 'young'
        or is_past(id, read_to) and 'unread'
        or held_from and not is_past(held_from, id) and 'pending'
        or is_waiting(record) and 'waiting'
end

local oldest = call('XRANGE', events, '-', '+', 'COUNT', 1)[1]
local records, last, word = {}, nil, 'all'
for i = 3, #ARGV do
    if last or oldest and ARGV[i] == oldest[1] then
        local id, record = parse(ARGV[i]), KEYS[i - 1]
        local stop = what_stops(id, record)
        if stop then
            word = stop
            break
        end
        last = id
        records[#records + 1] = record
    end
end
if last then
    call('XTRIM', events, 'MINID', '=', string.format('%.0f-%.0f', last.ms, last.seq + 1))
    call('UNLINK', unpack(records))
end
return {#records, word}
