#!lua
-- publish.lua - E0 unknown -> E1 in the log, for a batch of events
--
-- KEYS    1 events stream, 2 deliveries stream,
--         3 prefix mr:{p}:events: with the same tag (organizations in ARGV name the keys under it),
--         then one limiter each (as many as ARGV 5 says), then one dedup key for each item that has
--         a fingerprint, in item order
-- ARGV    1 depth at which new events are refused (unprocessed events and ready deliveries
--           together)
--         2 dedup window in ms
--         3 group of the processor
--         4 time in us to use instead of Redis's ('': Redis's)
--         5 number of limiters, then two for each: how many per second, and its burst
--         then one, packed (lib/packed): per item 5 and five strings
--           org type trace request time
--           request: '' when the trace tells it (common/model/trace.h)
--           time: when it occurred, or '': when it is taken in
--         or, when it has more to say, 13 and eight strings more
--           key dedup after to ce fingerprint, and two limiters
--           after: ms when it may be delivered, or ''
--           to: the only endpoint that gets it, or ''
--           ce: attributes of a CloudEvent, as a JSON object, or ''
--           fingerprint: '' when the event has no dedup id
--           limiter: the number of one that it counts against, or 0
--         then the data of each
-- RETURNS two per item: a word and a stream id
--         accepted  <its id>
--         duplicate <the first one's id>
--         mismatch  <the first one's id>: same dedup id, another payload
--         full      '': the backlog is at its bound; nothing is written for it
--         limited   '': one of its limiters allows no more now; nothing is written for it
--         then three per limiter, as limit.lua
--
-- A repeat is told its first id even when the backlog is full; it counts against the limiters as an
-- event does. What is limited or full counts against none.
-- Two items of one call with the same dedup key are each other's repeats. A dedup key holds
-- "<stream id> <fingerprint>". An entry of events has, of the fields org type key dedup trace
-- request time after to data ce, those that have something to say. Each event has an entry with the
-- same id and its type in the stream mr:{p}:events:<org>, by which an organization's events are
-- listed and leased.
-- Redis refuses the call before it runs when memory is full or writes are off: nothing is written.
local call = redis.call
--@include group
--@include packed
--@include clock
--@include gcra

local events, deliveries, index_prefix, window = KEYS[1], KEYS[2], KEYS[3], ARGV[2]
local limiters_count = tonumber(ARGV[5]) or 0
local packed_at, next_key = 6 + 2 * limiters_count, 4 + limiters_count
local items = unpacked(packed_at)
local starts = starts_of(items, 5, 13)
assert(#ARGV == packed_at + #starts, 'packed: one data per item')

-- Without its group every event is unprocessed. lag is unknown (false) after a start of Redis,
-- until the next read or recount.lua, and after entries were deleted that nobody had read.
local function backlog()
    local group = group_info(events, ARGV[3])
    local unprocessed = group and (group.lag or 0) + group.pending or call('XLEN', events)
    return unprocessed + call('XLEN', deliveries)
end

local limiters = load_limiters(limiters_count, 4, 6, limiters_count > 0 and now_us(ARGV[4]))
local room, firsts = ARGV[1] - backlog(), {}
local found = KEYS[next_key] and call('MGET', unpack(KEYS, next_key)) or {}
for i = 1, #found do
    firsts[KEYS[next_key + i - 1]] = found[i]
end

--@include append

-- An item of 13 strings, of which the first is items[i].
local function publish_one(i, data)
    local fingerprint, word, id = items[i + 10], 'full', ''
    local a, b = limiters[tonumber(items[i + 11])], limiters[tonumber(items[i + 12])]
    local dedup_key = fingerprint ~= '' and KEYS[next_key]
    local first = dedup_key and firsts[dedup_key]
    if a and not allows(a) or b and not allows(b) then
        word = 'limited'
    elseif first then
        local space = string.find(first, ' ', 1, true)
        id = string.sub(first, 1, space - 1)
        word = string.sub(first, space + 1) == fingerprint and 'duplicate' or 'mismatch'
    elseif room > 0 then
        room, word = room - 1, 'accepted'
        id = append(data, unpack(items, i, i + 9))
        if dedup_key then
            firsts[dedup_key] = id .. ' ' .. fingerprint
            call('SET', dedup_key, firsts[dedup_key], 'PX', window)
        end
    end
    if a and id ~= '' then
        take(a)
    end
    if b and id ~= '' then
        take(b)
    end
    next_key = dedup_key and next_key + 1 or next_key
    return word, id
end

local results = {}
for k = 1, #starts do
    local at, data, word, id = starts[k], ARGV[packed_at + k], 'full', ''
    if items[at] == 13 then
        word, id = publish_one(at + 1, data)
    elseif room > 0 then
        room, word, id = room - 1, 'accepted', append(data, unpack(items, at + 1, at + 5))
    end
    results[2 * k - 1], results[2 * k] = word, id
end
write_limiters(limiters, results)
return results
