"""reclaim.lua: an entry whose holder has been silent for a lease -> pending for this consumer."""
import pytest
import redis

from store import DELIVERIES

STREAM, GROUP = DELIVERIES, "dispatcher"


def give_silent(store, count, consumer="d1"):
    claimed = store.give_deliveries(count, consumer)
    for entry, _ in claimed:
        store.age(STREAM, GROUP, consumer, entry, 31000)
    return claimed


def test_silent_ones_change_hands_with_fields_and_times_delivered(store):
    claimed = give_silent(store, 3)
    cursor, lost, entries = store.reclaim(STREAM, GROUP, "d2", 30000)
    assert (cursor, lost) == ("0-0", [])
    assert entries == [(entry, 2, fields) for entry, fields in claimed]
    assert set(store.pending(STREAM, GROUP).values()) == {"d2"}


def test_fresh_ones_stay(store):
    store.give_deliveries(2)
    before = store.snapshot()
    assert store.reclaim(STREAM, GROUP, "d2", 30000) == ("0-0", [], [])
    del before[STREAM]
    after = store.snapshot()
    del after[STREAM]
    assert after == before and set(store.pending(STREAM, GROUP).values()) == {"d1"}


def test_twice_finds_nothing_since_the_lease_is_new(store):
    give_silent(store, 2)
    store.reclaim(STREAM, GROUP, "d2", 30000)
    before = store.snapshot()
    assert store.reclaim(STREAM, GROUP, "d3", 30000) == ("0-0", [], [])
    assert store.snapshot() == before


def test_bounded_and_continued_by_the_cursor(store):
    claimed = give_silent(store, 5)
    cursor, got = "0-0", []
    for size in (2, 2, 1):
        cursor, _, entries = store.reclaim(STREAM, GROUP, "d2", 30000, cursor, 20)
        assert len(entries) == size
        got += [entry for entry, _, _ in entries]
    assert cursor == "0-0" and got == [entry for entry, _ in claimed]


def test_looks_at_no_more_than_it_may(store):
    claimed = store.give_deliveries(30)
    store.age(STREAM, GROUP, "d1", claimed[25][0], 31000)
    cursor, _, entries = store.reclaim(STREAM, GROUP, "d2", 30000, "0-0", 20)
    assert (cursor, entries) == (claimed[20][0], []), "not through yet"
    cursor, _, entries = store.reclaim(STREAM, GROUP, "d2", 30000, cursor, 20)
    assert (cursor, [entry for entry, _, _ in entries]) == ("0-0", [claimed[25][0]])


def test_even_the_smallest_bound_takes_one(store):
    claimed = give_silent(store, 2)
    assert [entry for entry, _, _ in store.reclaim(STREAM, GROUP, "d2", 30000, "0-0", 1)[2]] == [claimed[0][0]]


def test_times_delivered_are_those_of_each_entry(store):
    first, second = give_silent(store, 2)
    store.r.execute_command("XCLAIM", STREAM, GROUP, "d1", 0, second[0], "RETRYCOUNT", 6, "IDLE", 31000)
    entries = store.reclaim(STREAM, GROUP, "d2", 30000)[2]
    assert [(entry, times) for entry, times, _ in entries] == [(first[0], 2), (second[0], 7)]


def test_deleted_entries_are_reported_as_lost(store):
    kept, gone = give_silent(store, 2)
    store.r.xdel(STREAM, gone[0])
    cursor, lost, entries = store.reclaim(STREAM, GROUP, "d2", 30000)
    assert lost == [gone[0]] and [entry for entry, _, _ in entries] == [kept[0]]
    assert store.pending(STREAM, GROUP) == {kept[0]: "d2"}


def test_no_group_is_an_error(store):
    store.r.flushall()
    with pytest.raises(redis.ResponseError, match="^NOGROUP"):
        store.reclaim(STREAM, GROUP, "d2", 30000)
    assert store.snapshot() == {}
