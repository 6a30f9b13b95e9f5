"""GET /api/deliveries and /api/deliveries/{id}, POST …/retry."""
import pytest

import records
from reads import BAD_PARAMETERS, ID, assert_cursor_is_bound, assert_looks_absent, assert_refused, delivery_id, is_time
from receiver import Step
from waiting import wait_until

LONG = ["1h"]  # until the next attempt


def show(organization, id):
    answer = organization.client.get("/api/deliveries/" + id)
    assert answer.status == 200, answer.body
    return answer.json


def wait_status(organization, id, status, attempts=0):
    """The delivery, once it is that and has had as many attempts."""
    def has_come():
        answer = organization.client.get("/api/deliveries/" + id)
        assert answer.status in (200, 404), answer.body
        return answer.status == 200 and answer.json["status"] == status and len(answer.json["attempts"]) >= attempts and answer.json
    return wait_until(has_come, f"{id} being {status}")


def retry(organization, id):
    return organization.client.post(f"/api/deliveries/{id}/retry", None)


def give(organization, receiver, path="/hook", **members):
    """-> id of the delivery of a new event to a new endpoint"""
    type = "t" + path.replace("/", ".")
    endpoint = organization.new_endpoint(receiver.url(path), type, **members)["id"]
    return delivery_id(organization.publish(type, 1), endpoint)


def give_waiting(organization, receiver, path="/hook"):
    receiver.script(path, 503, 200)
    id = give(organization, receiver, path, retry_schedule=LONG)
    wait_status(organization, id, "waiting")
    return id


def give_failed(organization, receiver, path="/hook"):
    receiver.script(path, Step(500, body=b"out of \x00 \xff order"), 500, 200)
    id = give(organization, receiver, path, retry_schedule=["100ms"])
    wait_status(organization, id, "failed")
    return id


def endpoint_key(id):
    return records.PREFIX + "endpoint:ep_" + id[24:]


# -- lists


def test_a_list_has_newest_events_first(organization, receiver):
    ids = [organization.new_endpoint(receiver.url("/hook"))["id"] for _ in range(3)]
    events = [organization.publish("t", i) for i in range(4)][::-1]
    receiver.wait("/hook", 12)
    wait_until(lambda: all(one["status"] == "delivered" for one in organization.client.walk("/api/deliveries"))
               and len(list(organization.client.walk("/api/deliveries"))) == 12, "all being delivered")
    expected = [(event, endpoint) for event in events for endpoint in sorted(ids)]
    ask = lambda **given: [(one["event"], one["endpoint"]) for one in organization.client.walk("/api/deliveries", **given)]
    assert ask() == ask(limit=1) == ask(limit=5) == ask(status="delivered", limit=7) == expected
    assert ask(endpoint=ids[1], limit=2) == [pair for pair in expected if pair[1] == ids[1]]
    assert ask(event=events[2], limit=2) == [pair for pair in expected if pair[0] == events[2]]
    assert ask(event=events[2], endpoint=ids[0]) == [(events[2], ids[0])]
    assert ask(status="failed") == ask(event="evt_" + ID) == ask(endpoint="ep_" + ID) == []
    one = organization.client.list("/api/deliveries", limit=1)["data"][0]
    assert is_time(one.pop("created_at")) and is_time(one.pop("changed_at"))
    assert one == {"id": delivery_id(*expected[0]), "event": expected[0][0], "endpoint": expected[0][1], "status": "delivered",
                   "attempts_count": 1, "last_status": 200, "reason": None, "waiting": None}


def test_each_status_has_its_own(organization, receiver):
    hold = receiver.hold("/pending")
    found = {"pending": give(organization, receiver, "/pending"), "waiting": give_waiting(organization, receiver, "/waiting"),
             "delivered": give(organization, receiver, "/delivered"), "failed": give_failed(organization, receiver, "/failed")}
    wait_status(organization, found["delivered"], "delivered")
    receiver.wait("/pending")
    for status, id in found.items():
        one, = organization.client.list("/api/deliveries", status=status)["data"]
        assert (one["id"], one["status"]) == (id, status)
        assert one["reason"] == ("retries_exhausted" if status == "failed" else None)
        assert (one["waiting"] or {}).get("reason") == ("backoff" if status == "waiting" else None)
        assert one["waiting"] is None or is_time(one["waiting"]["until"])
    hold.set()


@pytest.mark.parametrize("query, pointer", [*BAD_PARAMETERS.items(), ("status=dead", "?status"), ("endpoint=ep_1", "?endpoint"),
                                            ("event=ep_" + ID, "?event"), ("status=", None), ("event=evt_" + ID, None)])
def test_what_is_no_parameter(organization, query, pointer):
    assert_refused(organization.client, "/api/deliveries", query, pointer)


def test_cursors_are_bound(stack, organization, receiver):
    for path in ("/1", "/2"):
        wait_status(organization, give(organization, receiver, path), "delivered")
    assert_cursor_is_bound(organization, stack.new_organization(), "/api/deliveries", "status=delivered")


# -- one


def test_one_has_its_attempts(organization, receiver):
    id = give_failed(organization, receiver)
    found = show(organization, id)
    assert (found["status"], found["reason"], found["type"]) == ("failed", "retries_exhausted", "t.hook")
    assert found["attempts_count"] == 2 == len(found["attempts"]) and found["last_status"] == 500
    first, last = found["attempts"]
    assert is_time(first.pop("at")) and first.pop("duration_ms") >= 0
    assert first == {"attempt": 1, "outcome": "retry", "status": 500, "error": "server_error", "response": "out of \x00 \ufffd order"}
    assert (last["attempt"], last["outcome"], last["status"]) == (2, "dead", 500)


def test_attempts_that_the_retention_took_are_left_out(stack, organization, receiver):
    id = give_failed(organization, receiver)
    history = records.record(stack.redis, "evt_" + id[4:24])["ep_" + id[24:]].split(" ")[-1]
    stack.redis.client.xdel(records.PREFIX + "attempts", history.split(",")[0])
    assert [attempt["attempt"] for attempt in show(organization, id)["attempts"]] == [2]


def test_another_organization_s_is_as_if_it_were_not(stack, organization, receiver):
    other = stack.new_organization()
    id = give(other, receiver)
    wait_status(other, id, "delivered")
    absent = "dlv_" + 2 * ID
    assert_looks_absent(organization.client, "/api/deliveries/{id}", absent, id)
    assert_looks_absent(organization.client, "/api/deliveries/{id}/retry", absent, id, "POST")
    event, endpoint = "evt_" + id[4:24], "ep_" + id[24:]
    for given in ({}, {"event": event}, {"endpoint": endpoint}, {"event": event, "endpoint": endpoint}):
        assert organization.client.list("/api/deliveries", **given) == {"data": [], "next_cursor": None}


# -- retry


def test_a_delivered_one_is_sent_again(organization, receiver):
    id = give(organization, receiver)
    wait_status(organization, id, "delivered")
    answer = retry(organization, id)
    assert (answer.status, answer.json) == (202, {"delivery_id": id, "status": "pending"})
    first, second = receiver.wait("/hook", 2)
    assert first.body == second.body and first.header("idempotency-key") == second.header("idempotency-key") == id
    assert wait_status(organization, id, "delivered", attempts=2)["attempts_count"] == 1


def test_a_failed_one_begins_its_schedule_anew_and_leaves_the_dead_letters(organization, receiver):
    id = give_failed(organization, receiver)
    assert [one["id"] for one in organization.client.list("/api/dlq")["data"]] == [id]
    receiver.script("/hook", 500, 200)
    assert retry(organization, id).status == 202
    found = wait_status(organization, id, "delivered")
    assert [(one["attempt"], one["outcome"]) for one in found["attempts"]] == \
        [(1, "retry"), (2, "dead"), (1, "retry"), (2, "delivered")]
    assert organization.client.list("/api/dlq")["data"] == []


def test_a_waiting_one_goes_on_at_once(organization, receiver):
    id = give_waiting(organization, receiver)
    assert retry(organization, id).status == 202
    found = wait_status(organization, id, "delivered")
    assert [one["attempt"] for one in found["attempts"]] == [1, 2]


def test_a_pending_one_is_refused(organization, receiver):
    hold = receiver.hold("/hook")
    id = give(organization, receiver)
    receiver.wait("/hook")
    answer = retry(organization, id)
    assert (answer.status, answer.code) == (409, "already_pending")
    hold.set()


def test_an_endpoint_that_takes_nothing(stack, organization, receiver):
    id = give(organization, receiver)
    wait_status(organization, id, "delivered")
    stack.redis.client.hset(endpoint_key(id), "disabled", "1")
    answer = retry(organization, id)
    assert (answer.status, answer.code) == (409, "endpoint_disabled")
    stack.redis.client.delete(endpoint_key(id))
    assert retry(organization, id).status == 404
    assert show(organization, id)["status"] == "delivered"


def test_one_that_is_held_is_refused(stack, organization, receiver):
    id = give_waiting(organization, receiver)
    event, endpoint = "evt_" + id[4:24], "ep_" + id[24:]
    state = records.record(stack.redis, event)[endpoint]
    words = state.split(" ")
    held = " ".join(["waiting", "paused", "-", *words[3:]])
    stack.redis.client.hset(records.PREFIX + "event:" + event, endpoint, held)
    answer = retry(organization, id)
    assert (answer.status, answer.code) == (409, "endpoint_paused")
    assert show(organization, id)["waiting"] == {"reason": "paused", "until": None}
    stack.redis.client.hset(records.PREFIX + "event:" + event, endpoint, state)
    assert retry(organization, id).status == 202


def test_only_for_who_may(organization):
    with organization.new_client(organization.new_key(["events:read"])["key"]) as client:
        for method, path in (("GET", ""), ("GET", "/dlv_" + 2 * ID), ("POST", f"/dlv_{2 * ID}/retry")):
            answer = client.request(method, "/api/deliveries" + path)
            assert (answer.status, answer.code) == (403, "scope_missing")
