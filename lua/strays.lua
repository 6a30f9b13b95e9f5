#!lua flags=allow-oom
-- strays.lua - D1 ready, but passed: an entry that the group has read past and nobody holds -> D1
--              ready, or gone
--
-- KEYS    1 deliveries stream, 2 prefix mr:{p}:event: with the same tag
-- ARGV    1 group, 2 where to begin ('': at the first entry), 3 how many entries to look at,
--         4 ms after which an owed one is ready again although others are under way,
--         5 time in ms to use instead of Redis's ('': Redis's)
-- RETURNS where to go on ('': all are looked at), how many are ready again, how many are gone
--
-- Redis makes strays. What is left of a script in a log that was cut in the middle of its writes is
-- not applied by the next start, but stays in the file before what comes then (valkey-io/valkey
-- #4342); the start after that applies it, with ids long passed. Who only waits for unread and for
-- pending entries never sees them, and the stream is never empty again.
-- An entry whose delivery its record does not call pending is gone: it was read again, or ended,
-- under another id. A pending one is owed: it gets a new id at once when no other entry is there
-- that could be the same delivery, or when it is so old that it would have ended.
-- Nothing is looked at while the stream is as long as what is unread and what is held.
local call = redis.call
--@include group
--@include clock

local stream, record_prefix, group, looked_max = KEYS[1], KEYS[2], ARGV[1], tonumber(ARGV[3])
local info = group_info(stream, group)
if not info or info.lag and info.lag + info.pending == call('XLEN', stream) then
    return {'', 0, 0}
end
local passed, from = info['last-delivered-id'], ARGV[2] == '' and '-' or ARGV[2]
local entries = call('XRANGE', stream, from, passed, 'COUNT', looked_max)
if #entries == 0 then
    return {'', 0, 0}
end
local held, last, oldest_ms = {}, entries[#entries][1], now_ms(ARGV[5]) - ARGV[4]
for _, row in ipairs(call('XPENDING', stream, group, entries[1][1], last, info.pending + 1)) do
    held[row[1]] = true
end
local is_alone = info.pending == 0 and #call('XRANGE', stream, '(' .. passed, '+', 'COUNT', 1) == 0

local function is_owed(fields)
    local event, endpoint
    for i = 1, #fields, 2 do
        event = fields[i] == 'event' and fields[i + 1] or event
        endpoint = fields[i] == 'endpoint' and fields[i + 1] or endpoint
    end
    local state = event and endpoint and redis.pcall('HGET', record_prefix .. event, endpoint)
    return type(state) == 'string' and string.sub(state, 1, 8) == 'pending '
end

local ready, gone = 0, 0
for _, entry in ipairs(entries) do
    local id, fields = entry[1], entry[2]
    local is_stray, owed = not held[id], is_owed(fields)
    local is_due = is_alone or tonumber(string.match(id, '^%d+')) <= oldest_ms
    if is_stray and owed and is_due then
        call('XADD', stream, '*', unpack(fields))
        ready = ready + 1
    elseif is_stray and not owed then
        gone = gone + 1
    end
    if is_stray and (is_due or not owed) then
        call('XDEL', stream, id)
    end
end
return {#entries < looked_max and '' or '(' .. last, ready, gone}
