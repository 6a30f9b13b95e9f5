"""job_forget.lua: nothing of an organization is left, and everything of the others."""
import pytest
import redis

from job_env import NOW, give, make_endpoints
from store import (DUE, ENDPOINT, EVENTS, JOB, JOBS, LANE, ORG_EVENTS, P, RATE, RECORD, STATS, STEP_MS, TURN, WAITING,
                   entry_event_id, job_id, new_event, outcome, part)

MINE, OTHER = "org_" + "a" * 20, "org_" + "b" * 20
MY_ENDPOINTS = ["ep_" + letter * 20 for letter in "cd"]
OTHERS_ENDPOINT = "ep_" + "e" * 20
SHARED = ("events", "deliveries", "attempts", "dlq")


def furnish(store, org, endpoints):
    """Of everything something."""
    r = store.r
    make_endpoints(store, *endpoints)
    for endpoint in endpoints:
        r.hset(ENDPOINT + endpoint, "org", org)
        r.zadd(P + "endpoints:" + org, {endpoint: 0})
    r.zadd(P + "gone:" + org, {endpoints[0][:-1] + "0": 0})
    r.zadd(P + "keys:" + org, {f"key_{org[-20:]}:{'0' * 64}": 0})
    r.xadd(P + "audit:" + org, {"target": org})
    r.xadd(P + "audit:" + org, {"target": org})
    r.hset(P + "letters:" + org, f"evt_{'1' * 20} {endpoints[0]}", "1-1")
    r.mset({RATE + org: "1", RATE + "key_" + org[-20:]: "1"})
    r.set(P + f"dedup:{org}:{'1' * 32}", "1-1 x")
    r.hset("mr:org:" + org, "id", org)
    r.zadd("mr:orgs", {org: 0})
    r.hset(STATS, mapping={org + ":skipped": 1, org + ":extra": 1, org + ":snoozed": 1})  # the other counters come with what follows
    r.set("mr:key:" + "0" * 64, org) if org == MINE else None
    give(store, ["delivered", "dead", "retry"], endpoints[0], org)
    give(store, ["dead", "delivered"], endpoints[-1], org)
    r.zadd(P + "leases:" + org, {r.xrange(ORG_EVENTS + org)[0][0]: NOW})
    store.publish([new_event(org=org)])
    (entry, _), = store.read_events()
    store.fanout("p1", [part(entry, entry_event_id(entry), endpoints, org=org, after=str(10**15))])
    r.hset(ENDPOINT + endpoints[0], "paused", "1")
    store.publish([new_event(org=org)])
    (entry, _), = store.read_events()
    store.fanout("p1", [part(entry, entry_event_id(entry), endpoints[:1], org=org, gated="1")])
    for endpoint in endpoints:
        r.set(RATE + endpoint, "1 0")
        r.hset(TURN + endpoint, "delivery", "dlv_1")
    if len(endpoints) > 1:
        r.hset(ENDPOINT + endpoints[-1], "ordered", "1")
        store.publish([new_event(org=org)] * 2)
        store.fanout("p1", [part(entry, entry_event_id(entry), endpoints[-1:], org=org, gated="1") for entry, _ in store.read_events()])
        assert r.zscore(DUE, endpoints[-1]) and r.zcard(LANE + endpoints[-1]) == 2
    store.job_create(7 if org == MINE else 8, "replay", {"endpoint": endpoints[0]}, org=org)


def texts(value):
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in texts(part)]
    if isinstance(value, (list, tuple, set)):
        return [text for part in value for text in texts(part)]
    return [str(value)]


def naming(store, org, endpoints):
    """Keys that name the organization or an endpoint of it, in their name or their value."""
    names = [org[4:], *(endpoint[3:] for endpoint in endpoints)]
    return [key for key, value in store.snapshot().items()
            if any(name in text for name in names for text in texts([key, value]))]


def of_other(store):
    """All that is the other's: its keys, and its entries of shared ones."""
    found = {}
    for key, value in store.snapshot().items():
        if key in (P + name for name in SHARED):
            found[key] = [(entry, fields) for entry, fields in value[0] if fields["org"] == OTHER]
        elif key in (P + "failing", STATS):
            found[key] = {name: text for name, text in value.items() if OTHERS_ENDPOINT in name or OTHER in name}
        elif key in (JOBS, "mr:orgs"):
            found[key] = [member for member, _ in value if member not in (job_id(1), job_id(7), MINE)]
        elif key == DUE:
            found[key] = [member for member, _ in value if member.endswith(OTHERS_ENDPOINT[3:])]
        elif key != WAITING:
            found[key] = value
    return {key: value for key, value in found.items() if value and MINE[4:] not in key and "c" * 20 not in key and "d" * 20 not in key
            and not (key.startswith(RECORD) and OTHERS_ENDPOINT not in value)
            and key not in (JOB + job_id(1), JOB + job_id(7), RATE + "key_" + MINE[4:], "mr:key:" + "0" * 64)}


def run_forget(store, number=1, between=lambda: None):
    """As a processor would: what it did elsewhere, in order."""
    done = []
    for _ in range(2000):
        word, _, *rest = store.step("forget", number)
        if word == "keys":
            for member in rest[1:]:
                key_id, sha256 = member.split(":")
                store.r.delete("mr:key:" + sha256, RATE + key_id)
                store.r.zrem(P + "keys:" + rest[0], member)
        elif word == "organization":
            store.r.zrem("mr:orgs", rest[0])
            store.r.delete("mr:org:" + rest[0])
            assert store.step("forget", number, news=word) == ("absent", 0)
        if word not in ("running", "absent"):
            done.append((word, *rest))
        if word == "absent":
            return done
        between()
    raise AssertionError(f"it does not end: {store.job(number)}")


def make(store, number=1):
    """Long ago."""
    store.job_create(number, "forget", org=MINE, most=0, now=NOW)


def test_nothing_of_it_is_left_and_all_of_the_others(store):
    furnish(store, MINE, MY_ENDPOINTS)
    furnish(store, OTHER, [OTHERS_ENDPOINT])
    before = of_other(store)
    assert len(before) > 15 and len(naming(store, MINE, MY_ENDPOINTS)) > 20
    make(store)
    done = run_forget(store)
    assert [word for word, *_ in done] == ["keys", "endpoints", "endpoints", "organization"]
    assert set(done[1][2:]) == set(MY_ENDPOINTS)
    assert naming(store, MINE, MY_ENDPOINTS) == []
    assert of_other(store) == before
    assert store.waiting() == {"backoff": 1, "scheduled": 1, "paused": 1}


def test_alone(store):
    """The last organization: what remains has no owner."""
    furnish(store, MINE, MY_ENDPOINTS)
    make(store)
    run_forget(store)
    assert naming(store, MINE, MY_ENDPOINTS) == []
    assert set(store.snapshot()) <= {WAITING, *(P + name for name in SHARED)}
    assert store.waiting() == {}


def test_it_waits_until_nothing_is_taken_any_more(store):
    furnish(store, MINE, MY_ENDPOINTS)
    make(store)
    before = store.snapshot()
    assert store.step("forget", 1, now=NOW + 1999) == ("running", 200)
    assert store.snapshot() == before
    assert store.step("forget", 1, now=NOW + 2000) == ("running", STEP_MS)


def test_events_that_are_with_somebody_stay_until_they_end(store):
    furnish(store, MINE, MY_ENDPOINTS)
    give(store, ["claimed"], MY_ENDPOINTS[0], MINE)
    store.publish([new_event(org=MINE)])
    read = store.read_events()
    store.publish([new_event(org=MINE)])  # unread
    make(store)
    steps = []
    for _ in range(40):
        steps.append(store.step("forget", 1)[:2])
        if steps[-1][0] == "keys":
            store.r.delete(P + "keys:" + MINE, "mr:key:" + "0" * 64, RATE + "key_" + MINE[4:])
    assert steps[-1] == ("running", 100), "it rests between looks"
    assert store.r.xlen(ORG_EVENTS + MINE) == 3 and store.r.xlen(EVENTS) == 3
    (late, _), = read  # its processor has not heard that the endpoint is gone
    store.fanout("p1", [part(late, entry_event_id(late), MY_ENDPOINTS[1:2], org=MINE, mark=11)])
    for entry, _ in store.read_events():
        store.fanout("p1", [part(entry, entry_event_id(entry), [], org=MINE, skipped="no_endpoint")])
    store.read_deliveries()
    for entry, fields in store.ready():
        store.settle("d1", [outcome(entry, fields, "dead", error="endpoint_deleted", duration_ms="")])
    run_forget(store)
    assert naming(store, MINE, MY_ENDPOINTS) == [] and store.r.xlen(EVENTS) == 0


def test_wide_events_go_in_parts(store):
    endpoints = ["ep_%020d" % number for number in range(1300)]
    store.publish([new_event(org=MINE)])
    (entry, _), = store.read_events()
    for at in range(0, 1300, 200):
        some = endpoints[at:at + 200]
        store.fanout("p1", [part(entry, entry_event_id(entry), some, org=MINE, after=str(10**15),
                                 to=some[-1] if at < 1200 else "", **{"from": endpoints[at - 1] if at else ""})])
    assert store.r.zcard(DUE) == 1300
    make(store)
    run_forget(store)
    assert naming(store, MINE, []) == [] and store.r.zcard(DUE) == 0 and store.waiting() == {}
    assert list(store.r.scan_iter(RECORD + "*")) == []


def test_redis_can_tell_the_lag_afterwards(store):
    """Although the entry that the group read last is gone, and an older one of another is there."""
    give(store, ["delivered"], OTHERS_ENDPOINT, OTHER)
    give(store, ["delivered"] * 3, MY_ENDPOINTS[0], MINE)
    make(store)
    run_forget(store)
    group, = store.r.xinfo_groups(EVENTS)
    assert group["lag"] == 0
    store.publish([new_event(org=OTHER), new_event(org=OTHER)])
    group, = store.r.xinfo_groups(EVENTS)
    assert group["lag"] == 2 and len(store.read_events()) == 2
    group, = store.r.xinfo_groups(EVENTS)
    assert group["lag"] == 0


def test_many_events_go_in_bounded_steps(store):
    give(store, ["delivered"] * 250, MY_ENDPOINTS[0], MINE)
    make(store)
    left = []
    run_forget(store, between=lambda: left.append(store.r.xlen(ORG_EVENTS + MINE)))
    assert sorted(set(left), reverse=True) == [250, 150, 50, 0]


@pytest.mark.parametrize("steps", range(1, 14))
def test_after_any_step_another_processor_goes_on(store, steps):
    """A processor that dies after a step has not done what it was to do elsewhere: it is asked again."""
    furnish(store, MINE, MY_ENDPOINTS)
    make(store)
    for _ in range(steps):
        store.step("forget", 1)
    run_forget(store)
    assert naming(store, MINE, []) == []


def test_twice_is_harmless(store):
    furnish(store, MINE, MY_ENDPOINTS)
    make(store, 1)
    make(store, 2)
    run_forget(store, 1)
    assert store.step("forget", 2) == ("absent", 0)
    assert naming(store, MINE, MY_ENDPOINTS) == []


@pytest.mark.parametrize("key", [JOB + job_id(1), ORG_EVENTS + MINE, EVENTS])
def test_a_key_that_is_wrong_holds_it_up_and_nothing_else_is_touched(store, key):
    furnish(store, OTHER, [OTHERS_ENDPOINT])
    give(store, ["delivered"], MY_ENDPOINTS[0], MINE)
    make(store)
    store.r.delete(key)
    store.r.set(key, "not what it should be")
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        run_forget(store)
    before = store.snapshot()
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        store.step("forget", 1)
    assert store.snapshot() == before
