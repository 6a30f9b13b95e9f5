#!lua flags=allow-oom
-- strays.lua - D1 ready, but passed: an entry that the group has read past and nobody holds -> D1
--              ready, or gone
--
-- KEYS    1 deliveries stream, 2 prefix mr:{p}:event: with the same tag
-- ARGV    1 group, 2 where to begin ('': at the first entry), 3 how many entries to look at,
--         4 mark: '', or what an earlier call of the same connection said
-- RETURNS where to go on ('': all are looked at), how many are ready again, how many are gone,
--         how many may be owed, and the mark
--
-- Redis makes strays. What is left of a script in a log that was cut in the middle of its writes is
-- not applied by the next start, but stays in the file before what comes then (valkey-io/valkey
-- #4342); the start after that applies it, with ids long passed. Who only waits for unread and for
-- pending entries never sees them, and the stream is never empty again.
-- An entry is gone unless the record calls its delivery pending, with the history that the entry
-- has: it was written again under another id, and has ended, or goes on. Else it may be owed, or
-- its twin may be on its way. When all that was there when it was first seen (the mark) is settled
-- and it is pending still, it is owed, and gets a new id.
-- The first entry of a stream without strays is the first that is pending, or is unread. One whose
-- first entry is is not looked at further.
local call = redis.call
--@include group
--@include entry_order
--@include record

local stream, record_prefix, group, looked_max = KEYS[1], KEYS[2], ARGV[1], tonumber(ARGV[3])
local info, first = group_info(stream, group), redis.pcall('XRANGE', stream, '-', '+', 'COUNT', 1)
if not info or not first[1] then
    return {'', 0, 0, 0, ''}
end

local passed, held_first = info['last-delivered-id'], call('XPENDING', stream, group)[2]
local is_healthy = first[1][1] == held_first or is_after(first[1][1], passed)
local from = ARGV[2] == '' and '-' or ARGV[2]
local entries = is_healthy and {} or call('XRANGE', stream, from, passed, 'COUNT', looked_max)
if #entries == 0 then
    return {'', 0, 0, 0, ''}
end
local held, last, mark = {}, entries[#entries][1], ARGV[4]
for _, row in ipairs(call('XPENDING', stream, group, entries[1][1], last, info.pending + 1)) do
    held[row[1]] = true
end
local is_decided = mark ~= '' and not is_after(mark, passed)
    and not (held_first and not is_after(held_first, mark))
if mark == '' then
    mark = call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1][1]
end

local seen = {} -- two strays of a delivery are one
local function may_be_owed(fields)
    local values = {history = ''}
    for i = 1, #fields, 2 do
        values[fields[i]] = fields[i + 1]
    end
    local event, endpoint = string.match(values.delivery or '', '^(%S+) (%S+) ')
    if not event then -- an older version's
        event, endpoint = values.event, values.endpoint
    end
    if not event or not endpoint or seen[event .. endpoint] then
        return false
    end
    local state = redis.pcall('HGET', record_prefix .. event, endpoint)
    local tail = type(state) == 'string' and string.match(state, '^pending (.+)$')
    local may = tail and history_of(tail) == values.history
    seen[event .. endpoint] = may
    return may
end

local ready, gone, unsure = 0, 0, 0
for _, entry in ipairs(entries) do
    local id, fields = entry[1], entry[2]
    if not held[id] and not may_be_owed(fields) then
        gone = gone + call('XDEL', stream, id)
    elseif not held[id] and is_decided then
        call('XADD', stream, '*', unpack(fields))
        ready = ready + call('XDEL', stream, id)
    elseif not held[id] then
        unsure = unsure + 1
    end
end
return {#entries < looked_max and '' or '(' .. last, ready, gone, unsure, mark}
