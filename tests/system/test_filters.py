"""Filters of endpoints: who gets an event by what is in it, and what an event that nobody's filter accepts becomes."""
import json

import pytest

import records
from waiting import wait_until

PAID = {"total": 100, "currency": "EUR", "lines": [{"sku": "A-1"}]}


def refusal(organization, filter):
    """A create request with this filter -> its answer, which must be a refusal."""
    body = {"url": "http://127.0.0.1:1/", "filter": filter} if not isinstance(filter, bytes) else \
        b'{"url":"http://127.0.0.1:1/","filter":' + filter + b"}"
    answer = organization.client.post("/api/endpoints", body)
    assert answer.status in (400, 422), answer.body
    return answer


def endpoints_of(stack, organization):
    return stack.redis.client.zcard(f"{records.PREFIX}endpoints:{organization.id}")


def wait_skipped(stack, event_id, reason):
    wait_until(lambda: records.record(stack.redis, event_id) == {"skipped": reason}, f"{event_id} skipped: {reason}")


FILTERS = {
    "/all": None,
    "/big": {"gte": {"/total": 100}},
    "/sku": [{"prefix": {"/lines/0/sku": "A-"}}, {"not": {"exact": {"/currency": "USD"}}}],
    "/keyed": {"any": [{"exact": {"key": "customer-7"}}, {"suffix": {"type": ".refunded"}}]},
    "/none": {"exists": {"/total": False}},
}


def test_an_endpoint_gets_what_its_filter_accepts_and_only_that(stack, organization, receiver):
    for path, filter in FILTERS.items():
        members = {} if filter is None else {"filter": filter}
        organization.new_endpoint(receiver.url(path), "order.*", **members)
    publish = organization.publish
    wanted = {
        publish("order.paid", PAID): {"/all", "/big", "/sku"},
        publish("order.paid", PAID | {"total": 99.99}, key="customer-7"): {"/all", "/sku", "/keyed"},
        publish("order.paid", PAID | {"total": "100", "currency": "USD"}): {"/all"},
        publish("order.refunded", {"total": 1e3}): {"/all", "/big", "/keyed"},
        publish("order.made", [1, 2]): {"/all", "/none"},
        publish("invoice.paid", PAID): set(),
    }
    for path in FILTERS:
        receiver.wait_events(path, {id for id, paths in wanted.items() if path in paths})
    stack.wait_drained()
    for path in FILTERS:
        assert sorted(receiver.events(path)) == sorted(id for id, paths in wanted.items() if path in paths), path


def test_numbers_past_doubles_are_told_apart(stack, organization, receiver):
    organization.client.create("/api/endpoints", {"url": receiver.url("/hook"), "filter": {"exact": {"/id": 9007199254740993}}})
    one, other = (organization.client.publish_text("a", '{"id":%d}' % id) for id in (9007199254740993, 9007199254740992))
    assert receiver.wait("/hook")[0].event_id == one
    wait_skipped(stack, other, "filtered")


def test_an_event_that_no_filter_accepts_is_skipped(stack, organization, receiver):
    organization.new_endpoint(receiver.url("/hook"), "order.*", filter={"gt": {"/total": 100}})
    organization.new_endpoint(receiver.url("/off"), "*", disabled=True)
    event_id = organization.publish("order.paid", PAID)
    wait_skipped(stack, event_id, "filtered")
    assert records.stats(stack.redis, organization.id) == {"events": 1, "skipped": 1, "deliveries": 0, "delivered": 0}
    assert stack.services["processor"].wait_line("event.skipped", event=event_id)["reason"] == "filtered"
    wait_skipped(stack, organization.publish("invoice.paid", PAID), "endpoint_disabled")
    assert receiver.on("/hook") == []


def test_the_answer_has_the_filter_as_it_stands(stack, organization):
    text = ' [ {"exact" : {"/a\\u0062" : 1.0e+1 , "type":"a\\/b"}} ]\n'
    answer = organization.client.post("/api/endpoints", '{"url":"http://127.0.0.1:1/","filter":%s}' % text)
    assert answer.status == 201, answer.body
    kept = '[{"exact":{"/ab":1.0e+1,"type":"a/b"}}]'
    assert f'"filter":{kept}'.encode() in answer.body
    record = stack.redis.client.hgetall(f"{records.PREFIX}endpoint:{answer.json['id']}")
    assert record["filter"] == kept
    plain = organization.new_endpoint("http://127.0.0.1:1/")
    assert plain["filter"] is None
    assert stack.redis.client.hget(f"{records.PREFIX}endpoint:{plain['id']}", "filter") == ""


@pytest.mark.parametrize("filter, code, pointer", [
    ("sql", "wrong_type", "/filter"),
    (None, "wrong_type", "/filter"),
    ({}, "invalid_value", "/filter"),
    ([], "invalid_value", "/filter"),
    ({"sql": "total > 1"}, "unknown_field", "/filter/sql"),
    ([{"gt": {"/total": 1}}, {"gt": {"/total": "1"}}], "wrong_type", "/filter/1/gt/~1total"),
    ({"exact": {"source": "shop"}}, "invalid_value", "/filter/exact/source"),
    ({"exact": {"": "x" * 8192}}, "invalid_value", "/filter"),
    ([{"exact": {"/a": 1}}] * 101, "invalid_value", "/filter/100/exact/~1a"),
    (b'{"exact":{"/a":1,"/a":2}}', "duplicate_field", "/filter/exact/~1a"),
    (b'{"exact":{"/a":"\\ud800"}}', "malformed_json", None),
    (b'{"not":' * 63 + b"1" + b"}" * 63, "invalid_value", "/filter" + "/not" * 8),
    (b'{"not":' * 64 + b"1" + b"}" * 64, "too_deep", None),
], ids=lambda value: str(value)[:40])
def test_a_filter_that_is_none_is_refused(stack, organization, filter, code, pointer):
    answer = refusal(organization, filter)
    assert answer.code == code
    if pointer is not None:
        assert [error["pointer"] for error in answer.json["errors"]] == [pointer]
        assert answer.json["errors"][0]["detail"]
    assert endpoints_of(stack, organization) == 0


def test_a_filter_in_redis_that_is_none_keeps_only_its_endpoint_back(stack, organization, receiver):
    broken = organization.new_endpoint(receiver.url("/broken"))
    stack.redis.client.hset(f"{records.PREFIX}endpoint:{broken['id']}", "filter", '{"sql":"1"}')
    organization.new_endpoint(receiver.url("/hook"))
    event_id = organization.publish("a")
    assert receiver.wait("/hook")[0].event_id == event_id
    stack.services["processor"].wait_line("endpoint.unreadable", endpoint=broken["id"], why="filter")
    stack.wait_drained()
    assert receiver.on("/broken") == []


def test_filters_of_one_event_look_at_large_data_quickly(stack, organization, receiver):
    """20 filters with 100 paths each into 60,000 members."""
    data = {f"m{i}": i for i in range(60000)}
    assert len(json.dumps(data)) < 1000000
    for _ in range(20):
        organization.new_endpoint(receiver.url("/hook"), filter={"exact": {f"/m{59999 - i}": 59999 - i for i in range(100)}})
    event_id = organization.publish("a", data)
    receiver.wait("/hook", 20)
    assert set(receiver.events("/hook")) == {event_id}
