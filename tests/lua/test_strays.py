"""strays.lua: entries that the group has read past and nobody holds."""
import pytest

from store import DELIVERIES, ORG, RECORD, Store, delivery_entry, delivery_id, endpoint_id, event_id, outcome

A = endpoint_id(1)


def written(number, endpoint=A, **more):
    words = {"event": event_id(number), "endpoint": endpoint, "org": ORG, "trace": "", "request": ""}
    return delivery_entry(words | more | {"body": "{}"})


def stray(store, number, state="pending 0", endpoint=A, **more):
    """As a start of Redis makes one: its id is behind what the group has read."""
    entry = store.r.xadd(DELIVERIES, written(number, endpoint, **more))
    if state:
        store.r.hset(RECORD + event_id(number), endpoint, state)
    added = store.r.xinfo_stream(DELIVERIES)["entries-added"]
    store.r.execute_command("XGROUP", "SETID", DELIVERIES, "dispatcher", entry, "ENTRIESREAD", added - 1)
    return entry


def look(store, mark="", cursor="", looked_max=100):
    """-> (cursor, ready, gone, unsure), mark"""
    *counts, mark = store.call("strays", [DELIVERIES, RECORD], ["dispatcher", cursor, looked_max, mark])
    return tuple(counts), mark


def entries(store):
    return [entry for entry, _ in store.r.xrange(DELIVERIES)]


def settle(store, claimed):
    store.settle("d1", [outcome(entry, fields, "delivered") for entry, fields in claimed])


def test_an_owed_one_is_ready_again_as_it_was(store):
    entry = stray(store, 1, "pending 2 500 9 5-0", attempt="3", snoozes="1", history="5-0", lane="1")
    before = dict(store.r.xrange(DELIVERIES))[entry]
    counts, mark = look(store)
    assert counts == ("", 0, 0, 1) and mark == entry, "its twin may be on its way"
    assert look(store, mark) == (("", 1, 0, 0), mark)
    (again, fields), = store.r.xrange(DELIVERIES)
    assert again != entry and fields == before and list(fields) == list(before)
    assert [one for one, _ in store.read_deliveries("d1", 10)] == [again]
    assert look(store, mark) == look(store) == (("", 0, 0, 0), "")


def test_one_that_an_older_version_wrote_is_owed_as_well(store):
    stray(store, 1)
    old = {"event": event_id(2), "endpoint": A, "org": ORG, "trace": "", "body": "{}"}
    entry = store.r.xadd(DELIVERIES, old)
    store.r.hset(RECORD + event_id(2), A, "pending 0")
    store.r.xgroup_setid(DELIVERIES, "dispatcher", entry)
    _, mark = look(store)
    assert look(store, mark)[0] == ("", 2, 0, 0)
    assert store.r.xrevrange(DELIVERIES, count=1)[0][1] == old


@pytest.mark.parametrize("state", ["delivered 1 200 5 5-0", "dead 5-0 1 500 5 5-0", "waiting backoff 9 2 0 o t r 0", None,
                                   "pending 1 500 9 5-0"])
def test_one_that_is_not_owed_is_gone(store, state):
    stray(store, 1, state)
    records = store.r.hgetall(RECORD + event_id(1))
    assert look(store)[0] == ("", 0, 1, 0)
    assert entries(store) == [] and store.r.hgetall(RECORD + event_id(1)) == records


def test_what_names_no_delivery_is_gone(store):
    for entry in ({"what": "ever"}, {"delivery": "no words"}, {"event": event_id(2)}):
        store.r.xgroup_setid(DELIVERIES, "dispatcher", store.r.xadd(DELIVERIES, entry))
    stray(store, 1)
    store.r.delete(RECORD + event_id(1))
    store.r.set(RECORD + event_id(1), "no hash")
    assert look(store)[0] == ("", 0, 4, 0)


def test_while_its_twin_may_be_held_or_unread_it_waits(store):
    owed, gone = stray(store, 50), stray(store, 51, "delivered 1 200 5 5-0")
    held = store.give_deliveries(2)
    unread = stray(store, 52, "pending 0", endpoint_id(9))
    store.r.execute_command("XGROUP", "SETID", DELIVERIES, "dispatcher", held[-1][0])
    counts, mark = look(store)
    assert counts == ("", 0, 1, 1) and mark == unread and gone not in entries(store)
    settle(store, held[:1])
    assert look(store, mark) == (("", 0, 0, 1), mark), "one of then is held"
    settle(store, held[1:])
    assert look(store, mark) == (("", 0, 0, 1), mark), "one of then is unread"
    claimed = store.read_deliveries("d1", 10)
    assert [one for one, _ in claimed] == [unread]
    settle(store, claimed)
    later = store.give_deliveries(1)
    assert look(store, mark) == (("", 1, 0, 0), mark), "what came later is nobody's twin"
    assert owed not in entries(store) and entries(store)[0] == later[0][0] and len(entries(store)) == 2


def test_when_its_twin_ends_it_is_gone(store):
    stray(store, 1)
    twin = store.r.xadd(DELIVERIES, written(1))
    claimed = store.read_deliveries("d1", 10)
    assert [one for one, _ in claimed] == [twin]
    _, mark = look(store)
    settle(store, claimed)
    assert look(store, mark)[0] == ("", 0, 1, 0) and entries(store) == []


def test_two_of_one_delivery_are_one(store):
    stray(store, 1), stray(store, 1), stray(store, 2)
    counts, mark = look(store)
    assert counts == ("", 0, 1, 2)
    stray(store, 2)
    assert look(store, mark)[0] == ("", 2, 1, 0)


@pytest.mark.parametrize("is_first_held", [True, False])
def test_what_is_held_or_unread_is_left_alone(store, is_first_held):
    claimed = store.give_deliveries(3)
    settle(store, claimed[1:2] if is_first_held else claimed)
    store.give_deliveries(2, "d2")
    store.r.xgroup_setid(DELIVERIES, "dispatcher", entries(store)[-1])  # the lag is unknown now
    store.publish([]), store.r.xadd(DELIVERIES, {"unread": "yet"})
    before = store.snapshot()
    assert look(store)[0] == ("", 0, 0, 0)
    assert store.snapshot() == before


def test_a_healthy_stream_is_looked_at_once(store):
    store.give_deliveries(20)
    store.r.config_resetstat()
    assert look(store)[0] == ("", 0, 0, 0)
    stats = store.r.info("commandstats")
    assert stats["cmdstat_xrange"]["calls"] == stats["cmdstat_xpending"]["calls"] == 1 and "cmdstat_hget" not in stats


def test_many_are_looked_at_part_by_part(store):
    strays = [stray(store, n, "delivered 1 200 5 5-0" if n % 2 else "pending 0") for n in range(1, 26)]
    mark, cursor, counts = strays[-1], "", []
    while not counts or cursor:
        (cursor, *found), _ = look(store, mark, cursor, 10)
        counts.append(found)
    assert counts == [[5, 5, 0], [5, 5, 0], [2, 3, 0]]
    assert {delivery_id(f["event"], f["endpoint"]) for _, f in store.ready()} == {
        delivery_id(event_id(n), A) for n in range(2, 26, 2)}
    assert not set(entries(store)) & set(strays)


def test_without_stream_or_group_there_is_nothing(server):
    server.flushall()
    store = Store(server, groups=False)
    assert look(store) == (("", 0, 0, 0), "")
    store.r.xadd(DELIVERIES, {"a": "b"})
    assert look(store) == (("", 0, 0, 0), "")
    store.r.delete(DELIVERIES)
    store.r.set(DELIVERIES, "no stream")
    assert look(store) == (("", 0, 0, 0), "")
