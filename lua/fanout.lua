#!lua flags=allow-oom
-- fanout.lua - E1 in the log -> E2 processed, for a batch of events: each delivery is written and
--              the event acknowledged
--
-- KEYS    1 events stream, 2 deliveries stream, 3 due zset, 4 waiting hash, 5 cursors hash,
--         10 stats hash, 11 reclaimed hash, and prefixes with the same tag (the keys under them
--         are named by ids in ARGV): 6 mr:{p}:event:  7 mr:{p}:history:  8 mr:{p}:lane:
--         9 mr:{p}:endpoint:
-- ARGV    1 group, 2 consumer, 3 time in ms to use instead of Redis's ('': Redis's)
--         4 the consumer's word (lib/consumers_word): how many entries it holds at least; '' when
--           it is not sure of one of these; again when one of them was in a call before
--         5 packed (lib/packed), per event in the order of their entries how many strings it has,
--           how many endpoints, how many characters of its id its marks have (lib/mark), then 3
--             entry event origin
--           or, unless it is written whole now and its deliveries are ready, 8: these and
--             from to skipped after gated
--           and the ids of its endpoints, sorted
--           entry: stream id; event: evt_…; origin: lib/origin, without a request that the trace
--           tells
--           from: '' or the last endpoint of the part before
--           to: '' when this part is the last, else its last endpoint
--           skipped: '' or the reason why nobody gets it
--           after: '' or ms; gated: 1 when one of the endpoints seems to be gated, else 0
--         then the body of each, '' when it is too large to carry
-- RETURNS 1 the earliest due ms now known, or ''
--         then two per event: a word and a detail
--         done ''            its last part: acknowledged
--         continued ''       a part that is not the last: written, cursor kept, still pending
--         behind <cursor>    the stored cursor is not `from`: nothing is written; go on after it
--         refused ''         not pending for this consumer any more: nothing is written
--
-- At most 200 endpoints in all per call (the caller's bound).
-- Writes, per event: hash mr:{p}:event:<event>: endpoint -> state (lib/record), and
--   skipped -> reason.
-- Per endpoint that is new there: an entry of deliveries (lib/delivery) with the state
--   "pending 0"; or, when `after` is in the future, a place in due and the state waiting for
--   "scheduled"; or, when it is gated, a place in its lane and the state waiting for why
--   (lib/hold). And the event's mark in the endpoint's history.
-- One that is there already has its delivery: an event that comes again, as after a loss of the
-- group, is done without a second one; so is one whose record is being trimmed.
-- Stats of the organization, of what is new: skipped +1, extra +(deliveries but an event's first).
-- Hash mr:{p}:waiting: reason -> how many wait for it.
-- XACK of all last parts comes after the writes, since a script has no rollback; all that could be
-- an error is tried before them.
-- NOGROUP when there is no such group.
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
--@include history
--@include stats

local events, deliveries, due, waiting, cursors, record_prefix, history_prefix, lane_prefix,
    endpoint_prefix, stats, reclaimed = unpack(KEYS)
local group, consumer, now = ARGV[1], ARGV[2], now_ms(ARGV[3])

local items, entries, records = unpacked(5), {}, {}
local starts = starts_of(items, 3, 8, 3)
local n = #starts
assert(#ARGV == 5 + n, 'packed: one body per event')
for k = 1, n do
    local at = starts[k]
    entries[k], records[k] = items[at + 3], record_prefix .. items[at + 4]
    assert(type(items[at + 2]) == 'number', 'packed: how wide a mark is is no number')
end
starts[n + 1] = #items + 1
local owned = owned_by_word(events, group, consumer, entries, reclaimed, ARGV[4])
local any_cursor = call('HLEN', cursors) > 0
-- Events that come again are rare: most calls have none.
local any_record = n > 0 and call('EXISTS', unpack(records)) > 0
-- An error, if they are something else, before anything is written.
call('ZCARD', due) call('XLEN', deliveries)
local cursor_of, acked, results = {}, {}, {''}

--@include fresh

--@include part

-- Writes the k-th event, the at-th item, unless it is refused or behind.
local function fan_out(k, at)
    local entry, event, origin = unpack(items, at + 3, at + 5)
    local mark = string.sub(event, 1, items[at + 2])
    local body, is_whole = ARGV[5 + k], items[at] == 3
    local from, to, skipped, after, gated = '', '', '', '', '0'
    if not is_whole then
        from, to, skipped, after, gated = unpack(items, at + 6, at + 10)
    end
    local cursor = any_cursor and (cursor_of[entry] or call('HGET', cursors, entry)) or ''
    if not owned[entry] then
        return 'refused', ''
    elseif cursor ~= from then
        return 'behind', cursor
    end
    local first, last = at + 3 + items[at], starts[k + 1] - 1
    if is_whole and not any_record then
        write_ready(records[k], first, last, event, origin, body, mark)
    else
        write_part(records[k], first, last, event, origin, body, mark, from, skipped, after, gated)
    end
    if to ~= '' then
        cursor_of[entry], any_cursor = to, true
        call('HSET', cursors, entry, to)
        return 'continued', ''
    end
    owned[entry], acked[#acked + 1] = nil, entry
    if from ~= '' then
        call('HDEL', cursors, entry)
    end
    return 'done', ''
end

for k = 1, n do
    results[2 * k], results[2 * k + 1] = fan_out(k, starts[k])
end
results[1] = write_due(due, waiting)
write_history(history_prefix)
write_stats(stats)
if #acked > 0 then
    call('XACK', events, group, unpack(acked))
end
return results
