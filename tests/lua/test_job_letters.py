"""job_letters.lua: dead letters by a filter, redriven or purged."""
import random

import pytest
import redis

from job_env import ENDPOINT_1, ENDPOINT_2, give, make_endpoints, run, state
from store import DELIVERIES, DLQ, ENDPOINT, EVENTS, JOB, ORG, ORG_DLQ, READY_MAX, RECORD, STEP_MS, TOP_UP_MAX, job_id

FILTER = {"endpoint": "", "type": "", "reason": "", "since_ms": "", "until_ms": ""}
KINDS = pytest.mark.parametrize("kind", ["redrive", "purge"])


def make(store, kind, number=1, **fields):
    make_endpoints(store, ENDPOINT_1, ENDPOINT_2)
    store.job_create(number, kind, {**FILTER, **fields})


def letters(store, org=ORG):
    """Events that have a letter: in the partition's stream and in the organization's index the same."""
    index = [entry for entry, _ in store.r.xrange(ORG_DLQ + org)]
    found = [(entry, fields["event"]) for entry, fields in store.r.xrange(DLQ) if fields["org"] == org]
    assert [entry for entry, _ in found] == index
    return [event for _, event in found]


@KINDS
def test_all_of_the_organization(store, kind):
    mine = give(store, ["dead"] * 3)
    others = give(store, ["dead"], org="org_other")
    make(store, kind)
    word, sent = run(store, kind, 1)
    assert (word, sent) == ("done", mine if kind == "redrive" else [])
    assert letters(store) == [] and letters(store, "org_other") == others
    assert (store.job(1)["done"], store.job(1)["skipped"]) == ("3", "0")


def test_what_is_purged_stays_dead_without_a_letter(store):
    event, = give(store, ["dead"])
    tail = store.r.hget(RECORD + event, ENDPOINT_1).split(" ", 2)[2]
    make(store, "purge")
    store.step("purge", 1)
    assert store.r.hget(RECORD + event, ENDPOINT_1) == "dead - " + tail


@KINDS
@pytest.mark.parametrize("given", [{"endpoint": ENDPOINT_2}, {"type": "b.c"}, {"reason": "gone"},
                                   {"endpoint": ENDPOINT_2, "type": "b.c", "reason": "gone"}])
def test_by_a_filter(store, kind, given):
    other = give(store, ["dead"] * 2)
    mine = give(store, ["dead"] * 2, endpoint=ENDPOINT_2, reason="gone", type="b.c")
    make(store, kind, **given)
    assert run(store, kind, 1)[0] == "done"
    assert letters(store) == other
    assert [state(store, event, ENDPOINT_2) for event in mine] == ["delivered" if kind == "redrive" else "dead"] * 2


@KINDS
def test_by_time(store, kind):
    events = give(store, ["dead"] * 3)
    entries = [entry for entry, _ in store.r.xrange(ORG_DLQ + ORG)]
    ms = int(entries[0].split("-")[0])
    make(store, kind, since_ms=str(ms + 10**6))
    assert run(store, kind, 1)[0] == "done" and letters(store) == events
    make(store, kind, 2, until_ms=str(ms - 1))
    assert run(store, kind, 2)[0] == "done" and letters(store) == events
    make(store, kind, 3, since_ms=str(ms), until_ms=str(ms + 10**6))
    assert run(store, kind, 3)[0] == "done" and letters(store) == []


@KINDS
def test_letters_that_come_later_are_left(store, kind):
    give(store, ["dead"])
    make(store, kind)
    created = int(store.job(1)["created_at"])
    while store.r.time()[0] * 1000 + store.r.time()[1] // 1000 <= created:
        pass
    later = give(store, ["dead"])
    assert run(store, kind, 1)[0] == "done"
    assert letters(store) == later


def test_a_redrive_waits_for_room(store):
    events = give(store, ["dead"] * 230)
    make(store, "redrive")
    for step in range(1, READY_MAX // TOP_UP_MAX + 1):
        assert store.step("redrive", 1) == ("running", STEP_MS)
        assert store.r.xlen(DELIVERIES) == TOP_UP_MAX * step
    before = store.snapshot()
    assert store.step("redrive", 1) == ("running", STEP_MS)
    assert store.snapshot() == before
    assert run(store, "redrive", 1) == ("done", events)


def test_a_purge_takes_two_hundred_a_step(store):
    give(store, ["dead"] * 230)
    make(store, "purge")
    assert store.step("purge", 1) == ("running", STEP_MS)
    assert store.r.xlen(DLQ) == 30
    assert store.step("purge", 1)[0] == "done"
    assert store.r.xlen(DLQ) == 0


def test_a_redrive_skips_what_cannot_be_sent(store):
    events = give(store, ["dead"] * 3) + give(store, ["dead"], endpoint=ENDPOINT_2)
    store.r.xdel(EVENTS, store.r.xrange(EVENTS)[0][0])
    make(store, "redrive")
    store.r.hset(ENDPOINT + ENDPOINT_2, "disabled", "1")
    assert run(store, "redrive", 1) == ("done", events[1:3])
    assert (store.job(1)["done"], store.job(1)["skipped"]) == ("2", "2")
    assert letters(store) == [events[0], events[3]]


def test_a_purge_takes_letters_of_events_that_have_gone(store):
    event, = give(store, ["dead"])
    store.r.delete(EVENTS, RECORD + event)
    make(store, "purge")
    assert store.step("purge", 1)[0] == "done"
    assert letters(store) == [] and not store.r.exists(RECORD + event)


@KINDS
@pytest.mark.parametrize("key", [JOB + job_id(1), DELIVERIES, DLQ, ORG_DLQ + ORG])
def test_writes_nothing_while_a_key_is_wrong(store, kind, key):
    give(store, ["dead"] * 2)
    make(store, kind)
    store.r.delete(key)
    store.r.set(key, "not what it should be")
    before = store.snapshot()
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        store.step(kind, 1)
    assert store.snapshot() == before


@KINDS
@pytest.mark.parametrize("seed", range(4))
def test_against_a_model(store, kind, seed):
    rng = random.Random(seed)
    of = {}  # event -> what a filter may ask
    for _ in range(60):
        row = {"endpoint": rng.choice([ENDPOINT_1, ENDPOINT_2]), "reason": rng.choice(["gone", "exhausted"]),
               "type": rng.choice(["a", "b"])}
        of.update((event, row) for event in give(store, ["dead"] * rng.randint(1, 8), **row))
    before = letters(store)
    asked = {name: rng.choice(["", value]) for name, value in
             (("endpoint", ENDPOINT_1), ("reason", "gone"), ("type", "b"))}
    make(store, kind, **asked)
    matching = [event for event in before if all(value in ("", of[event][name]) for name, value in asked.items())]
    word, sent = run(store, kind, 1)
    assert word == "done" and sent == (matching if kind == "redrive" else [])
    assert letters(store) == [event for event in before if event not in matching]
    assert store.job(1)["done"] == str(len(matching))


def test_a_redrive_leaves_a_delivery_that_has_another_letter(store):
    event, = give(store, ["dead"])
    tail = store.r.hget(RECORD + event, ENDPOINT_1).split(" ", 2)[2]
    store.r.hset(RECORD + event, ENDPOINT_1, "dead 9-9 " + tail)
    make(store, "redrive")
    assert run(store, "redrive", 1) == ("done", [])
    assert store.job(1)["skipped"] == "1"
