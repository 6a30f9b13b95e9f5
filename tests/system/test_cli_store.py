"""millrace: the commands that look into Redis. States are written by the scripts, as the services do."""
import json
import time
from datetime import datetime

import pytest

from cli_env import FAILED, OK, USAGE, Api, Background, State, Unheard, blocked, cli, event_id, redis_settings, store
from redis_server import DURABLE, RedisServer
from waiting import wait_until

DELIVERIES, DUE, EVENTS = store.DELIVERIES, store.DUE, store.EVENTS
delivery_id, endpoint_id = store.delivery_id, store.endpoint_id
E1, E2, E3 = (endpoint_id(i) for i in (1, 2, 3))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = RedisServer(tmp_path_factory.mktemp("cli"), options=DURABLE)
    yield server
    server.stop()


@pytest.fixture
def state(server):
    server.client.flushall()
    return State(server)


def explain(state, event, *arguments):
    done = cli("explain", event, "--json", *arguments, settings=redis_settings(state))
    assert done.returncode == OK, done.stderr
    assert done.stdout.count("\n") == 1
    return json.loads(done.stdout)


def words(state, event, *arguments):
    done = cli("explain", event, *arguments, settings=redis_settings(state))
    assert done.returncode == OK, done.stderr
    return done.stdout


def ms_of(text):
    return round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def only(explained):
    delivery, = explained["deliveries"]
    return delivery


# -- explain

def test_an_unread_event_waits_for_a_processor(state):
    entry, event = state.new(key="k", dedup="d1", data='{\n"a": 1}', request="req_9",
                             time="2026-01-02T03:04:05.006Z")
    said = explain(state, event)
    assert said["state"] == "unread" and said["deliveries"] == [] and "is millrace-processor running?" in said["next"]
    assert {name: said[name] for name in ("id", "type", "organization", "key", "dedup_id", "request_id", "trace", "entry",
                                          "timestamp", "partition", "data_bytes", "deliver_at", "skipped", "held_by")} == {
        "id": event, "type": "order.created", "organization": store.ORG, "key": "k", "dedup_id": "d1",
        "request_id": "req_9", "trace": store.TRACE, "entry": entry, "timestamp": "2026-01-02T03:04:05.006Z",
        "partition": 0, "data_bytes": 9, "deliver_at": None, "skipped": None, "held_by": None}
    assert "data" not in said and explain(state, event, "--data")["data"] == {"a": 1}
    assert '"a"' not in words(state, event) and '{ "a": 1}' in words(state, event, "--data")


def test_the_attributes_of_a_cloudevent_go_with_the_data(state):
    _, event = state.new(ce='{"id":"1","source":"/s"}')
    assert "cloudevent" not in explain(state, event)
    assert explain(state, event, "--data")["cloudevent"] == {"id": "1", "source": "/s"}
    assert "cloudevent" not in words(state, event) and '{"id":"1","source":"/s"}' in words(state, event, "--data")


def test_other_events_have_none(state):
    _, event = state.new(key="k")
    assert explain(state, event, "--data")["cloudevent"] is None


def test_an_unread_event_of_a_group_that_reads_says_how_many_are_before_it(state):
    state.new()
    state.read_events()
    _, event = state.new()
    assert "1 events of its partition are unread" in explain(state, event)["next"]


def test_a_claimed_event_names_who_has_it(state):
    _, event = state.new()
    state.read_events("host-0-1")
    said = explain(state, event)
    assert said["state"] == "claimed" and said["held_by"]["consumer"] == "host-0-1" and said["held_by"]["claims"] == 1
    assert "host-0-1" in said["next"]


def test_a_claimed_event_of_which_a_part_is_written_shows_it(state):
    entry, event = state.new()
    assert state.fan_out(entry, [E1], to=E1) == "continued"
    said = explain(state, event)
    assert said["state"] == "claimed" and [one["endpoint"] for one in said["deliveries"]] == [E1]


@pytest.mark.parametrize("reason, said", [("no_subscriber", "no endpoint of the organization wanted this type"),
                                          ("endpoint_disabled", "were disabled"),
                                          ("filtered", "the filters of the endpoints"), ("claims_exceeded", "claims_exceeded")])
def test_a_skipped_event_says_why(state, reason, said):
    entry, event = state.new()
    state.fan_out(entry, [], skipped=reason)
    explained = explain(state, event)
    assert (explained["state"], explained["skipped"], explained["deliveries"]) == ("processed", reason, [])
    assert said in explained["next"] and f"skipped: {reason}" in words(state, event)


def test_ready_and_in_flight_are_told_apart(state):
    entry, event = state.new()
    state.fan_out(entry, [E1, E2])
    state.read_deliveries("disp-7", 1)
    first, second = explain(state, event)["deliveries"]
    assert (first["id"], first["endpoint"], first["state"]) == (delivery_id(event, E1), E1, "in_flight")
    assert first["held_by"]["consumer"] == "disp-7" and first["history"] == []
    assert (second["endpoint"], second["state"], second["held_by"]) == (E2, "ready", None)
    assert "1 is with a dispatcher now. 1 waits for a dispatcher" in words(state, event)


def test_a_delivery_that_failed_waits_and_says_until_when(state):
    event, (delivery,) = state.new_deliveries(E1)
    state.end(delivery, "retry", status="503", error="unavailable", delay_ms="300000", duration_ms="1234")
    one = only(explain(state, event))
    assert (one["state"], one["reason"], one["attempts_count"], one["last_status"]) == ("waiting", "backoff", 1, 503)
    attempt, = one["history"]
    # Within one call of a script, the ids of entries and TIME may be a millisecond apart.
    assert abs(ms_of(attempt.pop("at")) - ms_of(one["changed_at"])) < 1000
    assert attempt == {"kept": True, "attempt": 1, "outcome": "retry", "status": 503, "error": "unavailable",
                       "duration_ms": 1234}
    until_ms = int(state.r.zscore(DUE, delivery_id(event, E1)))
    assert ms_of(one["until"]) == until_ms
    text = words(state, event)
    assert "goes out in 4 min 5" in text and "the schedule says when to try again" in text
    assert "attempt 1: retry, answered 503, unavailable, after 1 s" in text


def test_a_delivery_that_is_held_says_for_what(state):
    event, (delivery,) = state.new_deliveries(E1)
    state.pause(E1)
    state.end(delivery, "hold", duration_ms="", delay_ms="")
    one = only(explain(state, event))
    assert (one["state"], one["reason"], one["until"], one["attempts_count"]) == ("waiting", "paused", None, 0)
    assert "goes out when the endpoint is resumed" in words(state, event)


@pytest.mark.parametrize("fields, reason, said", [
    (dict(rate_per_second="1", rate_burst="1"), "rate_limit", "than its rate limit allows"),
    (dict(ordered="1"), "ordering", "one event after the other")])
def test_a_delivery_in_a_lane_says_for_what_and_when_the_lane_goes_on(state, fields, reason, said):
    state.gate(E1, **fields)
    event, (delivery,) = state.new_deliveries(E1)
    state.end(delivery, "hold", duration_ms="", delay_ms="")
    until_ms = state.now_ms() + 60000
    state.r.zadd(DUE, {E1: until_ms})
    one, text = only(explain(state, event)), words(state, event)
    assert (one["state"], one["reason"], ms_of(one["until"])) == ("waiting", reason, until_ms)
    assert "at the earliest" in text and said in text
    state.pause(E1)
    one = only(explain(state, event))
    assert (one["state"], one["reason"], one["until"]) == ("waiting", "paused", None)
    assert "goes out when the endpoint is resumed" in words(state, event)


def test_a_retry_that_has_become_due_is_ready_again(state):
    event, (delivery,) = state.new_deliveries(E1)
    state.end(delivery, "retry", delay_ms="0")
    assert "now (its time has come)" in words(state, event)
    assert state.promote()[0] == 1
    one = only(explain(state, event))
    assert (one["state"], one["attempts_count"], one["reason"], one["until"]) == ("ready", 1, None, None)


@pytest.mark.parametrize("word, given, reason, said", [
    ("snooze", {"error": "too_many_requests", "status": "429"}, "retry_after", "asked for this time with Retry-After"),
    ("park", {"error": "concurrency_limit"}, "concurrency_limit", "as many attempts under way as it may"),
])
def test_other_reasons_to_wait(state, word, given, reason, said):
    event, (delivery,) = state.new_deliveries(E1)
    state.end(delivery, word, delay_ms="60000", **given)
    explained = explain(state, event)
    assert (only(explained)["state"], only(explained)["reason"]) == ("waiting", reason) and said in explained["next"]


def test_a_scheduled_event_waits_for_its_time(state):
    after_ms = state.now_ms() + 3600_000
    entry, event = state.new(after=str(after_ms))
    state.fan_out(entry, [E1], after=str(after_ms))
    explained = explain(state, event)
    assert (only(explained)["state"], only(explained)["reason"]) == ("waiting", "scheduled")
    assert explained["deliver_at"] == only(explained)["until"] and "posted for this time" in explained["next"]


def test_a_delivered_event_is_over(state):
    event, (delivery,) = state.new_deliveries(E1)
    state.end(delivery, "retry", delay_ms="0", error="server_error", status="500")
    state.promote()
    state.end(state.read_deliveries()[0], "delivered")
    explained = explain(state, event)
    assert [attempt["outcome"] for attempt in only(explained)["history"]] == ["retry", "delivered"]
    assert (only(explained)["state"], only(explained)["attempts_count"]) == ("delivered", 2)
    assert explained["next"] == "Delivered to the one endpoint that wants it; nothing more happens."


def test_a_dead_letter_has_its_reason_with_and_without_an_attempt(state):
    event, deliveries = state.new_deliveries(E1, E2, E3)
    state.end(deliveries[0], "dead", error="retries_exhausted unavailable")
    state.end(deliveries[1], "dead", error="endpoint_disabled", status="0", duration_ms="")
    state.end(deliveries[2], "delivered")
    explained = explain(state, event)
    assert [(one["state"], one["reason"], one["attempts_count"]) for one in explained["deliveries"]] == \
        [("dead", "retries_exhausted", 1), ("dead", "endpoint_disabled", 0), ("delivered", None, 1)]
    assert explained["deliveries"][0]["history"][0]["error"] == "unavailable"
    assert explained["next"] == \
        "1 of 3 delivered. 2 given up and kept as dead letters: nothing more happens to them by itself."


def test_a_dead_letter_that_is_not_kept_leaves_what_the_last_attempt_says(state):
    event, (delivery,) = state.new_deliveries(E1)
    state.end(delivery, "dead", error="retries_exhausted unavailable")
    state.r.xtrim(store.DLQ, maxlen=0)
    assert only(explain(state, event))["reason"] == "unavailable"


def test_an_attempt_that_the_history_tells_is_told_in_full(state):
    event, (delivery,) = state.new_deliveries(E1)
    state.end(delivery, "delivered", status="204", duration_ms="31", response="")
    attempt, = only(explain(state, event))["history"]
    assert (attempt["kept"], attempt["attempt"], attempt["outcome"], attempt["status"], attempt["error"], attempt["duration_ms"]) == \
        (True, 1, "delivered", 204, None, 31)
    assert "attempt 1: delivered, answered 204, after 31 ms" in words(state, event)


def test_attempts_that_were_trimmed_are_told_as_such(state):
    event, (delivery,) = state.new_deliveries(E1)
    state.end(delivery, "delivered")
    state.r.xtrim(store.ATTEMPTS, maxlen=0)
    attempt, = only(explain(state, event))["history"]
    assert attempt["kept"] is False and "not kept any more" in words(state, event)


def test_an_event_that_is_not_there(state):
    _, event = state.new()
    missing = cli("explain", event_id("1-1"), settings=redis_settings(state))
    assert missing.returncode == FAILED and "older than what is kept" in missing.stderr
    never = cli("explain", event_id(f"{state.now_ms() + 10**6}-1"), settings=redis_settings(state))
    assert never.returncode == FAILED and "no event with this id was accepted" in never.stderr
    elsewhere = cli("explain", event_id("1-1", partition=9), settings=redis_settings(state))
    assert elsewhere.returncode == FAILED and "no event with this id was accepted" in elsewhere.stderr


@pytest.mark.parametrize("id", ["evt_", "evt_0", "org_00000000000000000000", "evt_0000000000000000000u", "", "mr:meta"])
def test_an_id_that_is_none_is_a_usage_error(id):
    done = cli("explain", id)
    assert done.returncode == USAGE and "EVENT_ID" in done.stderr


def test_the_id_of_a_delivery_explains_its_event(state):
    _, event = state.new()
    assert explain(state, delivery_id(event, E1))["id"] == event


def test_what_redis_holds_is_not_trusted(state):
    entry, event = state.new(data='"\x1b[2J\u202e"', dedup="\x1b]0;x\x07", request="a\nb")
    state.fan_out(entry, [E1, E2, E3])
    record = store.RECORD + event
    state.r.hset(record, mapping={E1: "\x1b[31m", E2: "dead x y", E3: "delivered 1 200 99999999999999999 ,,x,5-", "bad": "x"})
    text = words(state, event, "--data")
    assert not any((ord(char) < 32 and char != "\n") or char == "\u202e" for char in text)
    assert [one["state"] for one in explain(state, event)["deliveries"]] == ["unreadable", "unreadable", "delivered"]
    state.r.delete(EVENTS)
    state.r.set(EVENTS, "x")
    done = cli("explain", event, settings=redis_settings(state))
    assert done.returncode == FAILED and "WRONGTYPE" in done.stderr


def test_its_cost_is_that_of_the_event_alone(state):
    event, deliveries = state.new_deliveries(E1, E2)
    state.end(deliveries[0], "retry", delay_ms="60000")

    def cost():
        state.r.config_resetstat()
        explain(state, event)
        stats = state.r.info("commandstats")
        return sum(stats["cmdstat_" + name]["calls"] for name in ("xrange", "xpending", "hgetall", "xinfo|groups"))

    before = cost()
    pipe = state.r.pipeline(transaction=False)
    body = "x" * 1000
    for i in range(20000):
        pipe.xadd(DELIVERIES, {"delivery": f"{event_id(f'{i + 1}-0')} {E1} {store.ORG} - -", "body": body})
    pipe.execute()
    state.r.config_resetstat()
    start = time.monotonic()
    assert cost() == before
    assert time.monotonic() - start < 5


def test_a_delivery_behind_very_many_is_told_honestly(state):
    entry, event = state.new()
    state.r.xadd(DELIVERIES, {"x": "y"}, id=f"{int(entry.split('-')[0])}-1")
    pipe = state.r.pipeline(transaction=False)
    for _ in range(1200):
        pipe.xadd(DELIVERIES, {"x": "y"})
    pipe.execute()
    state.fan_out(entry, [E1])
    explained = explain(state, event)
    assert only(explained)["state"] == "ready_or_in_flight" and "behind many others" in explained["next"]


# -- dlq ls

def list_dead(state, *arguments):
    done = cli("dlq", "ls", "--json", *arguments, settings=redis_settings(state))
    assert done.returncode == OK, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_dead_letters_newest_first(state):
    events = []
    for number in range(5):
        event, (delivery,) = state.new_deliveries(E1)
        state.end(delivery, "dead", error=f"reason_{number}", status="500")
        events.append(event)
    letters = list_dead(state)
    assert [one["event"] for one in letters] == events[::-1]
    letter = letters[0]
    assert letter["first_at"] == letter["last_at"] and letter["first_at"].endswith("Z")
    assert (letter["reason"], letter["attempts_count"], letter["last_status"], letter["endpoint"], letter["organization"],
            letter["delivery"]) == ("reason_4", 1, 500, E1, store.ORG, delivery_id(events[4], E1))
    assert [one["event"] for one in list_dead(state, "--limit", "2")] == events[:2:-1]
    text = cli("dlq", "ls", settings=redis_settings(state)).stdout.splitlines()
    assert len(text) == 5 and "reason_4" in text[0] and "1 attempts, the last answered 500" in text[0]


def test_dead_letters_of_all_partitions_are_sorted_together(state):
    state.r.hset("mr:meta", "partitions", 3)
    for ms in range(30):
        fields = {name: "0" for name in store.DLQ_FIELDS} | {"event": f"e{ms}"}
        state.r.xadd(f"mr:{{{ms % 3}}}:dlq", fields, id=f"{1000 + ms}-0")
    state.r.xadd("mr:{1}:dlq", {"what": "is this"})
    assert [one["event"] for one in list_dead(state, "--limit", "7")] == [f"e{ms}" for ms in range(29, 22, -1)]
    assert len(list_dead(state)) == 30


def test_no_dead_letters(state):
    assert list_dead(state) == []
    assert cli("dlq", "ls", settings=redis_settings(state)).stdout == "no dead letters\n"


# -- tail

def test_tail_prints_events_as_they_come(state):
    state.new(type="before")
    with Background("tail", "--json", settings=redis_settings(state)) as tail:
        blocked(state)
        for number in range(3):
            _, event = state.new(type="order.paid", key="k", dedup=f"d{number}", data='{"n":1}')
            line = tail.json()
            assert line.pop("accepted_at").endswith("Z")
            assert line == {"id": event, "type": "order.paid", "organization": store.ORG, "key": "k",
                            "dedup_id": f"d{number}", "request_id": "req_1", "data_bytes": 7}


def test_tail_selects_types_and_looks_back(state):
    state.new(type="order.old")
    with Background("tail", "--type", "order.*", "--since", "10m", "--data", settings=redis_settings(state)) as tail:
        assert "order.old" in tail.line()
        blocked(state)
        state.new(type="invoice.paid")
        _, event = state.new(type="order.paid", key="\x1b[2J", data='{"text":\n"\x1b[2J é"}', ce='{"id":"one"}')
        line = tail.line()
        assert '{"id":"one"}' in line and event in line and "order.paid" in line and "é" in line and "\x1b" not in line
        assert tail.lines.empty()


def test_tail_reads_all_partitions_and_passes_over_what_is_no_event(state):
    state.r.hset("mr:meta", "partitions", 3)
    with Background("tail", "--json", "--data", settings=redis_settings(state)) as tail:
        blocked(state)
        state.r.xadd("mr:{2}:events", {"what": "is this"})
        fields = {name: "" for name in store.EVENT_FIELDS} | {"type": "a", "org": store.ORG, "data": "[1,\n2]"}
        for partition in (2, 1, 2, 0):
            entry = state.r.xadd(f"mr:{{{partition}}}:events", fields)
            line = tail.json()
            assert (line["id"], line["data"], line["cloudevent"]) == (event_id(entry, partition), [1, 2], None)


def test_tail_survives_a_redis_that_goes_away_and_misses_nothing(tmp_path):
    server = RedisServer(tmp_path)
    try:
        state = State(server)
        with Background("tail", "--json", settings=redis_settings(state)) as tail:
            blocked(state)
            _, first = state.new()
            assert tail.json()["id"] == first
            server.kill()
            wait_until(lambda: any("waiting for it" in line for line in tail.complaints), "a complaint")
            server.start()
            state = State(server, is_new=False)
            _, second = state.new()
            assert tail.json()["id"] == second
    finally:
        server.stop()


def test_tail_ends_when_nobody_reads(state):
    with Unheard("tail", settings=redis_settings(state)) as tail:
        blocked(state)
        tail.stop_reading()
        state.new()
        assert tail.end() == FAILED


@pytest.mark.parametrize("pattern", ["order.*.x", "", "a b", "**"])
def test_a_bad_pattern_is_a_usage_error(pattern):
    done = cli("tail", "--type", pattern)
    assert done.returncode == USAGE and "type: " in done.stderr


# -- Redis that is not as expected

@pytest.mark.parametrize("command", [("tail",), ("dlq", "ls"), ("explain", event_id("1-1"))])
def test_a_redis_that_is_not_there_or_not_ours(command, tmp_path):
    gone = cli(*command, settings={"redis_url": "redis://127.0.0.1:1"})
    assert gone.returncode == FAILED and "MILLRACE_REDIS_URL" in gone.stderr
    wrong = cli(*command, settings={"redis_url": "http://secret@x"})
    assert wrong.returncode == FAILED and "redis_url" in wrong.stderr and "secret" not in wrong.stderr
    server = RedisServer(tmp_path, password="right")
    try:
        denied = cli(*command, settings={"redis_url": server.url("wrong-one")})
        assert denied.returncode == FAILED and "WRONGPASS" in denied.stderr and "wrong-one" not in denied.stderr
        unused = cli(*command, settings={"redis_url": server.url()})
        assert unused.returncode == FAILED
        assert "no Millrace service has used this Redis" in unused.stderr or command[0] == "explain"
    finally:
        server.stop()


# -- doctor

@pytest.fixture
def services():
    apis = [Api() for _ in range(3)]
    for api in apis:
        api.answers["/health/ready"] = (200, '{"status":"ready","checks":[]}')
        api.answers["/metrics"] = (200, f'# HELP x\nmillrace_build_info{{version="{version()}"}} 1\n')
    yield apis
    for api in apis:
        api.close()


def version():
    return cli("--version").stdout.split()[1]


def doctor(state, services, *arguments, code=OK):
    admin = ",".join(api.address for api in services)
    done = cli("doctor", "--json", "--admin", admin, *arguments, settings=redis_settings(state))
    assert done.returncode == code, done.stdout + done.stderr
    said = json.loads(done.stdout)
    results = {check["check"]: check["result"] for check in said["checks"]}
    worst = "fail" if "fail" in results.values() else "warn" if "warn" in results.values() else "ok"
    assert said["result"] == worst
    return results, {check["check"]: check["detail"] for check in said["checks"]}


def test_all_is_well(state, services):
    entry, _ = state.new()
    state.fan_out(entry, [])
    state.read_deliveries()
    results, details = doctor(state, services)
    assert set(results.values()) == {"ok"}, details
    assert {"redis", "version", "role", "durability", "eviction", "aof_write", "memory", "clock", "store", "events",
            "deliveries", "due", "dead_letters", "ingest", "processor", "dispatcher"} <= results.keys()
    assert "appendfsync always" in details["durability"] and details["ingest"] == f"ready, version {version()}"
    text = cli("doctor", "--admin", services[0].address, settings=redis_settings(state))
    assert text.returncode == OK and text.stdout.splitlines()[-1].endswith(" ok, 0 to look at, 0 wrong")


@pytest.mark.parametrize("setting, value, subject, result", [
    ("appendfsync", "no", "durability", "warn"), ("appendonly", "no", "durability", "warn"),
    ("no-appendfsync-on-rewrite", "yes", "durability", "warn"), ("maxmemory-policy", "allkeys-lru", "eviction", "fail"),
    ("maxmemory", "1500000", "memory", "warn"),
])
def test_settings_of_redis_that_break_a_promise(state, services, setting, value, subject, result):
    before = state.r.config_get(setting)[setting]
    state.r.config_set(setting, value)
    try:
        results, details = doctor(state, services, code=FAILED if result == "fail" else OK)
        assert results[subject] == result, details
    finally:
        state.r.config_set(setting, before)
    assert doctor(state, services)[0][subject] == "ok"


def test_nobody_reads(state, services):
    assert "0 consumers seen" in doctor(state, services)[1]["events"]
    state.new()
    results, details = doctor(state, services, code=FAILED)
    assert results["events"] == "fail"
    assert details["events"] == "1 wait and 0 are held, but nobody reads: start millrace-processor"
    state.r.delete(EVENTS)
    results, details = doctor(state, services)
    assert results["events"] == "warn" and "1 of 1 partitions were never read" in details["events"]


def test_a_consumer_that_fell_silent_is_named(state, services):
    def idle_ms():
        return {row["name"]: row["idle"] for row in state.r.xinfo_consumers(DELIVERIES, "dispatcher")}["gone-1"]

    state.new_deliveries(E1, consumer="gone-1")
    results, _ = doctor(state, services)
    assert results["deliveries"] == "ok" and "silent_consumers" not in results
    wait_until(lambda: idle_ms() > 1000, "a silence")
    results, details = doctor(state, services, "--lease", "500ms", code=FAILED)
    assert results["deliveries"] == "fail" and results["silent_consumers"] == "warn"
    assert "1 deliveries are held" in details["silent_consumers"] and "gone-1 for " in details["silent_consumers"]


def test_what_is_overdue_and_what_is_dead(state, services):
    event, deliveries = state.new_deliveries(E1, E2)
    state.end(deliveries[0], "dead", error="gone")
    state.end(deliveries[1], "retry", delay_ms="0")
    results, details = doctor(state, services)
    assert results["dead_letters"] == "warn" and "1 deliveries" in details["dead_letters"] and results["due"] == "ok"
    state.r.zadd(DUE, {delivery_id(event, E2): state.now_ms() - 20000})
    results, details = doctor(state, services, code=FAILED)
    assert results["due"] == "fail" and "1 of 1 waiting deliveries are overdue" in details["due"]


def test_services_that_are_not_ready_not_there_or_of_another_version(state, services):
    services[0].answers["/health/ready"] = (503, json.dumps({"status": "not_ready", "checks": [
        {"name": "redis", "ok": False, "detail": "gone\x1b"}, {"name": "taking_work", "ok": True}]}))
    services[1].answers["/metrics"] = (200, 'millrace_build_info{version="9.9.9"} 1\n')
    services[2].answers["/health/ready"] = None
    results, _ = doctor(state, services, code=FAILED)
    assert (results["ingest"], results["processor"], results["dispatcher"]) == ("fail", "warn", "warn")
    done = cli("doctor", "--admin", services[0].address, settings=redis_settings(state))
    assert "redis: gone" in done.stdout and "\x1b" not in done.stdout


def test_versions_and_absences_are_told(state, services):
    services[1].answers["/metrics"] = (200, 'millrace_build_info{version="9.9.9"} 1\n')
    services[2].answers["/health/ready"] = None
    done = cli("doctor", "--admin", ",".join(api.address for api in services), settings=redis_settings(state))
    assert "of version 9.9.9" in done.stdout and f"does not answer at {services[2].address}" in done.stdout


def test_a_store_that_nobody_used_or_of_another_format(state, services):
    state.r.hset("mr:meta", "format", "2")
    assert doctor(state, services, code=FAILED)[0]["store"] == "fail"
    state.r.hset("mr:meta", mapping={"format": "1", "partitions": "many"})
    assert doctor(state, services, code=FAILED)[0]["store"] == "fail"
    state.r.flushall()
    assert doctor(state, services)[0]["store"] == "warn"


def test_no_redis_is_one_finding(services):
    done = cli("doctor", "--json", "--admin", services[0].address, settings={"redis_url": "redis://127.0.0.1:1"})
    said = json.loads(done.stdout)
    assert done.returncode == FAILED and [check["result"] for check in said["checks"]] == ["fail", "ok"]


def test_a_redis_that_forbids_to_ask(state, services):
    state.r.acl_setuser("limited", enabled=True, passwords=["+pw"], keys="*", commands=["+@all", "-config"])
    url = state.url.replace("redis://", "redis://limited:pw@")
    try:
        done = cli("doctor", "--json", "--admin", services[0].address, settings={"redis_url": url})
    finally:
        state.r.acl_deluser("limited")
    findings = {check["check"]: check for check in json.loads(done.stdout)["checks"]}
    assert findings["durability"]["result"] == "warn" and "CONFIG GET is not allowed" in findings["durability"]["detail"]


# -- the real thing

def test_the_real_services_as_the_command_line_sees_them(stack, organization, receiver):
    settings = {"redis_url": stack.redis.url()}
    organization.new_endpoint(receiver.url("/cli"), "cli.real")
    event = organization.publish("cli.real", {"n": 1})

    def delivered():
        said = json.loads(cli("explain", event, "--json", settings=settings).stdout)
        return said["deliveries"] and said["deliveries"][0]["state"] == "delivered" and said
    said = wait_until(delivered, "the delivery")
    assert said["type"] == "cli.real" and said["organization"] == organization.id
    assert said["request_id"] == "req_" + said["trace"].split("-")[1] and said["timestamp"] == said["accepted_at"]
    assert [attempt["status"] for attempt in said["deliveries"][0]["history"]] == [200]
    admin = ",".join(f"127.0.0.1:{stack.admin_ports[name]}" for name in ("ingest", "processor", "dispatcher"))
    done = cli("doctor", "--json", "--admin", admin, settings=settings)
    results = {check["check"]: check["result"] for check in json.loads(done.stdout)["checks"]}
    for subject in ("redis", "durability", "store", "events", "processor", "dispatcher", "ingest"):
        assert results[subject] == "ok", done.stdout
