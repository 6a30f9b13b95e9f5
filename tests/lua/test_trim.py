"""trim.lua: the oldest events and their records go, in order, stopping at the first that anyone still needs."""
import pytest

from store import EVENTS, RECORD, endpoint_id, event_id, new_event, outcome, part

FUTURE = 10**14


def give_processed(store, count, endpoints=()):
    """count events, read by p1 and fanned out: (entry, event) each."""
    store.publish([new_event() for _ in range(count)])
    events = [(entry, event_id(i)) for i, (entry, _) in enumerate(store.read_events(), 1)]
    skipped = "" if endpoints else "no_endpoint"
    store.fanout("p1", [part(entry, event, endpoints, skipped=skipped) for entry, event in events])
    return events


def left(store):
    return [entry for entry, _ in store.r.xrange(EVENTS)]


def test_all_go_with_their_records(store):
    events = give_processed(store, 5)
    assert store.trim(FUTURE, events[:3]) == [3, "all"]
    assert left(store) == [entry for entry, _ in events[3:]]
    assert sorted(store.r.scan_iter(RECORD + "*")) == [RECORD + event for _, event in events[3:]]


def test_twice_goes_once(store):
    events = give_processed(store, 5)
    store.trim(FUTURE, events[:3])
    before = store.snapshot()
    assert store.trim(FUTURE, events[:3]) == [0, "all"]
    assert store.snapshot() == before
    assert store.trim(FUTURE, events) == [2, "all"], "those that are gone are passed over"
    assert left(store) == []
    assert store.trim(FUTURE, events) == [0, "all"]


def test_young_ones_stay(store):
    for entry in ("100-1", "100-2", "200-0", "300-0"):
        store.r.xadd(EVENTS, {"a": "b"}, entry)
    events = [(entry, event_id(i)) for i, (entry, _) in enumerate(store.read_events())]
    store.fanout("p1", [part(*one) for one in events])
    assert store.trim(100, events) == [0, "young"]
    assert store.trim(200, events) == [2, "young"]
    assert left(store) == ["200-0", "300-0"]


def test_unread_ones_stay(store):
    events = give_processed(store, 2)
    (_, entry), = store.publish([new_event()])
    assert store.trim(FUTURE, [*events, (entry, event_id(9))]) == [2, "unread"]
    assert left(store) == [entry]


def test_pending_ones_and_all_after_them_stay(store):
    store.publish([new_event() for _ in range(4)])
    events = [(entry, event_id(i)) for i, (entry, _) in enumerate(store.read_events())]
    store.fanout("p1", [part(*events[i], skipped="no_endpoint") for i in (0, 2, 3)])
    assert store.trim(FUTURE, events) == [1, "pending"]
    assert left(store) == [entry for entry, _ in events[1:]]
    assert store.r.exists(RECORD + events[2][1])


def test_ids_are_compared_as_numbers(store):
    for entry in ("9-5", "10-9", "10-10", "10-11"):
        store.r.xadd(EVENTS, {"a": "b"}, entry)
    events = [(entry, event_id(i)) for i, (entry, _) in enumerate(store.read_events())]
    store.fanout("p1", [part(*one) for one in events if one[0] != "10-10"])
    assert store.trim(10, events) == [1, "young"]
    assert store.trim(11, events[1:]) == [1, "pending"]
    assert left(store) == ["10-10", "10-11"]


@pytest.mark.parametrize("word,stops", [("delivered", "all"), ("dead", "all"), ("retry", "waiting"), ("park", "waiting")])
def test_an_event_with_a_delivery_under_way_stays(store, word, stops):
    events = give_processed(store, 3, [endpoint_id(1), endpoint_id(2)])
    claimed = store.read_deliveries()
    assert store.trim(FUTURE, events) == [0, "waiting"]
    store.settle("d1", [outcome(*one, "delivered") for one in claimed if one[1]["event"] != event_id(2)])
    settled = [outcome(*one, word if one[1]["endpoint"] == endpoint_id(2) else "delivered")
               for one in claimed if one[1]["event"] == event_id(2)]
    store.settle("d1", settled)
    assert store.trim(FUTURE, events) == [3 if stops == "all" else 1, stops]


def test_without_a_group_nothing_goes(store):
    events = give_processed(store, 2)
    store.r.xgroup_destroy(EVENTS, "processor")
    before = store.snapshot()
    assert store.trim(FUTURE, events) == [0, "unread"]
    assert store.snapshot() == before


def test_candidates_that_are_not_the_oldest_are_left(store):
    events = give_processed(store, 3)
    before = store.snapshot()
    assert store.trim(FUTURE, events[1:]) == [0, "all"]
    assert store.snapshot() == before


def test_two_hundred_at_once_and_none(store):
    events = give_processed(store, 200)
    assert store.trim(FUTURE, []) == [0, "all"]
    assert store.trim(FUTURE, events) == [200, "all"]
    assert not list(store.r.scan_iter(RECORD + "*"))


def test_lag_stays_known(store):
    events = give_processed(store, 5)
    store.trim(FUTURE, events[:3])
    store.publish([new_event() for _ in range(4)])
    assert store.r.xinfo_groups(EVENTS)[0]["lag"] == 4
