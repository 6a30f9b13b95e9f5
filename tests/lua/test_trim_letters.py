"""trim_letters.lua: old dead letters go from both streams."""
import pytest
import redis

from job_env import ENDPOINT_1, give
from store import DLQ, ORG, ORG_DLQ, RECORD

FUTURE = 10**14
OTHER = "org_other"


def left(store, org=ORG):
    return [entry for entry, _ in store.r.xrange(ORG_DLQ + org)]


def test_what_is_old_goes_and_the_records_say_so(store):
    events = give(store, ["dead"] * 2)
    others, = give(store, ["dead"], org=OTHER)
    tails = [store.r.hget(RECORD + event, ENDPOINT_1).split(" ", 2)[2] for event in (*events, others)]
    assert store.trim_letters(FUTURE) == 3
    assert store.r.xlen(DLQ) == 0 and left(store) == left(store, OTHER) == []
    assert [store.r.hget(RECORD + event, ENDPOINT_1) for event in (*events, others)] == ["dead - " + tail for tail in tails]
    before = store.snapshot()
    assert store.trim_letters(FUTURE) == 0
    assert store.snapshot() == before


def test_what_is_young_stays(store):
    give(store, ["dead"] * 3)
    letters = left(store)
    before = store.snapshot()
    assert store.trim_letters(int(letters[0].split("-")[0])) == 0
    assert store.snapshot() == before
    assert store.trim_letters(int(letters[-1].split("-")[0]) + 1) == 3


def test_bounded_oldest_first(store):
    give(store, ["dead"] * 5)
    letters = left(store)
    assert store.trim_letters(FUTURE, limit=2) == 2
    assert left(store) == [entry for entry, _ in store.r.xrange(DLQ)] == letters[2:]


def test_a_delivery_that_goes_on_is_left_alone(store):
    event, = give(store, ["dead"])
    store.r.hset(RECORD + event, ENDPOINT_1, "dead 9-9 1 503 1")
    assert store.trim_letters(FUTURE) == 1
    assert store.r.hget(RECORD + event, ENDPOINT_1) == "dead 9-9 1 503 1"


@pytest.mark.parametrize("key", [RECORD + "x", ORG_DLQ + ORG])
def test_a_record_or_an_index_that_is_none_stops_nothing(store, key):
    event, = give(store, ["dead"])
    key = key.replace("x", event) if key.startswith(RECORD) else key
    store.r.delete(key)
    store.r.set(key, "not what it should be")
    assert store.trim_letters(FUTURE) == 1 and store.r.xlen(DLQ) == 0


def test_writes_nothing_while_the_stream_is_wrong(store):
    store.r.set(DLQ, "not what it should be")
    before = store.snapshot()
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        store.trim_letters(FUTURE)
    assert store.snapshot() == before


def test_an_entry_that_is_no_letter_goes_too(store):
    store.r.xadd(DLQ, {"n": 1})
    give(store, ["dead"])
    assert store.trim_letters(FUTURE) == 2 and store.r.xlen(DLQ) == 0 and left(store) == []
