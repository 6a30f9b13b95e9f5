"""The inbox: events are leased, acknowledged and released by consumers that pull, beside webhooks."""
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest

from waiting import wait_until

EVENTS, CONSUMERS = 2000, 20
LEASE = "lse_" + "0" * 20
EVENT = "evt_" + "0" * 20


def lease(client, **members):
    answer = client.post("/api/inbox/lease", members)
    assert answer.status == 200, answer.body
    return answer.json


def unlease(client, verb, lease_id, ids=None):
    body = {"lease_id": lease_id} | ({"event_ids": ids} if ids else {})
    answer = client.post("/api/inbox/" + verb, body)
    assert answer.status == 200, answer.body
    return answer.json


def listed(client, limit=50):
    """Every item, page by page."""
    items, cursor = [], ""
    while cursor is not None:
        answer = client.get(f"/api/inbox?limit={limit}" + (f"&cursor={cursor}" if cursor else ""))
        assert answer.status == 200, answer.body
        assert len(answer.json["data"]) <= limit
        items += answer.json["data"]
        cursor = answer.json["next_cursor"]
    return items


def ids(items):
    return [item["id"] for item in items]


def time_of(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def test_the_walk_of_an_event(organization):
    event = organization.publish("order.created", {"n": 1}, key="k", occurred_at="2026-01-31T09:30:00Z")
    other = organization.publish("b", None)
    item = listed(organization.client)[0]
    assert abs(time_of(item.pop("created_at")) - datetime.now(timezone.utc)) < timedelta(seconds=60)
    assert item == {"id": event, "type": "order.created", "timestamp": "2026-01-31T09:30:00.000Z", "key": "k", "data": {"n": 1},
                    "cloudevent": None, "lease_count": 0, "leased_until": None}

    leased = lease(organization.client)
    assert leased["lease_id"].startswith("lse_") and ids(leased["events"]) == [event, other]
    left = time_of(leased["leased_until"]) - datetime.now(timezone.utc)
    assert timedelta(seconds=240) < left <= timedelta(seconds=300)
    assert leased["events"] == listed(organization.client)
    assert [(item["lease_count"], item["leased_until"]) for item in leased["events"]] == [(1, leased["leased_until"])] * 2
    assert leased["events"][1]["timestamp"] == leased["events"][1]["created_at"], "it tells no other"
    assert leased["events"][1]["key"] is None and leased["events"][1]["data"] is None
    assert lease(organization.client) == {"lease_id": None, "leased_until": None, "events": []}

    answer = unlease(organization.client, "ack", leased["lease_id"], [event])
    assert answer == {"acked": [event], "not_held": []}
    assert unlease(organization.client, "ack", leased["lease_id"], [event]) == {"acked": [], "not_held": [event]}
    assert unlease(organization.client, "release", leased["lease_id"]) == {"released": [other], "not_held": []}
    assert [(item["id"], item["lease_count"], item["leased_until"]) for item in listed(organization.client)] == [(other, 1, None)]
    again = lease(organization.client)
    assert [(item["id"], item["lease_count"]) for item in again["events"]] == [(other, 2)]
    assert unlease(organization.client, "ack", again["lease_id"]) == {"acked": [other], "not_held": []}
    assert unlease(organization.client, "ack", again["lease_id"]) == {"acked": [], "not_held": []}
    assert listed(organization.client) == []


def test_data_comes_byte_for_byte(organization):
    text = '{ "a" : 1.0e2, "b":[ "\\u00e9", 12345678901234567890 ] }'
    organization.client.publish_text("a", text)
    for answer in (organization.client.get("/api/inbox"), organization.client.request("POST", "/api/inbox/lease")):
        assert f'"data":{text},'.encode() in answer.body


def test_beside_webhooks(stack, organization, receiver):
    organization.new_endpoint(receiver.url("/hook"))
    events = [organization.publish("a", number) for number in range(20)]
    leased = lease(organization.client, limit=5)
    receiver.wait_events("/hook", events)
    assert Counter(receiver.events("/hook")) == Counter(events)
    rest = lease(organization.client, limit=100)
    assert ids(leased["events"]) + ids(rest["events"]) == events


def test_many_consumers_see_each_event_once(organization):
    for start in range(0, EVENTS, 1000):
        batch = [{"type": "a", "data": number} for number in range(start, start + 1000)]
        assert organization.client.post("/api/events/batch", batch).status == 202
    seen, acked, lock = Counter(), Counter(), threading.Lock()

    def consume(number):
        with organization.new_client() as client:
            while (leased := lease(client, limit=1 + number))["lease_id"]:
                answer = unlease(client, "ack", leased["lease_id"], ids(leased["events"]) if number % 2 else None)
                assert answer["not_held"] == []
                with lock:
                    seen.update(item["data"] for item in leased["events"])
                    acked.update(answer["acked"])

    with ThreadPoolExecutor(CONSUMERS) as consumers:
        list(consumers.map(consume, range(CONSUMERS)))
    assert seen == Counter(range(EVENTS))
    assert len(acked) == EVENTS and set(acked.values()) == {1}
    assert listed(organization.client) == []


def test_leases_that_are_over_leave_no_consumers(stack, organization):
    for number in range(5):
        organization.publish("a", number)
        leased = lease(organization.client)
        unlease(organization.client, "ack" if number % 2 else "release", leased["lease_id"])
    group = stack.redis.client.xinfo_consumers(f"mr:{{0}}:events:{organization.id}", "inbox")
    assert {row["name"] for row in group} <= {"nobody"}


def test_a_lease_that_ran_out_comes_back(organization):
    event = organization.publish("a", 1)
    first = lease(organization.client, lease_seconds=1)
    assert ids(first["events"]) == [event]
    again = wait_until(lambda: (found := lease(organization.client))["lease_id"] and found, "the event again", every_s=0.1)
    assert time_of(again["leased_until"]) - time_of(first["leased_until"]) >= timedelta(seconds=300)
    assert [(item["id"], item["lease_count"]) for item in again["events"]] == [(event, 2)]
    assert unlease(organization.client, "ack", first["lease_id"], [event]) == {"acked": [], "not_held": [event]}
    assert unlease(organization.client, "ack", again["lease_id"], [event]) == {"acked": [event], "not_held": []}


def test_an_ack_counts_after_its_time(organization):
    event = organization.publish("a", 1)
    leased = lease(organization.client, lease_seconds=1)
    wait_until(lambda: listed(organization.client)[0]["leased_until"] is None, "the lease's end", every_s=0.1)
    assert unlease(organization.client, "ack", leased["lease_id"]) == {"acked": [event], "not_held": []}
    assert lease(organization.client)["events"] == []


def test_an_event_for_later(organization):
    event = organization.publish("a", 1, delay="1500ms")
    assert lease(organization.client)["events"] == []
    assert [(item["id"], item["lease_count"], item["leased_until"]) for item in listed(organization.client)] == [(event, 0, None)]
    leased = wait_until(lambda: lease(organization.client)["events"], "the event's time", every_s=0.1)
    assert [(item["id"], item["lease_count"]) for item in leased] == [(event, 1)]


def test_organizations_have_their_own(stack, organization):
    other = stack.new_organization()
    ours, theirs = organization.publish("a", 1), other.publish("a", 2)
    assert ids(listed(organization.client)) == [ours] and ids(listed(other.client)) == [theirs]
    leased = lease(organization.client)
    assert ids(leased["events"]) == [ours]
    for verb, done in (("ack", "acked"), ("release", "released")):
        assert unlease(other.client, verb, leased["lease_id"]) == {done: [], "not_held": []}
        assert unlease(other.client, verb, leased["lease_id"], [ours]) == {done: [], "not_held": [ours]}
        assert unlease(organization.client, verb, leased["lease_id"], [theirs]) == {done: [], "not_held": [theirs]}
    assert ids(lease(other.client)["events"]) == [theirs]
    cursor = next_cursor(organization)
    answer = other.client.get(f"/api/inbox?limit=1&cursor={cursor}")
    assert (answer.status, answer.code) == (400, "invalid_cursor")


def next_cursor(organization):
    organization.publish("a", 3)
    return organization.client.get("/api/inbox?limit=1").json["next_cursor"]


def test_a_walk_while_events_come_and_go(organization):
    stay = [organization.publish("a", number) for number in range(10)]
    seen, cursor = [], None
    for number in range(20):
        answer = organization.client.get("/api/inbox?limit=2" + (f"&cursor={cursor}" if cursor else "")).json
        seen += ids(answer["data"])
        cursor = answer["next_cursor"]
        if cursor is None:
            break
        if number < 5:
            stay.append(organization.publish("a", number))
            lease(organization.client, limit=1)
    assert seen == stay


def test_a_page_and_a_lease_end_past_four_mebibytes(organization):
    for _ in range(6):
        organization.publish("a", "x" * 1_000_000)
    assert len(organization.client.get("/api/inbox").json["data"]) == 5
    assert len(listed(organization.client)) == 6
    assert [len(lease(organization.client, limit=100)["events"]) for _ in range(2)] == [5, 1]


# -- bad input

LEASES = [({"limit": 0}, "/limit"), ({"limit": 101}, "/limit"), ({"limit": "1"}, "/limit"), ({"limit": None}, "/limit"),
          ({"lease_seconds": 0}, "/lease_seconds"), ({"lease_seconds": 3601}, "/lease_seconds"),
          ({"lease_seconds": 1.5}, "/lease_seconds"), ({"lease_limit": 1}, "/lease_limit"), ([], ""),
          ('{"limit":1,"limit":1}', "/limit"), ('{"limit":1e999}', "/limit")]
UNLEASES = [({}, "/lease_id"), ({"lease_id": 1}, "/lease_id"), ({"lease_id": "nobody"}, "/lease_id"),
            ({"lease_id": LEASE + "\0"}, "/lease_id"), ({"lease_id": LEASE, "event_ids": []}, "/event_ids"),
            ({"lease_id": LEASE, "event_ids": EVENT}, "/event_ids"), ({"lease_id": LEASE, "event_ids": [EVENT, EVENT]}, "/event_ids/1"),
            ({"lease_id": LEASE, "event_ids": [EVENT, "evt_"]}, "/event_ids/1"),
            ({"lease_id": LEASE, "event_ids": [EVENT[:-1] + "1"]}, "/event_ids/0"),  # of another partition
            ({"lease_id": LEASE, "event_ids": [f"evt_{n:020}" for n in range(0, 101000, 1000)]}, "/event_ids"),
            ({"lease_id": LEASE, "ids": [EVENT]}, "/ids")]


@pytest.mark.parametrize("path,body,pointer", [("lease", *row) for row in LEASES] +
                         [(verb, *row) for verb in ("ack", "release") for row in UNLEASES])
def test_a_body_that_breaks_a_rule(stack, organization, path, body, pointer):
    organization.publish("a", 1)
    before = listed(organization.client)
    answer = organization.client.post("/api/inbox/" + path, body)
    assert answer.status == 422
    assert [error["pointer"] for error in answer.json["errors"]] == [pointer]
    assert listed(organization.client) == before
    assert stack.redis.client.xinfo_groups(f"mr:{{0}}:events:{organization.id}") == []


@pytest.mark.parametrize("path", ["lease", "ack", "release"])
@pytest.mark.parametrize("body,headers,status", [
    ("{", {}, 400), ('{"a":' * 70 + "1" + "}" * 70, {}, 400), (b'{"lease_id":"\xff"}', {}, 400), ("{}", {"Content-Type": "text/plain"}, 415),
    ("{" + " " * 65536 + "}", {}, 413)], ids=["cut", "deep", "no text", "type", "large"])
def test_a_body_that_is_none(organization, path, body, headers, status):
    assert organization.client.post("/api/inbox/" + path, body, headers).status == status


@pytest.mark.parametrize("query,code", [
    ("limit=0", "invalid_parameter"), ("limit=251", "invalid_parameter"), ("limit=x", "invalid_parameter"),
    ("cursor=x", "invalid_cursor"), ("limit=1&limit=1", "malformed_query"), ("type=a", "unknown_parameter")])
def test_a_query_that_breaks_a_rule(organization, query, code):
    answer = organization.client.get("/api/inbox?" + query)
    assert (answer.status, answer.code) == (400, code)


def test_only_with_its_scope(organization):
    for scopes, status in ((["inbox:consume"], 200), (["events:read", "events:write"], 403)):
        with organization.new_client(organization.new_key(scopes)["key"]) as client:
            assert client.get("/api/inbox").status == status
            assert client.post("/api/inbox/lease", {}).status == status
            for verb in ("ack", "release"):
                assert client.post("/api/inbox/" + verb, {"lease_id": LEASE}).status == status
    assert organization.admin.get("/api/inbox").status == 403
