"""The scripts that take many strings as one argument: what is no such argument is an error before anything is written."""
import pytest
import redis

from store import DELIVERIES, EVENTS, ORG, ORG_EVENTS, Size, endpoint_id, event_id, new_event, outcome, packed, part

KEYS = [EVENTS, DELIVERIES, ORG_EVENTS, *["none"] * 10]
HEADS = {"publish": [10, 1000, "processor", "", 0], "fanout": ["processor", "p1", "", ""], "settle": ["dispatcher", "d1", "", 0, ""]}
BROKEN = {"none": [], "two": [packed([]), packed([])], "unknown": [b"\xc1"], "cut in a string": [packed(["abc"])[:-1]],
          "cut in its length": [packed(["x" * 300])[:2]], "behind a whole one": [packed(["abc"]) + b"\xd9"]}


@pytest.mark.parametrize("script", HEADS)
@pytest.mark.parametrize("args", BROKEN.values(), ids=BROKEN.keys())
def test_what_is_not_packed_writes_nothing(store, script, args):
    before = store.snapshot()
    with pytest.raises(redis.ResponseError, match="no packed argument|packed: |Bad data format|Missing bytes"):
        store.call(script, KEYS, HEADS[script] + args)
    assert store.snapshot() == before


@pytest.mark.parametrize("texts", [[], ["{}"], ["{}"] * 3])
def test_each_item_has_one_text_behind_the_pack(store, texts):
    store.publish([new_event(), new_event()])
    before = store.snapshot()
    with pytest.raises(redis.ResponseError, match="packed: one data"):
        store.call("publish", KEYS, HEADS["publish"] + [packed([Size(5), ORG, "t", "", "", ""] * 2), *texts])
    with pytest.raises(redis.ResponseError, match="packed: one body"):
        store.call("fanout", KEYS, HEADS["fanout"] + [packed([Size(3), Size(0), Size(13), "1-1", event_id(1), f"{ORG} - -"] * 2), *texts])
    assert store.snapshot() == before


def test_each_text_goes_with_its_item_whatever_becomes_of_the_others(store):
    """Plain and long items take turns, and one of each three is none of ours or there already."""
    same = dict(dedup="d", fingerprint="a" * 32, dedup_key="mr:{0}:dedup:d")
    store.publish([new_event(data="0", **same)])
    words = store.publish([new_event(data=str(n), **({}, same, {"key": "k"})[n % 3]) for n in range(1, 10)])
    assert [word for word, _ in words] == ["duplicate", "accepted", "accepted"] * 3
    assert [fields["data"] for _, fields in store.r.xrange(EVENTS)] == ["0", "2", "3", "5", "6", "8", "9"]
    entries = [entry for entry, _ in store.read_events()]
    store.r.xack(EVENTS, "processor", *entries[1::3])
    parts = [part(entry, event_id(n), [endpoint_id(n)], body=str(n), gated=str(n % 2)) for n, entry in enumerate(entries)]
    assert [word for word, _ in store.fanout("p1", parts)[1]] == ["refused" if n % 3 == 1 else "done" for n in range(7)]
    assert [(fields["event"], fields["body"]) for _, fields in store.ready()] == [(event_id(n), str(n)) for n in (0, 2, 3, 5, 6)]


@pytest.mark.parametrize("size", [0, 31, 32, 255, 256, 65535, 65536, 1 << 20])
def test_strings_of_any_size_arrive_as_they_are(store, size):
    data = '"' + "é" * (size // 2) + "x" * (size % 2) + '"'
    store.publish([new_event(), new_event(data=data), new_event()])
    assert [fields["data"] for _, fields in store.r.xrange(EVENTS)] == ['{"n":1}', data, '{"n":1}']


def test_as_many_as_a_call_settles(store):
    claimed = store.give_deliveries(200)
    assert store.settle("d1", [outcome(*one, "delivered") for one in claimed]) == ("", ["settled"] * 200)


def test_as_many_as_a_call_fans_out(store):
    store.publish([new_event() for _ in range(200)])
    parts = [part(entry, event_id(i), [endpoint_id(i)]) for i, (entry, _) in enumerate(store.read_events())]
    assert store.fanout("p1", parts) == ("", [("done", "")] * 200)


def test_as_many_as_a_call_publishes(store):
    store.publish([new_event(key=str(i), dedup=str(i), fingerprint="a" * 32, dedup_key="mr:{0}:dedup:%d" % i) for i in range(200)])
    assert [fields["key"] for _, fields in store.r.xrange(EVENTS)] == [str(i) for i in range(200)]
