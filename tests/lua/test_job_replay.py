"""job_replay.lua: what an endpoint has had is made again."""
import random

import pytest
import redis

from job_env import ENDPOINT_1, FIRST, LAST, give, make_endpoints, ready, run, state
from store import (ATTEMPTS, DELIVERIES, DLQ, DUE, ENDPOINT, EVENTS, HISTORY, JOB, JOBS, ORG, ORG_DLQ, READY_MAX, RECORD,
                   STEP_MS, TOP_UP_MAX, entry_event_id, job_id, new_event, part)


def make(store, number=1, status="failed", since=FIRST, until=LAST, **fields):
    make_endpoints(store, ENDPOINT_1)
    store.job_create(number, "replay", {"endpoint": ENDPOINT_1, "from": since, "to": until, "status": status, **fields})


def counts(store, number=1):
    job = store.job(number)
    return job["state"], int(job["done"]), int(job["skipped"])


@pytest.mark.parametrize("status,wanted", [("failed", {"dead"}), ("delivered", {"delivered"}), ("all", {"dead", "delivered"})])
def test_what_has_the_status_is_made_again_oldest_first(store, status, wanted):
    ends = ["dead", "delivered", "retry", "dead", "claimed", "delivered", "dead"]
    events = give(store, ends)
    make(store, status=status)
    expected = [event for event, end in zip(events, ends) if end in wanted]
    assert store.step("replay", 1)[0] == "done"
    assert [event for event, _ in ready(store)][1:] == expected, "the first is the one that was claimed before"
    assert counts(store) == ("done", len(expected), 2)
    assert [state(store, event) for event in expected] == ["pending"] * len(expected)


def test_the_schedule_begins_anew_and_the_letter_goes(store):
    event, = give(store, ["dead"])
    attempt = store.r.xrange(ATTEMPTS)[-1][0]
    make(store)
    store.step("replay", 1)
    (_, fields), = store.ready()
    assert (fields["attempt"], fields["snoozes"], fields["history"]) == ("1", "0", attempt)
    assert store.r.xlen(DLQ) == store.r.xlen(ORG_DLQ + ORG) == 0


def test_only_what_lies_in_the_window(store):
    events = give(store, ["dead"] * 6)
    make(store, since=events[1], until=events[3])
    assert run(store, "replay", 1) == ("done", events[1:4])
    assert counts(store) == ("done", 3, 0)


def test_other_endpoints_and_later_ones_are_left_alone(store):
    give(store, ["dead"] * 2, endpoint="ep_" + "9" * 20)
    mine = give(store, ["dead"] * 2)
    make(store)
    assert run(store, "replay", 1) == ("done", mine)


def test_no_more_is_enqueued_than_there_is_room_for(store):
    events = give(store, ["delivered"] * 250)
    make(store, status="delivered")
    for step in range(1, READY_MAX // TOP_UP_MAX + 1):
        assert store.step("replay", 1) == ("running", STEP_MS)
        assert store.r.xlen(DELIVERIES) == TOP_UP_MAX * step
    before = store.snapshot()
    assert store.step("replay", 1) == ("running", STEP_MS), "there is no room"
    assert store.snapshot() == before, "and nothing is written"
    assert run(store, "replay", 1) == ("done", events)
    assert counts(store) == ("done", 250, 0)


def test_a_step_looks_at_two_hundred(store):
    events = give(store, ["delivered"] * 450)
    make(store)
    assert store.step("replay", 1) == ("running", STEP_MS)
    assert store.job(1)["cursor"] == events[199]
    assert store.step("replay", 1) == ("running", STEP_MS)
    assert store.step("replay", 1)[0] == "done"


def test_a_step_reads_about_a_mebibyte_of_the_log(store):
    events = give(store, ["dead"] * 8, data='"%s"' % ("x" * 300_000))
    make(store)
    assert store.step("replay", 1) == ("running", STEP_MS)
    assert [event for event, _ in ready(store)] == events[:4]
    assert run(store, "replay", 1) == ("done", events)


def test_events_that_left_the_log_are_skipped(store):
    events = give(store, ["dead"] * 3)
    store.r.xdel(EVENTS, store.r.xrange(EVENTS)[1][0])
    make(store)
    assert run(store, "replay", 1) == ("done", [events[0], events[2]])
    assert counts(store) == ("done", 2, 1)


@pytest.mark.parametrize("change,error", [({"disabled": "1"}, "endpoint_disabled"), (None, "endpoint_deleted")])
def test_an_endpoint_that_gets_nothing_ends_the_job(store, change, error):
    give(store, ["dead"] * 150)
    make(store)
    store.step("replay", 1)
    if change:
        store.r.hset(ENDPOINT + ENDPOINT_1, mapping=change)
    else:
        store.r.delete(ENDPOINT + ENDPOINT_1)
    assert store.step("replay", 1)[0] == "failed"
    assert store.job(1)["error"] == error
    assert counts(store) == ("failed", TOP_UP_MAX, 0)


def test_a_job_that_has_ended_does_nothing(store):
    give(store, ["dead"] * 3)
    make(store)
    assert store.step("replay", 1)[0] == "done"
    before = store.snapshot()
    store.r.zadd(JOBS, {job_id(1): 0})
    assert store.step("replay", 1)[0] == "done"
    del before[JOBS]
    assert {key: value for key, value in store.snapshot().items() if key != JOBS} == before


@pytest.mark.parametrize("key", [JOB + job_id(1), DELIVERIES, DUE, DLQ, HISTORY + ENDPOINT_1])
def test_writes_nothing_while_a_key_is_wrong(store, key):
    give(store, ["dead"] * 2)
    make(store)
    store.r.delete(key)
    store.r.set(key, "not what it should be")
    before = store.snapshot()
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        store.step("replay", 1)
    assert store.snapshot() == before


def test_a_record_that_is_none_is_skipped(store):
    events = give(store, ["dead"] * 2)
    store.r.delete(RECORD + events[0])
    store.r.set(RECORD + events[0], "not what it should be")
    make(store)
    assert run(store, "replay", 1) == ("done", events[1:])
    assert counts(store) == ("done", 1, 1)


@pytest.mark.parametrize("seed", range(5))
def test_against_a_model_with_many_steppers_and_fresh_events(store, seed):
    """Whoever steps, whenever: each that matched when the job came to it is sent once by the job."""
    rng = random.Random(seed)
    ends = [rng.choice(["dead", "delivered"]) for _ in range(400)]
    events = give(store, ends)
    status = rng.choice(["failed", "delivered", "all"])
    first, last = sorted(rng.sample(range(400), 2))
    make(store, status=status, since=events[first], until=events[last])
    wanted = [event for event, end in list(zip(events, ends))[first:last + 1]
              if status == "all" or (status == "failed") == (end == "dead")]
    sent, word = [], "running"
    while word == "running":
        for _ in range(rng.randint(1, 3)):
            word, _ = store.step("replay", 1)
            assert store.r.xlen(DELIVERIES) <= 100
        if rng.random() < 0.3:  # a fresh one
            store.publish([new_event()])
            (entry, _), = store.read_events()
            store.fanout("p1", [part(entry, entry_event_id(entry), [ENDPOINT_1])])
        for entry, fields in store.read_deliveries("d3", rng.randint(1, 60)):
            sent.append(fields["event"])
            store.r.xack(DELIVERIES, "dispatcher", entry)
            store.r.xdel(DELIVERIES, entry)
    sent += [event for event, _ in ready(store)]
    assert [event for event in sent if event in events] == wanted and counts(store) == ("done", len(wanted), 0)
