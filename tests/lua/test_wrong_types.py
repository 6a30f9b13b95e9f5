"""Keys that are not what they should be: nothing is written by half, and one of them holds up only itself."""
import pytest
import redis

from store import (ATTEMPTS, CURSORS, DELIVERIES, DLQ, DUE, ENDPOINT as ENDPOINTS, EVENTS, FAILING, HISTORY, LANE, ORG, ORG_DLQ,
                   ORG_EVENTS, ORG_LEASES, RECORD, STATS, WAITING, delivery_id, endpoint_id, entry_event_id, event_id, new_event,
                   outcome, part, waiting_state)

NOW = 1700000000000
EVENT, ENDPOINT = event_id(1), endpoint_id(1)


def put_wrong(store, key):
    store.r.delete(key)
    store.r.set(key, "not what it should be")


def give_event(store):
    store.publish([new_event()])
    (entry, _), = store.read_events("p1", 1)
    return entry


def test_publish_goes_on_without_a_list(store):
    put_wrong(store, ORG_EVENTS + ORG)
    assert [word for word, _ in store.publish([new_event(), new_event()])] == ["accepted"] * 2
    assert store.r.xlen(EVENTS) == 2


@pytest.mark.parametrize("key", [EVENTS, DELIVERIES])
def test_publish_writes_nothing_while_a_stream_is_wrong(store, key):
    put_wrong(store, key)
    before = store.snapshot()
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        store.publish([new_event(limiters=(1, 0))], limiters=[("org", 1, 1)])
    assert store.snapshot() == before


@pytest.mark.parametrize("key", [STATS, RECORD + EVENT, WAITING, HISTORY + ENDPOINT, ENDPOINTS + ENDPOINT])
def test_fanout_goes_on_without_a_counter_or_over_a_record(store, key):
    entry = give_event(store)
    put_wrong(store, key)
    assert store.fanout("p1", [part(entry, EVENT, [ENDPOINT], gated="1")])[1] == [("done", "")]
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
    put_wrong(store, RECORD + EVENT)
    store.fanout("p1", [part(entry, EVENT, [ENDPOINT], after=str(NOW + 1000))], NOW)
    assert store.r.hgetall(RECORD + EVENT) == {ENDPOINT: waiting_state("scheduled", NOW + 1000)}
    assert store.promote(now=NOW + 1000)[0] == 1


def test_what_is_held_replaces_what_stands_in_its_lane_s_place(store):
    other, of_other = store.give_deliveries()[0]
    entry = give_event(store)
    store.pause(ENDPOINT)
    put_wrong(store, LANE + ENDPOINT)
    store.fanout("p1", [part(entry, event_id(2), [endpoint_id(3), ENDPOINT, endpoint_id(5)], gated="1")], NOW)
    assert store.r.zrange(LANE + ENDPOINT, 0, -1) == [delivery_id(event_id(2), ENDPOINT)]
    assert store.r.xlen(DELIVERIES) == 3
    put_wrong(store, LANE + ENDPOINT)
    store.settle("d1", [outcome(other, of_other, "hold")], NOW)
    assert store.r.zrange(LANE + ENDPOINT, 0, -1) == [delivery_id(EVENT, ENDPOINT)]


@pytest.mark.parametrize("word", ["delivered", "retry", "snooze", "park", "hold", "ready", "dead"])
@pytest.mark.parametrize("key", [STATS, RECORD + EVENT, WAITING, FAILING, ORG_DLQ + ORG, LANE + ENDPOINT, ENDPOINTS + ENDPOINT])
def test_settle_goes_on_without_a_counter_or_over_a_record(store, key, word):
    (entry, fields), = store.give_deliveries()
    store.pause(ENDPOINT)
    put_wrong(store, key)
    assert store.settle("d1", [outcome(entry, fields, word, delay_ms=1000)], NOW)[1] == ["settled"]
    assert store.pending(DELIVERIES, "dispatcher") == {}
    if word in ("retry", "snooze", "park"):
        assert store.promote(now=NOW + 1000)[0] == 1, "what waits comes back"
    if word == "hold":
        assert (store.r.xlen(DELIVERIES) == 1) == (key == ENDPOINTS + ENDPOINT), "an endpoint without a record is not paused"
    if word == "dead":
        assert store.r.xlen(DLQ) == 1


@pytest.mark.parametrize("word", ["delivered", "retry", "dead"])
@pytest.mark.parametrize("key", [DUE, ATTEMPTS, DLQ])
def test_settle_writes_nothing_while_a_shared_key_is_wrong(store, key, word):
    (entry, fields), = store.give_deliveries()
    put_wrong(store, key)
    before = store.snapshot()
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        store.settle("d1", [outcome(entry, fields, word, delay_ms=1000)], NOW)
    assert store.snapshot() == before


@pytest.mark.parametrize("key", [ORG_EVENTS + ORG, ORG_LEASES + ORG, HISTORY + ENDPOINT])
def test_trim_goes_on_without_a_list(store, key):
    for _ in range(2):
        entry = give_event(store)
        store.fanout("p1", [part(entry, entry_event_id(entry), [ENDPOINT])])
    for delivery, fields in store.read_deliveries():
        store.settle("d1", [outcome(delivery, fields, "delivered")])
    put_wrong(store, key)
    assert store.trim(10**14) == [2, 0, ""]
    assert store.r.xlen(EVENTS) == 0


@pytest.mark.parametrize("key", [WAITING, DUE, DELIVERIES])
def test_promote_goes_on_without_a_counter_and_writes_nothing_while_a_shared_key_is_wrong(store, key):
    (entry, fields), = store.give_deliveries()
    store.settle("d1", [outcome(entry, fields, "retry", delay_ms=0)], NOW)
    put_wrong(store, key)
    if key == WAITING:
        assert store.promote(now=NOW) == [1, "", 0]
        return
    before = store.snapshot()
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        store.promote(now=NOW)
    assert store.snapshot() == before


def test_trim_takes_a_record_that_is_none(store):
    entry = give_event(store)
    event = entry_event_id(entry)
    store.fanout("p1", [part(entry, event, [], skipped="no_endpoint")])
    put_wrong(store, RECORD + event)
    assert store.trim(10**14) == [1, 0, ""]
    assert not store.r.exists(RECORD + event)
