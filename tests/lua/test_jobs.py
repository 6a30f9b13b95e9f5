"""What all jobs have in common: when they are due, listed, cancelled and removed; and release, the simplest of them."""
import pytest
import redis

from job_env import ENDPOINT_1, NOW, make_endpoints, ready, state
from store import (DELIVERIES, ENDPOINT, JOB, JOBS, LANE, ORG, ORG_JOBS, READY_MAX, RECORD, RUNNING, STEP_MS, TOP_UP_MAX,
                   entry_event_id, job_id, new_event, part)


def hold(store, count):
    """Deliveries that came while their endpoint was paused; it is resumed then."""
    make_endpoints(store, ENDPOINT_1, paused="1")
    store.publish([new_event() for _ in range(count)], max_depth=10**9)
    read = [(entry, entry_event_id(entry)) for entry, _ in store.read_events(count=count)]
    for at in range(0, count, 100):
        store.fanout("p1", [part(*one, [ENDPOINT_1], gated="1") for one in read[at:at + 100]])
    assert store.r.zcard(LANE + ENDPOINT_1) == count
    store.r.hset(ENDPOINT + ENDPOINT_1, "paused", "0")
    return [event for _, event in read]


def release(store, number=1, now=NOW):
    store.job_create(number, "release", {"endpoint": ENDPOINT_1}, now=now)


def test_release_moves_all_that_is_held(store):
    events = hold(store, 5)
    release(store)
    assert store.step("release", 1, NOW)[0] == "done"
    assert sorted(ready(store)) == [(event, ENDPOINT_1) for event in sorted(events)]
    assert {state(store, event) for event in events} == {"pending"}
    assert not store.r.exists(LANE + ENDPOINT_1) and store.waiting() == {}
    assert (store.job(1)["done"], store.job(1)["skipped"]) == ("5", "0")


def test_release_tops_up(store):
    hold(store, 150)
    release(store)
    for step in range(1, READY_MAX // TOP_UP_MAX + 1):
        assert store.step("release", 1, NOW) == ("running", STEP_MS)
        assert store.r.xlen(DELIVERIES) == TOP_UP_MAX * step and store.waiting() == {"paused": 150 - TOP_UP_MAX * step}
    before = store.snapshot()
    assert store.step("release", 1, NOW) == ("running", STEP_MS)
    assert store.snapshot() == before


def test_release_waits_for_the_resuming_and_gives_up(store):
    hold(store, 2)
    store.r.hset(ENDPOINT + ENDPOINT_1, "paused", "1")
    release(store)
    before = store.snapshot()
    assert store.step("release", 1, NOW + 29999) == ("running", 100)
    assert store.snapshot() == before
    assert store.step("release", 1, NOW + 30000)[0] == "done"
    assert store.r.zcard(LANE + ENDPOINT_1) == 2


def test_release_counts_members_without_a_record_as_skipped(store):
    events = hold(store, 2)
    store.r.delete(RECORD + events[0])
    release(store)
    assert store.step("release", 1, NOW)[0] == "done"
    assert (store.job(1)["done"], store.job(1)["skipped"]) == ("1", "1")
    assert store.waiting() == {} and not store.r.exists(LANE + ENDPOINT_1)


def test_release_of_a_deleted_endpoint_leaves_it_to_the_dispatcher(store):
    hold(store, 2)
    store.r.delete(ENDPOINT + ENDPOINT_1)
    release(store)
    assert store.step("release", 1, NOW)[0] == "done" and len(ready(store)) == 2


@pytest.mark.parametrize("key", [JOB + job_id(1), DELIVERIES, LANE + ENDPOINT_1])
def test_release_writes_nothing_while_a_key_is_wrong(store, key):
    hold(store, 2)
    release(store)
    store.r.delete(key)
    store.r.set(key, "not what it should be")
    before = store.snapshot()
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        store.step("release", 1, NOW)
    assert store.snapshot() == before


def test_a_finished_job_is_kept_for_the_retention(store):
    make_endpoints(store, ENDPOINT_1)
    release(store)
    assert store.step("release", 1, NOW, retention_ms=1000) == ("done", 1000)
    job = store.job(1)
    assert (job["state"], job["finished_at"], job["error"]) == ("done", str(NOW), "")
    assert store.r.zscore(JOBS, job_id(1)) == NOW + 1000 and not store.r.exists(RUNNING + ORG)
    assert store.step("release", 1, NOW + 400, retention_ms=1000) == ("done", 600)
    assert store.step("release", 1, NOW + 999, retention_ms=1000) == ("done", 1)
    assert store.step("release", 1, NOW + 1000, retention_ms=1000) == ("absent", 0)
    assert not store.r.exists(JOB + job_id(1), JOBS, ORG_JOBS + ORG)
    before = store.snapshot()
    assert store.step("release", 1, NOW + 1000, retention_ms=1000) == ("absent", 0)
    assert store.snapshot() == before


def test_cancel(store):
    hold(store, 150)
    release(store)
    store.step("release", 1, NOW)
    assert store.job_cancel(1, org="org_other") == "absent"
    assert store.job_cancel(2) == "absent"
    assert store.job_cancel(1, now=NOW + 5) == "cancelled"
    job = store.job(1)
    assert (job["state"], job["finished_at"], job["done"]) == ("cancelled", str(NOW + 5), str(TOP_UP_MAX))
    assert not store.r.exists(RUNNING + ORG)
    before = store.snapshot()
    assert store.job_cancel(1, now=NOW + 6) == "finished"
    assert store.snapshot() == before
    store.r.delete(DELIVERIES)
    assert store.step("release", 1, NOW + 5, retention_ms=1000) == ("cancelled", 1000)
    assert not store.r.exists(DELIVERIES)
    assert store.r.zscore(JOBS, job_id(1)) == NOW + 1005


def test_forgetting_cannot_be_cancelled(store):
    store.job_create(1, "forget")
    before = store.snapshot()
    assert store.job_cancel(1) == "finished"
    assert store.snapshot() == before


@pytest.mark.parametrize("key", [JOB + job_id(1), JOBS, RUNNING + ORG])
def test_cancel_writes_nothing_while_a_key_is_wrong(store, key):
    store.job_create(1, "replay")
    store.r.delete(key)
    store.r.set(key, "not what it should be")
    before = store.snapshot()
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        store.job_cancel(1)
    assert store.snapshot() == before


def test_which_jobs_are_due(store):
    assert store.jobs_due(NOW) == ("", [])
    for number, at in ((1, NOW + 50), (2, NOW), (3, NOW - 5)):
        store.job_create(number, "replay", now=at)
    assert store.jobs_due(NOW) == ("50", [(job_id(3), "replay"), (job_id(2), "replay")])
    assert store.jobs_due(NOW, limit=1) == ("0", [(job_id(3), "replay")])
    assert store.jobs_due(NOW + 50) == ("", [(job_id(number), "replay") for number in (3, 2, 1)])
    store.r.delete(JOB + job_id(3))
    assert store.jobs_due(NOW)[1][0] == (job_id(3), "")


def test_jobs_are_listed_newest_first(store):
    for number in range(1, 8):
        store.job_create(number, "replay", {"endpoint": f"ep_{number}"})
    store.job_create(9, "replay", org="org_other")
    store.r.delete(JOB + job_id(3))
    names = [job["endpoint"] for job in store.list_jobs(limit=3)]
    assert names == ["ep_7", "ep_6", "ep_5"]
    assert [job["endpoint"] for job in store.list_jobs(job_id(5))] == ["ep_4", "ep_2", "ep_1"]
    assert store.list_jobs(job_id(1)) == []
