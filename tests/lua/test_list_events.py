"""list_events.lua and find_event.lua: an organization's events."""
import pytest
import redis

from reads import NOW, OTHER, fan_out, give_endpoints, publish, walk
from store import CURSORS, EVENTS, ORG, ORG_EVENTS, RECORD, TRACE, endpoint_id, entry_event_id, new_event, part


def ids(rows):
    return [row[0] for row in rows]


def test_newest_first_with_what_is_known_of_each(store):
    first, = publish(store, data='{"n":12}', key="k", dedup="d", time="2026-01-31T09:30:00.123Z")
    fan_out(store)
    second, = publish(store, type="b")
    fan_out(store, 0, skipped="no_endpoint")
    third, = publish(store, type="c")
    assert store.list_events() == ["", [
        [entry_event_id(third), "c", "1700000000000", "", "", 7, "accepted", ""],
        [entry_event_id(second), "b", "1700000000000", "", "", 7, "skipped", "no_endpoint"],
        [entry_event_id(first), "order.created", "2026-01-31T09:30:00.123Z", "k", "d", 8, "processed", ""]]]


def test_a_wide_event_is_accepted_until_its_last_part(store):
    publish(store)
    (entry, _), = store.read_events()
    event, names = entry_event_id(entry), [endpoint_id(1), endpoint_id(2)]
    store.fanout("p1", [part(entry, event, names[:1], to=names[0])], NOW)
    assert store.list_events()[1][0][6] == store.find_event(event)[6] == "accepted"
    store.fanout("p1", [part(entry, event, names[1:], **{"from": names[0]})], NOW)
    assert store.list_events()[1][0][6] == store.find_event(event)[6] == "processed"


@pytest.mark.parametrize("limit", [1, 2, 3, 99, 100, 101, 250])
def test_pages_have_all_once(store, limit):
    entries = publish(store, 200)
    rows, sizes = walk(store.list_events, limit)
    assert ids(rows) == [entry_event_id(entry) for entry in reversed(entries)]
    assert sizes == [limit] * (200 // limit) + [200 % limit] * (200 % limit > 0)


def test_filters(store):
    entries = [publish(store, type=type)[0] for type in ["a", "b", "a", "ab"]]
    assert ids(store.list_events(type="a")[1]) == [entry_event_id(entries[2]), entry_event_id(entries[0])]
    assert store.list_events(type="c") == ["", []]


def test_since_is_in_and_until_is_not(store):
    for ms in (1000, 2000, 2000, 3000):
        store.r.xadd(ORG_EVENTS + ORG, {"type": "t"}, f"{ms}-*")
        id = store.r.xinfo_stream(ORG_EVENTS + ORG)["last-generated-id"]
        store.r.xadd(EVENTS, {**{name: "" for name in ("key", "dedup", "time")}, "org": ORG, "type": "t", "data": "1"}, id)
    times = lambda **given: [row[0] for row in store.list_events(**given)[1]]
    everything = times()
    assert len(everything) == 4
    assert times(since=2000) == everything[:3] and times(since=2001) == everything[:1]
    assert times(until=2000) == everything[3:] and times(until=2001) == everything[1:]
    assert times(since=2000, until=3000) == everything[1:3]
    assert times(since=3000, until=1000) == times(until=1) == []
    assert walk(lambda **given: store.list_events(since=2000, until=3000, **given), 1)[1] == [1, 1]


def test_only_its_own(store):
    own, = publish(store)
    other, = publish(store, org=OTHER)
    assert ids(store.list_events()[1]) == [entry_event_id(own)]
    assert ids(store.list_events(org=OTHER)[1]) == [entry_event_id(other)]
    assert store.find_event(entry_event_id(other)) == [] and store.find_event(entry_event_id(own), OTHER) == []
    store.r.xadd(ORG_EVENTS + ORG, {"type": "t"}, other)
    assert ids(store.list_events()[1]) == [entry_event_id(own)], "the log says whose it is"


def test_a_call_looks_at_a_thousand(store):
    wanted, = publish(store, type="rare")
    for _ in range(15):
        publish(store, 100)
    after, rows = store.list_events(type="rare")
    assert rows == [] and after != ""
    assert store.list_events(type="rare", after=after) == ["", [store.find_event(entry_event_id(wanted))[:8]]]


@pytest.mark.parametrize("member", ["data", "ce"])
def test_a_call_reads_a_mebibyte(store, member):
    publish(store, 5, **{member: '"' + "x" * 400000 + '"'})
    rows, sizes = walk(store.list_events, 50)
    assert sizes == [3, 2] and len(set(ids(rows))) == 5


def test_what_comes_and_goes_meanwhile_moves_nothing(store):
    entries = publish(store, 10)
    fan_out(store, 0, skipped="no_endpoint")
    after, rows = store.list_events(limit=4)
    publish(store, 3)
    store.r.xdel(ORG_EVENTS + ORG, entries[6], entries[2])  # the last one of the page, and one to come
    rows += walk(store.list_events, 4, after)[0]
    assert ids(rows) == [entry_event_id(entries[i]) for i in (9, 8, 7, 6, 5, 4, 3, 1, 0)]


def test_an_entry_without_its_event(store):
    entry, = publish(store)
    store.r.xdel(EVENTS, entry)
    assert store.list_events() == ["", []]
    assert store.find_event(entry_event_id(entry)) == []


def test_one_has_all_that_was_posted(store):
    publish(store, data='{ "n": 1e400 }', after=str(NOW), ce='{"id":"1"}')
    event, = fan_out(store)
    assert store.find_event(event) == [event, "order.created", "1700000000000", "", "", 24, "processed", "",
                                       '{ "n": 1e400 }', TRACE, "req_1", str(NOW), '{"id":"1"}']


def test_keys_of_another_type(store):
    entry, = publish(store)
    event = entry_event_id(entry)
    store.r.set(RECORD + event, "another type")
    assert store.list_events()[1][0][6] == store.find_event(event)[6] == "processed"
    for key in (CURSORS, EVENTS, ORG_EVENTS + ORG):
        store.r.delete(key)
        store.r.set(key, "another type")
        with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
            store.list_events()


def test_nothing_is_written_and_an_empty_redis_is_empty(store):
    give_endpoints(store, 1)
    publish(store, 3)
    fan_out(store)
    before = store.snapshot()
    store.list_events()
    store.find_event(entry_event_id(publish(store)[0]))
    store.r.xtrim(EVENTS, 3, approximate=False)
    store.r.flushall()
    assert store.list_events() == ["", []] and store.find_event("evt_" + "0" * 20) == []
    assert store.snapshot() == {} and before
