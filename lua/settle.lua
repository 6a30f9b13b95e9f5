#!lua flags=allow-oom
-- settle.lua - D2 claimed -> D3 delivered, D4 waiting, D5 held, D6 dead or back to D1 ready,
--              for a batch of deliveries
--
-- KEYS    1 deliveries stream, 2 due zset, 3 waiting hash, 4 attempts stream,
--         5 dead letters stream, 6 failing hash, 11 stats hash, 13 reclaimed hash,
--         and prefixes with the same tag:
--         7 mr:{p}:event:  8 mr:{p}:dlq:  9 mr:{p}:lane:  10 mr:{p}:endpoint:  12 mr:{p}:rate:
-- ARGV    1 group, 2 consumer, 3 time in ms to use instead of Redis's ('': Redis's),
--         4 ms of nothing but failures after which an endpoint is called failing (0: never)
--         5 the consumer's word, as in fanout
--         6 packed (lib/packed), per delivery in the order of their entries 7 and seven strings
--           entry event endpoint attempt status duration_ms history
--         when it was delivered and answered with a status alone, else 16 and nine strings more
--           org snoozes trace request body outcome error response delay_ms
--           attempt: number of the attempt just made (for park, hold, late, ready: to be made)
--           status: HTTP status or 0; duration_ms: '' when no attempt was made
--           outcome: delivered retry snooze park hold late ready dead
--           error: reason word ('' when delivered); for dead it may be two words, why it was given
--           up and what the last attempt met; response: first bytes of the answer
--           delay_ms: for retry, snooze, park
--           trace, request: not for delivered, request as in publish, but for dead always;
--           body: for hold, late, ready
-- RETURNS 1 the earliest due ms now known, or ''
--         then per delivery one word:
--         settled
--         failing: settled, and its endpoint has failed for so long that it should be disabled
--         go: it may be attempted now, and stays pending
--         refused: not pending for this consumer any more; nothing is written
--
-- An attempt made (delivered, retry, snooze, and dead with a duration) gets an item of the history,
-- and, but for those of seven strings, an entry of attempts (event endpoint org attempt outcome
-- status duration_ms [error] [response]): lib/attempts. <ms> is the time of the call. States of
-- the event's record: lib/record.
--   delivered  "delivered <tail>"
--   retry      a place in due, and waiting for "backoff" with attempt+1
--   snooze     a place in due, and waiting for "retry_after", attempt unchanged, snoozes+1
--   park       a place in due, and waiting for <error>, nothing counted, <tail> as it was
--   hold       a place in the endpoint's lane, and waiting for why it is gated (lib/hold), as park;
--              but ready when the endpoint is not gated any more
--   late       go, when the endpoint's rate limit allows one more, which counts; else as hold
--   ready      a new entry of deliveries with the same fields
--   dead       entry of the dead letters (event endpoint org reason attempts status response
--              first_at last_at history trace request), and one with the same id in those of the
--              organization; "dead <letter> <tail>"
-- Dead without an attempt (endpoint disabled or gone): attempts is attempt - 1. first_at and
-- last_at are the times of the first and the last attempt, or <ms> when there was none.
-- Stats of the organization: retried, snoozed, dead. Hash mr:{p}:waiting: reason -> how many wait
-- for it. Hash mr:{p}:failing: endpoint -> ms since when no attempt has succeeded.
-- XACK and XDEL of all settled entries come last, as in fanout.
-- NOGROUP when there is no such group. Nothing is written when an argument is missing or unknown.
local call = redis.call
--@include entry_order
--@include reclaimed
--@include owned
--@include consumers_word
--@include packed
--@include clock
--@include origin
--@include delivery
--@include hash
--@include waiting
--@include record
--@include wait
--@include hold
--@include failing
--@include dead
--@include attempts
--@include stats

local deliveries, due, waiting, attempts, dlq, failing, record_prefix, dlq_prefix, lane_prefix,
    endpoint_prefix, stats, rate_prefix, reclaimed = unpack(KEYS)
local group, consumer, now, entries = ARGV[1], ARGV[2], digits(now_ms(ARGV[3])), {}
local items = unpacked(6)
assert(#ARGV == 6, 'packed: nothing behind it')
local starts = starts_of(items, 7, 16)
local late_us, may_start, write_late
local COUNTED = {retry = ':retried', snooze = ':snoozed', dead = ':dead'}
local UNATTEMPTED = {park = true, hold = true, late = true, ready = true}
local WAITS = {retry = 'backoff', snooze = 'retry_after', park = 'park'}

local function time_us()
    return (tonumber(ARGV[3]) or now_us('') / 1000) * 1000
end

local function is_number(text)
    return text == '1' or text == '0' or tonumber(text) -- nearly all say one of these: not read
end

-- What stands behind the seven strings that all have.
local function check_rest(at)
    local outcome, delay = items[at + 13], items[at + 16]
    local is_known = outcome == 'delivered' or COUNTED[outcome] or UNATTEMPTED[outcome]
    late_us = late_us or outcome == 'late' and time_us()
    return is_known and is_number(items[at + 9]) and (not WAITS[outcome] or is_number(delay))
end

for k = 1, #starts do
    local at = starts[k]
    entries[k] = items[at + 1]
    local is_fine = is_number(items[at + 4]) and is_number(items[at + 5])
        and (items[at] == 16 and check_rest(at) or items[at] == 7 and tonumber(items[at + 6]))
    if not is_fine then
        error('settle: an unknown argument')
    end
end
local owned = owned_by_word(deliveries, group, consumer, entries, reclaimed, ARGV[5])
-- An error, if they are something else, before anything is written.
call('ZCARD', due) call('XLEN', attempts) call('XLEN', dlq)
if late_us then -- most calls have none: then this, too, would cost them something
--@include gcra
--@include late
    may_start, write_late = may_start_late, write_late_limiters
end

--@include attempted
--@include unattempted

read_failing(failing, ARGV[4], now)
local done, results = {}, {''}
for k = 1, #starts do
    local at, entry, word = starts[k], entries[k], 'refused'
    if owned[entry] then
        local settle = items[at] == 7 and settle_told
            or UNATTEMPTED[items[at + 13]] and settle_unattempted or settle_attempted
        word = settle(unpack(items, at + 2, at + items[at]))
        owned[entry], done[#done + 1] = nil, word ~= 'go' and entry or nil
    end
    results[k + 1] = word
end
results[1] = write_due(due, waiting)
write_failing(failing)
if late_us then
    write_late()
end
write_stats(stats)
if #done > 0 then
    call('XACK', deliveries, group, unpack(done)) call('XDEL', deliveries, unpack(done))
end
return results
