"""trim.lua: old events go one by one with all that is kept of them; what somebody still needs is passed over."""
import pytest

from store import (EVENTS, HISTORY, ORG, ORG_EVENTS, ORG_LEASES, RECORD, endpoint_id, entry_event_id, new_event,
                   outcome, part, waiting_state)

FUTURE = 10**14


def give_processed(store, count, endpoints=()):
    """count events, read by p1 and fanned out: (entry, event) each."""
    store.publish([new_event() for _ in range(count)], max_depth=10**9)
    events = [(entry, entry_event_id(entry)) for entry, _ in store.read_events(count=count)]
    skipped = "" if endpoints else "no_endpoint"
    for at in range(0, count, 50):
        store.fanout("p1", [part(*one, endpoints, skipped=skipped) for one in events[at:at + 50]])
    return events


def left(store):
    return [entry for entry, _ in store.r.xrange(EVENTS)]


def records(store):
    return sorted(store.r.scan_iter(RECORD + "*"))


def wait_for(store, event, state="pending 2 503 1700000000000 1-1"):
    store.r.hset(RECORD + event, endpoint_id(9), state)


def group(store):
    return store.r.xinfo_groups(EVENTS)[0]


@pytest.mark.parametrize("entry,partition,expected", [
    ("0-0", 0, "evt_00000000000000000000"),
    ("1-2", 3, "evt_00000000010000002003"),
    (f"{2**50 - 1}-{2**35 - 1}", 2**15 - 1, "evt_zzzzzzzzzzzzzzzzzzzz"),
    ("1700000000000-0", 1023, "evt_01hf7yat0000000000zz"),
])
def test_the_id_of_an_entry_is_that_of_the_programs(store, entry, partition, expected):
    """The same as in tests/unit/ids_test.c."""
    assert entry_event_id(entry, partition) == expected
    if entry == "0-0":
        return  # no entry can have it
    store.r.xgroup_destroy(EVENTS, "processor")
    store.r.delete(EVENTS)
    store.r.xgroup_create(EVENTS, "processor", "0", mkstream=True)
    store.r.xadd(EVENTS, {"a": "b"}, entry)
    store.r.xack(EVENTS, "processor", store.read_events()[0][0])
    store.r.hset(RECORD + expected, endpoint_id(1), "delivered")
    assert store.trim(2**51, partition=partition) == [1, 0, ""]
    assert records(store) == []


def test_all_go_with_their_records(store):
    events = give_processed(store, 5)
    assert store.trim(FUTURE, limit=3) == [3, 0, events[2][0]]
    assert left(store) == [entry for entry, _ in events[3:]]
    assert records(store) == [RECORD + event for _, event in events[3:]]
    assert store.r.xinfo_stream(EVENTS)["first-entry"][0] == events[3][0]
    assert store.trim(FUTURE, events[2][0]) == [2, 0, ""]
    assert left(store) == []


def test_twice_goes_once(store):
    events = give_processed(store, 5)
    store.trim(FUTURE, limit=3)
    before = store.snapshot()
    assert store.trim(10, events[2][0]) == [0, 0, ""]
    assert store.snapshot() == before
    assert store.trim(FUTURE) == [2, 0, ""]
    after = store.snapshot()
    assert store.trim(FUTURE) == [0, 0, ""]
    assert store.snapshot() == after
    assert after.keys() == {EVENTS, ORG_EVENTS + ORG, "mr:{0}:deliveries", "mr:{0}:stats"}


def test_with_an_event_goes_its_place_in_every_list(store):
    events = give_processed(store, 6, [endpoint_id(1), endpoint_id(2)])
    for entry, fields in store.read_deliveries():
        store.settle("d1", [outcome(entry, fields, "delivered")])
    wait_for(store, events[1][1])
    store.publish([new_event(org="org_b")])
    assert store.trim(FUTURE, limit=4) == [3, 1, events[3][0]]
    kept = [events[i] for i in (1, 4, 5)]
    assert [entry for entry, _ in store.r.xrange(ORG_EVENTS + ORG)] == [entry for entry, _ in kept]
    for i in (1, 2):
        assert {event[:13] for _, event in kept} <= set(store.r.zrange(HISTORY + endpoint_id(i), 0, -1)) <= {event[:13] for _, event in events}
    store.r.delete(RECORD + events[1][1])
    store.trim(FUTURE)
    assert not store.r.exists(HISTORY + endpoint_id(1), HISTORY + endpoint_id(2))
    assert store.r.xlen(ORG_EVENTS + "org_b") == 1


def test_what_is_leased_is_passed_over(store):
    events = give_processed(store, 4)
    store.r.zadd(ORG_LEASES + ORG, {events[1][0]: FUTURE, "5-5": FUTURE})
    store.r.zadd(ORG_LEASES + "org_b", {events[2][0]: FUTURE})
    assert store.trim(FUTURE) == [2, 2, ""], "the last that was read stays beside it"
    assert left(store) == [events[1][0], events[3][0]]
    store.r.zrem(ORG_LEASES + ORG, events[1][0])
    assert store.trim(FUTURE) == [2, 0, ""]


WIDE = 1200


def give_wide(store):
    """Three events, the second for 1200 endpoints, all delivered: (entry, event) each."""
    events = give_processed(store, 3)
    endpoints = [endpoint_id(i) for i in range(WIDE)]
    event = events[1][1]
    store.r.hset(RECORD + event, mapping=dict.fromkeys(endpoints, "delivered 1 200 1700000000000 1-1"))
    store.r.hdel(RECORD + event, "skipped")
    pipe = store.r.pipeline()
    for endpoint in endpoints:
        pipe.zadd(HISTORY + endpoint, {event: 0, "evt_other": 0})
    pipe.execute()
    return events


def test_a_wide_event_goes_in_parts(store):
    events = give_wide(store)
    ms, seq = events[1][0].split("-")
    before = f"{ms}-{int(seq) - 1}" if seq != "0" else f"{int(ms) - 1}-18446744073709551615"
    sizes, answers, cursor = [], [], ""
    while not answers or cursor:
        *numbers, cursor = store.trim(FUTURE, cursor)
        answers.append((*numbers, cursor))
        sizes.append(store.r.hlen(RECORD + events[1][1]))
        histories = sum(store.r.zscore(HISTORY + endpoint_id(i), events[1][1]) is not None for i in range(WIDE))
        assert histories == max(sizes[-1] - 1, 0), "what is gone from the record is gone from the histories"
        assert (events[1][0] in left(store)) == (sizes[-1] > 0)
        assert sizes[-1] == 0 or store.r.hget(RECORD + events[1][1], "trimmed") == "1"
    assert answers[0] == (1, 0, before) and set(answers[1:-1]) == {(0, 0, before)} and answers[-1] == (2, 0, "")
    steps = [a - b for a, b in zip([WIDE, *sizes], sizes)]
    assert len(sizes) >= 3 and all(0 < step <= 600 for step in steps)
    assert left(store) == [] and records(store) == []
    others = [store.r.zcard(HISTORY + endpoint_id(i)) for i in range(WIDE)]
    assert set(others) == {0, 1}, "all of it goes when the organization has no event left, which is so for the last part"


@pytest.mark.parametrize("state", ["pending 0", waiting_state("backoff", 5), waiting_state("paused", "-")])
@pytest.mark.parametrize("number", [0, 300, 1199])
def test_of_a_wide_event_nothing_goes_while_one_waits(store, number, state):
    events = give_wide(store)
    store.r.hset(RECORD + events[1][1], endpoint_id(number), state)
    store.trim(FUTURE)
    assert left(store) == [events[1][0], events[2][0]]
    assert store.r.hlen(RECORD + events[1][1]) == WIDE and store.r.zcard(HISTORY + endpoint_id(number)) == 2


def test_a_wide_event_that_is_leased_or_pending_stays_whole(store):
    events = give_wide(store)
    store.r.zadd(ORG_LEASES + ORG, {events[1][0]: FUTURE})
    store.trim(FUTURE)
    assert store.r.hlen(RECORD + events[1][1]) == WIDE
    store.r.delete(ORG_LEASES + ORG)
    store.r.xgroup_setid(EVENTS, "processor", "0")
    store.read_events()
    assert store.trim(FUTURE) == [0, 2, ""]
    assert store.r.hlen(RECORD + events[1][1]) == WIDE


def test_young_ones_stay(store):
    for entry in ("100-1", "100-2", "200-0", "300-0"):
        store.r.xadd(EVENTS, {"a": "b"}, entry)
    store.fanout("p1", [part(entry, entry_event_id(entry)) for entry, _ in store.read_events()])
    assert store.trim(100) == [0, 0, ""]
    assert store.trim(200) == [2, 0, ""]
    assert left(store) == ["200-0", "300-0"]


def test_unread_ones_stay(store):
    give_processed(store, 2)
    (_, entry), = store.publish([new_event()])
    assert store.trim(FUTURE) == [2, 0, ""]
    assert left(store) == [entry]


def test_pending_ones_are_passed_over(store):
    store.publish([new_event() for _ in range(4)])
    events = [(entry, entry_event_id(entry)) for entry, _ in store.read_events()]
    store.fanout("p1", [part(*events[i], skipped="no_endpoint") for i in (0, 2, 3)])
    assert store.trim(FUTURE, limit=3) == [2, 1, events[2][0]]
    assert left(store) == [events[1][0], events[3][0]]
    assert records(store) == [RECORD + events[3][1]]
    assert store.pending(EVENTS, "processor") == {events[1][0]: "p1"}


def test_ids_are_compared_as_numbers(store):
    for entry in ("9-5", "10-9", "10-10", "10-11"):
        store.r.xadd(EVENTS, {"a": "b"}, entry)
    events = [(entry, entry_event_id(entry)) for entry, _ in store.read_events(count=3)]
    store.fanout("p1", [part(*one) for one in events])
    assert store.trim(10) == [1, 0, ""]
    assert store.trim(11) == [2, 0, ""]
    assert left(store) == ["10-11"]


@pytest.mark.parametrize("word,kept", [("delivered", 0), ("dead", 0), ("retry", 1), ("snooze", 1), ("park", 1), ("hold", 1)])
def test_an_event_with_a_delivery_under_way_stays_alone(store, word, kept):
    events = give_processed(store, 3, [endpoint_id(1), endpoint_id(2)])
    claimed = store.read_deliveries()
    needed = events[1][1]
    store.pause(endpoint_id(2))
    assert store.trim(FUTURE) == [0, 3, ""]
    store.settle("d1", [outcome(*one, "delivered") for one in claimed if one[1]["event"] != needed])
    store.settle("d1", [outcome(*one, word if one[1]["endpoint"] == endpoint_id(2) else "delivered")
                        for one in claimed if one[1]["event"] == needed])
    # with an older one that stays, the last that was read stays too
    assert store.trim(FUTURE) == [3 - 2 * kept, 2 * kept, ""]
    assert left(store) == [events[1][0], events[2][0]][:2 * kept]
    assert records(store) == [RECORD + event for _, event in events[1:1 + 2 * kept]]


def test_one_that_waits_for_long_keeps_nothing_else(store):
    events = give_processed(store, 300)
    for at in (0, 150, 160):
        wait_for(store, events[at][1])
    answers, cursor = [], ""
    while not answers or cursor:
        *numbers, cursor = store.trim(FUTURE, cursor)
        answers.append(numbers)
    assert answers == [[99, 1], [98, 2], [99, 1], [0, 0]]
    assert left(store) == [events[i][0] for i in (0, 150, 160, 299)]
    store.r.delete(RECORD + events[0][1])
    assert store.trim(FUTURE) == [1, 3, ""]


def test_a_call_ends_early_on_large_events(store):
    store.publish([new_event(data="x" * 400_000) for _ in range(10)])
    events = [(entry, entry_event_id(entry)) for entry, _ in store.read_events()]
    store.fanout("p1", [part(*one) for one in events])
    assert store.trim(FUTURE) == [3, 0, events[2][0]]
    for entry, event in events[3:]:
        store.r.hset(RECORD + event, mapping={endpoint_id(i): "pending" + "x" * 200 for i in range(1500)})
        wait_for(store, event)
    assert store.trim(FUTURE, events[2][0]) == [0, 2, events[4][0]]


def test_a_call_ends_early_on_many_endpoints(store):
    """A text of a record costs time whatever its size."""
    events = give_processed(store, 100)
    for _, event in events:
        store.r.hset(RECORD + event, mapping={endpoint_id(i): "delivered 1 200 1700000000000 1-1" for i in range(200)})
    went, kept, cursor = store.trim(FUTURE)
    assert 10 < went < 25 and kept == 0 and cursor == events[went - 1][0]


def test_without_a_group_nothing_goes(store):
    give_processed(store, 2)
    store.r.xgroup_destroy(EVENTS, "processor")
    before = store.snapshot()
    assert store.trim(FUTURE) == [0, 0, ""]
    assert store.snapshot() == before


def test_a_cursor_that_is_gone_or_past_the_end(store):
    events = give_processed(store, 3)
    store.r.xdel(EVENTS, events[0][0])
    assert store.trim(FUTURE, events[0][0], limit=1) == [1, 0, events[1][0]]
    assert store.trim(FUTURE, events[2][0]) == [0, 0, ""]
    assert store.trim(FUTURE, f"{2**50}-0") == [0, 0, ""]


@pytest.mark.parametrize("waiting", [[], [0], [1], [0, 2], [4]])
@pytest.mark.parametrize("unread", [0, 3])
def test_lag_stays_exact(store, waiting, unread):
    """Depth checks rest on it. Deleting what nobody needs any more never makes it unknown, whatever stays before it."""
    events = give_processed(store, 5)
    for at in waiting:
        wait_for(store, events[at][1])
    store.publish([new_event() for _ in range(unread)])
    first, cursor = True, ""
    while first or cursor:
        first = False
        cursor = store.trim(FUTURE, cursor, limit=2)[2]
        assert group(store)["lag"] == unread
    store.publish([new_event() for _ in range(4)])
    assert group(store)["lag"] == unread + 4
    assert store.trim(FUTURE)[0] == 0
    store.read_events(count=2)
    assert group(store)["lag"] == unread + 2
    store.read_events()
    assert group(store)["lag"] == 0 and group(store)["pending"] == unread + 4
    old = [entry for entry, _ in events[:4]]
    assert [entry for entry in left(store) if entry in old] == [old[at] for at in waiting if at < 4]
