#!lua flags=allow-oom
-- settle.lua - D2 claimed -> D3 delivered, D4 waiting, D6 dead or back to D1 ready,
--              for a batch of deliveries
--
-- KEYS    1 deliveries stream, 2 due zset, 3 waiting hash, 4 attempts stream,
--         5 dead letters stream, and prefixes with the same tag:
--         6 mr:{p}:event:  7 mr:{p}:delivery:  8 mr:{p}:stats:
-- ARGV    1 group, 2 consumer, 3 time in ms to use instead of Redis's ('': Redis's)
--         then 16 per delivery:
--           entry event endpoint org attempt snoozes history trace request body
--           outcome status duration_ms error response delay_ms
--           attempt: number of the attempt just made (for park and ready: to be made)
--           outcome: delivered retry snooze park ready dead; status: HTTP status or 0
--           duration_ms: '' when no attempt was made
--           error: reason word ('' when delivered); for dead it may be two words, why it was given
--           up and what the last attempt met; response: first bytes of the answer
--           delay_ms: for retry, snooze, park
-- RETURNS 1 the earliest due ms now known, or ''
--         then per delivery one word:
--         settled
--         refused: not pending for this consumer any more; nothing is written
--
-- An attempt made (delivered, retry, snooze, and dead with a duration) gets an entry of attempts
-- (event endpoint org attempt outcome status error duration_ms response), whose id is appended to
-- the history. <ms> is the time of the call.
--   delivered  record endpoint -> "delivered <attempt> <status> <ms> <history>"
--   retry      hash mr:{p}:delivery:<id> (the fields of deliveries with attempt+1, then
--              reason=backoff until status error) and its place in due;
--              record "pending <attempt> <status> <ms> <history>"
--   snooze     the same with reason=retry_after, attempt unchanged, snoozes+1
--   park       the same hash with reason=<error>, nothing counted, record untouched
--   ready      a new entry of deliveries with the same fields
--   dead       entry of the dead letters (event endpoint org reason attempts status response
--              first_at last_at history trace request);
--              record "dead <attempts> <status> <ms> <history>"
-- Dead without an attempt (endpoint disabled or gone): attempts is attempt - 1. first_at and
-- last_at are the times of the first and the last attempt, or <ms> when there was none.
-- Stats of the organization: delivered, retried, snoozed, dead. Hash mr:{p}:waiting: reason -> how
-- many of due wait for it.
-- XACK and XDEL of all settled entries come last, as in fanout.
-- NOGROUP when there is no such group. Nothing is written when an argument is missing or unknown.
local call = redis.call
--@include owned
--@include clock
--@include delivery
--@include hash
--@include waiting
--@include wait
--@include stats

local deliveries, due, waiting, attempts, dlq, record_prefix, delivery_prefix, stats_prefix =
    unpack(KEYS)
local group, consumer, now, entries = ARGV[1], ARGV[2], digits(now_ms(ARGV[3])), {}
local COUNTED = {delivered = 'delivered', retry = 'retried', snooze = 'snoozed', dead = 'dead'}
local WAITS = {retry = 'backoff', snooze = 'retry_after', park = 'park'}

for i = 4, #ARGV, 16 do
    local outcome, delay = ARGV[i + 10], ARGV[i + 15]
    local is_known = COUNTED[outcome] or WAITS[outcome] or outcome == 'ready'
    assert(is_known and delay and tonumber(ARGV[i + 4]) and tonumber(ARGV[i + 5])
           and (tonumber(delay) or not WAITS[outcome]), 'settle: 16 arguments per delivery')
    entries[#entries + 1] = ARGV[i]
end
local owned = owned_ids(deliveries, group, consumer, entries)
-- An error, if they are something else, before anything is written.
call('ZCARD', due) call('XLEN', attempts) call('XLEN', dlq)

local function settle(event, endpoint, org, attempt, snoozes, history, trace, request, body,
                      outcome, status, duration, err, response, delay)
    local counted, reason, why, last = COUNTED[outcome], WAITS[outcome], err:match('(%S+) (%S+)')
    if counted and duration ~= '' then
        local id = call('XADD', attempts, '*', 'event', event, 'endpoint', endpoint, 'org', org,
                        'attempt', attempt, 'outcome', outcome, 'status', status,
                        'error', last or err, 'duration_ms', duration, 'response', response)
        history = history == '' and id or history .. ',' .. id
    elseif outcome == 'dead' then
        attempt = attempt - 1
    end
    if counted then
        count(org, counted, 1)
        write_hash(record_prefix .. event, endpoint, (reason and 'pending' or outcome) .. ' '
             .. attempt .. ' ' .. status .. ' ' .. now .. ' ' .. history)
    end
    if reason then
        wait(delivery_prefix, digits(now + delay), outcome == 'park' and err or reason,
             event, endpoint, org, outcome == 'retry' and attempt + 1 or attempt,
             outcome == 'snooze' and snoozes + 1 or snoozes, history, trace, request,
             'status', status, 'error', err)
    elseif outcome == 'ready' then
        ready(deliveries, event, endpoint, org, attempt, snoozes, history, trace, request, body)
    elseif outcome == 'dead' then
        call('XADD', dlq, '*', 'event', event, 'endpoint', endpoint, 'org', org,
            'reason', why or err, 'attempts', attempt, 'status', status, 'response', response,
            'first_at', history:match('%d+') or now, 'last_at', history:match('(%d+)%-%d+$') or now,
            'history', history, 'trace', trace, 'request', request)
    end
end

local done, results = {}, {''}
for i = 4, #ARGV, 16 do
    local entry, is_mine = ARGV[i], owned[ARGV[i]]
    results[#results + 1] = is_mine and 'settled' or 'refused'
    if is_mine then
        owned[entry], done[#done + 1] = nil, entry
        settle(unpack(ARGV, i + 1, i + 15))
    end
end
results[1] = write_due(due, waiting)
write_stats(stats_prefix)
if #done > 0 then
    call('XACK', deliveries, group, unpack(done)) call('XDEL', deliveries, unpack(done))
end
return results
