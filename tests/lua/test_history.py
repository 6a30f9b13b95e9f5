"""Endpoints' histories: marks for stretches of time (lua/lib/mark.lua), by which lists and replays find what an endpoint has had."""
import random

import pytest

from job_env import make_endpoints
from reads import walk
from store import EVENTS, HISTORY, ORG, ORG_ENDPOINTS, ORG_EVENTS, RECORD, endpoint_id, entry_event_id, part, waiting_state
from test_trim import FUTURE, give_processed

WIDTHS = [11, 12, 13, 24]  # characters: 32.768 s, 1.024 s, 32 ms, one event
FIRST_MS = 1700000000000
A, B = endpoint_id(1), endpoint_id(2)


def write(store, entries, marks=WIDTHS, seed=1):
    """Events of A or B or both, as the scripts would write them, each with some width -> {endpoint: its events, oldest first}"""
    rng, had = random.Random(seed), {A: [], B: []}
    make_endpoints(store, A, B)
    store.r.zadd(ORG_ENDPOINTS + ORG, {A: 0, B: 0})
    pipe = store.r.pipeline(transaction=False)
    for entry in entries:
        event = entry_event_id(entry)
        pipe.xadd(EVENTS, {"org": ORG, "type": "t", "data": "{}"}, entry)
        pipe.xadd(ORG_EVENTS + ORG, {"type": "t"}, entry)
        for endpoint in rng.choice([[A], [B], [A, B]]):
            had[endpoint].append(event)
            pipe.hset(RECORD + event, endpoint, f"dead - 1 503 {FIRST_MS}")
            pipe.zadd(HISTORY + endpoint, {event[:rng.choice(marks)]: 0})
    pipe.execute()
    return had


def entries_of(rng, count):
    """At random: several of a ms, near ones, and far ones."""
    ms, seq = FIRST_MS, 0
    for _ in range(count):
        step = rng.choice([0, 0, 1, 7, 40, 900, 5000, 40000, 10**7])
        ms, seq = ms + step, rng.choice([0, 0, 3]) if step else seq + rng.randint(1, 2)
        yield f"{ms}-{seq}"


def listed(store, endpoint, limit):
    return [row[0] for row in walk(lambda **page: store.list_deliveries(**page, endpoint=endpoint), limit, ("", ""))[0]]


def looked_at(store, number, endpoint, since, until):
    """What a job of replay comes upon, and in how many steps: it is all made again, and goes."""
    store.job_create(number, "replay", {"endpoint": endpoint, "from": since, "to": until, "status": "all"})
    found = []
    for step in range(1, 10000):
        word, _ = store.step("replay", number)
        for entry, fields in store.ready():
            found.append(fields["event"])
            store.r.xdel("mr:{0}:deliveries", entry)
            store.r.hset(RECORD + fields["event"], fields["endpoint"], f"dead - 1 503 {FIRST_MS}")
        if word != "running":
            assert (word, int(store.job(number)["skipped"])) == ("done", 0)
            return found, step
    raise AssertionError("the job does not end")


@pytest.mark.parametrize("seed", range(12))
def test_marks_of_all_widths_name_each_event_once_and_in_order(store, seed):
    rng = random.Random(seed)
    had = write(store, entries_of(rng, 400), rng.choice([WIDTHS, [11, 13], [13], [11], [24]]), seed)
    for endpoint, events in had.items():
        for limit in (1, 7, 250):
            assert listed(store, endpoint, limit) == events[::-1]
    for number in range(1, 9):
        since, until = sorted(rng.choice(had[rng.choice([A, B])]) for _ in range(2))
        endpoint = rng.choice([A, B])
        found, _ = looked_at(store, number, endpoint, since, until)
        assert found == [event for event in had[endpoint] if since <= event <= until]


@pytest.mark.parametrize("chars, count", [(11, 1), (12, 4), (13, 8), (24, 16)])
def test_a_mark_is_as_wide_as_the_call_says(store, chars, count):
    """16 events, 4 in each of 4 s, 2 of each 4 within 32 ms."""
    base = (FIRST_MS >> 15) << 15
    entries = [f"{base + 2048 * i + ms}-1" for i in range(4) for ms in (0, 31, 32, 63)]
    for entry in entries:
        store.r.xadd(EVENTS, {"org": ORG, "type": "t", "data": "{}"}, entry)
    store.read_events(count=16)
    parts = [part(entry, entry_event_id(entry), [A, B], mark=chars) for entry in entries]
    assert store.fanout("p1", parts[:9])[1] + store.fanout("p1", parts[9:])[1] == [("done", "")] * 16
    expected = sorted({entry_event_id(entry)[:chars] for entry in entries})
    assert len(expected) == count
    for endpoint in (A, B):
        assert store.r.zrange(HISTORY + endpoint, 0, -1, withscores=True) == [(mark, 0) for mark in expected]


def test_events_of_others_in_its_marks_are_looked_at_and_make_pages_short(store):
    had = write(store, [f"{FIRST_MS + i // 50}-{i % 50 + 1}" for i in range(1300)], [11])
    store.r.hset(RECORD + had[B][0], A, "delivered 1 200 5 5-5")
    rows, sizes = walk(lambda **page: store.list_deliveries(**page, endpoint=A, word="delivered"), 50, ("", ""))
    assert [row[0] for row in rows] == [had[B][0]] and len(sizes) == 3


def test_marks_without_events_are_passed_over_in_short_pages(store):
    had = write(store, ["5-5", f"{FIRST_MS}-5"], [13])
    times = [FIRST_MS - 10**6 - 32 * i for i in range(1, 701)]
    store.r.zadd(HISTORY + A, {entry_event_id(f"{ms}-0")[:13]: 0 for ms in times})
    store.r.hset(RECORD + had[B][0], A, "dead - 1 503 5")
    store.r.zadd(HISTORY + A, {had[B][0][:11]: 0, "x": 0, "evt_OUT": 0})
    rows, sizes = walk(lambda **page: store.list_deliveries(**page, endpoint=A), 50, ("", ""))
    assert [row[0] for row in rows] == sorted({*had[A], had[B][0]}, reverse=True) and len(sizes) == 2
    found, steps = looked_at(store, 1, A, "evt_" + "0" * 20, "evt_" + "z" * 20)
    assert found == sorted({*had[A], had[B][0]}) and steps == 4, "it looks at 200 a time"


def in_one_mark(store, endpoints_of):
    """Events of one stretch of 32 ms, to those endpoints each, delivered -> events"""
    base = (FIRST_MS >> 5) << 5
    entries = [f"{base + i}-1" for i in range(len(endpoints_of))]
    for entry in entries:
        for stream in (EVENTS, ORG_EVENTS + ORG):
            store.r.xadd(stream, {"org": ORG, "type": "t", "data": "{}"}, entry)
    store.fanout("p1", [part(entry, entry_event_id(entry), endpoints) for (entry, _), endpoints in
                        zip(store.read_events(), endpoints_of)])
    events = [entry_event_id(entry) for entry in entries]
    for event, endpoints in zip(events, endpoints_of):
        store.r.hset(RECORD + event, mapping=dict.fromkeys(endpoints, "delivered 1 200 5 5-5"))
    return events


def test_a_mark_goes_with_the_last_event_that_it_is_for(store):
    events = in_one_mark(store, [[A]] * 4)
    for left in (3, 2, 1):
        store.trim(FUTURE, limit=1)
        assert store.r.xlen(ORG_EVENTS + ORG) == left and store.r.zrange(HISTORY + A, 0, -1) == [events[0][:13]]
    store.trim(FUTURE)
    assert not store.r.exists(HISTORY + A)


def test_a_mark_whose_last_event_was_another_s_goes_with_the_next_of_its_own(store):
    events = in_one_mark(store, [[A], [B]])
    later = give_processed(store, 2, [A])
    for _, event in later:
        store.r.hset(RECORD + event, A, "delivered 1 200 5 5-5")
    store.trim(FUTURE, limit=1)
    store.trim(FUTURE, limit=1)
    assert store.r.zscore(HISTORY + A, events[0][:13]) == 0 and not store.r.exists(HISTORY + B)
    store.trim(FUTURE)
    assert not store.r.exists(HISTORY + A)


def test_of_an_event_that_goes_in_parts_each_part_takes_its_marks(store):
    wide = [endpoint_id(i) for i in range(1000, 2200)]
    event, = in_one_mark(store, [wide[:200]])
    store.r.hset(RECORD + event, mapping=dict.fromkeys(wide, "delivered 1 200 5 5-5"))
    for endpoint in wide:
        store.r.zadd(HISTORY + endpoint, {event[:13]: 0})
    cursor = ""
    while True:
        cursor = store.trim(FUTURE, cursor)[2]
        with_marks = {endpoint for endpoint in wide if store.r.exists(HISTORY + endpoint)}
        assert with_marks == {name for name in store.r.hkeys(RECORD + event) if name != "trimmed"}
        if not cursor:
            break
    assert with_marks == set()


def test_marks_that_another_s_event_kept_go_with_it(store):
    had = write(store, [f"{FIRST_MS + 40000 * i + j}-1" for i in range(20) for j in range(8)], [13])
    for entry, _ in store.read_events():
        store.r.xack(EVENTS, "processor", entry)
    for event in had[B]:
        store.r.hset(RECORD + event, B, waiting_state("paused", "-"))
    store.trim(FUTURE)
    store.trim(FUTURE)
    assert store.r.zcard(HISTORY + A) == 20, "in the time of each is one of the other"
    for event in had[B]:
        store.r.hset(RECORD + event, B, "delivered 1 200 5 5-5")
    (_, event), = give_processed(store, 1, [A])
    store.r.hset(RECORD + event, A, "delivered 1 200 5 5-5")
    for _ in range(3):
        store.trim(FUTURE)
    assert not store.r.exists(HISTORY + A, HISTORY + B)


def test_marks_go_behind_many_that_stay(store):
    had = write(store, [f"{FIRST_MS + 40 * i}-1" for i in range(60)], [13])
    store.read_events()
    store.r.xack(EVENTS, "processor", *(entry for entry, _ in store.r.xrange(EVENTS)))
    for event in had[A][:11]:
        store.r.hset(RECORD + event, A, waiting_state("backoff", 5))
    store.trim(FUTURE)
    last = entry_event_id(store.r.xrevrange(EVENTS)[0][0])  # it was read last, and stays beside older ones
    assert len(had[A]) > 13
    assert store.r.zrange(HISTORY + A, 0, -1) == [event[:13] for event in had[A] if event in (*had[A][:11], last)]


def test_marks_stay_while_the_organization_s_events_cannot_be_told(store):
    events = in_one_mark(store, [[A]] * 2)
    store.r.delete(ORG_EVENTS + ORG)
    store.r.set(ORG_EVENTS + ORG, "another type")
    assert store.trim(FUTURE)[0] == 2
    assert store.r.zrange(HISTORY + A, 0, -1) == [events[0][:13]]


def test_to_find_the_events_of_a_mark_counts_as_two_looks(store):
    had = write(store, [f"{FIRST_MS + 40000 * i}-1" for i in range(600)], [11])
    after, rows = store.list_deliveries(endpoint=A, word="waiting")
    assert rows == [] and after[0] == had[A][-(500 // 3)]


def test_a_call_takes_a_thousand_old_marks_of_a_history_at_most(store):
    events = in_one_mark(store, [[A]] * 4)
    store.r.zadd(HISTORY + A, {entry_event_id(f"{FIRST_MS - 10**6 - 32 * i}-0")[:13]: 0 for i in range(2500)})
    for left in (1501, 501, 1):
        store.trim(FUTURE, limit=1)
        assert store.r.zcard(HISTORY + A) == left
    assert store.r.zrange(HISTORY + A, 0, -1) == [events[0][:13]]
