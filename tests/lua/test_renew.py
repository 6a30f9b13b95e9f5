"""renew.lua: the leases of entries that this consumer still holds start anew."""
import pytest
import redis

from store import DELIVERIES

STREAM, GROUP = DELIVERIES, "dispatcher"


def idle_ms(store):
    return {row["message_id"]: row["time_since_delivered"] for row in store.r.xpending_range(STREAM, GROUP, "-", "+", 1000)}


def give_old(store, count, consumer="d1"):
    ids = [entry for entry, _ in store.give_deliveries(count, consumer)]
    for entry in ids:
        store.age(STREAM, GROUP, consumer, entry, 20000)
    return ids


def test_idle_time_starts_anew_and_times_delivered_stay(store):
    ids = give_old(store, 3)
    before = store.snapshot()
    assert store.renew(STREAM, GROUP, "d1", ids[:2]) == []
    idle = idle_ms(store)
    assert idle[ids[0]] < 10000 and idle[ids[1]] < 10000 and idle[ids[2]] >= 20000
    assert store.snapshot() == before


def test_two_hundred_at_once_and_twice(store):
    ids = give_old(store, 200)
    assert store.renew(STREAM, GROUP, "d1", ids) == []
    assert store.renew(STREAM, GROUP, "d1", ids) == []
    assert max(idle_ms(store).values()) < 10000


def test_what_another_holds_is_returned_and_left_with_it(store):
    ids = give_old(store, 3)
    store.age(STREAM, GROUP, "d2", ids[1], 20000)
    assert store.renew(STREAM, GROUP, "d1", ids) == [ids[1]]
    assert store.pending(STREAM, GROUP) == {ids[0]: "d1", ids[1]: "d2", ids[2]: "d1"}
    assert idle_ms(store)[ids[1]] >= 20000


def test_what_is_settled_or_was_never_there_is_returned(store):
    ids = give_old(store, 2)
    store.r.xack(STREAM, GROUP, ids[0])
    assert store.renew(STREAM, GROUP, "d1", [*ids, "99999999999999-9"]) == [ids[0], "99999999999999-9"]
    assert store.pending(STREAM, GROUP) == {ids[1]: "d1"}


def test_what_is_deleted_from_the_stream_is_returned(store):
    ids = give_old(store, 2)
    store.r.xdel(STREAM, ids[0])
    assert store.renew(STREAM, GROUP, "d1", ids) == [ids[0]]


def test_a_consumer_that_holds_nothing(store):
    ids = give_old(store, 2)
    assert store.renew(STREAM, GROUP, "d9", ids) == ids
    assert store.renew(STREAM, GROUP, "d1", []) == []


def test_no_group_is_an_error(store):
    store.r.flushall()
    with pytest.raises(redis.ResponseError, match="^NOGROUP"):
        store.renew(STREAM, GROUP, "d1", ["1-1"])
