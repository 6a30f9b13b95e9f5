"""Endpoints through the API, and what of it the processor and the dispatcher do."""
import itertools
import json
import threading

import pytest

import metrics_text
import records
from receiver import Step
from test_signatures import FORGERIES, verify
from waiting import wait_until

URL = "http://127.0.0.1:1/hook"
MEMBERS = {"id", "organization", "url", "event_types", "filter", "headers", "description", "disabled", "disabled_reason", "paused",
           "failing_since", "rate_limit", "ordered", "max_in_flight", "timeout", "retry_schedule", "created_at", "updated_at"}
FRESH_S = 1  # within which every process has heard of a change


def path(endpoint, rest=""):
    return f"/api/endpoints/{endpoint['id']}{rest}"


def show(organization, endpoint):
    answer = organization.client.get(path(endpoint))
    assert answer.status == 200, answer.body
    return answer.json


def patch(organization, endpoint, **members):
    answer = organization.client.request("PATCH", path(endpoint), members)
    assert answer.status == 200, answer.body
    return answer.json


def act(organization, endpoint, verb, status=200):
    answer = organization.client.request("POST", path(endpoint, "/" + verb))
    assert answer.status == status, answer.body
    return answer.json


def delete(organization, endpoint):
    answer = organization.client.request("DELETE", path(endpoint))
    assert (answer.status, answer.body) == (204, b"")


def record(stack, endpoint):
    return stack.redis.client.hgetall(f"{records.PREFIX}endpoint:{endpoint['id']}")


def state(stack, event_id, endpoint):
    return records.record(stack.redis, event_id).get(endpoint["id"], "")


def wait_state(stack, event_id, endpoint, words):
    wait_until(lambda: state(stack, event_id, endpoint).startswith(words), f"{words} in the record")


def audit(stack, organization, endpoint):
    """Actions and details about one endpoint, and who."""
    entries = stack.redis.client.xrange(f"{records.PREFIX}audit:{organization.id}")
    return [(entry["action"], entry["detail"], entry["actor"]) for _, entry in entries if entry["target"] == endpoint["id"]]


def keyspace(stack):
    """All that configuration and its audit are."""
    client = stack.redis.client
    read = {"hash": client.hgetall, "zset": lambda key: client.zrange(key, 0, -1), "stream": client.xrange, "string": client.get,
            "set": client.smembers}
    return {key: read[client.type(key)](key) for key in client.scan_iter(count=1000)
            if any(word in key for word in (":endpoint:", ":endpoints:", ":audit:", ":gone:", ":job:", "mr:config"))}


# -- made, shown, changed, removed

def test_what_is_made_is_shown_without_its_secret(organization):
    made = organization.new_endpoint(URL, "order.*", description="mine", headers={"X-A": "b"}, max_in_flight=7, timeout="2s",
                                     retry_schedule=["1s", "5m"], filter={"gt": {"/n": 1}}, rate_limit={"per_second": 5}, ordered=True)
    assert set(made) == MEMBERS | {"secret"} and made["secret"].startswith("whsec_")
    shown = show(organization, made)
    assert shown == {name: made[name] for name in MEMBERS}
    assert shown | {"id": "", "created_at": "", "updated_at": ""} == {
        "id": "", "organization": organization.id, "url": URL, "event_types": ["order.*"], "filter": {"gt": {"/n": 1}},
        "headers": {"X-A": "b"}, "description": "mine", "disabled": False, "disabled_reason": None, "paused": False,
        "failing_since": None, "rate_limit": {"per_second": 5, "burst": 5}, "ordered": True, "max_in_flight": 7, "timeout": "2000ms", "retry_schedule": ["1000ms", "300000ms"],
        "created_at": "", "updated_at": ""}
    plain = show(organization, organization.new_endpoint(URL, disabled=True))
    assert plain | {"disabled": True, "disabled_reason": "api"} == plain
    assert [plain[name] for name in ("filter", "rate_limit", "max_in_flight", "timeout", "retry_schedule")] == [None] * 5
    assert plain["ordered"] is False


def test_a_patch_changes_what_it_names(stack, organization):
    made = organization.new_endpoint(URL, "a", description="mine", max_in_flight=7, timeout="2s", filter={"gt": {"/n": 1}})
    before = record(stack, made)
    changed = patch(organization, made, description="yours", max_in_flight=None, event_types=["b", "c"], filter=None)
    assert changed == show(organization, made)
    assert changed["description"] == "yours" and changed["max_in_flight"] is None
    assert changed["event_types"] == ["b", "c"] and changed["filter"] is None
    assert changed["timeout"] == "2000ms" and changed["url"] == URL
    assert changed["updated_at"] >= made["updated_at"] and changed["created_at"] == made["created_at"]
    after = record(stack, made)
    assert {name for name in after if after[name] != before[name]} == {"description", "max_in_flight", "event_types", "filter", "updated_at"}
    assert audit(stack, organization, made)[-1][:2] == ("endpoint.updated", "event_types filter description max_in_flight")


def test_a_patch_of_nothing_changes_nothing(stack, organization):
    made = organization.new_endpoint(URL, disabled=True)
    stack.redis.client.hset(f"{records.PREFIX}endpoint:{made['id']}", "disabled_reason", "gone")
    before = keyspace(stack)
    assert patch(organization, made) == show(organization, made)
    assert patch(organization, made, disabled=True)["disabled_reason"] == "gone"
    assert keyspace(stack) == before


@pytest.mark.parametrize("body, status, pointer", [
    (b"", 400, None), (b"{", 400, None), (b'{"url":"\\ud800"}', 400, None), (b"[]", 422, ""),
    ({"url": None}, 422, "/url"), ({"url": "http://user:pw@x/"}, 422, "/url"), ({"url": "file:///etc/passwd"}, 422, "/url"),
    ({"headers": {"a": "b\r\nX: y"}}, 422, "/headers/a"), ({"headers": {"Host": "x"}}, 422, "/headers/Host"),
    ({"description": "\0"}, 422, "/description"), ({"max_in_flight": 10001}, 422, "/max_in_flight"),
    (b'{"max_in_flight":1e400}', 422, "/max_in_flight"), ({"timeout": "5m1ms"}, 422, "/timeout"),
    ({"rate_limit": {"per_second": 0}}, 422, "/rate_limit/per_second"), ({"rate_limit": 5}, 422, "/rate_limit"),
    ({"rate_limit": {"per_second": 1, "burst": 1000001}}, 422, "/rate_limit/burst"), ({"ordered": 1}, 422, "/ordered"),
    ({"secret": "whsec_" + "A" * 32}, 422, "/secret"), ({"paused": True}, 422, "/paused"), ({"id": "ep_1"}, 422, "/id"),
    (b'{"disabled":true,"disabled":true}', 422, "/disabled"), (b'{"filter":' + b'{"not":' * 70 + b"1" + b"}" * 71, 400, None),
], ids=str)
def test_a_patch_that_is_refused_leaves_all_as_it_was(stack, organization, body, status, pointer):
    made = organization.new_endpoint(URL)
    before = keyspace(stack)
    answer = organization.client.request("PATCH", path(made), body)
    assert answer.status == status, answer.body
    if status == 422:
        assert [error["pointer"] for error in answer.json["errors"]] == [pointer]
    assert keyspace(stack) == before


def test_what_is_deleted_is_gone(stack, organization):
    made = organization.new_endpoint(URL)
    delete(organization, made)
    answers = [organization.client.request(method, path(made, rest), {} if method == "PATCH" else None) for method, rest in
               [("DELETE", ""), ("GET", ""), ("PATCH", ""), ("POST", "/pause"), ("POST", "/resume"), ("GET", "/secret"),
                ("POST", "/secret/rotate"), ("POST", "/test")]]
    assert [answer.status for answer in answers] == [404] * len(answers)
    client = stack.redis.client
    assert client.zrange(f"{records.PREFIX}gone:{organization.id}", 0, -1) == [made["id"]]
    assert not client.exists(f"{records.PREFIX}endpoint:{made['id']}", f"{records.PREFIX}history:{made['id']}",
                             f"{records.PREFIX}endpoints:{organization.id}")
    assert [action for action, _, _ in audit(stack, organization, made)] == ["endpoint.created", "endpoint.deleted"]


def test_what_is_anothers_looks_like_what_is_not(stack, organization):
    made = organization.new_endpoint(URL)
    other = stack.new_organization()
    absent = {"id": "ep_" + "0" * 20}
    before = keyspace(stack)
    same = {"X-Request-Id": "req_1"}
    for method, rest, body in [("GET", "", None), ("PATCH", "", {"description": "x"}), ("DELETE", "", None), ("POST", "/pause", None),
                               ("POST", "/resume", None), ("GET", "/secret", None), ("POST", "/secret/rotate", {}), ("POST", "/test", None)]:
        answers = [other.client.request(method, path(endpoint, rest), body, same) for endpoint in (made, absent, {"id": "ep_x"}, {"id": "a%20b"})]
        told = {(answer.status, answer.body, *((name, value) for name, value in answer.headers.items() if name != "Date")) for answer in answers}
        assert len(told) == 1 and answers[0].status == 404
    assert keyspace(stack) == before
    assert other.client.get("/api/endpoints").json == {"data": [], "next_cursor": None}


def test_the_admin_names_the_organization(stack, organization):
    made = organization.new_endpoint(URL)
    query = f"?organization={organization.id}"
    assert stack.admin.get(path(made) + query).json == show(organization, made)
    assert [one["id"] for one in stack.admin.get("/api/endpoints" + query).json["data"]] == [made["id"]]
    assert stack.admin.get(path(made)).status == 422
    assert stack.admin.get(path(made) + f"?organization={stack.new_organization().id}").status == 404
    assert stack.admin.request("DELETE", path(made) + query).status == 204


def test_each_route_wants_its_scope(organization):
    made = organization.new_endpoint(URL)
    routes = {"endpoints:read": [("GET", "/api/endpoints"), ("GET", path(made))],
              "endpoints:write": [("PATCH", path(made)), ("POST", path(made, "/pause")), ("POST", path(made, "/resume")),
                                  ("POST", path(made, "/test")), ("DELETE", path(made))],
              "endpoints:secrets": [("GET", path(made, "/secret")), ("POST", path(made, "/secret/rotate"))]}
    for scope, others in itertools.permutations(routes, 2):
        with organization.new_client(organization.new_key([scope])["key"]) as client:
            assert [client.request(method, at).status for method, at in routes[others]] == [403] * len(routes[others])


# -- lists

def walk(client, limit):
    seen, cursor = [], ""
    while cursor is not None:
        answer = client.get(f"/api/endpoints?limit={limit}" + (f"&cursor={cursor}" if cursor else ""))
        assert answer.status == 200, answer.body
        seen += [one["id"] for one in answer.json["data"]]
        cursor = answer.json["next_cursor"]
        yield seen


def test_pages_are_the_whole_newest_first(organization):
    made = [organization.new_endpoint(URL)["id"] for _ in range(7)]
    expected = sorted(made, reverse=True)
    for limit in (1, 2, 3, 6, 7, 8):
        *_, seen = walk(organization.client, limit)
        assert seen == expected, limit
    listed = organization.client.get("/api/endpoints").json["data"]
    assert [set(one) for one in listed] == [MEMBERS] * 7


def test_a_walk_sees_what_stays_once_while_others_come_and_go(organization):
    made = sorted((organization.new_endpoint(URL) for _ in range(9)), key=lambda one: one["id"], reverse=True)
    going = made[2::3]
    stays = [one["id"] for one in made if one not in going]
    for seen in walk(organization.client, 2):
        organization.new_endpoint(URL)
        if going:
            delete(organization, going.pop(0))
    assert [id for id in seen if id in stays] == stays and len(set(seen)) == len(seen)


def test_cursors_of_others_and_edited_ones_are_refused(stack, organization):
    for _ in range(2):
        organization.new_endpoint(URL)
    cursor = organization.client.get("/api/endpoints?limit=1").json["next_cursor"]
    other = stack.new_organization().client
    edited = cursor[:-1] + ("0" if cursor[-1] != "0" else "1")
    for client, text in [(other, cursor), (organization.client, edited), (organization.client, "x")]:
        answer = client.get(f"/api/endpoints?limit=1&cursor={text}")
        assert (answer.status, answer.code) == (400, "invalid_cursor")
    for query in ("limit=0", "limit=251", "limit=x", "sort=url"):
        assert organization.client.get("/api/endpoints?" + query).status == 400


# -- what processes make of changes

def test_changes_reach_every_process_within_a_second(stack, organization, receiver):
    made = organization.new_endpoint(receiver.url("/old"), "a")
    organization.publish("a")
    receiver.wait("/old")
    patch(organization, made, event_types=["b"], url=receiver.url("/new"))
    wait_until(lambda: state(stack, organization.publish("b"), made) or receiver.on("/new"), "an event of the new type", FRESH_S, 0.1)
    assert receiver.wait("/new") and len(receiver.on("/old")) == 1
    event_id = organization.publish("a")
    wait_until(lambda: records.record(stack.redis, event_id).get("skipped") == "no_subscriber", "an event nobody wants")
    patch(organization, made, disabled=True)
    wait_until(lambda: records.record(stack.redis, organization.publish("b")).get("skipped") == "endpoint_disabled" or None,
               "an event for a disabled endpoint", FRESH_S, 0.2)


def waiting_paused(stack):
    return metrics_text.value(metrics_text.parse(stack.metrics("dispatcher")), "millrace_waiting", reason="paused")


def pause(stack, organization, endpoint):
    """Until every process has heard of it -> the events that are held, one at least."""
    held = []
    act(organization, endpoint, "pause")

    def is_held():
        event_id = organization.publish("a")
        wait_until(lambda: state(stack, event_id, endpoint).startswith(("waiting paused", "delivered", "dead")), "an end or a hold")
        held.extend([event_id] if state(stack, event_id, endpoint).startswith("waiting paused") else [])
        return held
    return wait_until(is_held, "a paused endpoint", FRESH_S)


def test_what_comes_while_paused_is_held_and_delivered_after(stack, organization, receiver):
    made, other = organization.new_endpoint(receiver.url("/hook")), organization.new_endpoint(receiver.url("/other"))
    before = waiting_paused(stack)
    ids = pause(stack, organization, made)
    came = len(receiver.on("/hook"))
    paused = show(organization, made)
    assert paused["paused"] is True and act(organization, made, "pause") == paused
    ids += [organization.publish("a") for _ in range(5)]
    receiver.wait_events("/other", ids)
    for event_id in ids:
        wait_state(stack, event_id, made, "waiting paused -")
    assert waiting_paused(stack) == before + len(ids)
    assert len(receiver.on("/hook")) == came
    resumed = act(organization, made, "resume")
    assert resumed["paused"] is False and act(organization, made, "resume") == resumed
    assert sorted(one.event_id for one in receiver.wait_events("/hook", ids)[came:]) == sorted(ids)
    wait_until(lambda: waiting_paused(stack) == before, "nothing that is held")
    ids.append(organization.publish("a"))
    assert len(receiver.wait_events("/hook", ids)) == came + len(ids) == len(receiver.wait_events("/other", ids))
    assert [action for action, _, _ in audit(stack, organization, made)] == ["endpoint.created", "endpoint.paused", "endpoint.resumed"]


def test_what_a_dispatcher_has_already_is_held_too(stack, organization, receiver):
    """One at a time: the others wait in its lane when the endpoint is paused."""
    release = receiver.hold("/hook")
    made = organization.new_endpoint(receiver.url("/hook"), max_in_flight=1)
    ids = [organization.publish("a") for _ in range(4)]
    first = receiver.wait("/hook")[0].event_id
    act(organization, made, "pause")
    release.set()
    wait_state(stack, first, made, "delivered")
    for event_id in set(ids) - {first}:
        wait_state(stack, event_id, made, "waiting paused -")
    act(organization, made, "resume")
    assert len(receiver.wait_events("/hook", ids)) == 4


def test_a_retry_that_is_due_while_paused_is_held(stack, organization, receiver):
    receiver.script("/hook", 500, 200)
    made = organization.new_endpoint(receiver.url("/hook"), retry_schedule=["1s"])
    event_id = organization.publish("a")
    wait_state(stack, event_id, made, "waiting backoff")
    act(organization, made, "pause")
    wait_state(stack, event_id, made, "waiting paused -")
    act(organization, made, "resume")
    wait_state(stack, event_id, made, "delivered 2 200")
    assert [one.header("x-millrace-attempt") for one in receiver.on("/hook")] == ["1", "2"]


@pytest.mark.parametrize("is_paused", [False, True])
def test_what_waits_for_an_endpoint_that_is_deleted_is_dead(stack, organization, receiver, is_paused):
    receiver.script("/hook", 500)
    made = organization.new_endpoint(receiver.url("/hook"), retry_schedule=["1s"])
    event_id = pause(stack, organization, made)[0] if is_paused else organization.publish("a")
    wait_state(stack, event_id, made, "waiting paused" if is_paused else "waiting backoff")
    history = f"{records.PREFIX}history:{made['id']}"
    assert [event_id.startswith(mark) for mark in stack.redis.client.zrange(history, 0, -1)] == [True]
    delete(organization, made)
    wait_until(lambda: not stack.redis.client.exists(history), "a history that is gone")
    wait_state(stack, event_id, made, "dead")
    letters = stack.redis.client.xrange(records.PREFIX + "dlq")
    assert [letter["reason"] for _, letter in letters if letter["event"] == event_id] == ["endpoint_deleted"]
    assert not stack.redis.client.exists(f"{records.PREFIX}lane:{made['id']}")


# -- secrets

def signatures_of(webhook):
    return webhook.header("webhook-signature").split(" ")


def verified(webhook, secret):
    return verify([webhook], secret)["verified"] == 1


def rotate(organization, endpoint, status=200, **members):
    answer = organization.client.post(path(endpoint, "/secret/rotate"), members)
    assert answer.status == status, answer.body
    return answer.json


def next_webhook(organization, receiver, endpoint_path="/hook"):
    event_id = organization.publish("a")
    return next(one for one in receiver.wait_events(endpoint_path, [event_id]) if one.event_id == event_id)


def test_both_secrets_sign_until_the_grace_ends(stack, organization, receiver):
    made = organization.new_endpoint(receiver.url("/hook"))
    shown = organization.client.get(path(made, "/secret")).json
    assert shown == {"secret": made["secret"], "old": []}
    webhook = next_webhook(organization, receiver)
    assert len(signatures_of(webhook)) == 1 and verified(webhook, made["secret"])
    rotated = rotate(organization, made, grace="2s")
    assert rotated["secret"] != made["secret"] and len(rotated["old"]) == 1
    assert organization.client.get(path(made, "/secret")).json == rotated
    webhook = next_webhook(organization, receiver)
    assert len(signatures_of(webhook)) == 2
    alone = [dict(webhook.headers) | {"webhook-signature": one} for one in signatures_of(webhook)]
    assert verified(webhook, rotated["secret"]) and verified(webhook, made["secret"])
    for headers, secret, other in [(alone[0], rotated["secret"], made["secret"]), (alone[1], made["secret"], rotated["secret"])]:
        webhook.headers = list(headers.items())
        assert verify([webhook], secret) == {"verified": 1, "refused": FORGERIES, "problems": []}
        assert not verified(webhook, other)
    wait_until(lambda: len(signatures_of(next_webhook(organization, receiver))) == 1, "the end of the grace", every_s=0.2)
    webhook = next_webhook(organization, receiver)
    assert verified(webhook, rotated["secret"]) and not verified(webhook, made["secret"])
    assert organization.client.get(path(made, "/secret")).json == {"secret": rotated["secret"], "old": []}
    for secret in (made["secret"], rotated["secret"]):
        assert not any(secret in text for text in record(stack, made).values())


def test_a_rotation_takes_a_secret_and_may_be_without_grace(organization, receiver):
    made = organization.new_endpoint(receiver.url("/hook"))
    secret = "whsec_" + "A" * 32
    assert rotate(organization, made, secret=secret, grace="0s") == {"secret": secret, "old": []}
    webhook = next_webhook(organization, receiver)
    assert len(signatures_of(webhook)) == 1 and verified(webhook, secret)
    answer = organization.client.request("POST", path(made, "/secret/rotate"))
    assert answer.status == 200 and len(answer.json["old"]) == 1


def test_ten_old_secrets_are_the_most(stack, organization, receiver):
    made = organization.new_endpoint(receiver.url("/hook"))
    for count in range(1, 11):
        assert len(rotate(organization, made)["old"]) == count
    assert len(signatures_of(next_webhook(organization, receiver))) == 11
    before = keyspace(stack)
    refused = rotate(organization, made, status=422)
    assert refused["code"] == "limit_reached" and keyspace(stack) == before
    assert len(rotate(organization, made, grace="0s")["old"]) == 10


def test_a_rotation_that_is_refused_leaves_all_as_it_was(stack, organization):
    made = organization.new_endpoint(URL)
    before = keyspace(stack)
    for members, pointer in [({"grace": "8d"}, "/grace"), ({"grace": 1}, "/grace"), ({"secret": "x"}, "/secret"), ({"key": 1}, "/key")]:
        assert [error["pointer"] for error in rotate(organization, made, status=422, **members)["errors"]] == [pointer]
    assert keyspace(stack) == before


# -- a test event

def test_a_test_event_goes_to_its_endpoint_alone(stack, organization, receiver):
    made = organization.new_endpoint(receiver.url("/hook"), "order.*", filter={"exact": {"/n": 1}})
    organization.new_endpoint(receiver.url("/other"))
    answer = act(organization, made, "test", 202)
    assert answer == {"event_id": answer["event_id"], "delivery_id": "dlv_" + answer["event_id"][4:] + made["id"][3:]}
    webhook = receiver.wait("/hook")[0]
    body = json.loads(webhook.body)
    assert webhook.event_id == answer["event_id"] == body["id"] and body["type"] == "millrace.test"
    assert body["data"] == {"test": True, "endpoint": made["id"]}
    wait_state(stack, answer["event_id"], made, "delivered 1 200")
    assert set(records.record(stack.redis, answer["event_id"])) == {made["id"]} and receiver.on("/other") == []


def test_a_test_event_for_a_disabled_endpoint_is_refused(stack, organization):
    made = organization.new_endpoint(URL, disabled=True)
    length = stack.redis.client.xlen(records.PREFIX + "events")
    assert act(organization, made, "test", 409)["code"] == "endpoint_disabled"
    assert stack.redis.client.xlen(records.PREFIX + "events") == length


# -- disabled by itself

def test_410_disables_and_says_so(stack, organization, receiver):
    early, late = threading.Event(), threading.Event()
    receiver.releases += [early, late]
    receiver.script("/hook", Step(410, until=early), Step(410, until=late))
    made = organization.new_endpoint(receiver.url("/hook"))
    ids = organization.publish("a"), organization.publish("a")
    receiver.wait("/hook", 2)
    early.set()
    shown = wait_until(lambda: (one := show(organization, made))["disabled"] and one, "a disabled endpoint")
    assert shown["disabled_reason"] == "gone"
    wait_until(lambda: audit(stack, organization, made)[1:] == [("endpoint.disabled", "gone", "dispatcher")], "its audit")
    late.set()  # it was under way when the other one disabled the endpoint
    for event_id in ids:
        wait_state(stack, event_id, made, "dead")
    act(organization, made, "test", 409)
    assert len(audit(stack, organization, made)) == 2
    receiver.script("/hook", 200)
    enabled = patch(organization, made, disabled=False)
    assert (enabled["disabled"], enabled["disabled_reason"], enabled["failing_since"]) == (False, None, None)
    wait_until(lambda: act(organization, made, "test", 202) and len(receiver.on("/hook")) > 1, "webhooks again", FRESH_S, 0.2)


def test_nothing_but_failures_for_long_disable(new_stack):
    stack = new_stack(dispatcher={"disable_after": "1s", "retry_schedule": "100ms," * 30 + "100ms"}).start()
    organization, receiver = stack.new_organization(), stack.new_receiver()
    receiver.script("/hook", 500)
    made, well = organization.new_endpoint(receiver.url("/hook")), organization.new_endpoint(receiver.url("/well"))
    event_id = organization.publish("a")
    since = wait_until(lambda: show(organization, made)["failing_since"], "the first failure")
    shown = wait_until(lambda: (one := show(organization, made))["disabled"] and one, "a disabled endpoint")
    assert shown["disabled_reason"] == "failing" and shown["failing_since"] == since
    assert audit(stack, organization, made)[1:] == [("endpoint.disabled", "failing", "dispatcher")]
    wait_state(stack, event_id, made, "dead")  # no attempt of it comes in between below
    assert show(organization, well)["failing_since"] is None and not show(organization, well)["disabled"]
    assert patch(organization, made, disabled=False)["failing_since"] is None
    receiver.script("/hook", 500, 200)
    act(organization, made, "test", 202)
    wait_until(lambda: receiver.on("/hook")[-1].header("x-millrace-attempt") == "2", "a second attempt")
    wait_until(lambda: show(organization, made)["failing_since"] is None, "no failure after a success")
    assert show(organization, made)["disabled"] is False
