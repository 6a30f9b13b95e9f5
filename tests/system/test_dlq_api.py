"""GET /api/dlq and /api/dlq/{id}, POST /api/dlq/replay and /api/dlq/purge."""
import pytest

import records
from reads import BAD_PARAMETERS, ID, assert_cursor_is_bound, assert_looks_absent, assert_refused, delivery_id, is_time
from receiver import Step
from test_deliveries_api import endpoint_key, wait_status
from waiting import wait_until


def give_letters(organization, receiver, *types, path="/hook"):
    """-> ids of deliveries that failed, newest letter first"""
    receiver.script(path, Step(500, body=b"no"))
    endpoint = organization.new_endpoint(receiver.url(path), *types, retry_schedule=["100ms"])["id"]
    ids = []
    for type in types:
        ids.insert(0, delivery_id(organization.publish(type, 1), endpoint))
        wait_status(organization, ids[0], "failed")
    return ids


def ids_of(organization, **given):
    return [one["id"] for one in organization.client.walk("/api/dlq", **given)]


def test_letters_are_listed_and_shown(organization, receiver):
    ids = give_letters(organization, receiver, "a", "b")
    page = organization.client.list("/api/dlq")
    assert [one["id"] for one in page["data"]] == ids and page["next_cursor"] is None
    assert [organization.client.get("/api/dlq/" + id).json for id in ids] == page["data"]
    one = page["data"][0]
    assert is_time(one["first_at"]) and one.pop("first_at") < one.pop("last_at") <= one.pop("dead_at")
    assert one == {"id": ids[0], "event": "evt_" + ids[0][4:24], "endpoint": "ep_" + ids[0][24:], "type": "b",
                   "reason": "retries_exhausted", "attempts_count": 2, "last_status": 500, "response": "no"}


def test_filters_and_pages(organization, receiver):
    ids = give_letters(organization, receiver, "a", "b", "c") + give_letters(organization, receiver, "d", path="/other")
    ids = [ids[3], *ids[:3]]
    assert ids_of(organization) == ids_of(organization, limit=1) == ids_of(organization, limit=3, reason="retries_exhausted") == ids
    assert ids_of(organization, type="b") == [ids[2]] and ids_of(organization, endpoint="ep_" + ids[0][24:]) == [ids[0]]
    assert ids_of(organization, reason="gone") == ids_of(organization, type="e") == []
    at = organization.client.get("/api/dlq/" + ids[1]).json["dead_at"]
    assert ids_of(organization, since=at) == ids[:2] and ids_of(organization, until=at) == ids[2:]


@pytest.mark.parametrize("query, pointer", [*BAD_PARAMETERS.items(), ("type=a%20b", "?type"), ("reason=No", "?reason"),
                                            ("reason=" + "a" * 65, "?reason"), ("endpoint=x", "?endpoint"), ("since=x", "?since"),
                                            ("until=2026-01-31", "?until"), ("reason=", None)])
def test_what_is_no_parameter(organization, query, pointer):
    assert_refused(organization.client, "/api/dlq", query, pointer)


def test_cursors_are_bound(stack, organization, receiver):
    give_letters(organization, receiver, "a", "b")
    assert_cursor_is_bound(organization, stack.new_organization(), "/api/dlq", "type=a")


def test_another_organization_s_is_as_if_it_were_not(stack, organization, receiver):
    other = stack.new_organization()
    id, = give_letters(other, receiver, "a")
    assert_looks_absent(organization.client, "/api/dlq/{id}", "dlv_" + 2 * ID, id)
    assert ids_of(organization) == []
    for verb, key in (("replay", "replayed"), ("purge", "purged")):
        answer = organization.client.post("/api/dlq/" + verb, {"ids": [id, "dlv_" + 2 * ID]})
        assert answer.json == {key: 0, "results": [{"id": id, "status": "not_found"},
                                                   {"id": "dlv_" + 2 * ID, "status": "not_found"}]}
    assert ids_of(other) == [id]


def test_a_delivery_that_is_no_dead_letter(organization, receiver):
    endpoint = organization.new_endpoint(receiver.url("/hook"))["id"]
    id = delivery_id(organization.publish("t", 1), endpoint)
    wait_status(organization, id, "delivered")
    assert organization.client.get("/api/dlq/" + id).status == 404
    for verb in ("replay", "purge"):
        assert organization.client.post("/api/dlq/" + verb, {"ids": [id]}).json["results"] == [{"id": id, "status": "not_found"}]
    assert len(receiver.on("/hook")) == 1


def test_replay_by_ids(organization, receiver):
    ids = give_letters(organization, receiver, "a", "b", "c")
    hold = receiver.hold("/hook")
    answer = organization.client.post("/api/dlq/replay", {"ids": [ids[0], ids[2], ids[0]]})
    assert (answer.status, answer.json) == (200, {"replayed": 2, "results": [
        {"id": ids[0], "status": "replayed"}, {"id": ids[2], "status": "replayed"}, {"id": ids[0], "status": "already_pending"}]})
    assert ids_of(organization) == [ids[1]]
    hold.set()
    for id in (ids[0], ids[2]):
        assert wait_status(organization, id, "delivered")["attempts_count"] == 1


def test_purge_by_ids(organization, receiver):
    ids = give_letters(organization, receiver, "a", "b")
    answer = organization.client.post("/api/dlq/purge", {"ids": [ids[0], ids[0]]})
    assert (answer.status, answer.json) == (200, {"purged": 1, "results": [
        {"id": ids[0], "status": "purged"}, {"id": ids[0], "status": "not_found"}]})
    assert ids_of(organization) == [ids[1]] and organization.client.get("/api/dlq/" + ids[0]).status == 404
    found = organization.client.get("/api/deliveries/" + ids[0]).json
    assert (found["status"], found["reason"]) == ("failed", None)


def test_an_endpoint_that_takes_nothing(stack, organization, receiver):
    id, = give_letters(organization, receiver, "a")
    for change, status in ((lambda key: stack.redis.client.hset(key, "disabled", "1"), "endpoint_disabled"),
                           (stack.redis.client.delete, "endpoint_deleted")):
        change(endpoint_key(id))
        answer = organization.client.post("/api/dlq/replay", {"ids": [id]})
        assert answer.json == {"replayed": 0, "results": [{"id": id, "status": status}]}
    assert ids_of(organization) == [id]


def test_large_events_are_replayed_in_several_calls(organization, receiver):
    receiver.script("/hook", 500)
    endpoint = organization.new_endpoint(receiver.url("/hook"), retry_schedule=["100ms"])["id"]
    ids = [delivery_id(organization.publish("large", "x" * 600000), endpoint) for _ in range(5)]
    for id in ids:
        wait_status(organization, id, "failed")
    receiver.script("/hook", 200)
    answer = organization.client.post("/api/dlq/replay", {"ids": ids})
    assert answer.json == {"replayed": 5, "results": [{"id": id, "status": "replayed"} for id in ids]}
    for id in ids:
        wait_status(organization, id, "delivered")


def test_a_letter_that_outlived_its_event(new_stack):
    stack = new_stack().start()
    organization, receiver = stack.new_organization(), stack.new_receiver()
    ids = give_letters(organization, receiver, "a", "b")
    stack.wait_drained()
    stack.restart("processor", retention_bytes=1)
    for id in ids:
        wait_until(lambda: organization.client.get(f"/api/events/evt_{id[4:24]}").status == 404, "its event being gone")
    client = organization.client
    page = client.list("/api/dlq")["data"]
    assert [one["id"] for one in page] == ids and {one["type"] for one in page} == {None}
    assert [client.get("/api/dlq/" + id).json for id in ids] == page
    assert client.get("/api/deliveries/" + ids[0]).status == 404
    assert client.post("/api/dlq/replay", {"ids": ids}).json == {
        "replayed": 0, "results": [{"id": id, "status": "event_gone"} for id in ids]}
    answer = client.post(f"/api/deliveries/{ids[0]}/retry", None)
    assert (answer.status, answer.code) == (409, "event_gone")
    assert_looks_absent(stack.new_organization().client, "/api/dlq/{id}", "dlv_" + 2 * ID, ids[0])
    assert client.post("/api/dlq/purge", {"ids": ids[:1]}).json == {"purged": 1, "results": [{"id": ids[0], "status": "purged"}]}
    assert ids_of(organization) == ids[1:] and client.get("/api/dlq/" + ids[0]).status == 404


@pytest.mark.parametrize("verb, kind", [("replay", "redrive"), ("purge", "purge")])
def test_a_filter_makes_a_job(stack, organization, verb, kind):
    answer = organization.client.post("/api/dlq/" + verb, {"filter": {
        "endpoint": "ep_" + ID, "type": "a.b", "reason": "retries_exhausted", "since": "2026-01-31T09:30:00Z"}})
    assert answer.status == 202 and list(answer.json) == ["job"], answer.body
    job = stack.redis.client.hgetall(records.PREFIX + "job:" + answer.json["job"])
    assert {name: job[name] for name in ("org", "kind", "endpoint", "type", "reason", "since_ms", "until_ms")} == {
        "org": organization.id, "kind": kind, "endpoint": "ep_" + ID, "type": "a.b", "reason": "retries_exhausted",
        "since_ms": "1769851800000", "until_ms": ""}
    assert organization.client.post("/api/dlq/" + verb, {"filter": {}}).status == 202


@pytest.mark.parametrize("body, status, code, pointer", [
    ("", 400, "malformed_json", None), ("[]", 422, "wrong_type", ""), ("{}", 422, "missing_field", ""),
    ('{"ids":["dlv_1"],"filter":{}}', 422, "invalid_value", "/ids/0"), ('{"ids":[]}', 422, "invalid_value", "/ids"),
    ('{"ids":["dlv_' + 2 * ID + '"],"filter":{}}', 422, "conflicting_fields", ""),
    ('{"filter":{"status":"x"}}', 422, "unknown_field", "/filter/status")])
def test_bodies_that_are_refused(stack, organization, body, status, code, pointer):
    for verb in ("replay", "purge"):
        answer = organization.client.post("/api/dlq/" + verb, body)
        assert (answer.status, answer.code) == (status, code), answer.body
        assert pointer is None or answer.json["errors"][0]["pointer"] == pointer


def test_as_many_ids_as_are_taken(organization):
    ids = ["dlv_" + ID + f"{i:020d}" for i in range(201)]
    assert organization.client.post("/api/dlq/replay", {"ids": ids[:200]}).json["replayed"] == 0
    assert organization.client.post("/api/dlq/replay", {"ids": ids}).status == 422
    assert organization.client.post("/api/dlq/purge", {"ids": ids}, {"Content-Type": "text/plain"}).status == 415


def test_only_for_who_may(organization):
    with organization.new_client(organization.new_key(["deliveries:read"])["key"]) as client:
        for method, path in (("GET", ""), ("GET", "/dlv_" + 2 * ID), ("POST", "/replay"), ("POST", "/purge")):
            answer = client.request(method, "/api/dlq" + path)
            assert (answer.status, answer.code) == (403, "scope_missing")
