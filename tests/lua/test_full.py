"""When Redis is full or may not write: accepting work is refused whole, finishing work goes on."""
import pytest
import redis

from store import DELIVERIES, DUE, EVENTS, JOBS, P, endpoint_id, event_id, new_event, outcome, part

NOW = 1700000000000


RECORD, INDEX, GONE, AUDIT = P + "endpoint:ep_1", P + "endpoints:org", P + "gone:org", P + "audit:org"


@pytest.fixture
def full(store):
    """Entries in every state, then a limit far below what is in use."""
    store.configure("create", RECORD, {"url": "x"}, INDEX, "ep_1")
    store.waiting = store.give_deliveries(1, "d0")
    store.settle("d0", [outcome(*one, "retry", delay_ms=0) for one in store.waiting], NOW)
    store.claimed = store.give_deliveries(6, "d1")
    store.age(DELIVERIES, "dispatcher", "d2", store.claimed[5][0], 60000)
    store.publish([new_event() for _ in range(2)])
    store.events = [entry for entry, _ in store.read_events()]
    store.r.config_set("maxmemory", "1mb")
    yield store
    store.r.config_set("maxmemory", 0)


def test_accepting_is_refused_and_nothing_is_written(full):
    before = full.snapshot()
    item = new_event(dedup="x", dedup_key=P + "dedup:org:x", fingerprint="a" * 32)
    with pytest.raises(redis.ResponseError, match="OOM|maxmemory"):
        full.publish([new_event(limiters=(1, 0)), item], limiters=[("org", 1, 1)])
    with pytest.raises(redis.ResponseError, match="OOM|maxmemory"):
        full.configure("create", P + "endpoint:ep_2", {"url": "x"}, INDEX, "ep_2")
    with pytest.raises(redis.ResponseError, match="OOM|maxmemory"):
        full.job_create(1, "replay")
    assert full.snapshot() == before


def test_finishing_goes_on(full):
    assert full.fanout("p1", [part(full.events[0], event_id(7), [endpoint_id(1)]),
                              part(full.events[1], event_id(8), [endpoint_id(1)], after=NOW + 1)], NOW)[1] == \
        [("done", ""), ("done", "")]
    words = ["delivered", "retry", "snooze", "ready", "dead"]
    assert full.limit([("org", 1, 1)])[0] == "allowed"
    assert full.settle("d1", [outcome(*one, word) for one, word in zip(full.claimed, words)], NOW)[1] == ["settled"] * 5
    assert full.promote(now=NOW)[0] == 1
    assert full.renew(DELIVERIES, "dispatcher", "d2", [full.claimed[5][0]]) == []
    full.age(DELIVERIES, "dispatcher", "d2", full.claimed[5][0], 60000)
    assert len(full.reclaim(DELIVERIES, "dispatcher", "d3", 30000)[2]) == 1
    assert full.reap(DELIVERIES, "dispatcher", 0) == 3
    assert full.trim(10**14)[0] > 0
    assert full.r.zcard(DUE) == 3


def test_what_takes_away_or_frees_is_made(full):
    assert full.call("append_when_full", [AUDIT], ["MINID", "~", 0, "*", "action", "endpoint.paused"])
    assert full.configure("change", RECORD, {"paused": "1"}, script="configure_when_full") == "written"
    assert full.configure("remove", RECORD, {}, INDEX, "ep_1", GONE, script="configure_when_full") == "written"
    assert (full.r.exists(RECORD), full.r.zrange(INDEX, 0, -1), full.r.zrange(GONE, 0, -1)) == (0, [], ["ep_1"])
    for number, kind in enumerate(("release", "purge", "forget")):
        assert full.job_create(number, kind, script="job_create_when_full") == "created"
    assert full.r.xlen(AUDIT) == 1 and full.r.zcard(JOBS) == 3


def test_nothing_else_is(full):
    before = full.snapshot()
    for rule in ("create", "once", "swap"):
        with pytest.raises(redis.ResponseError, match="change or remove"):
            full.configure(rule, P + "endpoint:ep_2", {"url": "x", "old": "y"}, INDEX, "ep_2", script="configure_when_full")
    for kind in ("replay", "redrive"):
        with pytest.raises(redis.ResponseError, match="release, purge or forget"):
            full.job_create(1, kind, script="job_create_when_full")
    assert full.snapshot() == before


def test_with_room_again_it_is_accepted(full):
    full.r.config_set("maxmemory", 0)
    assert full.publish([new_event()])[0][0] == "accepted"


def test_without_enough_replicas_nothing_is_written(store):
    (entry, fields), = store.give_deliveries()
    store.r.config_set("min-replicas-to-write", 1)
    try:
        before = store.snapshot()
        for refused in (lambda: store.publish([new_event()]),
                        lambda: store.settle("d1", [outcome(entry, fields, "delivered")])):
            with pytest.raises(redis.ResponseError, match="NOREPLICAS"):
                refused()
        assert store.snapshot() == before
    finally:
        store.r.config_set("min-replicas-to-write", 0)
    assert store.settle("d1", [outcome(entry, fields, "delivered")])[1] == ["settled"]
