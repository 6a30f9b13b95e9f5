"""An event's way from its POST to the endpoints that want it."""
import base64
import hashlib
import hmac
import json
import re
import time
from datetime import datetime, timezone

import msgpack
import pytest

import records
from receiver import Step
from waiting import wait_until

HEADERS = {"host", "content-type", "content-length", "user-agent", "webhook-id", "webhook-timestamp", "webhook-signature",
           "idempotency-key", "traceparent", "x-millrace-attempt"}
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
LATE_S = 5  # much for a machine under load, little beside the delays that are tested


def signature(secret, webhook):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    text = f"{webhook.header('webhook-id')}.{webhook.header('webhook-timestamp')}.".encode() + webhook.body
    return "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


def rfc3339(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds(text):
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text), text
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


# -- the webhook


def test_an_event_becomes_a_signed_webhook(stack, organization, receiver):
    endpoint = organization.new_endpoint(receiver.url("/hook"), headers={"X-Shop": "42"})
    answer = organization.client.publish("order.created", {"id": 7})
    assert answer.status == 202
    accept = answer.json
    assert accept.pop("id").startswith("evt_")
    assert accept == {"status": "accepted", "duplicate": False, "durability": "fsync"}

    webhook = receiver.wait("/hook")[0]
    event_id = answer.json["id"]
    assert webhook.method == "POST"
    assert {name for name, _ in webhook.headers} == HEADERS | {"x-shop"}
    assert webhook.header("x-shop") == "42"
    assert webhook.header("content-type") == "application/json"
    assert re.fullmatch(r"Millrace/\d+\.\d+\.\d+", webhook.header("user-agent"))
    assert webhook.header("webhook-id") == event_id
    assert abs(int(webhook.header("webhook-timestamp")) - webhook.at) < LATE_S
    assert webhook.header("webhook-signature") == signature(endpoint["secret"], webhook)
    assert webhook.header("idempotency-key") == "dlv_" + event_id[4:] + endpoint["id"][3:]
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", webhook.header("traceparent"))
    assert webhook.header("x-millrace-attempt") == "1"
    at = json.loads(webhook.body)["timestamp"]
    seconds(at)
    assert webhook.body.decode() == f'{{"id":"{event_id}","type":"order.created","timestamp":"{at}","data":{{"id": 7}}}}'

    def is_delivered():
        words = records.record(stack.redis, event_id)[endpoint["id"]].split(" ")
        assert words[:3] == ["delivered", "1", "200"]
        return True
    wait_until(is_delivered, "the record of the delivery")


def test_a_given_secret_signs(organization, receiver):
    secret = "whsec_" + base64.b64encode(bytes(range(24))).decode()
    endpoint = organization.new_endpoint(receiver.url("/hook"), secret=secret)
    organization.publish("a")
    webhook = receiver.wait("/hook")[0]
    assert endpoint["secret"] == secret
    assert webhook.header("webhook-signature") == signature(secret, webhook)


@pytest.mark.parametrize("data", [
    "null", "true", '""', "0", "[]", "{}",
    '{ "b" : 1,\t"a":[ ] ,\n  "c" : { } }',
    '{"z":1,"a":2,"m":{"z":1,"a":2}}',
    "123456789012345678901234567890.10e+0042", "-0.0", "1E400", "18446744073709551616",
    '"žluťoučký 🦄 \u2028\u2029\x7f"',
    r'"\u0041\/\b\f\n\r\t\"\\ \ud83e\udd84 \u0000"',
    '{"\\u0061":1,"a\\/b":"<script>&\'"}',
    '["' + "ř" * 60000 + '"]',
], ids=lambda data: data[:12].encode("ascii", "backslashreplace").decode())
def test_data_arrives_byte_for_byte(organization, receiver, data):
    organization.new_endpoint(receiver.url("/hook"))
    organization.client.publish_text("a", data)
    body = receiver.wait("/hook")[0].body
    assert body.endswith(b'"data":' + data.encode() + b"}")


@pytest.mark.parametrize("given, told", [
    ("2026-01-31T09:30:00Z", "2026-01-31T09:30:00.000Z"),
    ("2026-01-31T10:30:00.5+01:00", "2026-01-31T09:30:00.500Z"),
    ("2019-12-31T23:59:59.999-00:30", "2020-01-01T00:29:59.999Z"),
])
def test_timestamp_is_when_the_event_occurred(organization, receiver, given, told):
    organization.new_endpoint(receiver.url("/hook"))
    organization.publish("a", occurred_at=given)
    assert json.loads(receiver.wait("/hook")[0].body)["timestamp"] == told


def test_timestamp_is_otherwise_when_it_was_accepted(organization, receiver):
    organization.new_endpoint(receiver.url("/hook"))
    before = time.time()
    organization.publish("a")
    after = time.time()
    at = seconds(json.loads(receiver.wait("/hook")[0].body)["timestamp"])
    assert before - 0.001 <= at <= after


def test_every_attempt_has_the_same_bytes(stack, organization, receiver):
    endpoint = organization.new_endpoint(receiver.url("/hook"))
    receiver.script("/hook", 503, 500, Step(302, headers={"Location": receiver.url("/elsewhere")}), 204)
    event_id = organization.publish("a", {"text": "ž" * 5000})
    attempts = receiver.wait("/hook", 4)
    assert len({one.body for one in attempts}) == 1
    assert {one.header("webhook-id") for one in attempts} == {event_id}
    assert len({one.header("idempotency-key") for one in attempts}) == 1
    assert [one.header("x-millrace-attempt") for one in attempts] == ["1", "2", "3", "4"]
    assert len({one.header("traceparent")[:35] for one in attempts}) == 1
    assert len({one.header("traceparent") for one in attempts}) == 4
    for one in attempts:
        assert one.header("webhook-signature") == signature(endpoint["secret"], one)
    wait_until(lambda: records.record(stack.redis, event_id)[endpoint["id"]].startswith("delivered 4 204 "), "the outcome")
    assert receiver.on("/elsewhere") == []
    assert records.stats(stack.redis, organization.id) == {"events": 1, "deliveries": 1, "retried": 3, "delivered": 1}


# -- who gets it


def wait_skipped(stack, event_id, reason):
    wait_until(lambda: records.record(stack.redis, event_id) == {"skipped": reason}, f"{event_id} skipped: {reason}")


def test_an_event_that_nobody_wants_is_skipped(stack, organization, receiver):
    organization.new_endpoint(receiver.url("/hook"), "invoice.*", "order")
    event_id = organization.publish("order.created")
    wait_skipped(stack, event_id, "no_subscriber")
    assert records.stats(stack.redis, organization.id) == {"events": 1, "skipped": 1, "deliveries": 0, "delivered": 0}
    line = stack.services["processor"].wait_line("event.skipped", event=event_id)
    assert line["reason"] == "no_subscriber"
    assert receiver.on("/hook") == []


def test_an_organization_without_endpoints_skips(stack, organization):
    wait_skipped(stack, organization.publish("a"), "no_subscriber")


def test_a_disabled_endpoint_gets_nothing(stack, organization, receiver):
    organization.new_endpoint(receiver.url("/hook"), disabled=True)
    event_id = organization.publish("a")
    wait_skipped(stack, event_id, "endpoint_disabled")
    assert receiver.on("/hook") == []


def test_patterns(organization, receiver):
    patterns = {"/all": ["*"], "/orders": ["order.*"], "/exact": ["order.created"], "/several": ["invoice.paid", "order.updated"]}
    for path, types in patterns.items():
        organization.new_endpoint(receiver.url(path), *types)
    wanted = {
        "order.created": {"/all", "/orders", "/exact"},
        "order.updated": {"/all", "/orders", "/several"},
        "order.created.late": {"/all", "/orders"},
        "order": {"/all"},
        "orders.created": {"/all"},
        "Order.created": {"/all"},
        "invoice.paid": {"/all", "/several"},
    }
    ids = {type: organization.publish(type) for type in wanted}
    for path in patterns:
        expected = {ids[type] for type, paths in wanted.items() if path in paths}
        receiver.wait_events(path, expected)
    for path in patterns:
        expected = sorted(ids[type] for type, paths in wanted.items() if path in paths)
        assert sorted(receiver.events(path)) == expected, path


def test_each_endpoint_gets_its_own_delivery(stack, organization, receiver):
    endpoints = {f"/hook{i}": organization.new_endpoint(receiver.url(f"/hook{i}")) for i in range(10)}
    receiver.script("/hook3", 500, 200)
    event_id = organization.publish("a", {"n": 1})
    webhooks = {path: receiver.wait(path, 2 if path == "/hook3" else 1)[-1] for path in endpoints}
    assert len({one.body for one in webhooks.values()}) == 1
    assert {one.header("webhook-id") for one in webhooks.values()} == {event_id}
    assert len({one.header("idempotency-key") for one in webhooks.values()}) == 10
    for path, endpoint in endpoints.items():
        assert webhooks[path].header("webhook-signature") == signature(endpoint["secret"], webhooks[path])
    stack.wait_drained()
    assert set(records.record(stack.redis, event_id)) == {endpoint["id"] for endpoint in endpoints.values()}
    assert sum(len(receiver.on(path)) for path in endpoints) == 11


def test_an_endpoint_made_later_gets_what_is_sent_later(stack, organization, receiver):
    wait_skipped(stack, organization.publish("a"), "no_subscriber")
    organization.new_endpoint(receiver.url("/hook"))
    event_id = organization.publish("a")
    assert receiver.wait("/hook")[0].event_id == event_id


def test_organizations_are_apart(stack, organization, receiver):
    other = stack.new_organization()
    organization.new_endpoint(receiver.url("/ours"))
    other.new_endpoint(receiver.url("/theirs"))
    ours, theirs = organization.publish("a"), other.publish("a")
    receiver.wait("/ours")
    receiver.wait("/theirs")
    stack.wait_drained()
    assert (receiver.events("/ours"), receiver.events("/theirs")) == ([ours], [theirs])


# -- when it gets it


@pytest.mark.parametrize("wait_s", [0.3, 1.2])
@pytest.mark.parametrize("name", ["delay", "deliver_at"])
def test_a_later_delivery(stack, organization, receiver, name, wait_s):
    organization.new_endpoint(receiver.url("/hook"))
    before = time.time()
    event_id = organization.publish("a", **{name: f"{int(wait_s * 1000)}ms" if name == "delay" else rfc3339(before + wait_s)})
    record = wait_until(lambda: records.record(stack.redis, event_id), "the fan-out")
    state, = record.values()
    if wait_s > 1:  # else it may be ready by now
        word, reason, until, attempt, snoozes, of, *_, made = state.split(" ")
        assert (word, reason, attempt, snoozes, of, made) == ("waiting", "scheduled", "1", "0", organization.id, "0")
        assert before + wait_s - 0.001 <= int(until) / 1000 <= before + wait_s + LATE_S
    webhook = receiver.wait("/hook")[0]
    assert before + wait_s - 0.001 <= webhook.at <= before + wait_s + LATE_S
    assert len(receiver.on("/hook")) == 1


def test_a_later_one_does_not_hold_up_others(organization, receiver):
    organization.new_endpoint(receiver.url("/hook"))
    later = organization.publish("a", delay="1s")
    now = organization.publish("a")
    assert [one.event_id for one in receiver.wait("/hook", 2)] == [now, later]


def test_a_time_that_has_passed_is_now(organization, receiver):
    organization.new_endpoint(receiver.url("/hook"))
    event_id = organization.publish("a", deliver_at="2020-01-01T00:00:00Z")
    assert receiver.wait("/hook", timeout_s=LATE_S)[0].event_id == event_id


# -- many in one request

ITEMS = [
    {"type": "order.created", "data": {"n": 0}},
    {"data": {"n": 1}},
    {"type": "order created", "data": {"n": 2}},
    {"type": "order.created", "data": {"n": 3}, "dedup_id": "d"},
    {"type": "order.created", "data": {"n": 4}, "unknown": 1},
    {"type": "order.created", "data": {"n": 3}, "dedup_id": "d"},
    {"type": "order.created", "data": {"n": 6}, "dedup_id": "d"},
    {"type": "order.created"},
    "order.created",
    {"type": "order.created", "data": {"n": 9}, "delay": "soon"},
    {"type": "order.created", "data": {"n": 10, "text": "ž\n"}},
]
ERRORS = {1: ("missing_field", "/type"), 2: ("invalid_value", "/type"), 4: ("unknown_field", "/unknown"),
          6: ("dedup_mismatch", "/dedup_id"), 7: ("missing_field", "/data"), 8: ("wrong_type", None),
          9: ("invalid_value", "/delay")}
FORMATS = {
    "application/json": lambda items: json.dumps(items).encode(),
    "application/x-ndjson": lambda items: "\n".join(json.dumps(one) for one in items).encode(),
    "application/msgpack": msgpack.packb,
}


@pytest.mark.parametrize("media_type", FORMATS)
def test_a_batch_takes_the_good_among_the_bad(organization, receiver, media_type):
    organization.new_endpoint(receiver.url("/hook"))
    answer = organization.client.post("/api/events/batch", FORMATS[media_type](ITEMS), {"Content-Type": media_type})
    assert answer.status == 202, answer.body
    told = answer.json
    assert (told["accepted"], told["duplicates"], told["rejected"], told["durability"]) == (3, 1, 7, "fsync")
    assert len(told["results"]) == len(ITEMS)
    for index, result in enumerate(told["results"]):
        if index in ERRORS:
            assert (result["error"]["code"], result["error"].get("pointer")) == ERRORS[index], (index, result)
            assert result["error"]["detail"]
        else:
            assert result == {"id": result["id"], "duplicate": index == 5}
    ids = [result.get("id") for result in told["results"]]
    assert ids[5] == ids[3]
    got = receiver.wait_events("/hook", {ids[0], ids[3], ids[10]})
    assert {one.event_id: json.loads(one.body)["data"] for one in got} == {
        ids[0]: {"n": 0}, ids[3]: {"n": 3}, ids[10]: {"n": 10, "text": "ž\n"}}
    assert len(got) == 3


def test_data_in_json_batches_stays_byte_for_byte(organization, receiver):
    organization.new_endpoint(receiver.url("/hook"))
    texts = ['{ "b":1 , "a":\t2.50e1 }', '"\\u0041"', "[ 1,2 ]"]
    body = "[" + " , ".join(f'{{"data" : {text} ,"type":"a"}}' for text in texts) + "]"
    answer = organization.client.post("/api/events/batch", body)
    ids = [result["id"] for result in answer.json["results"]]
    got = {one.event_id: one.body for one in receiver.wait_events("/hook", ids)}
    for event_id, text in zip(ids, texts):
        assert got[event_id].endswith(b'"data":' + text.encode() + b"}")


def test_a_full_batch(organization, receiver):
    organization.new_endpoint(receiver.url("/hook"))
    lines = "\r\n".join(json.dumps({"type": "a", "data": i}) for i in range(1000)) + "\r\n\r\n"
    answer = organization.client.post("/api/events/batch", lines, {"Content-Type": "application/x-ndjson"})
    assert (answer.status, answer.json["accepted"]) == (202, 1000)
    ids = [result["id"] for result in answer.json["results"]]
    assert len(set(ids)) == 1000 and ids == sorted(ids)
    got = receiver.wait_events("/hook", ids)
    assert len(got) == 1000
    data = {one.event_id: json.loads(one.body)["data"] for one in got}
    assert [data[event_id] for event_id in ids] == list(range(1000))


@pytest.mark.parametrize("media_type, body, status, code", [
    ("application/json", b"[]", 422, "batch_empty"),
    ("application/json", b'{"type":"a","data":1}', 422, "wrong_type"),
    ("application/json", b'[{"type":"a","data":1}', 400, "malformed_json"),
    ("application/x-ndjson", b"\n\n", 422, "batch_empty"),
    ("application/msgpack", b"\x81\xa1a\x01", 422, "wrong_type"),
    ("application/msgpack", b"\xdd\xff\xff\xff\xff", 400, "malformed_msgpack"),
    ("application/json", b"[" + b",".join([b"1"] * 1001) + b"]", 422, "batch_too_large"),
])
def test_a_batch_that_is_none(organization, media_type, body, status, code):
    answer = organization.client.post("/api/events/batch", body, {"Content-Type": media_type})
    assert (answer.status, answer.code) == (status, code)


# -- its trace


@pytest.mark.parametrize("has_id", [True, False])
@pytest.mark.parametrize("has_trace", [True, False])
def test_one_request_id_and_one_trace_from_end_to_end(stack, organization, receiver, has_id, has_trace):
    endpoint = organization.new_endpoint(receiver.url("/hook"))
    receiver.script("/hook", 500, 200)
    given = ({"X-Request-Id": f"order-42/{organization.id}"} if has_id else {}) | ({"traceparent": TRACE} if has_trace else {})
    answer = organization.client.publish("a", headers=given)
    event_id, request_id = answer.json["id"], answer.headers["X-Request-Id"]
    attempts = receiver.wait("/hook", 2)

    lines = [stack.services["ingest"].wait_line("event.accepted", event=event_id),
             stack.services["processor"].wait_line("event.fanned_out", event=event_id),
             stack.services["dispatcher"].wait_line("delivery.retry", event=event_id, endpoint=endpoint["id"]),
             stack.services["dispatcher"].wait_line("delivery.delivered", event=event_id, attempt=2)]
    trace = lines[0]["trace"]
    assert request_id == given.get("X-Request-Id", request_id) and trace == given.get("traceparent", trace)
    is_of_trace = request_id == "req_" + trace.split("-")[1]
    assert is_of_trace == (not has_id and not has_trace), "a trace that was brought may have many requests"
    assert {line["request_id"] for line in lines} == {request_id}
    assert len({line["trace"] for line in lines}) == 1
    trace_id = lines[0]["trace"].split("-")[1]
    assert {one.header("traceparent").split("-")[1] for one in attempts} == {trace_id}
    assert {line["service"] for line in lines} == {"ingest", "processor", "dispatcher"}
    found = organization.client.get("/api/events/" + event_id).json
    assert (found["request_id"], found["trace"], found["timestamp"]) == (request_id, trace, found["created_at"])
    assert json.loads(attempts[1].body)["timestamp"] == json.loads(attempts[0].body)["timestamp"] == found["created_at"]
    own = {"trace": trace} if is_of_trace else {"trace": trace, "request": request_id}
    assert records.event(stack.redis, event_id) == {"org": organization.id, "type": "a", **own, "data": "null"}


@pytest.mark.parametrize("trace", ["00-" + "0" * 32 + "-b7ad6b7169203331-01", "hello", TRACE[:-1], TRACE.upper(),
                                   "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-extra"])
def test_a_trace_that_is_none_is_replaced(stack, organization, receiver, trace):
    organization.new_endpoint(receiver.url("/hook"))
    organization.publish("a", headers={"traceparent": trace})
    got = receiver.wait("/hook")[0].header("traceparent")
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", got)
    assert got[:36] != trace[:36] and set(got[3:35]) != {"0"}


# -- what stands in Redis meanwhile


def test_streams_can_be_read_by_eye(stack, organization, receiver):
    endpoint = organization.new_endpoint(receiver.url("/hook"))
    release = receiver.hold("/hook")
    answer = organization.client.publish("order.created", {"n": 1}, dedup_id="first", key="customer-7",
                                         headers={"X-Request-Id": "read-me", "traceparent": TRACE})
    event_id = answer.json["id"]
    receiver.wait("/hook")
    client = stack.redis.client
    entry = records.event(stack.redis, event_id)
    assert list(entry.items()) == [
        ("org", organization.id), ("type", "order.created"), ("key", "customer-7"), ("dedup", "first"), ("trace", TRACE),
        ("request", "read-me"), ("data", '{"n": 1}')]
    delivery = [fields for _, fields in client.xrange("mr:{0}:deliveries") if event_id in fields["delivery"]][0]
    assert list(delivery.items()) == [
        ("delivery", f"{event_id} {endpoint['id']} {organization.id} {TRACE} read-me"),
        ("body", receiver.on("/hook")[0].body.decode())]
    for text in (*entry.values(), *delivery.values()):
        assert text.isprintable()
    release.set()
    stack.wait_drained()
    word, attempts, status, at_ms, history = records.record(stack.redis, event_id)[endpoint["id"]].split(" ")
    assert (word, attempts, status) == ("delivered", "1", "200") and re.fullmatch(rf"{at_ms}:1:200:\d+", history)
    assert event_id not in [fields["event"] for _, fields in client.xrange("mr:{0}:attempts")], "it was answered with a status alone"
    receiver.script("/hook", Step(body=b"took"))
    event_id = organization.publish("order.created")
    stack.wait_drained()
    attempt, = [fields for _, fields in client.xrange("mr:{0}:attempts") if fields["event"] == event_id]
    assert list(attempt) == ["event", "endpoint", "org", "attempt", "outcome", "status", "duration_ms", "response"]
    assert (attempt["outcome"], attempt["status"], attempt["response"]) == ("delivered", "200", "took")


def test_what_has_little_to_say_is_handed_over_short(stack, organization, receiver):
    """Redis's own record of the calls shows the first byte of what is packed: how many strings the first item has."""
    def calls():
        return {size for entry in client.slowlog_get(1000) for size in re.findall(rb" ([\x03\x05\x07\x08\x0d\x10])", entry["command"])}

    organization.new_endpoint(receiver.url("/hook"))
    client, settings = stack.redis.raw_client(), {"slowlog-log-slower-than": 0, "slowlog-max-len": 1000}
    before = {name: [*client.config_get(name).values()][0] for name in settings}
    try:
        for name, value in settings.items():
            client.config_set(name, value)
        client.slowlog_reset()
        organization.publish("order.created")
        stack.wait_drained()
        assert calls() == {b"\x05", b"\x03", b"\x07"}, "publish, fanout, settle"
        organization.client.publish("order.created", {}, dedup_id="long")
        assert b"\x0d" in calls()
    finally:
        for name, value in before.items():
            client.config_set(name, value)
