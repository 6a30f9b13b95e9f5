#!lua flags=allow-oom
-- fanout.lua - E1 in the log -> E2 processed, for a batch of events: each delivery is written and
--              the event acknowledged
--
-- KEYS    1 events stream, 2 deliveries stream, 3 due zset, 4 waiting hash, 5 cursors hash,
--         10 stats hash, and prefixes with the same tag (the keys under them are named by ids in
--         ARGV): 6 mr:{p}:event:  7 mr:{p}:history:  8 mr:{p}:lane:  9 mr:{p}:endpoint:
-- ARGV    1 group, 2 consumer, 3 time in ms to use instead of Redis's ('': Redis's)
--         4 packed (lib/packed), per event 12 and its endpoint ids, sorted:
--           entry event org from to skipped trace request after gated body number-of-endpoints
--           entry: stream id; event: evt_…
--           from: '' or the last endpoint of the part before
--           to: '' when this part is the last, else its last endpoint
--           skipped: '' or the reason why nobody gets it
--           after: '' or ms; gated: 1 when one of the endpoints seems to be gated, else 0
--           body: '' when too large to carry
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
--   (lib/hold). And the event's place in the endpoint's history.
-- One that is there already has its delivery: an event that comes again, as after a loss of the
-- group, is done without a second one; so is one whose record is being trimmed.
-- Stats of the organization, of what is new: skipped +1, extra +(deliveries but an event's first).
-- Hash mr:{p}:waiting: reason -> how many wait for it.
-- XACK of all last parts comes after the writes, since a script has no rollback; all that could be
-- an error is tried before them.
-- NOGROUP when there is no such group.
local call = redis.call
--@include owned
--@include packed
--@include clock
--@include delivery
--@include hash
--@include waiting
--@include record
--@include wait
--@include hold
--@include history
--@include stats

local events, deliveries, due, waiting, cursors, record_prefix, history_prefix, lane_prefix,
    endpoint_prefix, stats = unpack(KEYS)
local group, consumer, now = ARGV[1], ARGV[2], now_ms(ARGV[3])

local items, starts, entries, records, n, at = unpacked(4), {}, {}, {}, 0, 1
while at <= #items do
    n = n + 1
    starts[n], entries[n], records[n] = at, items[at], record_prefix .. (items[at + 1] or '')
    at = at + 12 + (tonumber(items[at + 11]) or #items)
end
starts[n + 1] = at
assert(at == #items + 1, 'fanout: 12 strings and the endpoints per event')
local owned = owned_ids(events, group, consumer, entries)
local any_cursor = call('HLEN', cursors) > 0
-- Events that come again are rare: most calls have none.
local any_record = n > 0 and call('EXISTS', unpack(records)) > 0
-- An error, if they are something else, before anything is written.
call('ZCARD', due) call('XLEN', deliveries)
local cursor_of, acked, results = {}, {}, {''}

--@include fresh

local function write_part(record, first, last, event, org, from, skipped, trace, request, after,
                          gated, body)
    local written, is_later = 0, after ~= '' and (tonumber(after) or 0) > now
    local later = is_later and waiting_state('scheduled', after, 1, 0, org, trace, request, '0')
    local is_repeat = from == '' and any_record and has_fields(record)
    if (is_repeat or from ~= '') and redis.pcall('HEXISTS', record, 'trimmed') == 1 then
        return
    end
    for e = first, last do
        if write_fresh(record, event, items[e], org, trace, request, after, later, gated, body) then
            written = written + 1
        end
    end
    local is_skipped = skipped ~= '' and not is_repeat and add_field(record, 'skipped', skipped)
    local extra = written - (from == '' and not is_repeat and 1 or 0)
    if extra > 0 then
        count(org, ':extra', extra)
    end
    if is_skipped then
        count(org, ':skipped', 1)
    end
end

for k = 1, n do
    local i = starts[k]
    local entry, event, org, from, to = unpack(items, i, i + 4)
    local cursor = cursor_of[entry] or any_cursor and call('HGET', cursors, entry) or ''
    local word = not owned[entry] and 'refused' or cursor ~= from and 'behind'
        or to ~= '' and 'continued' or 'done'
    if word == 'continued' or word == 'done' then
        write_part(records[k], i + 12, starts[k + 1] - 1, event, org, from,
                   unpack(items, i + 5, i + 10))
    end
    if word == 'continued' then
        cursor_of[entry] = to
        call('HSET', cursors, entry, to)
    elseif word == 'done' then
        owned[entry], acked[#acked + 1] = nil, entry
        if from ~= '' then
            call('HDEL', cursors, entry)
        end
    end
    results[#results + 1], results[#results + 2] = word, word == 'behind' and cursor or ''
end
results[1] = write_due(due, waiting)
write_history(history_prefix)
write_stats(stats)
if #acked > 0 then
    call('XACK', events, group, unpack(acked))
end
return results
