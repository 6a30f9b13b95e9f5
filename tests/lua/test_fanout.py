"""fanout.lua: E1 in the log -> E2 processed."""
import pytest
import redis

from store import (CURSORS, DELIVERIES, DUE, EVENTS, FRESH_FIELDS, HISTORY, LANE, ORG, RECORD, STATS, TRACE, Raw, Size, Store,
                   delivery_id, endpoint_id, entry_event_id, event_id, new_event, outcome, part, waiting_state)

E1, E2 = event_id(1), event_id(2)
A, B, C, D = (endpoint_id(i) for i in range(1, 5))


def give_events(store, count, consumer="p1"):
    store.publish([new_event(data=str(i)) for i in range(count)])
    return [entry for entry, _ in store.read_events(consumer, count)]


def test_each_endpoint_gets_a_delivery_and_the_event_is_acknowledged(store):
    entry, = give_events(store, 1)
    assert store.fanout("p1", [part(entry, E1, [A, B], body='{"id":"x"}', request="req_9")]) == ("", [("done", "")])
    assert store.r.xrange(DELIVERIES)[0][1] == {"delivery": f"{E1} {A} {ORG} {TRACE} req_9", "body": '{"id":"x"}'}
    deliveries = [fields for _, fields in store.ready()]
    assert [list(fields) for fields in deliveries] == [FRESH_FIELDS] * 2
    assert [fields["endpoint"] for fields in deliveries] == [A, B]
    assert deliveries[0] == dict(event=E1, endpoint=A, org=ORG, trace=TRACE, request="req_9", body='{"id":"x"}')
    assert store.r.hgetall(RECORD + E1) == {A: "pending 0", B: "pending 0"}
    assert store.pending(EVENTS, "processor") == {}
    assert store.r.xlen(EVENTS) == 1, "the log keeps the event"
    assert store.stats() == {"extra": 1}


def test_twice_is_refused_and_writes_nothing(store):
    entries = give_events(store, 3)
    parts = [part(entry, event_id(i), [A]) for i, entry in enumerate(entries)]
    store.fanout("p1", parts)
    before = store.snapshot()
    assert store.fanout("p1", parts) == ("", [("refused", "")] * 3)
    assert store.snapshot() == before


def test_the_same_event_twice_in_one_call_goes_once(store):
    entry, = give_events(store, 1)
    assert store.fanout("p1", [part(entry, E1, [A])] * 2)[1] == [("done", ""), ("refused", "")]
    assert store.r.xlen(DELIVERIES) == 1


def test_another_consumers_event_is_refused_beside_own_ones(store):
    mine, theirs, mine2 = give_events(store, 1) + give_events(store, 1, "p2") + give_events(store, 1)
    parts = [part(mine, E1, [A]), part(theirs, E2, [A]), part(mine2, event_id(3), [B])]
    assert store.fanout("p1", parts)[1] == [("done", ""), ("refused", ""), ("done", "")]
    assert not store.r.exists(RECORD + E2)
    assert store.pending(EVENTS, "processor") == {theirs: "p2"}
    assert store.stats() == {}


def test_an_event_taken_over_is_refused_to_the_old_holder_and_done_by_the_new(store):
    entry, = give_events(store, 1)
    store.age(EVENTS, "processor", "p1", entry, 60000)
    store.reclaim(EVENTS, "processor", "p2", 30000)
    assert store.fanout("p1", [part(entry, E1, [A])])[1] == [("refused", "")]
    assert store.fanout("p2", [part(entry, E1, [A])])[1] == [("done", "")]


def test_never_read_is_refused(store):
    (_, entry), = store.publish([new_event()])
    assert store.fanout("p1", [part(entry, E1, [A]), part("5-5", E2, [A])])[1] == [("refused", "")] * 2


@pytest.mark.parametrize("order", ["ascending", "descending", "every third", "middle out"])
def test_own_events_are_known_in_any_order_with_gaps(store, order):
    entries = give_events(store, 60)
    chosen = {"ascending": entries, "descending": entries[::-1], "every third": entries[::3],
              "middle out": entries[30:] + entries[:30]}[order]
    result = store.fanout("p1", [part(entry, event_id(i), [A]) for i, entry in enumerate(chosen)])
    assert result[1] == [("done", "")] * len(chosen)
    assert set(store.pending(EVENTS, "processor")) == set(entries) - set(chosen)


def test_skipped_is_recorded_with_its_reason(store):
    entry, = give_events(store, 1)
    assert store.fanout("p1", [part(entry, E1, skipped="no_endpoint")])[1] == [("done", "")]
    assert store.r.hgetall(RECORD + E1) == {"skipped": "no_endpoint"}
    assert store.r.xlen(DELIVERIES) == 0
    assert {k: v for k, v in store.stats().items() if v} == {"skipped": 1}


def test_a_time_in_the_future_waits_in_due(store):
    entries = give_events(store, 3)
    now = 1700000000000
    due, words = store.fanout("p1", [part(entries[0], event_id(1), [A, B], after=now + 5000),
                                     part(entries[1], event_id(2), [A], after=now + 1000),
                                     part(entries[2], event_id(3), [A], after=now)], now)
    assert (due, words) == (str(now + 1000), [("done", "")] * 3)
    assert store.r.zrange(DUE, 0, -1, withscores=True) == [
        (delivery_id(E2, A), now + 1000), (delivery_id(E1, A), now + 5000), (delivery_id(E1, B), now + 5000)]
    assert store.r.hgetall(RECORD + E1) == dict.fromkeys([A, B], waiting_state("scheduled", now + 5000))
    assert store.r.hgetall(RECORD + event_id(3)) == {A: "pending 0"}
    assert [fields["event"] for _, fields in store.ready()] == [event_id(3)]
    assert store.stats() == {"extra": 1}
    assert store.waiting() == {"scheduled": 3}


def test_without_an_override_the_time_is_redis_s(store):
    past, future = give_events(store, 2)
    ms = store.r.time()[0] * 1000
    due, _ = store.fanout("p1", [part(past, E1, [A], after=ms - 1), part(future, E2, [A], after=ms + 60000)])
    assert due == str(ms + 60000) and store.r.xlen(DELIVERIES) == 1


def test_a_wide_event_continues_from_its_cursor(store):
    entry, = give_events(store, 1)
    first = part(entry, E1, [A, B], to=B)
    assert store.fanout("p1", [first])[1] == [("continued", "")]
    assert store.r.hgetall(CURSORS) == {entry: B}
    assert store.pending(EVENTS, "processor") == {entry: "p1"}
    assert store.stats() == {"extra": 1}

    before = store.snapshot()
    assert store.fanout("p1", [first])[1] == [("behind", B)], "a repeat of the part"
    assert store.fanout("p1", [part(entry, E1, [D], **{"from": C})])[1] == [("behind", B)], "a part too far"
    assert store.snapshot() == before

    last = part(entry, E1, [C, D], **{"from": B})
    assert store.fanout("p1", [last])[1] == [("done", "")]
    assert not store.r.exists(CURSORS) and store.pending(EVENTS, "processor") == {}
    assert [fields["endpoint"] for _, fields in store.ready()] == [A, B, C, D]
    assert store.stats() == {"extra": 3}
    before = store.snapshot()
    assert store.fanout("p1", [last])[1] == [("refused", "")]
    assert store.snapshot() == before


def test_a_crash_between_parts_neither_repeats_nor_skips(store):
    entry, = give_events(store, 1)
    store.fanout("p1", [part(entry, E1, [A, B], to=B)])
    store.age(EVENTS, "processor", "p1", entry, 60000)
    store.reclaim(EVENTS, "processor", "p2", 30000)
    assert store.fanout("p1", [part(entry, E1, [C, D], **{"from": B})])[1] == [("refused", "")]
    assert store.fanout("p2", [part(entry, E1, [A, B], to=B)])[1] == [("behind", B)]
    assert store.fanout("p2", [part(entry, E1, [C, D], **{"from": B})])[1] == [("done", "")]
    assert [fields["endpoint"] for _, fields in store.ready()] == [A, B, C, D]


def test_a_part_that_believes_in_a_lost_cursor_is_behind(store):
    entry, = give_events(store, 1)
    assert store.fanout("p1", [part(entry, E1, [C], **{"from": B})])[1] == [("behind", "")]
    assert store.r.xlen(DELIVERIES) == 0


def test_parts_of_one_event_and_others_in_one_call(store):
    wide, other = give_events(store, 2)
    parts = [part(wide, E1, [A, B], to=B), part(other, E2, [A]), part(wide, E1, [C], **{"from": B})]
    assert store.fanout("p1", parts)[1] == [("continued", ""), ("done", ""), ("done", "")]
    assert not store.r.exists(CURSORS)
    assert store.r.hlen(RECORD + E1) == 3


def test_two_hundred_endpoints_in_one_call(store):
    entry, = give_events(store, 1)
    endpoints = [endpoint_id(i) for i in range(200)]
    store.fanout("p1", [part(entry, E1, endpoints)])
    assert [fields["endpoint"] for _, fields in store.ready()] == endpoints
    assert store.r.hlen(RECORD + E1) == 200


def test_what_is_no_number_is_counted_anew(store):
    entries = give_events(store, 2)
    store.r.hset(STATS, mapping={ORG + ":extra": "many", "org_1:extra": "41"})
    store.fanout("p1", [part(entries[0], E1, [A, B]), part(entries[1], E2, [A, B], org="org_1")])
    assert store.stats() == {"extra": 1} and store.stats("org_1") == {"extra": 42}


def test_organizations_are_counted_apart(store):
    entries = give_events(store, 4)
    store.fanout("p1", [part(entry, event_id(i), [A, B], org="org_%d" % (i % 2)) for i, entry in enumerate(entries)])
    assert store.stats("org_0") == store.stats("org_1") == {"extra": 2}


def test_what_waits_without_a_trace_or_a_request_says_so(store):
    entry, = give_events(store, 1)
    store.fanout("p1", [part(entry, E1, [A], after=10**14, trace="", request="")])
    assert store.r.hget(RECORD + E1, A) == waiting_state("scheduled", 10**14, trace="", request="")


def test_each_endpoint_has_a_history_of_its_events(store):
    now, entries = 1700000000000, give_events(store, 4)
    store.pause(B)
    store.fanout("p1", [part(entries[0], event_id(1), [A, B], gated="1", mark=24), part(entries[1], event_id(2), [A], after=now + 1, mark=24),
                        part(entries[2], event_id(3), skipped="no_endpoint"), part(entries[3], event_id(4), [A, C], mark=24)], now)
    assert store.r.zrange(HISTORY + A, 0, -1, withscores=True) == [(event_id(i), 0) for i in (1, 2, 4)]
    assert store.r.zrange(HISTORY + B, 0, -1) == [event_id(1)], "what is held too"
    assert store.r.zrange(HISTORY + C, 0, -1) == [event_id(4)]


def test_a_paused_endpoint_s_deliveries_are_held_in_its_lane(store):
    now, entries = 1700000000000, give_events(store, 2)
    store.pause(B)
    parts = [part(entry, event_id(i), [A, B, C], gated="1") for i, entry in enumerate(entries, 1)]
    assert store.fanout("p1", parts, now) == ("", [("done", "")] * 2)
    assert store.r.zrange(LANE + B, 0, -1, withscores=True) == [(delivery_id(E1, B), 0), (delivery_id(E2, B), 0)]
    assert store.r.hgetall(RECORD + E2) == {A: "pending 0", B: waiting_state("paused", "-"), C: "pending 0"}
    assert [fields["endpoint"] for _, fields in store.ready()] == [A, C, A, C]
    assert store.waiting() == {"paused": 2}
    assert store.stats() == {"extra": 4}
    assert not store.r.exists(DUE, LANE + A)

    before = store.snapshot()
    assert store.fanout("p1", parts, now + 1)[1] == [("refused", "")] * 2
    assert store.snapshot() == before


@pytest.mark.parametrize("paused", ["1", "0"])
def test_only_the_endpoint_s_own_record_says_that_it_is_paused(store, paused):
    """What the caller believes may be old."""
    entry, = give_events(store, 1)
    store.r.hset("mr:{0}:endpoint:" + A, "paused", "0" if paused == "1" else "1")
    store.fanout("p1", [part(entry, E1, [A, B], gated=paused)])
    assert store.r.hgetall(RECORD + E1) == {A: "pending 0", B: "pending 0"}


def test_what_is_for_later_waits_for_its_time_first(store):
    entry, = give_events(store, 1)
    store.pause(A)
    store.fanout("p1", [part(entry, E1, [A], gated="1", after=10**14)])
    assert store.r.hget(RECORD + E1, A) == waiting_state("scheduled", 10**14)
    assert store.waiting() == {"scheduled": 1} and not store.r.exists(LANE + A)


def lose_the_group(store):
    """As a Redis does that was restarted without it: every event is unread again."""
    store.r.xgroup_destroy(EVENTS, "processor")
    store.r.xgroup_create(EVENTS, "processor", "0")


def test_an_event_that_comes_again_has_its_deliveries_already(store):
    now = 1700000000000
    entries = give_events(store, 4)
    parts = [part(entries[0], event_id(1), [A, B]), part(entries[1], event_id(2), [A], after=now + 5000),
             part(entries[2], event_id(3), skipped="no_endpoint"), part(entries[3], event_id(4), [A, C], gated="1")]
    store.pause(C)
    store.fanout("p1", parts, now)
    (delivery, fields), *_ = store.read_deliveries()
    store.settle("d1", [outcome(delivery, fields, "delivered")], now)
    before = store.snapshot()
    lose_the_group(store)
    assert [entry for entry, _ in store.read_events("p2")] == entries
    assert store.fanout("p2", parts, now) == (str(now + 5000), [("done", "")] * 4)
    after = store.snapshot()
    assert {key: value for key, value in after.items() if key != EVENTS} == \
        {key: value for key, value in before.items() if key != EVENTS}
    assert store.pending(EVENTS, "processor") == {}


def test_an_event_that_comes_again_goes_to_who_is_new_only(store):
    entries = give_events(store, 2)
    store.fanout("p1", [part(entries[0], E1, [B]), part(entries[1], E2, [A])])
    lose_the_group(store)
    store.read_events("p2")
    assert store.fanout("p2", [part(entries[0], E1, [A, B, C]), part(entries[1], E2, skipped="no_endpoint")])[1] == \
        [("done", "")] * 2
    assert [(fields["event"], fields["endpoint"]) for _, fields in store.ready()] == \
        [(E1, B), (E2, A), (E1, A), (E1, C)]
    assert store.r.hgetall(RECORD + E2) == {A: "pending 0"}, "one that was sent was not skipped"
    assert store.stats() == {"extra": 2}


def test_a_wide_event_that_comes_again_repeats_no_part(store):
    entry, = give_events(store, 1)
    parts = [part(entry, E1, [A, B], to=B), part(entry, E1, [C, D], **{"from": B})]
    store.fanout("p1", parts[:1])
    lose_the_group(store)
    store.read_events("p2")
    assert store.fanout("p2", parts) == ("", [("behind", B), ("done", "")]), "its cursor is there still"
    lose_the_group(store)
    store.read_events("p3")
    assert store.fanout("p3", parts) == ("", [("continued", ""), ("done", "")])
    assert [fields["endpoint"] for _, fields in store.ready()] == [A, B, C, D]
    assert store.stats() == {"extra": 3}


@pytest.mark.parametrize("wide", [False, True])
def test_an_event_whose_record_is_going_repeats_nothing(store, wide):
    """Its first half is gone; as after a loss of the group in the middle of trimming it."""
    entry, = give_events(store, 1)
    event, endpoints = entry_event_id(entry), [endpoint_id(i) for i in range(1000)]
    for at in range(0, 1000, 200):
        store.fanout("p1", [part(entry, event, endpoints[at:at + 200], to="" if at == 800 else endpoints[at + 199],
                                 **{"from": endpoints[at - 1] if at else ""})])
    for delivery, fields in store.read_deliveries(count=1000):
        store.settle("d1", [outcome(delivery, fields, "delivered")])
    assert store.trim(10**14)[0] == 0 and 0 < store.r.hlen(RECORD + event) < 600
    lose_the_group(store)
    store.read_events("p2")
    before = store.snapshot()
    middle = endpoints[99]
    parts = [part(entry, event, endpoints[:100], to=middle), part(entry, event, endpoints[100:200], **{"from": middle})]
    assert store.fanout("p2", parts if wide else [part(entry, event, endpoints[:200])])[1][-1] == ("done", "")
    after = store.snapshot()
    assert {key for key in after if after[key] != before[key]} == {EVENTS}
    assert sum(store.trim(10**14)[0] for _ in range(3)) == 1 and not store.r.exists(RECORD + event)


def test_nothing_at_all_is_fine(store):
    store.r.zadd(DUE, {"x": 1700000000123})
    assert store.fanout("p1", []) == ("1700000000123", [])


def test_no_group_is_an_error_before_anything_is_written(server):
    server.flushall()
    store = Store(server, groups=False)
    (_, entry), = store.publish([new_event()])
    before = store.snapshot()
    with pytest.raises(redis.ResponseError, match="^NOGROUP"):
        store.fanout("p1", [part(entry, E1, [A])])
    assert store.snapshot() == before


@pytest.mark.parametrize("broken", [["x"], [Size(3)], [Size(3), Size(0), Size(13), *range(2)], [Size(3), Size(1), Size(13), *range(3)],
                                    [Size(3), Size(2), Size(13), *range(3), "ep"], [Size(4), Size(0), Size(13), *range(4)],
                                    [Size(8), Size(0), Size(13), *range(7)]])
def test_a_wrong_number_of_strings_writes_nothing(store, broken):
    entry, = give_events(store, 1)
    before = store.snapshot()
    with pytest.raises(redis.ResponseError, match="another size than it says"):
        store.fanout("p1", [part(entry, E1, [A]), Raw(broken)])
    assert store.snapshot() == before


def test_a_mark_whose_width_is_no_number_writes_nothing(store):
    entry, = give_events(store, 1)
    before = store.snapshot()
    with pytest.raises(redis.ResponseError, match="how wide a mark is"):
        store.fanout("p1", [part(entry, E1, [A]), Raw([Size(3), Size(0), "13", *range(3)])])
    assert store.snapshot() == before
