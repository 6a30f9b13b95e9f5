"""Lanes: D5 held -> D1 ready, by promote.lua and release.lua, as a rate limit, an order or the end of both allow."""
import random

import pytest

from job_env import make_endpoints
from model import order
from store import (DELIVERIES, DUE, ENDPOINT, EVENTS, FRESH_FIELDS, LANE, ORG, RATE, RECORD, TURN, WAITING, delivery_id,
                   endpoint_id, entry_event_id, new_event, outcome, part, waiting_state)

NOW = 4000000000000  # so late that Redis, whose clock is another, lets no limiter expire
A, B = endpoint_id(1), endpoint_id(2)
ORDERED, PACED = dict(ordered="1"), dict(rate_per_second="10", rate_burst="3")


def give(store, count, *endpoints, now=NOW, org=ORG, **given):
    """Events with a delivery to each endpoint (A), as a processor that knows of its gate writes them: their ids."""
    store.publish([new_event(org=org) for _ in range(count)], max_depth=10**9)
    events = [(entry, entry_event_id(entry)) for entry, _ in store.read_events(count=count)]
    for at in range(0, count, 100):
        store.fanout("p1", [part(*one, sorted(endpoints or [A]), org=org, **{"gated": "1"} | given) for one in events[at:at + 100]], now)
    return [name for _, name in events]


def take(store, consumer="d1"):
    """What is ready and unread: (event, marked) and what settle needs."""
    claimed = store.read_deliveries(consumer)
    return [(fields["event"], fields.get("lane") == "1") for _, fields in claimed], claimed


def end(store, delivery, word, now=NOW, **given):
    assert store.settle("d1", [outcome(*delivery, word, **given)], now)[1] == ["settled"]


def hold(store, delivery, now=NOW):
    end(store, delivery, "hold", now, status=0, error="", duration_ms="", delay_ms="0")


def wake(store, endpoint=A):
    at = store.r.zscore(DUE, endpoint)
    return at and int(at) - NOW


def lane(store, endpoint=A):
    return ["evt_" + id[4:24] for id in store.r.zrange(LANE + endpoint, 0, -1)]


def test_fan_out_puts_it_in_line(store):
    store.gate(A, **ORDERED)
    store.gate(B, **PACED)
    first, second = give(store, 2, A, B, endpoint_id(3))
    assert lane(store, A) == lane(store, B) == [first, second] and (wake(store, A), wake(store, B)) == (0, 0)
    assert store.r.hgetall(RECORD + first) == {
        A: waiting_state("ordering", "-"), B: waiting_state("rate_limit", "-"), endpoint_id(3): "pending 0"}
    assert store.waiting() == {"ordering": 2, "rate_limit": 2}
    assert [event for event, marked in take(store)[0] if not marked] == [first, second]


@pytest.mark.parametrize("fields, reason", [(dict(ordered="0", rate_per_second="", rate_burst=""), None),
                                            (dict(ordered="1", paused="1"), "paused"), (ORDERED | PACED, "ordering")])
def test_what_gates(store, fields, reason):
    store.gate(A, **fields)
    event, = give(store, 1)
    assert store.r.hget(RECORD + event, A) == (waiting_state(reason, "-") if reason else "pending 0")
    assert wake(store) == (0 if reason == "ordering" else None)


def test_a_lane_that_has_its_time_keeps_it_when_more_come_and_is_woken_by_what_comes_back(store):
    store.gate(A, **ORDERED)
    give(store, 2)
    store.promote(now=NOW)
    assert wake(store) == 5000
    give(store, 1, now=NOW + 10)
    assert wake(store) == 5000
    _, (head,) = take(store)
    hold(store, head, NOW + 20)
    assert wake(store) == 20 and len(lane(store)) == 3


# -- rate

def test_a_burst_goes_at_once_marked_and_the_next_at_the_time_that_is_told(store):
    store.gate(A, **PACED)
    ids = give(store, 5)
    assert store.promote(now=NOW) == [3, str(NOW + 100), 0]
    assert take(store)[0] == [(event, True) for event in ids[:3]]
    assert list(store.ready()[0][1]) == [*FRESH_FIELDS, "lane"]
    assert store.waiting() == {"rate_limit": 2}
    assert store.promote(now=NOW + 99)[0] == 0
    assert store.promote(now=NOW + 100) == [1, str(NOW + 200), 0]
    assert store.promote(now=NOW + 200) == [1, "", 0]
    assert not store.r.exists(DUE, LANE + A, WAITING)


RATES = [(1, 1), (3, 10), (7, 3), (1000, 5), (700001, 50)]


@pytest.mark.parametrize("per_second, burst", RATES)
def test_never_faster_whenever_it_is_woken(store, per_second, burst):
    store.gate(A, rate_per_second=per_second, rate_burst=burst)
    give(store, 300)
    chance, times, now = random.Random(burst), [], NOW
    while len(times) < 250:
        times += [now] * store.promote(now=now)[0]
        for i, first in enumerate(times):
            assert len(times) - i <= burst + per_second * (now - first) / 1000
        now += chance.randrange(2 * 1000 * burst // per_second + 2)


def late(delivery):
    return outcome(*delivery, "late", status=0, error="rate_limit", duration_ms="", delay_ms="0")


def test_a_late_one_may_start_when_the_rate_limit_allows_one_more_which_counts(store):
    store.gate(A, **PACED)
    ids = give(store, 5)
    store.promote(now=NOW)
    store.promote(now=NOW + 200)
    _, claimed = take(store)
    then = NOW + 5000
    assert store.settle("d1", [late(one) for one in claimed], then)[1] == ["go"] * 3 + ["settled"] * 2
    assert list(store.pending(DELIVERIES, "dispatcher").values()) == ["d1"] * 3
    assert [store.r.hget(RECORD + event, A).split()[:2] for event in ids] == [["pending", "0"]] * 3 + [["waiting", "rate_limit"]] * 2
    assert lane(store) == ids[3:] and store.waiting() == {"rate_limit": 2}
    assert wake(store) == 6000, "the lane yields to others that are late"
    assert store.settle("d1", [late(claimed[0])], then)[1] == ["settled"], "what went was counted"
    assert store.settle("d1", [late(claimed[1])], then + 100)[1] == ["go"]
    end(store, claimed[1], "delivered", then)


def test_what_is_known_to_be_unprocessed_is_looked_for_once_per_call(store):
    """Forty ordered endpoints of one organization, whose oldest event is stuck with a processor."""
    store.publish([new_event()])
    store.read_events("stuck")
    endpoints = [endpoint_id(i) for i in range(1, 41)]
    for endpoint in endpoints:
        store.gate(endpoint, **ORDERED)
    give(store, 3, *endpoints)
    store.r.config_resetstat()
    store.release(*endpoints, now=NOW)
    assert store.r.xlen(DELIVERIES) == 0 and all(len(lane(store, endpoint)) == 3 for endpoint in endpoints)
    assert store.r.info("commandstats")["cmdstat_xrange"]["calls"] == 1


def test_late_ones_go_at_the_rate_while_their_lane_has_more(store):
    """A claim takes 1.5 s, so each counts twice, and a lane that yields lets go of nothing meanwhile: not much of the rate, but some."""
    store.gate(A, rate_per_second="10", rate_burst="1")
    give(store, 300)
    stream, started = [], 0
    for now in range(NOW, NOW + 20000, 50):
        store.promote(now=now)
        stream += [(now, one) for one in take(store)[1]]
        while stream and stream[0][0] <= now - 1500:
            (word,) = store.settle("d1", [late(stream.pop(0)[1])], now)[1]
            started += word == "go"
    assert 20 * 10 * 0.15 < started <= 20 * 10 + 1


def test_lanes_let_go_of_one_at_a_time_while_many_are_unread(store):
    store.gate(A, rate_per_second="1000000", rate_burst="1000000")
    give(store, 500)
    assert store.promote(now=NOW) == [200, str(NOW), 0]
    assert [store.promote(now=NOW + 5 * i) for i in range(1, 3)] == [[1, str(NOW + 5 * i + 5), 0] for i in range(1, 3)]
    store.gate(A, rate_per_second="", rate_burst="")
    assert store.promote(now=NOW + 15) == [1, str(NOW + 20), 0], "also when it is open"
    store.read_deliveries(count=1000)
    assert store.promote(now=NOW + 20)[0] == 200


def test_a_late_one_that_is_another_s_counts_nothing(store):
    store.gate(A, **PACED)
    give(store, 1)
    store.promote(now=NOW)
    _, (one,) = take(store)
    before = store.snapshot()
    assert store.settle("d2", [late(one)], NOW + 5000)[1] == ["refused"]
    assert store.snapshot() == before


@pytest.mark.parametrize("fields, state", [
    (dict(ordered="0", rate_per_second="", rate_burst=""), "pending 0"), (PACED | dict(paused="1"), waiting_state("paused", "-")),
    (ORDERED | dict(rate_per_second="", rate_burst=""), waiting_state("ordering", "-"))])
def test_a_late_one_whose_gate_is_another_by_now(store, fields, state):
    store.gate(A, **PACED)
    event, = give(store, 1)
    store.promote(now=NOW)
    _, (one,) = take(store)
    store.gate(A, **fields)
    assert store.settle("d1", [late(one)], NOW + 5000)[1] == ["settled"]
    assert store.r.hget(RECORD + event, A) == state and store.pending(DELIVERIES, "dispatcher") == {}
    assert store.r.xlen(DELIVERIES) == (state == "pending 0")


def test_a_late_one_of_an_ordered_endpoint_keeps_its_turn(store):
    store.gate(A, **ORDERED, **PACED)
    ids = give(store, 2)
    store.promote(now=NOW)
    _, (head,) = take(store)
    assert store.settle("d1", [late(head)], NOW + 5000)[1] == ["go"]
    store.promote(now=NOW + 5000)
    assert lane(store) == ids[1:]
    end(store, head, "delivered", NOW + 5000)
    store.release(A, now=NOW + 5000)
    assert lane(store) == []


@pytest.mark.parametrize("per_second, burst", RATES[:-1])
def test_never_slower_when_it_is_woken_in_time(store, per_second, burst):
    store.gate(A, rate_per_second=per_second, rate_burst=burst)
    give(store, 100)
    count, now = 0, NOW
    while count < 100:
        count += store.promote(now=now)[0]
        assert count == min(100, burst + per_second * (now - NOW) // 1000)
        now = int(store.r.zscore(DUE, A) or now)


def test_each_attempt_takes_the_lane(store):
    store.gate(A, rate_per_second="1", rate_burst="1")
    event, = give(store, 1)
    store.promote(now=NOW)
    _, (delivery,) = take(store)
    end(store, delivery, "retry", delay_ms=0)
    store.promote(now=NOW)
    sent, (delivery,) = take(store)
    assert sent == [(event, False)] and delivery[1]["attempt"] == "2"
    hold(store, delivery)
    assert store.promote(now=NOW) == [0, str(NOW + 1000), 0]
    store.promote(now=NOW + 1000)
    assert take(store)[0] == [(event, True)]


def test_retried_ones_go_before_younger_ones(store):
    store.gate(A, **PACED)
    ids = give(store, 6)
    store.promote(now=NOW)
    _, claimed = take(store)
    hold(store, claimed[1])
    store.promote(now=NOW + 200)
    assert take(store)[0] == [(ids[1], True), (ids[3], True)]


# -- order

def test_one_at_a_time_until_it_has_ended(store):
    store.gate(A, **ORDERED)
    ids = give(store, 3)
    assert store.promote(now=NOW) == [1, str(NOW + 5000), 0]
    assert store.release(A, now=NOW) == str(NOW + 5000)
    sent, (delivery,) = take(store)
    assert sent == [(ids[0], True)]
    for word in ("delivered", "dead"):
        before = store.snapshot()
        store.release(A, now=NOW)
        assert store.snapshot() == before
        end(store, delivery, word)
        store.release(A, now=NOW)
        sent, (delivery,) = take(store)
    assert sent == [(ids[2], True)] and wake(store) is None
    assert store.r.hget(TURN + A, "delivery") == delivery_id(ids[2], A)


@pytest.mark.parametrize("word, given", [("retry", dict(delay_ms=60000)), ("snooze", dict(delay_ms=60000)),
                                         ("park", dict(error="concurrency_limit", duration_ms="", delay_ms=60000))])
def test_a_head_that_waits_holds_the_others_and_comes_back_first(store, word, given):
    store.gate(A, **ORDERED)
    ids = give(store, 3)
    store.promote(now=NOW)
    _, (delivery,) = take(store)
    end(store, delivery, word, **given)
    assert store.promote(now=NOW + 5000) == [0, str(NOW + 60000), 0]
    assert store.promote(now=NOW + 60000)[0] == 1 and wake(store) == 65000
    sent, (delivery,) = take(store)
    assert sent == [(ids[0], False)]
    hold(store, delivery, NOW + 60000)
    store.promote(now=NOW + 60000)
    assert take(store)[0] == [(ids[0], True)]


def test_a_head_that_is_handed_back_stays_the_head(store):
    store.gate(A, **ORDERED)
    give(store, 2)
    store.promote(now=NOW)
    _, (delivery,) = take(store)
    end(store, delivery, "ready", duration_ms="")
    assert store.release(A, now=NOW) == str(NOW + 5000)
    assert len(take(store)[0]) == 1


def test_an_older_one_that_comes_late_waits_for_the_head(store):
    """As when it was scheduled, or is replayed."""
    store.gate(A, **ORDERED)
    old, = give(store, 1, gated="0")
    _, (late,) = take(store)
    young, = give(store, 1)
    store.promote(now=NOW)
    _, (head,) = take(store)
    hold(store, late)
    hold(store, head)
    assert lane(store) == [old, young]
    store.promote(now=NOW)
    sent, (head,) = take(store)
    assert sent == [(young, True)]
    end(store, head, "delivered")
    store.release(A, now=NOW)
    assert take(store)[0] == [(old, True)]


def test_nothing_goes_before_an_older_event_is_processed(store):
    store.gate(A, **ORDERED)
    store.publish([new_event()], 10)
    (entry, _), = store.read_events("p2")
    event, = give(store, 1)
    assert store.promote(now=NOW)[0] == 0
    assert store.r.hgetall(TURN + A) == {"seen": entry}
    older = entry_event_id(entry)
    store.fanout("p2", [part(entry, older, [A], gated="1")], NOW)
    store.promote(now=NOW + 5000)
    sent, (delivery,) = take(store)
    assert sent == [(older, True)]
    end(store, delivery, "delivered")
    store.release(A, now=NOW)
    assert take(store)[0] == [(event, True)]


@pytest.mark.parametrize("waited_ms, again_ms", [(0, 20), (200, 20), (1000, 100), (49999, 4999), (60000, 5000)])
def test_it_is_looked_for_less_often_the_longer_it_takes(store, waited_ms, again_ms):
    store.gate(A, **ORDERED)
    store.publish([new_event()], 10)
    store.read_events("p2")
    event, = give(store, 1, now=1)
    accepted_ms = int(store.r.xrevrange(EVENTS, count=1)[0][0].split("-")[0])
    assert store.promote(now=accepted_ms + waited_ms) == [0, str(accepted_ms + waited_ms + again_ms), 0]


def test_an_older_event_in_parts_is_processed_with_the_last_of_them(store):
    store.gate(B, **ORDERED)
    store.publish([new_event()], 10)
    (entry, _), = store.read_events("p2")
    store.fanout("p2", [part(entry, entry_event_id(entry), [A], to=A)], NOW)
    give(store, 1, B)
    assert store.promote(now=NOW)[0] == 0
    store.fanout("p2", [part(entry, entry_event_id(entry), [endpoint_id(3)], **{"from": A})], NOW)
    assert store.promote(now=NOW + 5000)[0] == 1


def test_another_organization_s_event_holds_up_nobody(store):
    store.gate(A, **ORDERED)
    store.publish([new_event(org="org_other")], 10)
    store.read_events("p2")
    event, = give(store, 1)
    assert store.promote(now=NOW)[0] == 1


def test_the_look_at_older_events_is_bounded_and_goes_on_where_it_ended(store):
    store.gate(A, **ORDERED)
    store.publish([new_event(org="org_other"), new_event()], 10)
    (_, (mine, _)) = store.read_events("p2")
    give(store, 250, B)
    event, = give(store, 1)
    store.fanout("p2", [part(mine, entry_event_id(mine), [B])], NOW)
    seen = []
    for moved in (0, 0, 1):
        store.r.config_resetstat()
        assert store.promote(now=NOW)[0] == moved
        assert store.r.info("commandstats")["cmdstat_xpending"]["calls"] <= 102
        seen.append(store.r.hget(TURN + A, "seen"))
    assert sorted(seen, key=order) == seen and len(set(seen)) == 3


def test_without_the_group_nothing_is_known_to_be_processed(store):
    """Made again at 0, as after a loss, it comes to the older one first."""
    store.gate(A, **ORDERED)
    older, = give(store, 1, B)
    event, = give(store, 1)
    store.r.xgroup_destroy(EVENTS, "processor")
    assert store.promote(now=NOW) == [0, str(NOW + 5000), 0]
    store.r.xgroup_create(EVENTS, "processor", "0")
    assert store.promote(now=NOW + 5000)[0] == 0
    (entry, _), _ = store.read_events("p1")
    assert store.promote(now=NOW + 10000)[0] == 0
    store.fanout("p1", [part(entry, older, [B])], NOW)
    assert store.promote(now=NOW + 15000)[0] == 1


def test_both_gates_at_once(store):
    store.gate(A, ordered="1", rate_per_second="1", rate_burst="1")
    ids = give(store, 2)
    store.promote(now=NOW)
    _, (delivery,) = take(store)
    end(store, delivery, "delivered")
    assert store.release(A, now=NOW) == str(NOW + 1000)
    store.promote(now=NOW + 1000)
    assert take(store)[0] == [(ids[1], True)]


# -- open and closed

def test_a_paused_lane_lets_nothing_go_and_is_not_due(store):
    store.gate(A, **PACED)
    ids = give(store, 2)
    store.pause(A)
    assert store.promote(now=NOW) == [0, "", 0]
    assert lane(store) == ids and store.waiting() == {"rate_limit": 2}
    before = store.snapshot()
    store.release(A, now=NOW)
    assert store.snapshot() == before


@pytest.mark.parametrize("change", [dict(ordered="0"), dict(disabled="1"), None])
def test_a_lane_without_a_gate_lets_all_go_unmarked(store, change):
    store.gate(A, **ORDERED)
    ids = give(store, 3)
    if change:
        store.gate(A, **change)
    else:
        store.r.delete(ENDPOINT + A)
    assert store.release(A, now=NOW) == ""
    assert take(store)[0] == [(event, False) for event in ids]
    assert not store.r.exists(LANE + A) and store.waiting() == {}


def test_two_hundred_at_once_for_all_lanes_together(store):
    for endpoint in (A, B):
        store.gate(endpoint, rate_per_second="1000000", rate_burst="1000")
        give(store, 150, endpoint)
    assert store.release(A, B, now=NOW) == str(NOW)
    assert store.r.xlen(DELIVERIES) == 200 and (len(lane(store, A)), len(lane(store, B))) == (0, 100)
    take(store)
    assert store.promote(limit=30, now=NOW) == [30, str(NOW), 0]
    assert store.promote(now=NOW) == [70, "", 0]


def test_an_open_lane_lets_go_while_few_are_unread(store):
    store.gate(A, **ORDERED)
    ids = give(store, 250)
    store.gate(A, ordered="0")
    store.give_deliveries(100)  # claimed
    give(store, 120, B)
    assert store.release(A, now=NOW) == str(NOW + 5)
    assert store.r.xlen(DELIVERIES) == 300 and lane(store) == ids[80:]
    assert store.promote(now=NOW + 5) == [1, str(NOW + 10), 0], "one goes whoever waits"
    store.read_deliveries(count=50)
    assert store.promote(now=NOW + 10)[0] == 49


def test_deliveries_and_lanes_that_are_due_share_a_call(store):
    store.gate(A, rate_per_second="100", rate_burst="100")
    claimed = store.give_deliveries(3)
    store.settle("d1", [outcome(*one, "retry", delay_ms=0) for one in claimed], NOW - 1)
    give(store, 5)
    assert store.promote(limit=4, now=NOW) == [4, str(NOW), 0]
    assert store.promote(limit=4, now=NOW) == [4, "", 0]


def test_what_is_held_is_counted_while_nothing_is_due(store):
    for endpoint, fields in ((A, ORDERED), (B, PACED)):
        store.gate(endpoint, **fields)
        give(store, 2, endpoint)
        store.pause(endpoint)
    store.r.hset(WAITING, "backoff", 7)
    store.promote(now=NOW)
    assert store.waiting() == {"ordering": 2, "rate_limit": 2}


# -- what is broken, and twice

@pytest.mark.parametrize("fields", [ORDERED, PACED])
def test_keys_that_are_something_else_stop_no_other_lane(store, fields):
    for endpoint in (A, B):
        store.gate(endpoint, **fields)
        give(store, 1, endpoint)
    store.r.delete(LANE + A)
    for key in (LANE + A, TURN + A, TURN + B):
        store.r.set(key, "x")
    store.r.hset(RATE + B, "x", "y")
    assert store.promote(now=NOW) == [1, "", 0]
    assert [fields["endpoint"] for _, fields in take(store)[1]] == [B]


def test_a_member_whose_record_is_lost_leaves_the_lane(store):
    store.gate(A, **ORDERED)
    first, second = give(store, 2)
    store.r.hdel(RECORD + first, A)
    assert store.promote(now=NOW)[0] == 0
    assert store.promote(now=NOW + 5000)[0] == 1 and take(store)[0] == [(second, True)]


def test_twice_moves_once(store):
    store.gate(A, **ORDERED)
    store.gate(B, rate_per_second="1", rate_burst="1")
    give(store, 2, A, B)
    store.promote(now=NOW)
    before = store.snapshot()
    store.release(A, B, now=NOW)
    assert store.promote(now=NOW) == [0, str(NOW + 1000), 0] and store.snapshot() == before


# -- resuming, replays, and what readers are told

def resume(store, count):
    """A job of it, and how many steps it took."""
    store.job_create(1, "release", {"endpoint": A}, now=NOW)
    for step in range(1, count + 2):
        word, _ = store.step("release", 1, NOW)
        if word == "done":
            return step
    raise AssertionError("the job does not end")


@pytest.mark.parametrize("fields, reason", [(ORDERED, "ordering"), (PACED, "rate_limit")])
def test_resumed_it_waits_for_the_gate_that_is_left(store, fields, reason):
    store.gate(A, paused="1", **fields)
    ids = give(store, 450)
    assert store.waiting() == {"paused": 450} and wake(store) is None
    store.resume(A)
    assert resume(store, 5) == 3
    assert store.waiting() == {reason: 450} and store.r.xlen(DELIVERIES) == 0 and wake(store) == 0
    assert {store.r.hget(RECORD + event, A) for event in ids} == {waiting_state(reason, "-")}
    assert (store.job(1)["done"], store.job(1)["skipped"]) == ("0", "0")


def test_replays_do_not_take_it_out_of_line(store):
    store.gate(A, **ORDERED)
    event, = give(store, 1)
    before = store.snapshot()
    assert store.replay([(event, A)]) == ["pending"]
    store.pause(A)
    assert store.replay([(event, A)]) == ["paused"]
    store.r.hset(ENDPOINT + A, "disabled", "1")
    assert store.replay([(event, A)]) == ["disabled"]
    store.r.hset(ENDPOINT + A, mapping={"disabled": "0", "paused": "0"})
    assert lane(store) == [event] and store.r.xlen(DELIVERIES) == 0 and before[DUE] == store.snapshot()[DUE]


def test_readers_are_told_when_its_lane_goes_on_or_that_it_is_paused(store):
    make_endpoints(store, A)
    store.r.zadd("mr:{0}:endpoints:" + ORG, {A: 0})
    store.gate(A, rate_per_second="1", rate_burst="1")
    _, event = give(store, 2)

    def told():
        (_, _, listed, _), = store.list_deliveries(event=event)[1]
        assert listed == store.find_delivery(event, A)[1]
        return listed
    store.promote(now=NOW)
    assert told() == waiting_state("rate_limit", NOW + 1000)
    store.pause(A)
    assert told() == waiting_state("paused", "-")
    store.resume(A)
    store.r.zrem(DUE, A)
    assert told() == waiting_state("rate_limit", "-")
    store.r.hset(ENDPOINT + A, mapping={"rate_per_second": "", "rate_burst": ""})
    store.release(A, now=NOW)
    assert told() == "pending 0"
