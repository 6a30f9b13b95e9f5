"""reap.lua: names of dead consumers are removed, never one that has something pending."""
import pytest
import redis

from store import DELIVERIES

STREAM, GROUP = DELIVERIES, "dispatcher"


def names(store):
    return sorted(row["name"] for row in store.r.xinfo_consumers(STREAM, GROUP))


def give_names(store, *given):
    for name in given:
        store.r.xgroup_createconsumer(STREAM, GROUP, name)


def test_idle_names_without_pending_go(store):
    give_names(store, "d1", "d2")
    assert store.reap(STREAM, GROUP, idle_ms=0) == 2
    assert names(store) == []
    assert store.reap(STREAM, GROUP, idle_ms=0) == 0


def test_a_name_with_something_pending_stays(store):
    give_names(store, "d2")
    (entry, _), = store.give_deliveries(1, "d1")
    assert store.reap(STREAM, GROUP, idle_ms=0, name="d1") == 1
    assert names(store) == ["d1"] and store.pending(STREAM, GROUP) == {entry: "d1"}


def test_names_seen_lately_stay(store):
    give_names(store, "d1")
    before = store.snapshot()
    assert store.reap(STREAM, GROUP, idle_ms=3600000) == 0
    assert names(store) == ["d1"] and store.snapshot() == before


def test_one_name_goes_whatever_its_idle_time(store):
    give_names(store, "d1", "d10", "d2")
    assert store.reap(STREAM, GROUP, idle_ms=3600000, name="d1") == 1
    assert names(store) == ["d10", "d2"]
    assert store.reap(STREAM, GROUP, idle_ms=3600000, name="d1") == 0


def test_bounded(store):
    give_names(store, *"abcde")
    assert store.reap(STREAM, GROUP, idle_ms=0, limit=2) == 2
    assert len(names(store)) == 3


def test_no_group_is_an_error(store):
    store.r.xgroup_destroy(STREAM, GROUP)
    with pytest.raises(redis.ResponseError, match="^NOGROUP"):
        store.reap(STREAM, GROUP, idle_ms=0)
