"""settle.lua: D2 claimed -> D3 delivered, D4 waiting, D5 held, D6 dead or back to D1 ready."""
import pytest
import redis

from store import (ATTEMPTS, ATTEMPT_FIELDS, DELIVERIES, DELIVERY_FIELDS, DLQ, DLQ_FIELDS, DUE, FAILING, FRESH_FIELDS, LANE, NOTHING_TO_SAY, ORG, ORG_DLQ,
                   RECORD, Raw, Size, Store, delivery_id, endpoint_id, event_id, outcome, waiting_state)

NOW = 1700000000000
EVENT, ENDPOINT = event_id(1), endpoint_id(1)
ID = delivery_id(EVENT, ENDPOINT)
WORDS = ["delivered", "retry", "snooze", "park", "hold", "ready", "dead"]


def attempts(store):
    return store.r.xrange(ATTEMPTS)


def record(store, event=EVENT):
    return store.r.hget(RECORD + event, ENDPOINT)


def test_delivered(store):
    (entry, fields), = store.give_deliveries()
    assert store.settle("d1", [outcome(entry, fields, "delivered")], NOW) == ("", ["settled"])
    (attempt, of_attempt), = attempts(store)
    assert list(of_attempt) == [name for name in ATTEMPT_FIELDS if name != "error"]
    assert of_attempt == dict(event=EVENT, endpoint=ENDPOINT, org=ORG, attempt="1", outcome="delivered", status="200",
                              duration_ms="12", response="ok")
    assert record(store) == f"delivered 1 200 {NOW} {attempt}"
    assert store.stats() == {}
    assert store.r.xlen(DELIVERIES) == 0 and store.pending(DELIVERIES, "dispatcher") == {}
    assert not store.r.exists(DUE) and not store.r.exists(DLQ)


def test_a_success_without_a_text_is_told_by_the_history_alone(store):
    (entry, fields), (other, of_other) = store.give_deliveries(2)
    store.settle("d1", [outcome(entry, fields, "delivered", status="204", duration_ms="31", response="")], NOW)
    assert record(store) == f"delivered 1 204 {NOW} {NOW}:1:204:31" and attempts(store) == []
    store.settle("d1", [outcome(other, of_other, "retry", delay_ms=0)], NOW)
    store.promote(now=NOW)
    (entry, fields), = store.read_deliveries()
    store.settle("d1", [outcome(entry, fields, "delivered", response="")], NOW + 1)
    (failed, _), = attempts(store)
    assert record(store, event_id(2)) == f"delivered 2 200 {NOW + 1} {failed},{NOW + 1}:2:200:12"


def test_retry(store):
    (entry, fields), = store.give_deliveries(body='{"big":1}')
    assert store.settle("d1", [outcome(entry, fields, "retry", delay_ms=5000)], NOW) == (str(NOW + 5000), ["settled"])
    (attempt, of_attempt), = attempts(store)
    assert (of_attempt["outcome"], of_attempt["status"], of_attempt["error"]) == ("retry", "503", "server_error")
    assert record(store) == waiting_state("backoff", NOW + 5000, attempt=2, tail=f"1 503 {NOW} {attempt}")
    assert store.r.zrange(DUE, 0, -1, withscores=True) == [(ID, NOW + 5000)]
    assert store.stats() == {"retried": 1}
    assert store.r.xlen(DELIVERIES) == 0


def test_snooze_burns_no_attempt(store):
    (entry, fields), = store.give_deliveries()
    store.settle("d1", [outcome(entry, fields, "snooze", status=429, error="rate_limited", delay_ms=90000)], NOW)
    (attempt, _), = attempts(store)
    assert record(store) == waiting_state("retry_after", NOW + 90000, snoozes=1, tail=f"1 429 {NOW} {attempt}")
    assert store.stats()["snoozed"] == 1


def test_park_counts_nothing(store):
    (entry, fields), = store.give_deliveries()
    parked = outcome(entry, fields, "park", status=0, error="concurrency_limit", duration_ms="", delay_ms=250)
    assert store.settle("d1", [parked], NOW) == (str(NOW + 250), ["settled"])
    assert record(store) == waiting_state("concurrency_limit", NOW + 250) and attempts(store) == []
    assert store.stats() == {}


@pytest.mark.parametrize("word,reason,until", [("park", "concurrency_limit", NOW + 250), ("hold", "paused", "-")])
def test_what_was_tried_before_it_is_parked_or_held_stays_known(store, word, reason, until):
    (entry, fields), = store.give_deliveries()
    store.settle("d1", [outcome(entry, fields, "snooze", delay_ms=0)], NOW)
    store.promote(now=NOW)
    (entry, fields), = store.read_deliveries()
    before = record(store)
    store.pause(ENDPOINT)
    store.settle("d1", [outcome(entry, fields, word, error="concurrency_limit", duration_ms="", delay_ms=250)], NOW)
    assert before.startswith("pending 1 503")
    assert record(store) == waiting_state(reason, until, snoozes=1, tail=before.split(" ", 1)[1])


def test_hold_keeps_it_in_the_lane_of_a_paused_endpoint(store):
    claimed = store.give_deliveries(2)
    store.pause(ENDPOINT)
    held = [outcome(*one, "hold", status=0, error="", duration_ms="", delay_ms="") for one in claimed]
    assert store.settle("d1", held, NOW) == ("", ["settled"] * 2)
    assert store.r.zrange(LANE + ENDPOINT, 0, -1, withscores=True) == [
        (delivery_id(event_id(i), ENDPOINT), 0) for i in (1, 2)]
    assert record(store) == waiting_state("paused", "-") and attempts(store) == []
    assert store.waiting() == {"paused": 2}
    assert store.stats() == {}
    assert store.r.xlen(DELIVERIES) == 0 and not store.r.exists(DUE)


def test_hold_is_ready_when_the_endpoint_is_not_paused_any_more(store):
    """Else it would be held for ever: nobody resumes what is resumed already."""
    (entry, fields), = store.give_deliveries(body='{"a":1}')
    store.pause(ENDPOINT)
    store.resume(ENDPOINT)
    assert store.settle("d1", [outcome(entry, fields, "hold", duration_ms="", delay_ms="")], NOW) == ("", ["settled"])
    (_, again), = store.read_deliveries("d2")
    assert again == fields and record(store) == "pending 0"
    assert not store.r.exists(LANE + ENDPOINT) and store.waiting() == {}


def test_ready_goes_back_as_it_was(store):
    (entry, fields), = store.give_deliveries()
    assert store.settle("d1", [outcome(entry, fields, "ready", duration_ms="", delay_ms="")], NOW) == ("", ["settled"])
    (second, again), = store.read_deliveries("d2")
    assert again == fields and list(again) == FRESH_FIELDS and second != entry
    assert record(store) == "pending 0" and attempts(store) == []
    assert store.stats() == {}


def test_dead_after_attempts(store):
    (entry, fields), = store.give_deliveries()
    store.settle("d1", [outcome(entry, fields, "retry", delay_ms=0)], NOW)
    store.promote(now=NOW)
    (entry, fields), = store.read_deliveries()
    store.settle("d1", [outcome(entry, fields, "dead", status=500, error="attempts_exhausted", response="oh")], NOW + 1)
    (first, _), (second, of_second) = attempts(store)
    assert (of_second["outcome"], of_second["attempt"]) == ("dead", "2")
    (letter_id, letter), = store.r.xrange(DLQ)
    assert list(letter) == DLQ_FIELDS
    assert store.r.xrange(ORG_DLQ + ORG) == [(letter_id, {"delivery": ID})]
    assert letter == dict(event=EVENT, endpoint=ENDPOINT, org=ORG, reason="attempts_exhausted", attempts="2", status="500",
                          response="oh", first_at=first.split("-")[0], last_at=second.split("-")[0],
                          history=first + "," + second, trace=fields["trace"], request=fields["request"])
    assert record(store) == f"dead {letter_id} 2 500 {NOW + 1} {first},{second}"
    assert store.stats() == {"retried": 1, "dead": 1}
    assert store.r.xlen(DELIVERIES) == 0 and not store.r.exists(DUE)


def test_dead_without_an_attempt(store):
    (entry, fields), = store.give_deliveries()
    gone = outcome(entry, fields, "dead", status=0, error="endpoint_disabled", duration_ms="", response="")
    store.settle("d1", [gone], NOW)
    (letter_id, letter), = store.r.xrange(DLQ)
    assert (letter["attempts"], letter["history"], letter["first_at"], letter["last_at"]) == ("0", "", str(NOW), str(NOW))
    assert attempts(store) == [] and record(store) == f"dead {letter_id} 0 0 {NOW}"


def test_of_two_words_the_letter_has_the_first_and_the_attempt_the_last(store):
    (entry, fields), (other, of_other) = store.give_deliveries(2)
    store.settle("d1", [outcome(entry, fields, "dead", error="attempts_exhausted timeout"),
                        outcome(other, of_other, "retry", error="server_error")], NOW)
    assert [fields["error"] for _, fields in attempts(store)] == ["timeout", "server_error"]
    assert [letter["reason"] for _, letter in store.r.xrange(DLQ)] == ["attempts_exhausted"]


def test_each_organization_has_a_list_of_its_dead_letters(store):
    claimed = store.give_deliveries(4)
    store.settle("d1", [outcome(entry, {**fields, "org": "org_%d" % (i % 2)}, "dead" if i else "delivered")
                        for i, (entry, fields) in enumerate(claimed)], NOW)
    letters = [entry for entry, _ in store.r.xrange(DLQ)]
    ids = [delivery_id(fields["event"], fields["endpoint"]) for _, fields in claimed]
    assert store.r.xrange(ORG_DLQ + "org_0") == [(letters[1], {"delivery": ids[2]})]
    assert store.r.xrange(ORG_DLQ + "org_1") == [(letters[0], {"delivery": ids[1]}), (letters[2], {"delivery": ids[3]})]


def test_given_up_after_an_attempt_names_the_attempts_times(store):
    (entry, fields), = store.give_deliveries()
    store.settle("d1", [outcome(entry, fields, "retry", delay_ms=0)], NOW)
    store.promote(now=NOW)
    (entry, fields), = store.read_deliveries()
    store.settle("d1", [outcome(entry, fields, "dead", duration_ms="")], NOW)
    (attempt, _), = attempts(store)
    (_, letter), = store.r.xrange(DLQ)
    ms = attempt.split("-")[0]
    assert (letter["attempts"], letter["history"], letter["first_at"], letter["last_at"]) == ("1", attempt, ms, ms)


def test_a_letter_tells_the_times_of_the_first_and_the_last_attempt(store):
    (entry, fields), = store.give_deliveries()
    older = {**fields, "attempt": "3", "history": "1600000000000-3,1600000005000-12"}
    store.settle("d1", [outcome(entry, older, "dead", duration_ms="")], NOW)
    (_, letter), = store.r.xrange(DLQ)
    assert (letter["first_at"], letter["last_at"], letter["attempts"]) == ("1600000000000", "1600000005000", "2")


@pytest.mark.parametrize("paused", [False, True])
@pytest.mark.parametrize("word", WORDS)
def test_twice_is_refused_and_writes_nothing(store, word, paused):
    claimed = store.give_deliveries(3)
    if paused:
        store.pause(ENDPOINT)
    batch = [outcome(entry, fields, word) for entry, fields in claimed]
    due, words = store.settle("d1", batch, NOW)
    assert words == ["settled"] * 3
    before = store.snapshot()
    assert store.settle("d1", batch, NOW + 99) == (due, ["refused"] * 3)
    assert store.snapshot() == before


@pytest.mark.parametrize("word", WORDS)
def test_a_delivery_taken_over_is_refused_to_the_old_holder(store, word):
    (entry, fields), = store.give_deliveries()
    store.age(DELIVERIES, "dispatcher", "d1", entry, 60000)
    store.reclaim(DELIVERIES, "dispatcher", "d2", 30000)
    before = store.snapshot()
    assert store.settle("d1", [outcome(entry, fields, word)], NOW)[1] == ["refused"]
    assert store.snapshot() == before
    assert store.settle("d2", [outcome(entry, fields, word)], NOW)[1] == ["settled"]


def test_the_same_delivery_twice_in_one_call_counts_once(store):
    (entry, fields), = store.give_deliveries()
    assert store.settle("d1", [outcome(entry, fields, "retry"), outcome(entry, fields, "delivered")], NOW)[1] == \
        ["settled", "refused"]
    assert len(attempts(store)) == 1 and record(store).startswith("waiting backoff")


def test_a_mixed_batch_in_any_order_among_others_still_held(store):
    claimed = store.give_deliveries(50)
    chosen = claimed[40:9:-5]
    words = [WORDS[i % 7] for i in range(len(chosen))]
    result = store.settle("d1", [outcome(*one, word, delay_ms=1000 + i) for i, (one, word) in enumerate(zip(chosen, words))],
                          NOW)
    assert result == (str(NOW + 1001), ["settled"] * len(chosen))
    assert set(store.pending(DELIVERIES, "dispatcher")) == {e for e, _ in claimed} - {e for e, _ in chosen}
    assert store.stats() == {"retried": 1, "snoozed": 1, "dead": 1}
    assert store.r.zcard(DUE) == 3 and len(chosen) == 7


def test_organizations_are_counted_apart(store):
    claimed = store.give_deliveries(4)
    store.settle("d1", [outcome(entry, {**fields, "org": "org_%d" % (i % 2)}, "retry")
                        for i, (entry, fields) in enumerate(claimed)], NOW)
    assert store.stats("org_0") == store.stats("org_1") == {"retried": 2}


def test_history_grows_and_attempts_count_past_nine(store):
    (entry, fields), = store.give_deliveries()
    for i in range(12):
        assert (NOTHING_TO_SAY | fields)["attempt"] == str(i + 1)
        store.settle("d1", [outcome(entry, fields, "retry", delay_ms=i)], NOW)
        store.promote(now=NOW + i)
        (entry, fields), = store.read_deliveries()
    assert fields["history"] == ",".join(attempt for attempt, _ in attempts(store))


@pytest.mark.parametrize("length", [1990, 2000, 2001, 2013, 5000])
def test_a_long_history_loses_its_oldest(store, length):
    """Replays make it long; a list of everything would grow without end."""
    ids = ["16%08d-%d" % (i, i % 10) if i % 3 else "16%08d:1:200:%d" % (i, i % 10) for i in range(500)]
    history = ",".join(ids)[-length:].lstrip(",")
    (entry, fields), = store.give_deliveries()
    store.settle("d1", [outcome(entry, {**fields, "history": history}, "retry", delay_ms=0)], NOW)
    store.promote(now=NOW)
    (_, again), = store.read_deliveries()
    *kept, last = again["history"].split(",")
    assert last == attempts(store)[0][0]
    if length <= 2000:
        assert ",".join(kept) == history
    else:
        assert kept == ids[-len(kept):] and 1970 < len(",".join(kept)) <= 2000
    assert record(store).endswith(" " + again["history"])


HOUR = 3600000


def fail(store, now, word="retry", after=HOUR, **given):
    """One attempt on the endpoint. Returns settle's word."""
    (entry, fields), = store.give_deliveries()
    _, (answer,) = store.settle("d1", [outcome(entry, fields, word, **given)], now, failing_after_ms=after)
    return answer


@pytest.mark.parametrize("word", ["retry", "dead"])
def test_an_endpoint_with_nothing_but_failures_for_long_is_failing(store, word):
    assert fail(store, NOW, word) == "settled"
    assert store.r.hgetall(FAILING) == {ENDPOINT: str(NOW)}
    assert fail(store, NOW + HOUR - 1, word) == "settled"
    assert fail(store, NOW + HOUR, word) == "failing"
    assert fail(store, NOW + 2 * HOUR, word) == "failing"
    assert store.r.hgetall(FAILING) == {ENDPOINT: str(NOW)}
    assert store.r.xlen(DELIVERIES) == 0, "it is settled all the same"
    assert fail(store, NOW + 2 * HOUR, "delivered") == "settled"
    assert not store.r.exists(FAILING)
    assert fail(store, NOW + 3 * HOUR, word) == "settled"
    assert store.r.hgetall(FAILING) == {ENDPOINT: str(NOW + 3 * HOUR)}


@pytest.mark.parametrize("word,given", [("snooze", {}), ("park", {"duration_ms": ""}), ("ready", {"duration_ms": ""}),
                                        ("hold", {"duration_ms": ""}), ("dead", {"duration_ms": ""})])
def test_what_is_no_failed_attempt_says_nothing_of_the_endpoint(store, word, given):
    assert fail(store, NOW, word, **given) == "settled" and not store.r.exists(FAILING)
    fail(store, NOW)
    assert fail(store, NOW + HOUR, word, **given) == "settled"
    assert store.r.hgetall(FAILING) == {ENDPOINT: str(NOW)}


def test_never_is_never(store):
    assert [fail(store, NOW + i * 10**10, after=0) for i in range(2)] == ["settled"] * 2


@pytest.mark.parametrize("words,answers,since", [
    (["delivered", "retry"], ["settled", "settled"], NOW + HOUR),
    (["retry", "delivered"], ["failing", "settled"], None),
    (["retry", "delivered", "dead"], ["failing", "settled", "settled"], NOW + HOUR),
    (["retry", "dead"], ["failing", "failing"], NOW),
])
def test_of_one_call_the_order_counts(store, words, answers, since):
    fail(store, NOW)
    claimed = store.give_deliveries(len(words))
    batch = [outcome(*one, word) for one, word in zip(claimed, words)]
    assert store.settle("d1", batch, NOW + HOUR, failing_after_ms=HOUR)[1] == answers
    assert store.r.hgetall(FAILING) == ({ENDPOINT: str(since)} if since else {})


def test_endpoints_fail_apart(store):
    claimed = store.give_deliveries(3)
    batch = [outcome(entry, {**fields, "endpoint": endpoint_id(i)}, word)
             for (entry, fields), i, word in zip(claimed, (1, 2, 3), ("retry", "delivered", "dead"))]
    store.r.hset(FAILING, mapping={endpoint_id(1): NOW - HOUR, endpoint_id(2): NOW - HOUR, endpoint_id(3): NOW - 1})
    assert store.settle("d1", batch, NOW, failing_after_ms=HOUR)[1] == ["failing", "settled", "settled"]
    assert set(store.r.hgetall(FAILING)) == {endpoint_id(1), endpoint_id(3)}


def test_without_an_override_the_time_is_redis_s(store):
    (entry, fields), = store.give_deliveries()
    before = store.r.time()
    due, _ = store.settle("d1", [outcome(entry, fields, "retry", delay_ms=60000)])
    after = store.r.time()
    low, high = (s * 1000 + us // 1000 + 60000 for s, us in (before, after))
    assert low <= int(due) <= high


def test_nothing_at_all_is_fine(store):
    store.r.zadd(DUE, {"x": 1700000000123})
    assert store.settle("d1", []) == ("1700000000123", [])


def test_no_group_is_an_error_before_anything_is_written(server):
    server.flushall()
    store = Store(server, groups=False)
    with pytest.raises(redis.ResponseError, match="^NOGROUP"):
        store.settle("d1", [outcome("1-1", dict.fromkeys(DELIVERY_FIELDS, "1"), "delivered")])
    assert store.snapshot() == {}


@pytest.mark.parametrize("change", [{10: "lost"}, {10: ""}, {6: "many"}, {7: ""}, {10: "retry", 15: ""}, {10: "park", 15: "soon"}])
def test_an_unknown_argument_writes_nothing_for_the_whole_batch(store, change):
    first, second = store.give_deliveries(2)
    broken = outcome(*second, "delivered")
    for at, text in change.items():
        broken[at] = text
    before = store.snapshot()
    with pytest.raises(redis.ResponseError, match="an unknown argument"):
        store.settle("d1", [outcome(*first, "delivered"), broken], NOW)
    assert store.snapshot() == before


@pytest.mark.parametrize("broken", [["x"], [Size(7)], [Size(7), *range(6)], [Size(7), *range(8)], [Size(8), *range(8)],
                                    [Size(16), *range(15)], [Size(16), *range(17)]])
def test_a_wrong_number_of_strings_writes_nothing(store, broken):
    first, _ = store.give_deliveries(2)
    before = store.snapshot()
    with pytest.raises(redis.ResponseError, match="another size than it says"):
        store.settle("d1", [outcome(*first, "delivered", response=""), Raw(broken)], NOW)
    assert store.snapshot() == before


@pytest.mark.parametrize("wrong", [{"attempt": "many"}, {"status": ""}, {"duration_ms": ""}])
def test_a_told_attempt_without_a_number_writes_nothing(store, wrong):
    (entry, fields), = store.give_deliveries()
    given = {name: value for name, value in wrong.items() if name not in fields}
    before = store.snapshot()
    with pytest.raises(redis.ResponseError, match="an unknown argument"):
        store.settle("d1", [outcome(entry, fields | wrong, "delivered", response="", **given)], NOW)
    assert store.snapshot() == before
