"""recount.lua: how many entries a group has read, after Redis has forgotten it."""
import pytest

from store import DELIVERIES, EVENTS, Store, new_event

GROUP = "processor"


def recount(store, most=100, stream=EVENTS, group=GROUP):
    return store.call("recount", [stream], [group, most])


def group_of(store):
    row, = [row for row in store.r.xinfo_groups(EVENTS) if row["name"] == GROUP]
    return row


def forget(store, count):
    """As a start of Redis 7.0 does: of the entries that were read only so many are counted; '' for none that are known."""
    last = group_of(store)["last-delivered-id"]
    known = ("ENTRIESREAD", count) if count != "" else ()
    store.r.execute_command("XGROUP", "SETID", EVENTS, GROUP, last, *known)


def give(store, read, unread):
    if read:
        store.publish([new_event() for _ in range(read)])
        store.read_events(count=read)
    if unread:
        store.publish([new_event() for _ in range(unread)])


@pytest.mark.parametrize("known", [0, 3, 7, ""])
@pytest.mark.parametrize("unread", [0, 1, 100])
def test_the_lag_is_what_is_unread(store, known, unread):
    give(store, 7, unread)
    forget(store, known)
    was_wrong = group_of(store)["lag"] != unread
    before = group_of(store)
    assert recount(store) == was_wrong
    after = group_of(store)
    assert after["lag"] == unread and (after["entries-read"] == 7 or not was_wrong)
    assert {**before, "lag": 0, "entries-read": 0} == {**after, "lag": 0, "entries-read": 0}
    assert recount(store) == 0
    store.read_events(count=1000)
    assert group_of(store)["lag"] == 0


def test_after_entries_went(store):
    give(store, 10, 4)
    store.r.xtrim(EVENTS, maxlen=6)
    forget(store, 2)
    assert recount(store) == 1 and group_of(store)["lag"] == 4


def test_more_than_are_counted_are_left_as_they_are(store):
    give(store, 7, 101)
    forget(store, 3)
    before = store.snapshot()
    assert recount(store) == 0 and store.snapshot() == before
    assert recount(store, 101) == 1 and group_of(store)["lag"] == 101


def test_what_is_right_is_not_written(store):
    give(store, 7, 5)
    store.r.config_resetstat()
    assert recount(store) == 0
    assert "cmdstat_xgroup|setid" not in store.r.info("commandstats")


def test_without_stream_or_group_there_is_nothing(server):
    server.flushall()
    store = Store(server, groups=False)
    assert recount(store) == 0
    store.r.xadd(EVENTS, {"a": "b"})
    assert recount(store) == recount(store, stream=DELIVERIES) == 0
    store.r.set(DELIVERIES, "no stream")
    assert recount(store, stream=DELIVERIES) == 0
