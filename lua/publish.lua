#!lua
-- publish.lua - E0 unknown -> E1 in the log, for a batch of events
--
-- KEYS    1 events stream, 2 deliveries stream,
--         3… one dedup key for each item that has a fingerprint, in item order
-- ARGV    1 depth at which new events are refused (unprocessed events and ready deliveries
--           together)
--         2 dedup window in ms
--         3 group of the processor
--         then 11 per item:
--           org type key dedup trace request ct time after data fingerprint
--           after: ms when it may be delivered, or ''
--           fingerprint: '' when the event has no dedup id
-- RETURNS two per item: a word and a stream id
--         accepted  <its id>
--         duplicate <the first one's id>
--         mismatch  <the first one's id>: same dedup id, another payload
--         full      '': the backlog is at its bound; nothing is written for it
--
-- A repeat is told its first id even when the backlog is full. Two items of one call with the same
-- dedup key are each other's repeats. A dedup key holds "<stream id> <fingerprint>".
-- Redis refuses the call before it runs when memory is full or writes are off: nothing is written.
local call = redis.call
--@include group

local events, deliveries = KEYS[1], KEYS[2]
local window = ARGV[2]
assert((#ARGV - 3) % 11 == 0, 'publish: 11 arguments per item')

-- Without its group every event is unprocessed. lag is unknown (false) only after entries were
-- deleted that nobody had read.
local function backlog()
    local group = group_info(events, ARGV[3])
    local unprocessed = group and (group.lag or 0) + group.pending or call('XLEN', events)
    return unprocessed + call('XLEN', deliveries)
end

local room = ARGV[1] - backlog()
local firsts = {}
if #KEYS > 2 then
    local found = call('MGET', unpack(KEYS, 3))
    for i = 1, #found do
        firsts[KEYS[i + 2]] = found[i]
    end
end

local results, next_key = {}, 3
for i = 4, #ARGV, 11 do
    local org, type, key, dedup, trace, request, ct, time, after, data, fingerprint =
        unpack(ARGV, i, i + 10)
    local dedup_key = fingerprint ~= '' and KEYS[next_key]
    local first = dedup_key and firsts[dedup_key]
    local word, id = 'full', ''
    if first then
        local space = string.find(first, ' ', 1, true)
        id = string.sub(first, 1, space - 1)
        word = string.sub(first, space + 1) == fingerprint and 'duplicate' or 'mismatch'
    elseif room > 0 then
        room = room - 1
        word = 'accepted'
        id = call('XADD', events, '*', 'org', org, 'type', type, 'key', key, 'dedup', dedup,
                  'trace', trace, 'request', request, 'ct', ct, 'time', time, 'after', after,
                  'data', data)
        if dedup_key then
            firsts[dedup_key] = id .. ' ' .. fingerprint
            call('SET', dedup_key, firsts[dedup_key], 'PX', window)
        end
    end
    next_key = dedup_key and next_key + 1 or next_key
    results[#results + 1] = word
    results[#results + 1] = id
end
return results
