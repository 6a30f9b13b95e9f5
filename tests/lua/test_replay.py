"""replay.lua: D3 delivered, D4 waiting, D6 dead -> D1 ready, because somebody asks for it."""
import pytest
import redis

from store import (ATTEMPTS, DELIVERIES, DELIVERY_FIELDS, DLQ, DUE, ENDPOINT, EVENTS, NOTHING_TO_SAY, ORG, ORG_DLQ, RECORD, WAITING,
                   endpoint_id, entry_event_id, event_id, new_event, outcome, part)

NOW = 1700000000000
EP = endpoint_id(1)


def give(store, count=1, **given):
    """count events with one claimed delivery each to EP, which is an endpoint: (entry, fields)."""
    store.r.hset(ENDPOINT + EP, mapping={"id": EP, "org": ORG, "disabled": "0"})
    store.publish([new_event(**given) for _ in range(count)], max_depth=10**9)
    store.fanout("p1", [part(entry, entry_event_id(entry), [EP]) for entry, _ in store.read_events()], NOW)
    return store.read_deliveries()


def settle(store, one, word, now=NOW, **given):
    store.settle("d1", [outcome(*one, word, **given)], now)
    return one[1]["event"], EP


def state(store, pair):
    return store.r.hget(RECORD + pair[0], pair[1])


def history(store, pair):
    return state(store, pair).split(" ")[-1]


def ready_entries(store):
    return [fields for _, fields in store.ready()]


def test_a_delivered_one_begins_anew_with_its_history(store):
    one, = give(store)
    pair = settle(store, one, "delivered")
    attempts = history(store, pair)
    assert store.replay([pair], now=NOW + 7) == ["ready"]
    entry, = ready_entries(store)
    assert list(entry) == DELIVERY_FIELDS
    assert entry == {**one[1], "attempt": "1", "snoozes": "0", "history": attempts, "body": ""}
    assert state(store, pair) == f"pending 0 200 {NOW + 7} {attempts}"


def test_what_a_history_tells_stays_told(store):
    """Also when the endpoint is disabled before the next attempt is made: the letter has the time of the last one."""
    one, = give(store)
    pair = settle(store, one, "delivered", response="")
    told = f"{NOW}:1:200:12"
    assert store.replay([pair], now=NOW + 7) == ["ready"]
    assert state(store, pair) == f"pending 0 200 {NOW + 7} {told}"
    (entry, fields), = store.read_deliveries()
    assert fields["history"] == told
    settle(store, (entry, fields), "dead", NOW + 9, error="endpoint_disabled", duration_ms="", status="0", response="")
    (_, letter), = store.r.xrange(DLQ)
    assert (letter["history"], letter["first_at"], letter["last_at"]) == (told, str(NOW), str(NOW))
    (at, row), = store.find_delivery(*pair)[3]
    assert (at, row) == (f"{NOW}-0", ["attempt", "1", "outcome", "delivered", "status", "200", "duration_ms", "12"])


def test_a_letter_has_the_time_of_the_last_attempt_that_an_entry_tells_behind_another(store):
    one, = give(store)
    pair = settle(store, one, "delivered", NOW - 10**6, response="")
    store.replay([pair], now=NOW)
    again, = store.read_deliveries()
    settle(store, again, "dead")
    (attempt, _), = store.r.xrange(ATTEMPTS)
    (_, letter), = store.r.xrange(DLQ)
    assert letter["history"] == f"{NOW - 10**6}:1:200:12,{attempt}"
    assert (letter["first_at"], letter["last_at"]) == (str(NOW - 10**6), attempt.split("-")[0])
    assert [row[0] for row in store.find_delivery(*pair)[3]] == [f"{NOW - 10**6}-0", attempt]


def test_a_dead_one_leaves_the_dead_letters(store):
    one, other = give(store, 2)
    pair, left = settle(store, one, "dead", error="exhausted server_error"), settle(store, other, "dead", error="gone")
    attempts = history(store, pair)
    assert store.r.xlen(DLQ) == store.r.xlen(ORG_DLQ + ORG) == 2
    assert store.replay([pair], now=NOW + 7) == ["ready"]
    assert state(store, pair) == f"pending 0 503 {NOW + 7} {attempts}"
    letter = state(store, left).split(" ")[1]
    assert [id for id, _ in store.r.xrange(DLQ)] == [id for id, _ in store.r.xrange(ORG_DLQ + ORG)] == [letter]
    assert ready_entries(store)[0]["history"] == attempts


def test_a_dead_one_without_an_attempt_and_one_whose_letter_was_purged(store):
    one, other = give(store, 2)
    pair, purged = settle(store, one, "dead", duration_ms="", status="0"), settle(store, other, "dead")
    letter = state(store, purged).split(" ")[1]
    store.r.hset(RECORD + purged[0], EP, state(store, purged).replace(letter, "-"))
    assert store.replay([pair, purged], now=NOW + 7) == ["ready", "ready"]
    assert state(store, pair) == f"pending 0 0 {NOW + 7}"
    assert store.r.xlen(DLQ) == 1, "no letter of it is known any more"


@pytest.mark.parametrize("word, reason", [("retry", "backoff"), ("snooze", "retry_after"), ("park", "concurrency_limit")])
def test_one_that_waits_goes_on_now_as_it_would_have_then(store, word, reason):
    one, other = give(store, 2)
    pair = settle(store, one, word, error=reason, delay_ms=60000)
    settle(store, other, word, error=reason, delay_ms=60000)
    assert store.waiting() == {reason: 2}
    assert store.replay([pair]) == ["ready"]
    assert store.waiting() == {reason: 1} and store.r.zcard(DUE) == 1
    entry, = ready_entries(store)
    entry = NOTHING_TO_SAY | entry
    assert entry["attempt"] == ("2" if word == "retry" else "1")
    assert entry["snoozes"] == ("1" if word == "snooze" else "0")
    assert state(store, pair).startswith("pending 0" if word == "park" else "pending ")


def test_one_that_waits_for_its_first_time(store):
    store.r.hset(ENDPOINT + EP, mapping={"id": EP, "disabled": "0"})
    store.publish([new_event(after=str(NOW + 5000))])
    (entry, _), = store.read_events()
    pair = entry_event_id(entry), EP
    store.fanout("p1", [part(entry, pair[0], [EP], after=str(NOW + 5000))], NOW)
    assert store.replay([pair], only="dead") == ["absent"]
    assert store.replay([pair]) == ["ready"]
    assert state(store, pair) == "pending 0" and not store.r.exists(DUE)


def test_a_held_one_stays_held(store):
    one, = give(store)
    store.r.hset(ENDPOINT + EP, "paused", "1")
    pair = settle(store, one, "hold", duration_ms="")
    before = store.snapshot()
    assert store.replay([pair]) == ["paused"]
    assert store.snapshot() == before


def test_refused_and_nothing_written(store):
    one, dead = give(store, 2)
    pending = one[1]["event"], EP
    pair = settle(store, dead, "dead")
    before = store.snapshot()
    never = entry_event_id("5-5"), EP
    assert store.replay([pending, never, (pair[0], endpoint_id(9))]) == ["pending", "absent", "absent"]
    assert store.replay([pair, pending], org="org_" + "9" * 20) == ["absent", "absent"]
    assert store.snapshot() == before


def test_only_what_is_dead(store):
    claimed = give(store, 4)
    words = ["delivered", "retry", "dead"]
    pairs = [settle(store, one, word) for one, word in zip(claimed, words)] + [(claimed[3][1]["event"], EP)]
    assert store.replay(pairs, only="dead") == ["absent", "absent", "ready", "pending"]


@pytest.mark.parametrize("word", ["delivered", "retry", "dead"])
def test_an_endpoint_that_is_disabled_or_gone(store, word):
    one, = give(store)
    pair = settle(store, one, word)
    for fields, answer in (({"id": EP, "disabled": "1"}, "disabled"), (None, "gone")):
        store.r.delete(ENDPOINT + EP)
        if fields:
            store.r.hset(ENDPOINT + EP, mapping=fields)
        before = store.snapshot()
        assert store.replay([pair]) == [answer]
        assert store.snapshot() == before


@pytest.mark.parametrize("word", ["delivered", "retry", "snooze", "dead"])
def test_twice_is_ready_once(store, word):
    one, = give(store)
    pair = settle(store, one, word)
    assert store.replay([pair, pair]) == ["ready", "pending"]
    before = store.snapshot()
    assert store.replay([pair]) == ["pending"]
    assert store.snapshot() == before and len(ready_entries(store)) == 1


def test_an_event_that_retention_took(store):
    one, = give(store)
    pair = settle(store, one, "delivered")
    record = store.r.hgetall(RECORD + pair[0])
    store.trim(10**14)
    assert store.replay([pair]) == ["absent"]
    store.r.hset(RECORD + pair[0], mapping=record)
    assert store.replay([pair]) == ["absent"], "without the event there is no body"


def test_what_was_replayed_is_settled_as_any(store):
    one, = give(store)
    pair = settle(store, one, "dead")
    first = history(store, pair)
    store.replay([pair])
    again, = store.read_deliveries()
    settle(store, again, "retry", now=NOW + 9)
    assert state(store, pair).split(" ")[:5] == ["waiting", "backoff", str(NOW + 5009), "2", "0"]
    assert history(store, pair).startswith(first + ",")


def test_two_hundred_at_once(store):
    claimed = give(store, 200)
    store.settle("d1", [outcome(*one, "dead") for one in claimed], NOW)
    pairs = [(fields["event"], EP) for _, fields in claimed]
    assert store.replay(pairs) == ["ready"] * 200
    assert [entry["event"] for entry in ready_entries(store)] == [event for event, _ in pairs]
    assert store.r.xlen(DLQ) == store.r.xlen(ORG_DLQ + ORG) == 0


@pytest.mark.parametrize("member", ["data", "ce"])
def test_a_call_reads_a_mebibyte_of_the_log(store, member):
    claimed = give(store, 4, **{member: '"' + "x" * 600000 + '"'})
    pairs = [settle(store, one, "delivered") for one in claimed]
    assert store.replay(pairs) == ["ready", "ready", "later", "later"]
    assert store.replay(pairs[2:]) == ["ready", "ready"]


def test_without_an_override_the_time_is_redis_s(store):
    one, = give(store)
    pair = settle(store, one, "delivered")
    before = store.r.time()[0] * 1000
    store.replay([pair])
    assert before <= int(state(store, pair).split(" ")[3]) <= before + 60000


@pytest.mark.parametrize("word", ["delivered", "retry", "dead"])
@pytest.mark.parametrize("key", [DUE, DELIVERIES, DLQ, EVENTS])
def test_nothing_is_written_while_a_shared_key_is_wrong(store, key, word):
    one, = give(store)
    pair = settle(store, one, word)
    store.r.delete(key)
    store.r.set(key, "another type")
    before = store.snapshot()
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        store.replay([pair])
    assert store.snapshot() == before


@pytest.mark.parametrize("key, word", [(RECORD, "absent"), (ENDPOINT, "gone"), (WAITING, "ready"), (ORG_DLQ, "ready")])
def test_a_key_that_is_something_else_holds_up_only_itself(store, key, word):
    waits, dead = give(store, 2)
    pairs = [settle(store, waits, "retry"), settle(store, dead, "dead")]
    key = {RECORD: RECORD + pairs[1][0], ENDPOINT: ENDPOINT + EP, ORG_DLQ: ORG_DLQ + ORG}.get(key, key)
    store.r.delete(key)
    store.r.set(key, "another type")
    assert store.replay(pairs)[1] == word


@pytest.mark.parametrize("text", ["dead", "delivered 1", "waiting backoff 5", "nonsense", ""])
def test_a_state_that_is_none(store, text):
    one, = give(store)
    pair = settle(store, one, "delivered")
    store.r.hset(RECORD + pair[0], EP, text)
    before = store.snapshot()
    assert store.replay([pair]) == ["absent"]
    assert store.snapshot() == before


def test_arguments_that_are_missing(store):
    with pytest.raises(redis.ResponseError, match="two arguments"):
        store.call("replay", ["k"] * 8, [ORG, "any", "", event_id(1)])


def test_on_an_empty_redis(store):
    store.r.flushall()
    assert store.replay([(event_id(1), EP)]) == ["absent"]
    assert store.snapshot() == {}
