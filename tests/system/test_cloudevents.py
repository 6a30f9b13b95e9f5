"""CloudEvents in all three modes, posted by an SDK that is not ours, and read by it again from the webhooks."""
import base64
import json
import os
import pathlib
import sys
from datetime import datetime, timedelta, timezone

import pytest

import records
from processes import ROOT
from raw_http import RawConnection
from test_spine import signature
from waiting import wait_until

SDK = pathlib.Path(os.environ.get("MILLRACE_CLOUDEVENTS", ROOT / "build/cloudevents"))
assert SDK.is_dir(), f"{SDK} is missing: run deploy/install --test"
sys.path.append(str(SDK))

from cloudevents.core.bindings.http import HTTPMessage, from_http_event, to_binary_event, to_structured_event  # noqa: E402
from cloudevents.core.formats.json import JSONFormat  # noqa: E402
from cloudevents.core.v1.event import CloudEvent  # noqa: E402

STRUCTURED, BATCHED = "application/cloudevents+json", "application/cloudevents-batch+json"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TO_MESSAGE = {"binary": to_binary_event, "structured": to_structured_event}
MODES = ["binary", "structured", "batched"]
REQUIRED = {"specversion": "1.0", "id": "A-1", "source": "/shop/7", "type": "order.paid"}
BINARY = {f"ce-{name}": value for name, value in REQUIRED.items()}
ATTRIBUTES = {"subject": 'Euro € 😀 "50%"', "time": datetime(2026, 1, 31, 9, 30, 0, 123456, timezone(timedelta(hours=1))),
              "dataschema": "https://example.com/schemas/order#1", "partitionkey": "customer 7", "comexampleext": "a\\b"}


def new_event(data=None, **attributes):
    return CloudEvent(REQUIRED | attributes, data)


def post(client, mode, event, path="/api/events", **headers):
    """As the SDK makes the request; a batch of one, since it knows no batches."""
    if mode == "batched":
        message = HTTPMessage({"content-type": BATCHED}, b"[" + to_structured_event(event).body + b"]")
    else:
        message = TO_MESSAGE[mode](event)
    own = {"Content-Type" if name == "content-type" else name: value for name, value in message.headers.items()}
    return client.post(path, message.body, own | headers)


def id_of(answer):
    assert answer.status == 202, answer.body
    told = answer.json
    return told["id"] if "id" in told else told["results"][0]["id"]


def read_again(webhook):
    """The SDK's event of a webhook: attributes, and data unless it is among them."""
    said = json.loads(webhook.body)
    body = {"data": said["data"]} | said["cloudevent"]
    if "data_base64" in body:
        del body["data"]
    return from_http_event(HTTPMessage({"content-type": STRUCTURED}, json.dumps(body).encode()))


def wait_one(receiver, path="/hook"):
    webhook, = receiver.wait(path)
    return webhook


# -- what arrives


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("data, content_type", [
    ({"order": 42, "lines": [{"price": 1.5, "text": "ž\n"}]}, "application/json"),
    ({"order": 42}, "application/vnd.shop+json"),
    ("one\ntwo 😀 \"", "text/plain"),
    (b"\x00\x01\xfe\xff" * 100, "application/octet-stream"),
], ids=["json", "+json", "text", "bytes"])
def test_an_event_is_delivered_signed_with_all_that_it_said(organization, receiver, mode, data, content_type):
    endpoint = organization.new_endpoint(receiver.url("/hook"), "order.*")
    sent = new_event(data, datacontenttype=content_type, **ATTRIBUTES)
    event_id = id_of(post(organization.client, mode, sent))
    webhook = wait_one(receiver)
    assert webhook.event_id == event_id
    assert webhook.header("webhook-signature") == signature(endpoint["secret"], webhook)
    said = json.loads(webhook.body)
    assert list(said) == ["id", "type", "timestamp", "data", "cloudevent"]
    assert (said["id"], said["type"], said["timestamp"]) == (event_id, "order.paid", "2026-01-31T08:30:00.123Z")
    assert said["data"] == (None if isinstance(data, bytes) else data)
    got = read_again(webhook)
    assert got.get_data() == data and got.get_attributes() == sent.get_attributes()


@pytest.mark.parametrize("mode", MODES)
def test_it_is_found_with_all_that_it_said(stack, organization, mode):
    event_id = id_of(post(organization.client, mode, new_event({"n": 1}, datacontenttype="application/json", **ATTRIBUTES)))
    found = organization.client.get(f"/api/events/{event_id}").json
    item, = organization.client.get("/api/inbox").json["data"]
    assert found["cloudevent"] == item["cloudevent"] == REQUIRED | ATTRIBUTES | {
        "time": "2026-01-31T09:30:00.123456+01:00", "datacontenttype": "application/json"}
    assert (found["key"], found["dedup_id"], found["data"]) == ("customer 7", "/shop/7 A-1", {"n": 1})
    assert (item["key"], item["data"]) == ("customer 7", {"n": 1})
    assert found["size"] == len('{"n": 1}') + len(records.event(stack.redis, event_id)["ce"].encode())


def test_other_events_have_none(organization, receiver):
    organization.new_endpoint(receiver.url("/hook"))
    event_id = organization.publish("a", 1)
    assert organization.client.get(f"/api/events/{event_id}").json["cloudevent"] is None
    assert organization.client.get("/api/inbox").json["data"][0]["cloudevent"] is None
    assert "cloudevent" not in json.loads(wait_one(receiver).body)


DATA = '{ "b":1 , "a":\t2.50e1, "\\u0041": 12345678901234567890 }'


@pytest.mark.parametrize("headers, body", [
    (BINARY | {"Content-Type": "application/json"}, DATA),
    ({"Content-Type": STRUCTURED}, json.dumps(REQUIRED)[:-1] + f', "data" : {DATA} }}'),
    ({"Content-Type": BATCHED}, f'[{json.dumps(REQUIRED)[:-1]}, "data":{DATA}}}]'),
], ids=MODES)
def test_data_arrives_byte_for_byte(organization, receiver, headers, body):
    organization.new_endpoint(receiver.url("/hook"))
    assert organization.client.post("/api/events", body, headers).status == 202
    assert f'"data":{DATA},"cloudevent":{{"'.encode() in wait_one(receiver).body


def test_a_large_one_is_delivered_from_the_log(organization, receiver):
    """Too large to travel with the delivery."""
    organization.new_endpoint(receiver.url("/hook"))
    sent = new_event(os.urandom(700_000), datacontenttype="application/octet-stream", comexampleext="x" * 10_000)
    id_of(post(organization.client, "binary", sent))
    got = read_again(wait_one(receiver))
    assert got.get_data() == sent.get_data() and got.get_extension("comexampleext") == "x" * 10_000


def test_integers_and_booleans_stay_what_they_are(organization, receiver):
    organization.new_endpoint(receiver.url("/hook"))
    event = REQUIRED | {"sampledrate": 30, "isgood": True, "unset": None, "data": None}
    assert organization.client.post("/api/events", event, {"Content-Type": STRUCTURED}).status == 202
    assert json.loads(wait_one(receiver).body)["cloudevent"] == REQUIRED | {"sampledrate": 30, "isgood": True}


def test_filters_look_into_its_data(organization, receiver):
    organization.new_endpoint(receiver.url("/hook"), filter={"exact": {"/order/country": "CH"}})
    ids = [id_of(post(organization.client, mode, new_event({"order": {"country": country}}, id=mode + country,
                                                           datacontenttype="application/json")))
           for mode in MODES for country in ("CH", "DE")]
    got = receiver.wait_events("/hook", ids[::2])
    assert {one.event_id for one in got} == set(ids[::2])


# -- the headers of binary mode


def test_values_of_headers_are_decoded(organization):
    """The vector of the specification; quoted as older senders do; names of any case."""
    headers = BINARY | {"CE-Subject": "Euro%20%E2%82%AC%20%F0%9F%98%80", "ce-old": '"say \\"hi\\" 100%25"'}
    event_id = id_of(organization.client.post("/api/events", b"{}", headers))
    attributes = organization.client.get(f"/api/events/{event_id}").json["cloudevent"]
    assert attributes == REQUIRED | {"subject": "Euro € 😀", "old": 'say "hi" 100%', "datacontenttype": "application/json"}


def test_a_header_without_a_value(organization):
    head = "".join(f"{name}: {value}\r\n" for name, value in BINARY.items())
    with RawConnection(organization.port) as connection:
        connection.send(f"POST /api/events HTTP/1.1\r\nHost: x\r\nX-API-Key: {organization.key}\r\n{head}ce-empty:\r\n"
                        "Content-Length: 0\r\n\r\n".encode())
        answer = connection.answer()
    assert answer.status == 202, answer.body
    found = organization.client.get("/api/events/" + json.loads(answer.body)["id"]).json
    assert found["cloudevent"] == REQUIRED | {"empty": ""} and found["data"] is None


def test_headers_beside_the_json_format_are_copies(organization):
    event = REQUIRED | {"data": 1}
    event_id = id_of(organization.client.post("/api/events", event, {"Content-Type": STRUCTURED, "ce-id": "other", "ce-x": "%"}))
    assert organization.client.get(f"/api/events/{event_id}").json["cloudevent"] == REQUIRED


# -- what is refused


@pytest.mark.parametrize("headers, status, code, pointer", [
    ({"ce-specversion": "0.3"}, 422, "invalid_value", "/specversion"),
    ({"ce-specversion": None}, 422, "missing_field", "/specversion"),
    ({"ce-id": None}, 422, "missing_field", "/id"),
    ({"ce-source": None}, 422, "missing_field", "/source"),
    ({"ce-type": None}, 422, "missing_field", "/type"),
    ({"ce-id": ""}, 422, "invalid_value", "/id"),
    ({"ce-type": "order/paid"}, 422, "invalid_value", "/type"),
    ({"ce-source": "a b"}, 422, "invalid_value", "/source"),
    ({"ce-time": "today"}, 422, "invalid_value", "/time"),
    ({"ce-subject": "%C0%A0"}, 422, "invalid_value", "/subject"),
    ({"ce-subject": "50%"}, 422, "invalid_value", "/subject"),
    ({"ce-my-ext": "1"}, 422, "invalid_name", "/my-ext"),
    ({"ce-datacontenttype": "text/plain"}, 422, "conflicting_fields", "/datacontenttype"),
    ({"ce-partitionkey": "x" * 256}, 422, "invalid_value", "/partitionkey"),
    ({"Content-Encoding": "gzip"}, 415, "unsupported_encoding", None),
    ({"Content-Type": "application/cloudevents+xml"}, 415, "unsupported_media_type", None),
    ({"Content-Type": "application/cloudevents"}, 415, "unsupported_media_type", None),
])
def test_headers_that_break_a_rule(organization, headers, status, code, pointer):
    asked = {name: value for name, value in (BINARY | headers).items() if value is not None}
    answer = organization.client.post("/api/events", b'{"type":"a","data":1}', asked)
    assert (answer.status, answer.code) == (status, code), answer.body
    assert [error["pointer"] for error in answer.json.get("errors", [])] == ([pointer] if pointer else [])


@pytest.mark.parametrize("change, status, code, pointer", [
    ({"specversion": "1.1"}, 422, "invalid_value", "/specversion"),
    ({"id": None}, 422, "missing_field", "/id"),
    ({"type": ""}, 422, "invalid_value", "/type"),
    ({"data": 1, "data_base64": "AAEC"}, 422, "conflicting_fields", "/data_base64"),
    ({"Subject": "a"}, 422, "invalid_name", "/Subject"),
    ({"ext": {"a": 1}}, 422, "wrong_type", "/ext"),
    ({"ext": "x" * 70_000}, 413, "too_large", None),
])
def test_members_that_break_a_rule(organization, change, status, code, pointer):
    answer = organization.client.post("/api/events", REQUIRED | change, {"Content-Type": STRUCTURED})
    assert (answer.status, answer.code) == (status, code), answer.body
    assert [error["pointer"] for error in answer.json.get("errors", [])] == ([pointer] if pointer else [])


def test_bytes_that_are_too_many_as_base64(organization):
    for length, status in ((786_000, 202), (787_000, 413)):
        headers = BINARY | {"Content-Type": "image/png", "ce-id": str(length)}
        assert organization.client.post("/api/events", bytes(length), headers).status == status


def test_none_is_written_of_what_is_refused(stack, organization):
    before = stack.redis.client.xlen("mr:{0}:events:" + organization.id)
    organization.client.post("/api/events", b"{", BINARY)
    organization.client.post("/api/events", b"[{}]", {"Content-Type": BATCHED})
    assert stack.redis.client.xlen("mr:{0}:events:" + organization.id) == before == 0


# -- repeats


@pytest.mark.parametrize("mode", ["binary", "structured"])
def test_a_repeat_is_told_by_source_and_id(organization, mode):
    def answer(data=1, headers=None, **attributes):
        return post(organization.client, mode, new_event(data, datacontenttype="application/json", **attributes), **headers or {})

    first = answer()
    again = answer()
    assert (first.status, again.status) == (202, 200)
    assert again.json == first.json | {"duplicate": True}
    assert answer(source="/shop/8").status == answer(id="A-2").status == 202
    assert answer(time=datetime(2026, 1, 31, tzinfo=timezone.utc), hop="7", traceparent=TRACE).json == again.json
    for change in ({"data": 2}, {"type": "order.shipped"}, {"partitionkey": "x"}):
        refused = answer(**change)
        assert (refused.status, refused.code) == (422, "dedup_mismatch")
        assert refused.json["errors"][0]["pointer"] == "/id"
    keyed = answer(headers={"Idempotency-Key": "k"})
    assert keyed.status == 202 and keyed.json["id"] != first.json["id"]
    assert answer(id="A-3", headers={"Idempotency-Key": "k"}).code == "dedup_mismatch"
    assert organization.client.get("/api/events/" + keyed.json["id"]).json["dedup_id"] == "k"


def test_both_modes_and_a_batch_make_the_same_event(organization):
    """Where types of attributes are the same in both: in headers all are texts."""
    event = new_event({"n": 1}, datacontenttype="application/json", **ATTRIBUTES)
    answers = [post(organization.client, mode, event) for mode in ("binary", "structured", "batched")]
    assert [answer.status for answer in answers] == [202, 200, 202]
    assert answers[2].json["duplicates"] == 1
    assert {answers[0].json["id"], answers[1].json["id"], answers[2].json["results"][0]["id"]} == {answers[0].json["id"]}


# -- traces


@pytest.mark.parametrize("mode", MODES)
def test_its_trace_is_its_own(stack, organization, receiver, mode):
    organization.new_endpoint(receiver.url("/hook"))
    event = new_event({}, datacontenttype="application/json", traceparent=TRACE)
    event_id = id_of(post(organization.client, mode, event, traceparent="00-" + "1" * 32 + "-" + "2" * 16 + "-01"))
    assert wait_one(receiver).header("traceparent").split("-")[1] == TRACE.split("-")[1]
    assert stack.services["ingest"].wait_line("event.accepted", event=event_id)["trace"] == TRACE
    assert records.event(stack.redis, event_id)["trace"] == TRACE


def test_the_request_has_an_id_that_is_not_of_the_events_trace(organization):
    answer = post(organization.client, "structured", new_event({}, datacontenttype="application/json", traceparent=TRACE))
    found = organization.client.get("/api/events/" + id_of(answer)).json
    assert (found["request_id"], found["trace"]) == (answer.headers["X-Request-Id"], TRACE)


def test_what_is_no_trace_is_kept_and_not_used(organization, receiver):
    organization.new_endpoint(receiver.url("/hook"))
    event = new_event({}, datacontenttype="application/json", traceparent="hello")
    id_of(post(organization.client, "structured", event, traceparent=TRACE))
    webhook = wait_one(receiver)
    assert webhook.header("traceparent").split("-")[1] == TRACE.split("-")[1]
    assert json.loads(webhook.body)["cloudevent"]["traceparent"] == "hello"


# -- batches


ITEMS = [REQUIRED | {"id": "0", "data": {"n": 0}}, {"id": "1"}, 7, REQUIRED | {"id": "3", "data_base64": "AAEC"},
         REQUIRED | {"id": "0", "data": {"n": 0}}, REQUIRED | {"id": "5", "specversion": "0.3"},
         REQUIRED | {"id": "0", "data": {"n": 1}}, REQUIRED | {"id": "7", "source": "a b"}]
ERRORS = {1: ("missing_field", "/specversion"), 2: ("wrong_type", None), 5: ("invalid_value", "/specversion"),
          6: ("dedup_mismatch", "/id"), 7: ("invalid_value", "/source")}


@pytest.mark.parametrize("path", ["/api/events", "/api/events/batch"])
def test_a_batch_takes_the_good_among_the_bad(organization, receiver, path):
    organization.new_endpoint(receiver.url("/hook"))
    answer = organization.client.post(path, ITEMS, {"Content-Type": BATCHED + "; charset=UTF-8"})
    assert answer.status == 202, answer.body
    told = answer.json
    assert (told["accepted"], told["duplicates"], told["rejected"], told["durability"]) == (2, 1, 5, "fsync")
    for index, result in enumerate(told["results"]):
        if index in ERRORS:
            assert (result["error"]["code"], result["error"].get("pointer")) == ERRORS[index], (index, result)
        else:
            assert result == {"id": result["id"], "duplicate": index == 4}
    ids = [result.get("id") for result in told["results"]]
    assert ids[4] == ids[0]
    got = {one.event_id: json.loads(one.body) for one in receiver.wait_events("/hook", {ids[0], ids[3]})}
    assert got[ids[0]]["data"] == {"n": 0} and got[ids[0]]["cloudevent"]["id"] == "0"
    assert base64.b64decode(got[ids[3]]["cloudevent"]["data_base64"]) == b"\0\1\2"


@pytest.mark.parametrize("path", ["/api/events", "/api/events/batch"])
def test_a_batch_may_be_empty(organization, path):
    answer = organization.client.post(path, b"[]", {"Content-Type": BATCHED})
    assert (answer.status, answer.json) == (202, {"accepted": 0, "duplicates": 0, "rejected": 0, "durability": "fsync",
                                                  "results": []})


@pytest.mark.parametrize("body, headers, status, code", [
    (json.dumps(REQUIRED), {}, 422, "wrong_type"),
    ("[", {}, 400, "malformed_json"),
    (json.dumps([1] * 1001), {}, 422, "batch_too_large"),
    ("[]", {"Idempotency-Key": "k"}, 422, "invalid_value"),
    ("[]", {"Content-Encoding": "gzip"}, 415, "unsupported_encoding"),
    ("[]", {"Content-Type": BATCHED + "; charset=latin1"}, 415, "unsupported_media_type"),
])
def test_a_batch_that_is_none(organization, body, headers, status, code):
    for path in ("/api/events", "/api/events/batch"):
        answer = organization.client.post(path, body, {"Content-Type": BATCHED} | headers)
        assert (answer.status, answer.code) == (status, code), answer.body


@pytest.mark.parametrize("headers", [BINARY, {"Content-Type": STRUCTURED}])
def test_single_ones_are_no_batches(organization, headers):
    answer = organization.client.post("/api/events/batch", b"[]", headers)
    assert (answer.status, answer.code) == (415, "unsupported_media_type")


def test_they_count_as_events_do(stack, organization):
    key = organization.new_key(["events:write"], rate_limit={"per_second": 1, "burst": 2})["key"]
    with organization.new_client(key) as client:
        told = client.post("/api/events", [REQUIRED | {"id": str(number)} for number in range(4)], {"Content-Type": BATCHED}).json
        assert (told["accepted"], told["rejected"]) == (2, 2)
        assert told["results"][3]["error"]["code"] == "rate_limited"
        assert post(client, "structured", new_event(id="more")).status == 429


def test_who_may_not_write_may_not_post_them(organization):
    key = organization.new_key(["events:read"])["key"]
    with organization.new_client(key) as client:
        for mode in MODES:
            assert post(client, mode, new_event({}, datacontenttype="application/json")).status == 403
