"""Keys that are not what they should be: nothing is written by half, and one of them holds up only itself."""
import pytest
import redis

from store import (ATTEMPTS, CURSORS, DELIVERIES, DELIVERY, DLQ, DUE, EVENTS, ORG, RECORD, STATS, WAITING, delivery_id,
                   endpoint_id, entry_event_id, event_id, new_event, outcome, part)

NOW = 1700000000000
EVENT, ENDPOINT = event_id(1), endpoint_id(1)


def put_wrong(store, key):
    store.r.delete(key)
    store.r.set(key, "not what it should be")


def give_event(store):
    store.publish([new_event()])
    (entry, _), = store.read_events("p1", 1)
    return entry


@pytest.mark.parametrize("key", [STATS + ORG, RECORD + EVENT, WAITING])
def test_fanout_goes_on_without_a_counter_or_over_a_record(store, key):
    entry = give_event(store)
    put_wrong(store, key)
    assert store.fanout("p1", [part(entry, EVENT, [ENDPOINT])])[1] == [("done", "")]
    assert store.r.xlen(DELIVERIES) == 1 and store.pending(EVENTS, "processor") == {}
    assert store.r.hgetall(RECORD + EVENT) == {ENDPOINT: "pending 0"}


@pytest.mark.parametrize("key", [DUE, CURSORS, DELIVERIES])
@pytest.mark.parametrize("after", ["", str(NOW + 1000)])
def test_fanout_writes_nothing_while_a_shared_key_is_wrong(store, key, after):
    entry = give_event(store)
    put_wrong(store, key)
    before = store.snapshot()
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        store.fanout("p1", [part(entry, EVENT, [ENDPOINT], after=after)], NOW)
    assert store.snapshot() == before


def test_a_delivery_that_waits_replaces_what_stands_in_its_place(store):
    entry = give_event(store)
    key = DELIVERY + delivery_id(EVENT, ENDPOINT)
    put_wrong(store, key)
    store.fanout("p1", [part(entry, EVENT, [ENDPOINT], after=str(NOW + 1000))], NOW)
    assert store.r.hget(key, "reason") == "scheduled"
    assert store.promote(now=NOW + 1000)[0] == 1


@pytest.mark.parametrize("word", ["delivered", "retry", "snooze", "park", "ready", "dead"])
@pytest.mark.parametrize("key", [STATS + ORG, RECORD + EVENT, WAITING, DELIVERY + delivery_id(EVENT, ENDPOINT)])
def test_settle_goes_on_without_a_counter_or_over_a_record(store, key, word):
    (entry, fields), = store.give_deliveries()
    put_wrong(store, key)
    assert store.settle("d1", [outcome(entry, fields, word, delay_ms=1000)], NOW)[1] == ["settled"]
    assert store.pending(DELIVERIES, "dispatcher") == {}
    if word in ("retry", "snooze", "park"):
        assert store.promote(now=NOW + 1000)[0] == 1, "what waits comes back"


@pytest.mark.parametrize("word", ["delivered", "retry", "dead"])
@pytest.mark.parametrize("key", [DUE, ATTEMPTS, DLQ])
def test_settle_writes_nothing_while_a_shared_key_is_wrong(store, key, word):
    (entry, fields), = store.give_deliveries()
    put_wrong(store, key)
    before = store.snapshot()
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        store.settle("d1", [outcome(entry, fields, word, delay_ms=1000)], NOW)
    assert store.snapshot() == before


def test_trim_takes_a_record_that_is_none(store):
    entry = give_event(store)
    event = entry_event_id(entry)
    store.fanout("p1", [part(entry, event, [], skipped="no_endpoint")])
    put_wrong(store, RECORD + event)
    assert store.trim(10**14) == [1, 0, ""]
    assert not store.r.exists(RECORD + event)
