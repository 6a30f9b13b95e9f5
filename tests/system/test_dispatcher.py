"""The dispatcher as a program: answers of every kind, limits, and what happens when it is killed, stopped or asked to end."""
import json
import re
import signal
import socket
import time

import pytest

from dispatcher_env import World, hang, signature, store, wait_for


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    world.close()


def answer(status, *headers, body="no"):
    lines = "".join(header + "\r\n" for header in headers)
    return f"HTTP/1.1 {status} Word\r\n{lines}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def send_one(world, *script, **settings):
    """One delivery to one receiver, by a new dispatcher."""
    receiver = world.receiver(*script)
    endpoint = world.endpoint(receiver.url)
    event, = world.send(endpoint)
    return receiver, endpoint, event, world.dispatcher(**settings)


def test_delivers_signed(world):
    receiver = world.receiver(200)
    endpoint = world.endpoint(receiver.url, headers='{"X-Team":"a b"}')
    event, = world.send(endpoint, data='{"n" : 1.50, "t":"\\u00e9 €"}')
    dispatcher = world.dispatcher()
    state = world.wait_state(event, endpoint, "delivered")
    assert state[1:3] == ["1", "200"]
    _, path, headers, body = receiver.requests[0]
    assert path == "/hook"
    assert body.decode() == world.body(event, '{"n" : 1.50, "t":"\\u00e9 €"}')
    names = [name.lower() for name, _ in headers]
    assert sorted(names) == sorted(["host", "user-agent", "content-length", "content-type", "webhook-id", "webhook-timestamp",
                                    "webhook-signature", "idempotency-key", "traceparent", "x-millrace-attempt", "x-team"])
    assert receiver.header(0, "webhook-id") == event
    assert receiver.header(0, "content-type") == "application/json"
    assert re.fullmatch(r"Millrace/\d+\.\d+\.\d+", receiver.header(0, "user-agent"))
    timestamp = receiver.header(0, "webhook-timestamp")
    assert abs(int(timestamp) - time.time()) < 5
    assert receiver.header(0, "webhook-signature") == signature(event, timestamp, body)
    assert receiver.header(0, "idempotency-key") == store.delivery_id(event, endpoint)
    version, trace, parent, flags = receiver.header(0, "traceparent").split("-")
    assert trace == store.TRACE.split("-")[1] and parent != store.TRACE.split("-")[2] and (version, flags) == ("00", "01")
    assert receiver.header(0, "x-millrace-attempt") == "1"
    assert receiver.header(0, "x-team") == "a b"
    wait_for("an empty stream", world.is_settled)
    line, = wait_for("a line", lambda: [line for line in dispatcher.logs().splitlines() if "delivery.delivered" in line])
    for field in (f"event={event}", f"endpoint={endpoint}", "attempt=1", "status=200", "request_id=req_0", f"trace={store.TRACE}"):
        assert field in line


def test_large_body_is_read_from_the_log(world):
    receivers = [world.receiver(200) for _ in range(5)]
    endpoints = [world.endpoint(receiver.url) for receiver in receivers]
    data = json.dumps({"text": "x" * 500000})
    event, = world.send(*endpoints, data=data, inline=False)
    world.dispatcher()
    for receiver, endpoint in zip(receivers, endpoints):
        world.wait_state(event, endpoint, "delivered")
        body = receiver.requests[0][3]
        assert body.decode() == world.body(event, data)
        assert receiver.header(0, "webhook-signature") == signature(event, receiver.header(0, "webhook-timestamp"), body)


def test_event_that_expired(world):
    receiver = world.receiver(200)
    endpoint = world.endpoint(receiver.url)
    event, = world.send(endpoint, inline=False)
    world.r.xtrim(store.EVENTS, maxlen=0)
    world.dispatcher()
    world.wait_state(event, endpoint, "dead")
    assert [dead["reason"] for dead in world.dlq()] == ["event_expired"]
    assert receiver.requests == []


def test_retries_until_it_works(world):
    receiver, endpoint, event, _ = send_one(world, 503, 503, 200, retry_schedule="200ms,400ms")
    state = world.wait_state(event, endpoint, "delivered")
    assert state[1:3] == ["3", "200"] and len(state[4].split(",")) == 3
    assert [receiver.header(i, "x-millrace-attempt") for i in range(3)] == ["1", "2", "3"]
    assert len({receiver.requests[i][3] for i in range(3)}) == 1
    first, second, third = (request[0] for request in receiver.requests)
    assert 0.16 <= second - first <= 0.5
    assert 0.32 <= third - second <= 0.8
    assert [(a["attempt"], a["outcome"], a.get("error", "")) for a in world.attempts()] == [
        ("1", "retry", "unavailable"), ("2", "retry", "unavailable"), ("3", "delivered", "")]
    wait_for("an empty stream", world.is_settled)


def test_gives_up_after_the_schedule(world):
    receiver, endpoint, event, _ = send_one(world, answer(500, body="it is broken"), retry_schedule="20ms,20ms")
    state = world.wait_state(event, endpoint, "dead")
    assert state[1:3] == ["3", "500"] and len(receiver.requests) == 3
    dead, = world.dlq()
    assert (dead["reason"], dead["attempts"], dead["status"], dead["response"]) == ("retries_exhausted", "3", "500", "it is broken")
    assert world.attempts()[-1]["error"] == "server_error"
    assert world.is_settled()


def test_retry_after_snoozes_without_burning_a_retry(world):
    receiver, endpoint, event, dispatcher = send_one(world, answer(429, "Retry-After: 1"), 200, retry_schedule="30s")
    state = world.wait_state(event, endpoint, "delivered")
    assert state[1] == "1"
    assert receiver.requests[1][0] - receiver.requests[0][0] >= 1
    assert [receiver.header(i, "x-millrace-attempt") for i in range(2)] == ["1", "1"]
    assert dispatcher.metrics()['millrace_deliveries_total{outcome="snooze"}'] == 1


def test_snoozes_are_bounded(world):
    _, endpoint, event, _ = send_one(world, answer(503, "retry-after: 0"), snooze_max=1)
    world.wait_state(event, endpoint, "dead")
    assert [dead["reason"] for dead in world.dlq()] == ["snoozes_exhausted"]
    assert len(world.attempts()) == 2


def test_gone_disables_the_endpoint(world):
    receiver, endpoint, event, _ = send_one(world, 410)
    world.wait_state(event, endpoint, "dead")
    assert world.dlq()[0]["reason"] == "gone"
    record = wait_for("disabled", lambda: (r := world.r.hgetall(f"mr:{{0}}:endpoint:{endpoint}"))["disabled"] == "1" and r)
    assert record["disabled_reason"] == "gone" and int(record["updated_at"]) > 1700000000000
    announced = wait_for("announced", lambda: world.r.xrange("mr:config"))
    assert {(f["kind"], f["id"], f["org"], f["action"]) for _, f in announced} == {("endpoint", endpoint, store.ORG, "changed")}
    second, = world.send(endpoint)
    world.wait_state(second, endpoint, "dead")
    assert world.dlq()[1]["reason"] == "endpoint_disabled" and len(receiver.requests) == 1
    assert world.dlq()[1]["attempts"] == "0"


def test_many_that_are_gone_disable_once(world):
    """All are under way when the first answer comes."""
    receiver = world.receiver(410)
    endpoint = world.endpoint(receiver.url)
    world.dispatcher()
    for event in world.send(endpoint, count=20):
        world.wait_state(event, endpoint, "dead")
    wait_for("disabled", lambda: world.r.hget(f"mr:{{0}}:endpoint:{endpoint}", "disabled") == "1")
    entries = [entry for _, entry in world.r.xrange("mr:{0}:audit:" + store.ORG)]
    assert entries == [dict(actor="dispatcher", action="endpoint.disabled", target=endpoint, ip="", request="", detail="gone")]
    assert len(world.r.xrange("mr:config")) == 1


def test_what_is_for_a_paused_endpoint_is_held(world):
    receiver = world.receiver(200)
    paused, other = world.endpoint(receiver.url, paused="1"), world.endpoint(receiver.url)
    dispatcher = world.dispatcher()
    events = world.send(paused, other, count=3)
    for event in events:
        world.wait_state(event, other, "delivered")
        world.wait_state(event, paused, "waiting")
    assert len(receiver.requests) == 3
    assert world.r.zcard(store.LANE + paused) == 3 and world.r.hget(store.WAITING, "paused") == "3"
    assert dispatcher.metrics()['millrace_deliveries_total{outcome="hold"}'] == 3


def test_what_its_lane_did_not_let_go_stands_in_line_first(world):
    """As after a backoff, a replay, or the fan-out of a processor that did not know yet."""
    receiver = world.receiver(200)
    paced = world.endpoint(receiver.url, rate_per_second="1", rate_burst="1")
    ordered, other = world.endpoint(receiver.url, ordered="1"), world.endpoint(receiver.url)
    first, *_, last = events = world.send(paced, ordered, other, count=3)
    dispatcher = world.dispatcher()
    for event in events:
        world.wait_state(event, other, "delivered")
        world.wait_state(event, ordered, "delivered")
    assert world.wait_state(first, paced, "delivered") and world.state(last, paced)[:2] == ["waiting", "rate_limit"]
    assert dispatcher.metrics()['millrace_deliveries_total{outcome="hold"}'] == 6
    world.r.hset(f"mr:{{0}}:endpoint:{paced}", mapping={"rate_per_second": "1000", "rate_burst": "1000"})
    for event in events:
        world.wait_state(event, paced, "delivered")
    assert [one["attempt"] for one in world.attempts()] == ["1"] * 9


def test_endpoints_that_cannot_be_sent_to(world):
    receiver = world.receiver(200)
    disabled = world.endpoint(receiver.url, disabled="1")
    sealed_for_another = world.endpoint(receiver.url, secret=world.r.hget(f"mr:{{0}}:endpoint:{disabled}", "secret"))
    deleted = store.endpoint_id(99)
    world.send(disabled, sealed_for_another, deleted)
    world.dispatcher()
    wait_for("three dead", lambda: len(world.dlq()) == 3)
    assert {dead["endpoint"]: dead["reason"] for dead in world.dlq()} == {
        disabled: "endpoint_disabled", sealed_for_another: "secret_unreadable", deleted: "endpoint_deleted"}
    assert receiver.connections == 0


def test_a_change_of_an_endpoint_is_seen(world):
    first, second = world.receiver(200), world.receiver(200)
    endpoint = world.endpoint(first.url)
    world.dispatcher()
    world.wait_state(world.send(endpoint)[0], endpoint, "delivered")
    world.r.hset(f"mr:{{0}}:endpoint:{endpoint}", "url", second.url)
    world.r.xadd("mr:config", {"kind": "endpoint", "id": endpoint, "org": store.ORG, "action": "changed"})
    wait_for("the new address", lambda: (world.wait_state(world.send(endpoint)[0], endpoint, "delivered"), second.requests)[1])


@pytest.mark.parametrize("status, word", [(302, "redirect"), (404, "client_error"), (408, "request_timeout"), (425, "too_early")])
def test_statuses_that_are_tried_again(world, status, word):
    canary = world.receiver(200)
    receiver, endpoint, event, _ = send_one(world, answer(status, f"Location: {canary.url}"), 200)
    world.wait_state(event, endpoint, "delivered")
    assert [a.get("error") for a in world.attempts()] == [word, None]
    assert canary.connections == 0


@pytest.mark.parametrize("settings, script, word", [
    (dict(response_timeout="300ms"), [hang], "response_timeout"),
    (dict(total_timeout="400ms"), [lambda c: (c.sendall(b"HTTP/1.1 500 Slow\r\n"), hang(c))], "total_timeout"),
    ({}, [lambda c: c.shutdown(socket.SHUT_RDWR)], "connection_reset"),
    ({}, [b"nonsense\r\n\r\n"], "bad_response"),
    ({}, [b"HTTP/1.1 200 OK\r\n" + b"X-Pad: " + b"y" * 40000 + b"\r\n\r\n"], "headers_too_large"),
    ({}, [b"HTTP/1.1 200 OK\r\n" + b"X-Pad: yyyyyyyyyyyyyyyyyyyy\r\n" * 2000 + b"\r\n"], "headers_too_large"),
    ({}, [b"HTTP/1.1 100 Continue\r\n\r\n" * 5000], "headers_too_large"),
])
def test_answers_that_fail(world, settings, script, word):
    receiver, endpoint, event, _ = send_one(world, *script, retry_schedule="1h", **settings)
    attempt = wait_for("an attempt", world.attempts)[0]
    assert (attempt["outcome"], attempt["status"], attempt["error"]) == ("retry", "0", word)
    assert world.r.zcard(store.DUE) == 1


def test_connection_refused_and_unknown_name(world):
    receiver = world.receiver()
    receiver.close()
    refused = world.endpoint(receiver.url)
    unknown = world.endpoint("http://no-such-name.invalid/")
    world.send(refused, unknown)
    world.dispatcher(retry_schedule="1h")
    wait_for("two attempts", lambda: len(world.attempts()) == 2)
    assert {a["endpoint"]: a["error"] for a in world.attempts()} == {refused: "connection_refused", unknown: "dns"}


def test_endless_body_is_cut_off(world):
    sent = []

    def endless(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            sent.append(connection.send(b"z" * 65536))

    _, endpoint, event, _ = send_one(world, endless, response_keep="10", response_max="64k")
    world.wait_state(event, endpoint, "delivered")
    assert world.attempts()[0]["response"] == "z" * 10
    wait_for("the end of the connection", lambda: (before := len(sent), time.sleep(0.05), len(sent) == before)[2])
    assert sum(sent) < 64 * 1024 * 1024


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}/", "http://127.1:{port}/", "http://0x7f.1:{port}/", "http://2130706433:{port}/",
                                 "http://[::ffff:127.0.0.1]:{port}/", "http://localhost:{port}/"])
def test_private_destinations_never_see_a_connection(world, url):
    canary = world.receiver(200)
    endpoint = world.endpoint(url.format(port=canary.port))
    world.send(endpoint)
    world.dispatcher(allow_targets="", retry_schedule="1h")
    attempt = wait_for("an attempt", lambda: world.attempts() or world.dlq())[0]
    assert attempt["error"] == "destination_not_allowed" and "response" not in attempt
    assert canary.connections == 0


def test_ports_of_databases_are_closed_on_allowed_networks_too(world):
    endpoint = world.endpoint("http://127.0.0.1:6379/")
    world.send(endpoint)
    world.dispatcher(retry_schedule="1h")
    assert wait_for("an attempt", world.attempts)[0]["error"] == "destination_not_allowed"


def test_plain_http_is_refused_where_https_is_required(world):
    canary = world.receiver(200)
    context, cert = world.certificate()
    receiver = world.receiver(200, tls=context)
    plain, tls = world.endpoint(canary.url), world.endpoint(receiver.url)
    event, = world.send(plain, tls)
    dispatcher = world.dispatcher(require_https="yes", ca_file=cert, retry_schedule="50ms")
    world.wait_state(event, tls, "delivered")
    assert world.wait_state(event, plain, "dead")[1] == "2"
    assert [a["error"] for a in world.attempts() if a["endpoint"] == plain] == ["https_required"] * 2
    assert dispatcher.metrics()['millrace_attempts_total{class="refused_destination"}'] == 2
    assert canary.connections == 0


def test_tls(world):
    context, cert = world.certificate()
    receiver = world.receiver(200, tls=context)
    endpoint = world.endpoint(receiver.url)
    ids = world.send(endpoint, count=20)
    world.dispatcher(ca_file=cert, max_in_flight_per_endpoint=1)
    for event in ids:
        world.wait_state(event, endpoint, "delivered")
    assert receiver.connections == 1 and len(receiver.requests) == 20


@pytest.mark.parametrize("names, is_trusted", [("IP:127.0.0.1", False), ("IP:127.0.0.2,DNS:receiver", True)])
def test_tls_that_does_not_verify(world, names, is_trusted):
    context, cert = world.certificate(names)
    receiver = world.receiver(200, tls=context)
    endpoint = world.endpoint(receiver.url)
    world.send(endpoint)
    world.dispatcher(retry_schedule="1h", **(dict(ca_file=cert) if is_trusted else {}))
    assert wait_for("an attempt", world.attempts)[0]["error"] == "tls"
    assert receiver.requests == []


def test_plain_text_where_tls_is_expected(world):
    receiver = world.receiver(200)
    endpoint = world.endpoint(receiver.url.replace("http:", "https:"))
    world.send(endpoint)
    world.dispatcher(retry_schedule="1h", connect_timeout="1s")
    assert wait_for("an attempt", world.attempts)[0]["error"] in ("tls", "connect_timeout")


def test_retry_after_of_an_informational_answer_is_ignored(world):
    receiver, endpoint, event, _ = send_one(
        world, b"HTTP/1.1 103 Early Hints\r\nRetry-After: 3600\r\n\r\n" + answer(503), 200)
    world.wait_state(event, endpoint, "delivered")
    assert [a["outcome"] for a in world.attempts()] == ["retry", "delivered"]


def test_connections_are_reused(world):
    receiver = world.receiver(200)
    endpoint = world.endpoint(receiver.url, max_in_flight="2")
    ids = world.send(endpoint, count=200)
    world.dispatcher()
    for event in ids:
        world.wait_state(event, endpoint, "delivered")
    assert len(receiver.requests) == 200
    assert receiver.connections <= 2


def test_in_flight_is_capped_per_endpoint(world):
    running, peak = [0], [0]

    def slow(connection):
        running[0] += 1
        peak[0] = max(peak[0], running[0])
        time.sleep(0.05)
        running[0] -= 1
        connection.sendall(answer(200))

    receiver = world.receiver(slow)
    endpoint = world.endpoint(receiver.url)
    ids = world.send(endpoint, count=60)
    world.dispatcher(max_in_flight_per_endpoint=5)
    for event in ids:
        world.wait_state(event, endpoint, "delivered")
    assert peak[0] == 5


def test_hanging_endpoints_do_not_hold_up_others(world):
    bad = [world.endpoint(world.receiver(hang).url) for _ in range(4)]
    good = world.receiver(200)
    endpoint = world.endpoint(good.url)
    for one in bad:
        world.send(one, count=100)
    dispatcher = world.dispatcher(max_in_flight=20, max_in_flight_per_endpoint=10, response_timeout="60s", lease="10s")
    ids = world.send(endpoint, count=50)
    for event in ids:
        world.wait_state(event, endpoint, "delivered", 20)
    metrics = dispatcher.metrics()
    assert metrics['millrace_deliveries_total{outcome="park"}'] > 0
    parked = world.r.zrange(store.DUE, 0, 0)[0]
    word, reason, _, attempt, *_ = world.state("evt_" + parked[4:24], "ep_" + parked[24:])
    assert (word, reason, attempt) == ("waiting", "concurrency_limit", "1")


@pytest.mark.slow
def test_a_backlog_of_a_slow_endpoint_is_parked_in_turn(world):
    """Not all for the same time, to be parked again together, and again."""
    count, slots, each_s = 500, 50, 1

    def slow(connection):
        time.sleep(each_s)
        connection.sendall(answer(200))

    receiver = world.receiver(slow)
    world.send(world.endpoint(receiver.url), count=count)
    dispatcher = world.dispatcher(max_in_flight=2 * slots, max_in_flight_per_endpoint=slots, log_level="info")
    wait_for("all delivered", lambda: len(receiver.requests) >= count, 3 * each_s * count / slots)
    wait_for("an empty stream", world.is_settled)
    metrics = dispatcher.metrics()
    assert metrics['millrace_deliveries_total{outcome="delivered"}'] == count == len(receiver.requests)
    assert 0 < metrics['millrace_deliveries_total{outcome="park"}'] < 2.5 * count


def test_killed_and_adopted(world):
    receiver, endpoint, event, first = send_one(world, hang, 200, response_timeout="60s", lease="1s")
    wait_for("the first request", lambda: receiver.requests)
    first.process.kill()
    first.process.wait()
    second = world.dispatcher(lease="1s")
    world.wait_state(event, endpoint, "delivered")
    assert len(receiver.requests) == 2 and len(world.attempts()) == 1
    assert second.metrics()["millrace_reclaimed_total"] == 1
    wait_for("an empty stream", world.is_settled)


def test_zombie_is_fenced(world):
    """One that is stopped for longer than its lease and then wakes up cannot touch what another has taken over."""
    def late(connection):
        while not woken:
            time.sleep(0.01)
        connection.sendall(answer(500))

    woken = []
    receiver, endpoint, event, zombie = send_one(world, late, 200, response_timeout="60s", lease="1s", retry_schedule="10ms")
    wait_for("the first request", lambda: receiver.requests)
    zombie.process.send_signal(signal.SIGSTOP)
    world.dispatcher(lease="1s")
    world.wait_state(event, endpoint, "delivered")
    woken.append(True)
    zombie.process.send_signal(signal.SIGCONT)
    wait_for("a refused settle", lambda: zombie.metrics()["millrace_settle_refused_total"] == 1)
    assert world.state(event, endpoint)[:3] == ["delivered", "1", "200"]
    assert len(receiver.requests) == 2 and len(world.attempts()) == 1
    assert world.is_settled()


def stopped_with_many(world, count, **options):
    """So many deliveries are under way, and it will find all answers at once when it goes on."""
    def late(connection):
        while not go:
            time.sleep(0.01)
        connection.sendall(answer(200))
        answered.append(True)

    go, answered = [], []
    receiver = world.receiver(late)
    endpoint = world.endpoint(receiver.url)
    events = world.send(endpoint, count=count)
    dispatcher = world.dispatcher(response_timeout="60s", max_in_flight_per_endpoint=count, **options)
    wait_for("all requests", lambda: len(receiver.requests) == count)
    dispatcher.process.send_signal(signal.SIGSTOP)
    go.append(True)
    wait_for("all answers", lambda: len(answered) == count)
    return dispatcher, endpoint, events


def test_a_zombie_with_many_is_fenced(world):
    zombie, endpoint, events = stopped_with_many(world, 30, lease="1s")
    world.dispatcher(lease="1s")
    for event in events:
        world.wait_state(event, endpoint, "delivered")
    before = {event: world.state(event, endpoint) for event in events}
    zombie.process.send_signal(signal.SIGCONT)
    wait_for("the end of all", lambda: zombie.metrics()["millrace_in_flight"] == 0)
    assert zombie.metrics()['millrace_deliveries_total{outcome="delivered"}'] == 0
    assert {event: world.state(event, endpoint) for event in events} == before
    assert len(world.attempts()) == 30 and world.is_settled()


def test_what_is_taken_by_hand_is_refused(world):
    dispatcher, endpoint, events = stopped_with_many(world, 30)
    stolen = world.r.xpending_range(store.DELIVERIES, "dispatcher", "-", "+", 30)[17]["message_id"]
    world.r.xclaim(store.DELIVERIES, "dispatcher", "somebody", 0, [stolen])
    dispatcher.process.send_signal(signal.SIGCONT)
    wait_for("a refused settle", lambda: dispatcher.metrics()["millrace_settle_refused_total"] == 1)
    wait_for("all others settled", lambda: world.r.xlen(store.DELIVERIES) == 1)
    (row,) = world.r.xpending_range(store.DELIVERIES, "dispatcher", "-", "+", 30)
    assert (row["message_id"], row["consumer"]) == (stolen, "somebody")
    assert world.state(events[17], endpoint)[0] == "pending"


def test_drain_hands_back_and_finishes(world):
    def slow(connection):
        started.append(1)
        while not go:
            time.sleep(0.01)
        connection.sendall(answer(200))

    started, go = [], []
    receiver = world.receiver(slow)
    endpoint = world.endpoint(receiver.url)
    world.send(endpoint, count=10)
    dispatcher = world.dispatcher(max_in_flight_per_endpoint=2, lease="30s")
    wait_for("two under way", lambda: len(started) == 2)
    dispatcher.process.send_signal(signal.SIGTERM)
    wait_for("the others handed back", lambda: world.r.xpending(store.DELIVERIES, "dispatcher")["pending"] == 2)
    assert world.r.xlen(store.DELIVERIES) == 10
    go.append(1)
    assert dispatcher.process.wait(10) == 0
    assert world.r.xlen(store.DELIVERIES) == 8 and len(world.attempts()) == 2
    assert world.r.xinfo_consumers(store.DELIVERIES, "dispatcher") == []
    world.dispatcher()
    wait_for("all delivered", lambda: world.is_settled() and len(receiver.requests) == 10)


def test_drain_ends_at_its_grace_time(world):
    """What is under way then is in Redis still, for another to take over."""
    receiver = world.receiver(hang)
    slow = world.endpoint(receiver.url)
    unknown = world.endpoint("http://no-such-name.invalid/")
    world.send(slow, unknown, count=20)
    dispatcher = world.dispatcher(drain_grace="300ms", retry_schedule="1h", lease="30s", max_in_flight_per_endpoint=3)
    wait_for("requests under way", lambda: len(receiver.requests) == 3)
    assert dispatcher.stop(seconds=5) == 0
    assert world.r.xpending(store.DELIVERIES, "dispatcher")["pending"] >= 3
    assert "service.grace_passed" in dispatcher.logs()


def test_ends_while_redis_is_away(world):
    receiver = world.receiver(200)
    endpoint = world.endpoint(receiver.url)
    dispatcher = world.dispatcher(drain_grace="300ms", max_in_flight_per_endpoint=1)
    world.send(endpoint, count=300)
    wait_for("some delivered", lambda: len(receiver.requests) > 20)
    world.redis.kill()
    world.redis.wait()
    assert dispatcher.stop(seconds=5) == 0


def test_redis_restart(world):
    receiver = world.receiver(200)
    endpoint = world.endpoint(receiver.url)
    dispatcher = world.dispatcher(max_in_flight_per_endpoint=1)
    ids = world.send(endpoint, count=300)
    wait_for("some delivered", lambda: len(receiver.requests) > 20)
    world.redis.kill()
    world.redis.wait()
    world.start_redis()
    world.store = store.Store(world.r, groups=False)
    for event in ids:
        world.wait_state(event, endpoint, "delivered", 20)
    wait_for("an empty stream", world.is_settled)
    assert dispatcher.process.poll() is None
    assert len({r[3] for r in receiver.requests}) == 300
    assert len(receiver.requests) <= 300 + 1


def test_redis_down_at_the_start(world):
    receiver = world.receiver(200)
    endpoint = world.endpoint(receiver.url)
    event, = world.send(endpoint)
    world.redis.kill()
    world.redis.wait()
    dispatcher = world.dispatcher()
    wait_for("a line about it", lambda: "redis.down" in dispatcher.logs())
    world.start_redis()
    world.wait_state(event, endpoint, "delivered")
    assert dispatcher.process.poll() is None


def test_workers_share_the_work_and_the_metrics(world):
    def slow(connection):
        time.sleep(0.02)
        connection.sendall(answer(200))

    receiver = world.receiver(slow)
    endpoint = world.endpoint(receiver.url)
    dispatcher = world.dispatcher(workers=3, max_in_flight=4, retry_schedule="1h")
    wait_for("three workers", lambda: dispatcher.logs().count("service.ready") == 3)
    ids = world.send(endpoint, count=300)
    for event in ids:
        world.wait_state(event, endpoint, "delivered")
    refused = world.endpoint("http://127.0.0.1:1/")
    world.send(refused)
    wait_for("one that waits", lambda: world.r.zcard(store.DUE) == 1)
    wait_for("an empty stream", lambda: world.r.xlen(store.DELIVERIES) == 0)
    for _ in range(12):  # each scrape may be another worker's
        metrics = dispatcher.metrics()
        assert metrics['millrace_deliveries_total{outcome="delivered"}'] == 300
        assert metrics["millrace_in_flight"] == 0
        assert metrics['millrace_backlog{stage="due"}'] == world.r.zcard(store.DUE)
    assert dispatcher.stop() == 0
    assert world.r.xinfo_consumers(store.DELIVERIES, "dispatcher") == []


def test_claimed_too_often(world):
    receiver = world.receiver(200)
    endpoint = world.endpoint(receiver.url)
    event, = world.send(endpoint)
    (entry, _), = world.store.read_deliveries("crashed")
    world.r.execute_command("XCLAIM", store.DELIVERIES, "dispatcher", "crashed", 0, entry, "IDLE", 60000, "RETRYCOUNT", 25, "JUSTID")
    world.dispatcher(max_claims=25)
    world.wait_state(event, endpoint, "dead")
    assert world.dlq()[0]["reason"] == "claims_exceeded" and receiver.requests == []


def test_what_an_older_version_wrote_is_delivered(world):
    """It had the words of an entry's first field as fields. One of them is fresh, one was tried before; the first that comes waits for a retry."""
    receiver = world.receiver(503, 200, 200)
    endpoint = world.endpoint(receiver.url)
    events = world.send(endpoint, count=2)
    for (entry, fields), more in zip(world.store.ready(), ({}, {"attempt": "2", "snoozes": "1", "history": "1-1"})):
        body = fields.pop("body")
        world.r.xadd(store.DELIVERIES, {**fields, **more, "body": body})
        world.r.xdel(store.DELIVERIES, entry)
    assert "delivery" not in world.r.xrange(store.DELIVERIES)[0][1]
    world.dispatcher(retry_schedule="20ms,20ms")
    for event in events:
        world.wait_state(event, endpoint, "delivered")
    wait_for("an empty stream", world.is_settled)
    assert len(receiver.requests) == 3 and {dict(headers)["webhook-id"] for _, _, headers, _ in receiver.requests} == set(events)


@pytest.mark.parametrize("entry", [{"delivery": "nonsense", "body": "{}"}, {"event": "nonsense", "endpoint": "x"}, {"x": "y"}])
def test_unreadable_entry(world, entry):
    world.r.xadd(store.DELIVERIES, entry)
    dispatcher = world.dispatcher()
    wait_for("a dead letter", world.dlq)
    assert world.dlq()[0]["reason"] == "unreadable" and world.is_settled()
    assert dispatcher.process.poll() is None


def test_outcomes_that_redis_refuses_are_kept(world):
    receiver = world.receiver(200)
    endpoint = world.endpoint(receiver.url)
    ids = world.send(endpoint, count=20)
    world.r.set(store.ATTEMPTS, "of another type")
    dispatcher = world.dispatcher(lease="1s")
    wait_for("a line about it", lambda: "settle.error" in dispatcher.logs())
    assert world.r.xlen(store.DELIVERIES) == 20
    world.r.delete(store.ATTEMPTS)
    for event in ids:
        world.wait_state(event, endpoint, "delivered")
    assert len(receiver.requests) == 20


def test_metrics(world):
    _, endpoint, event, dispatcher = send_one(world, 500, 200)
    world.wait_state(event, endpoint, "delivered")
    wait_for("an empty stream", world.is_settled)
    metrics = dispatcher.metrics()
    expected = {'millrace_attempts_total{class="2xx"}': 1, 'millrace_attempts_total{class="5xx"}': 1,
                'millrace_deliveries_total{outcome="retry"}': 1, 'millrace_deliveries_total{outcome="delivered"}': 1,
                "millrace_delivery_seconds_count": 2, "millrace_end_to_end_seconds_count": 1, "millrace_in_flight": 0,
                'millrace_waiting{reason="backoff"}': 0, 'millrace_backlog{stage="deliveries"}': 0, 'millrace_backlog{stage="due"}': 0,
                "millrace_lost_entries_total": 0, "millrace_settle_refused_total": 0,
                'millrace_cache_total{cache="endpoints",result="miss"}': 1}
    assert {name: metrics[name] for name in expected} == expected


def test_waiting_is_told_by_its_reason(world):
    later = str(world.r.time()[0] * 1000 + 3600000)
    failing, busy = world.endpoint(world.receiver(500).url), world.endpoint(world.receiver(answer(429, "Retry-After: 3600")).url)
    world.send(failing, count=3)
    world.send(busy, count=2)
    world.store.publish([store.new_event()])
    (entry, _), = world.store.read_events()
    world.store.fanout("p1", [store.part(entry, store.event_id(1), [failing], after=later)])
    dispatcher = world.dispatcher(retry_schedule="1h")
    wait_for("all to wait", lambda: world.r.zcard(store.DUE) == 6 and world.r.xlen(store.DELIVERIES) == 0)
    reasons = dict(scheduled=1, backoff=3, retry_after=2, concurrency_limit=0, paused=0, ordering=0, rate_limit=0, worker_capacity=0)
    expected = {f'millrace_waiting{{reason="{reason}"}}': count for reason, count in reasons.items()}
    metrics = dispatcher.metrics()
    assert {name: count for name, count in metrics.items() if name.startswith("millrace_waiting")} == expected


def test_what_waited_and_is_gone_is_counted(world):
    world.r.zadd(store.DUE, {"dlv_gone": 1})
    dispatcher = world.dispatcher()
    wait_for("its removal", lambda: world.r.zcard(store.DUE) == 0)
    wait_for("a count", lambda: dispatcher.metrics()["millrace_lost_entries_total"] == 1)


@pytest.mark.parametrize("settings, is_short", [({}, False), (dict(drain_grace="24999ms"), True),
                                                (dict(drain_grace="1s", connect_timeout="400ms", response_timeout="600ms"), False)])
def test_a_grace_shorter_than_an_attempt_is_told(world, settings, is_short):
    dispatcher = world.dispatcher(**settings)
    wait_for("its readiness", lambda: "service.ready" in dispatcher.logs())
    assert ("dispatcher.short_grace" in dispatcher.logs()) == is_short


@pytest.mark.parametrize("settings, message", [
    (dict(allow_targets="10.0.0.1/8"), "allow_targets"), (dict(ca_file="/no/such"), "ca_file"),
    (dict(response_keep="2k", response_max="1k"), "response_keep"), (dict(retry_schedule="5x"), "retry_schedule"),
    (dict(total_timout="1s"), "total-timeout")])
def test_bad_settings_are_named(world, settings, message):
    dispatcher = world.dispatcher(**settings)
    assert dispatcher.process.wait(10) not in (0, -signal.SIGABRT)
    assert message in dispatcher.logs()
