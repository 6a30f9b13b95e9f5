"""promote.lua: D4 waiting -> D1 ready."""
import pytest

from store import (ATTEMPTS, DELIVERIES, DELIVERY_FIELDS, DUE, LANE, ORG, RECORD, WAITING, delivery_id, endpoint_id,
                   event_id, new_event, outcome, part, waiting_state)

NOW = 1700000000000


def give_waiting(store, delays):
    claimed = store.give_deliveries(len(delays))
    store.settle("d1", [outcome(entry, fields, "snooze", delay_ms=delay)
                        for (entry, fields), delay in zip(claimed, delays)], NOW)
    return [fields for _, fields in claimed]


def state(store, number):
    return store.r.hget(RECORD + event_id(number), endpoint_id(1))


def test_what_is_due_moves_in_order_of_its_time(store):
    give_waiting(store, [300, 100, 200, 400])
    assert store.promote(now=NOW + 300) == [3, str(NOW + 400), 0]
    moved = store.ready()
    assert [fields["event"] for _, fields in moved] == [event_id(2), event_id(3), event_id(1)]
    assert all(list(fields) == DELIVERY_FIELDS and fields["snoozes"] == "1" for _, fields in moved)
    assert store.r.zrange(DUE, 0, -1) == [delivery_id(event_id(4), endpoint_id(1))]
    assert [state(store, i).split()[0] for i in (1, 2, 3, 4)] == ["pending"] * 3 + ["waiting"]


@pytest.mark.parametrize("word,attempt,snoozes", [("retry", "2", "0"), ("snooze", "1", "1")])
def test_it_goes_on_where_it_was_without_its_body(store, word, attempt, snoozes):
    (entry, fields), = store.give_deliveries(body='{"big":1}')
    store.settle("d1", [outcome(entry, fields, word, delay_ms=0)], NOW)
    tried = store.r.xrange(ATTEMPTS)[0][0]
    assert store.promote(now=NOW) == [1, "", 0]
    (_, again), = store.read_deliveries()
    assert again == {**fields, "attempt": attempt, "snoozes": snoozes, "history": tried, "body": ""}
    assert state(store, 1) == f"pending 1 503 {NOW} {tried}"


def test_parked_before_its_first_attempt_it_goes_on_with_none(store):
    (entry, fields), = store.give_deliveries()
    store.settle("d1", [outcome(entry, fields, "park", error="concurrency_limit", delay_ms=0)], NOW)
    store.promote(now=NOW)
    (_, again), = store.read_deliveries()
    assert again == {**fields, "body": ""} and state(store, 1) == "pending 0"


def test_empty_texts_come_back_empty(store):
    store.publish([new_event()])
    (entry, _), = store.read_events()
    store.fanout("p1", [part(entry, event_id(1), [endpoint_id(1)], after=NOW + 1, trace="", request="")], NOW)
    assert store.promote(now=NOW + 1)[0] == 1
    (_, fields), = store.read_deliveries()
    assert (fields["trace"], fields["request"], fields["org"]) == ("", "", ORG) and "history" not in fields


def test_what_is_held_stays_and_is_still_counted(store):
    store.pause(endpoint_id(1))
    (entry, fields), (other, of_other) = store.give_deliveries(2)
    store.settle("d1", [outcome(entry, fields, "hold"), outcome(other, of_other, "retry", delay_ms=0)], NOW)
    assert store.promote(now=NOW) == [1, "", 0]
    assert store.waiting() == {"paused": 1} and store.r.zcard(LANE + endpoint_id(1)) == 1
    store.r.delete(LANE + endpoint_id(1))
    store.r.hset(WAITING, "paused", 0)
    store.promote(now=NOW)
    assert not store.r.exists(WAITING)


def test_nothing_due_moves_nothing(store):
    give_waiting(store, [100])
    before = store.snapshot()
    assert store.promote(now=NOW + 99) == [0, str(NOW + 100), 0]
    assert store.snapshot() == before


def test_twice_moves_once(store):
    give_waiting(store, [100])
    assert store.promote(now=NOW + 100) == [1, "", 0]
    before = store.snapshot()
    assert store.promote(now=NOW + 100) == [0, "", 0]
    assert store.snapshot() == before


def test_reasons_are_counted_down_as_they_leave(store):
    claimed = store.give_deliveries(5)
    words = ["retry", "retry", "snooze", "park", "retry"]
    store.settle("d1", [outcome(*one, word, error="concurrency_limit", delay_ms=i * 100)
                        for i, (one, word) in enumerate(zip(claimed, words))], NOW)
    assert store.waiting() == {"backoff": 3, "retry_after": 1, "concurrency_limit": 1}
    store.promote(now=NOW + 200)
    assert store.waiting() == {"backoff": 1, "concurrency_limit": 1}
    store.promote(limit=1, now=NOW + 400)
    assert store.waiting() == {"backoff": 1}
    store.promote(now=NOW + 400)
    assert not store.r.exists(WAITING)


def test_a_count_that_is_wrong_is_right_again_when_nothing_waits(store):
    give_waiting(store, [100])
    store.r.hset(WAITING, "backoff", 7)
    store.promote(now=NOW)
    assert store.waiting() == {"retry_after": 1, "backoff": 7}
    store.promote(now=NOW + 100)
    assert not store.r.exists(WAITING)


def test_what_waits_twice_is_counted_once(store):
    """As when somebody put it there by hand, and it was sent meanwhile."""
    (entry, fields), = store.give_deliveries()
    store.r.zadd(DUE, {delivery_id(fields["event"], fields["endpoint"]): NOW})
    store.r.hset(WAITING, "backoff", 1)
    store.settle("d1", [outcome(entry, fields, "retry")], NOW)
    assert store.waiting() == {"backoff": 1} and store.r.zcard(DUE) == 1


def test_bounded(store):
    give_waiting(store, [10, 20, 30])
    assert store.promote(limit=2, now=NOW + 100) == [2, str(NOW + 30), 0]
    assert store.promote(limit=2, now=NOW + 100) == [1, "", 0]


def test_two_hundred_at_once(store):
    give_waiting(store, list(range(200)))
    assert store.promote(now=NOW + 1000) == [200, "", 0]
    assert store.r.xlen(DELIVERIES) == 200 and all(state(store, i + 1).startswith("pending 1 503") for i in range(200))


def test_without_an_override_the_time_is_redis_s(store):
    ms = store.r.time()[0] * 1000
    give_waiting(store, [ms - 1000 - NOW, ms + 60000 - NOW])
    assert store.promote() == [1, str(ms + 60000), 0]


@pytest.mark.parametrize("broken", [
    None, "pending 0", "delivered 1 200 1 1-1", "dead - 1 503 1 1-1", "waiting", "", "waiting backoff - 1 0 org_1",
    waiting_state("backoff", NOW, attempt="many"), waiting_state("backoff", NOW, snoozes=""), waiting_state("backoff", NOW, tail="")])
def test_a_member_of_which_no_record_says_how_to_go_on_is_taken_out_and_counted(store, broken):
    give_waiting(store, [10, 20])
    record = RECORD + event_id(9)
    store.r.zadd(DUE, {delivery_id(event_id(9), endpoint_id(1)): NOW})
    if broken is not None:
        store.r.hset(record, endpoint_id(1), broken)
    assert store.promote(now=NOW + 100) == [2, "", 1]
    assert store.r.xlen(DELIVERIES) == 2 and not store.r.exists(DUE, WAITING)
    assert store.r.hgetall(record) == ({} if broken is None else {endpoint_id(1): broken}), "stays as evidence"


def test_a_member_that_is_no_id_or_whose_record_is_no_hash_is_taken_out_and_counted(store):
    give_waiting(store, [10, 20])
    store.r.set(RECORD + event_id(8), "another type")
    store.r.zadd(DUE, dict.fromkeys(["", "dlv_", "dlv_" + "0" * 41, delivery_id(event_id(8), endpoint_id(1))], NOW))
    assert store.promote(now=NOW + 100) == [2, "", 4]
    assert store.r.xlen(DELIVERIES) == 2 and not store.r.exists(DUE, WAITING)
    assert store.r.get(RECORD + event_id(8)) == "another type"


def test_on_an_empty_redis(store):
    store.r.flushall()
    assert store.promote() == [0, "", 0]
    assert store.snapshot() == {}
