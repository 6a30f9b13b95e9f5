"""promote.lua: D4 waiting -> D1 ready."""
from store import DELIVERIES, DELIVERY, DELIVERY_FIELDS, DUE, ORG, WAITING, delivery_id, endpoint_id, event_id, outcome

NOW = 1700000000000


def give_waiting(store, delays):
    claimed = store.give_deliveries(len(delays))
    store.settle("d1", [outcome(entry, fields, "snooze", delay_ms=delay)
                        for (entry, fields), delay in zip(claimed, delays)], NOW)
    return [fields for _, fields in claimed]


def test_what_is_due_moves_in_order_of_its_time(store):
    give_waiting(store, [300, 100, 200, 400])
    assert store.promote(now=NOW + 300) == [3, str(NOW + 400), 0]
    moved = store.r.xrange(DELIVERIES)
    assert [fields["event"] for _, fields in moved] == [event_id(2), event_id(3), event_id(1)]
    assert all(list(fields) == DELIVERY_FIELDS and fields["snoozes"] == "1" for _, fields in moved)
    assert store.r.zrange(DUE, 0, -1) == [delivery_id(event_id(4), endpoint_id(1))]
    assert list(store.r.scan_iter(DELIVERY + "*")) == [DELIVERY + delivery_id(event_id(4), endpoint_id(1))]


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
    assert store.r.xlen(DELIVERIES) == 200 and not list(store.r.scan_iter(DELIVERY + "*"))


def test_without_an_override_the_time_is_redis_s(store):
    ms = store.r.time()[0] * 1000
    give_waiting(store, [ms - 1000 - NOW, ms + 60000 - NOW])
    assert store.promote() == [1, str(ms + 60000), 0]


def test_a_member_without_a_whole_hash_is_taken_out_and_counted(store):
    give_waiting(store, [10, 20])
    store.r.zadd(DUE, {"dlv_none": NOW, "dlv_part": NOW, "dlv_text": NOW})
    store.r.hset(DELIVERY + "dlv_part", "org", ORG)
    store.r.set(DELIVERY + "dlv_text", "another type")
    assert store.promote(now=NOW + 100) == [2, "", 3]
    assert store.r.xlen(DELIVERIES) == 2 and not store.r.exists(DUE, WAITING)
    assert store.r.hgetall(DELIVERY + "dlv_part") == {"org": ORG}, "stays as evidence"


def test_on_an_empty_redis(store):
    store.r.flushall()
    assert store.promote() == [0, "", 0]
    assert store.snapshot() == {}
