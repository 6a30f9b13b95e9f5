"""job_create.lua: a job begins."""
import pytest
import redis

from store import JOB, JOBS, ORG, ORG_JOBS, RUNNING, job_id

NOW = 1700000000000


def test_a_job_has_a_record_and_its_places(store):
    assert store.job_create(1, "replay", {"endpoint": "ep_1", "since_ms": "5"}, now=NOW) == "created"
    assert store.r.hgetall(JOB + job_id(1)) == {
        "id": job_id(1), "kind": "replay", "org": ORG, "state": "running", "cursor": "", "done": "0", "skipped": "0",
        "error": "", "created_at": str(NOW), "updated_at": str(NOW), "finished_at": "", "actor": "key_1",
        "endpoint": "ep_1", "since_ms": "5"}
    assert store.r.zrange(JOBS, 0, -1, withscores=True) == [(job_id(1), NOW)]
    assert store.r.zrange(ORG_JOBS + ORG, 0, -1, withscores=True) == [(job_id(1), 0)]
    assert store.r.smembers(RUNNING + ORG) == {job_id(1)}


def test_twice_is_once(store):
    store.job_create(1, "replay", now=NOW)
    before = store.snapshot()
    assert store.job_create(1, "purge", now=NOW + 1) == "created"
    assert store.snapshot() == before


def test_an_organization_has_only_so_many_unfinished(store):
    assert [store.job_create(number, "replay", most=3) for number in range(4)] == ["created"] * 3 + ["full"]
    assert not store.r.exists(JOB + job_id(3))
    assert store.job_create(4, "replay", most=3, org="org_other") == "created"
    assert store.job_create(5, "release", most=0) == "created"
    assert store.job_create(1, "replay", most=3) == "created", "one that exists is not refused"


@pytest.mark.parametrize("key", [JOB + job_id(1), JOBS, ORG_JOBS + ORG, RUNNING + ORG])
def test_writes_nothing_while_a_key_is_wrong(store, key):
    store.r.set(key, "not what it should be")
    before = store.snapshot()
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        store.job_create(1, "replay")
    assert store.snapshot() == before


def test_wrong_arguments_write_nothing(store):
    before = store.snapshot()
    with pytest.raises(redis.ResponseError, match="pairs of name"):
        store.call("job_create", [JOB + "x", JOBS, ORG_JOBS + ORG, RUNNING + ORG], [0, "", "x", ORG, "replay", "key_1", "a"])
    assert store.snapshot() == before
