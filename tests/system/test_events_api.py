"""GET /api/events and /api/events/{id}."""
from datetime import datetime, timedelta, timezone

import pytest

from reads import BAD_PARAMETERS, ID, assert_cursor_is_bound, assert_looks_absent, assert_refused, delivery_id, is_time
from waiting import wait_until


def event_of(organization, id):
    answer = organization.client.get("/api/events/" + id)
    assert answer.status == 200, answer.body
    return answer.json


def wait_event(organization, id, status):
    return wait_until(lambda: (found := event_of(organization, id))["status"] == status and found, f"{id} being {status}")


def test_a_list_tells_all_but_the_data(organization, receiver):
    organization.new_endpoint(receiver.url("/hook"), "order.*")
    first = organization.publish("order.created", {"n": 1}, key="k", dedup_id="d", occurred_at="2026-01-31T09:30:00Z")
    second = organization.publish("nobody.wants", "it")
    wait_event(organization, first, "processed")
    wait_event(organization, second, "skipped")
    page = organization.client.list("/api/events")
    assert page["next_cursor"] is None
    newest, oldest = page["data"]
    assert is_time(oldest.pop("created_at")) and is_time(newest["created_at"])
    assert newest.pop("created_at") == newest.pop("timestamp"), "it tells no other"
    assert oldest == {"id": first, "type": "order.created", "timestamp": "2026-01-31T09:30:00.000Z", "key": "k",
                      "dedup_id": "d", "size": len('{"n": 1}'), "status": "processed", "skipped_reason": None}
    assert newest == {"id": second, "type": "nobody.wants", "key": None, "dedup_id": None, "size": 4, "status": "skipped",
                      "skipped_reason": "no_subscriber"}


def test_one_has_its_data_as_it_came_and_its_deliveries(organization, receiver):
    endpoint = organization.new_endpoint(receiver.url("/hook"))["id"]
    data = '{ "big": 12345678901234567890.10, "a":  [1 , 2] , "a": "\\u00e9" }'
    text = f'{{"type":"t","data":{data}}}'
    answer = organization.client.post("/api/events", text, {"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01",
                                                            "X-Request-Id": "req-of-mine"})
    assert answer.status == 202, answer.body
    id = answer.json["id"]
    receiver.wait("/hook")
    found = wait_until(lambda: (one := event_of(organization, id))["deliveries"] and
                       one["deliveries"][0]["status"] == "delivered" and one, "the delivery")
    raw = organization.client.get("/api/events/" + id).body.decode()
    assert f'"data":{data}' in raw
    assert found["request_id"] == "req-of-mine" and found["trace"].startswith("00-" + "a" * 32)
    assert found["deliver_at"] is None and found["deliveries_more"] is False and found["size"] == len(data)
    delivery, = found["deliveries"]
    assert is_time(delivery.pop("created_at")) and is_time(delivery.pop("changed_at"))
    assert delivery == {"id": delivery_id(id, endpoint), "event": id, "endpoint": endpoint, "status": "delivered",
                        "attempts_count": 1, "last_status": 200, "reason": None, "waiting": None}


def test_a_delayed_one_says_for_how_long(organization, receiver):
    organization.new_endpoint(receiver.url("/hook"))
    id = organization.publish("t", 1, delay="1h")
    found = wait_event(organization, id, "processed")
    waiting = found["deliveries"][0]["waiting"]
    assert waiting == {"reason": "scheduled", "until": found["deliver_at"]} and is_time(found["deliver_at"])


def test_more_deliveries_than_are_shown(organization):
    for _ in range(101):
        organization.new_endpoint("http://127.0.0.1:1/", "wide")
    id = organization.publish("wide", 1, delay="1h")
    found = wait_until(lambda: (one := event_of(organization, id))["status"] == "processed" and one, "the fan-out")
    assert len(found["deliveries"]) == 100 and found["deliveries_more"] is True
    everything = list(organization.client.walk("/api/deliveries", event=id, limit=40))
    assert everything[:100] == found["deliveries"] and len(everything) == 101


def test_filters_and_pages(organization):
    ids = [organization.publish(f"t.{i % 3}", i) for i in range(12)][::-1]
    client = organization.client
    assert [one["id"] for one in client.walk("/api/events", limit=5)] == ids
    assert [one["id"] for one in client.walk("/api/events", limit=2, type="t.1")] == ids[1::3]
    times = {one["id"]: one["created_at"] for one in client.walk("/api/events")}
    middle = times[ids[6]]
    since = [one["id"] for one in client.walk("/api/events", since=middle)]
    until = [one["id"] for one in client.walk("/api/events", until=middle)]
    assert since == [id for id in ids if times[id] >= middle] and until == [id for id in ids if times[id] < middle]
    assert client.list("/api/events", since="2999-01-01T00:00:00Z") == {"data": [], "next_cursor": None}
    assert client.list("/api/events", until="1970-01-01T00:00:00Z") == {"data": [], "next_cursor": None}
    assert len(client.list("/api/events", since="1970-01-01T00:00:00Z")["data"]) == 12


def test_times_with_an_offset(organization):
    organization.publish("t", 1)
    ago = datetime.now(timezone(timedelta(hours=-5))) - timedelta(minutes=1)
    assert len(organization.client.list("/api/events", since=ago.isoformat())["data"]) == 1


@pytest.mark.parametrize("query, pointer", [*BAD_PARAMETERS.items(), ("type=a%20b", "?type"), ("type=" + "a" * 257, "?type"),
                                            ("since=yesterday", "?since"), ("until=1700000000", "?until"), ("type=", None)])
def test_what_is_no_parameter(organization, query, pointer):
    assert_refused(organization.client, "/api/events", query, pointer)


def test_parameters_that_are_not_taken(organization):
    for path in ("/api/events?status=x", "/api/events/evt_" + ID + "?limit=1"):
        answer = organization.client.get(path)
        assert (answer.status, answer.code) == (400, "unknown_parameter")


def test_cursors_are_bound(stack, organization):
    for _ in range(2):
        organization.publish("t", 1)
    assert_cursor_is_bound(organization, stack.new_organization(), "/api/events", "type=t")


def test_another_organization_s_is_as_if_it_were_not(stack, organization):
    other = stack.new_organization()
    id = other.publish("t", 1)
    assert_looks_absent(organization.client, "/api/events/{id}", "evt_" + ID, id)
    assert organization.client.list("/api/events")["data"] == []
    of_no_partition = id[:-3] + "zzz"
    assert other.client.get("/api/events/" + of_no_partition).status == 404


def test_only_for_who_may_read(organization):
    with organization.new_client(organization.new_key(["events:write"])["key"]) as client:
        for path in ("/api/events", "/api/events/evt_" + ID):
            assert (client.get(path).status, client.get(path).code) == (403, "scope_missing")
    assert organization.admin.get("/api/events").status in (401, 403)
