"""strays.lua: entries that the group has read past and nobody holds."""
import pytest

from store import DELIVERIES, ORG, RECORD, delivery_id, endpoint_id, event_id, outcome

A = endpoint_id(1)
OLD_MS = 60000


def stray(store, number, state="pending 0", endpoint=A, **more):
    """As a start of Redis makes one: its id is behind what the group has read."""
    entry = store.r.xadd(DELIVERIES, {"event": event_id(number), "endpoint": endpoint, "org": ORG, "body": "{}"} | more)
    if state:
        store.r.hset(RECORD + event_id(number), endpoint, state)
    store.r.xgroup_setid(DELIVERIES, "dispatcher", entry)
    return entry


def look(store, cursor="", looked_max=100, now=""):
    return store.call("strays", [DELIVERIES, RECORD], ["dispatcher", cursor, looked_max, OLD_MS, now])


def ms_of(entry):
    return int(entry.split("-")[0])


def test_an_owed_one_is_ready_again_as_it_was(store):
    entry = stray(store, 1, attempt="3", snoozes="1", history="5-0", lane="1")
    before = dict(store.r.xrange(DELIVERIES))[entry]
    assert look(store) == ["", 1, 0]
    (again, fields), = store.r.xrange(DELIVERIES)
    assert again != entry and fields == before and list(fields) == list(before)
    assert [one for one, _ in store.read_deliveries("d1", 10)] == [again]
    assert look(store) == ["", 0, 0]


@pytest.mark.parametrize("state", ["delivered 1 200 5 5-0", "dead 5-0 1 500 5 5-0", "waiting backoff 9 2 0 o t r 0", None])
def test_one_that_is_not_owed_is_gone(store, state):
    stray(store, 1, state)
    records = store.r.hgetall(RECORD + event_id(1))
    assert look(store) == ["", 0, 1]
    assert store.r.xlen(DELIVERIES) == 0 and store.r.hgetall(RECORD + event_id(1)) == records


def test_what_names_no_delivery_is_gone(store):
    store.r.xgroup_setid(DELIVERIES, "dispatcher", store.r.xadd(DELIVERIES, {"what": "ever"}))
    stray(store, 1)
    store.r.delete(RECORD + event_id(1))
    store.r.set(RECORD + event_id(1), "no hash")
    assert look(store) == ["", 0, 2]


@pytest.mark.parametrize("is_held", [True, False])
def test_while_others_are_under_way_an_owed_one_waits_until_it_is_old(store, is_held):
    entry = stray(store, 50)
    gone = stray(store, 51, "delivered 1 200 5 5-0")
    if is_held:
        held = [one for one, _ in store.give_deliveries(2)]
    else:
        store.give_deliveries(1, "d1")
        store.r.xack(DELIVERIES, "dispatcher", *store.pending(DELIVERIES, "dispatcher"))
        held = [one for one, _ in store.r.xrange(DELIVERIES, min="(" + gone)]
        store.r.xgroup_setid(DELIVERIES, "dispatcher", gone)
    assert look(store, now=ms_of(entry) + OLD_MS - 1) == ["", 0, 1]
    assert [one for one, _ in store.r.xrange(DELIVERIES)] == [entry, *held]
    assert look(store, now=ms_of(entry) + OLD_MS) == ["", 1, 0]
    assert [one for one, _ in store.r.xrange(DELIVERIES)][:-1] == held
    assert set(store.pending(DELIVERIES, "dispatcher")) == (set(held) if is_held else set())


def test_what_is_held_or_unread_is_left_alone(store):
    claimed = store.give_deliveries(3)
    store.give_deliveries(2, "d2")
    store.settle("d1", [outcome(*claimed[1], "delivered")])
    store.r.xgroup_setid(DELIVERIES, "dispatcher", store.r.xrevrange(DELIVERIES, count=1)[0][0])  # the lag is unknown now
    before = store.snapshot()
    assert look(store) == ["", 0, 0]
    assert store.snapshot() == before


def test_a_healthy_stream_is_not_looked_at(store):
    store.give_deliveries(20)
    store.r.config_resetstat()
    assert look(store) == ["", 0, 0]
    calls = {name for name in store.r.info("commandstats")}
    assert not calls & {"cmdstat_xrange", "cmdstat_xpending", "cmdstat_hget"}


def test_many_are_looked_at_part_by_part(store):
    entries = [stray(store, n, "delivered 1 200 5 5-0" if n % 2 else "pending 0") for n in range(1, 26)]
    cursor, counts = "", []
    while True:
        cursor, ready, gone = look(store, cursor, 10, ms_of(entries[-1]) + OLD_MS)
        counts.append((ready, gone))
        if not cursor:
            break
    assert counts == [(5, 5), (5, 5), (2, 3)]
    assert {delivery_id(f["event"], f["endpoint"]) for _, f in store.r.xrange(DELIVERIES)} == {
        delivery_id(event_id(n), A) for n in range(2, 26, 2)}
    assert not {entry for entry, _ in store.r.xrange(DELIVERIES)} & set(entries)


def test_without_stream_or_group_there_is_nothing(server):
    from store import Store
    server.flushall()
    store = Store(server, groups=False)
    assert look(store) == ["", 0, 0]
    store.r.xadd(DELIVERIES, {"a": "b"})
    assert look(store) == ["", 0, 0]
