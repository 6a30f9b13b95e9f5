"""Who may do what: API keys and the admin token."""
import socket
import time
from datetime import datetime, timedelta, timezone

import pytest

import metrics_text
from api_keys import checksum, sha256, unknown_key, with_bad_checksum
from client import Client
from records import everything_in
from stack import ADMIN_TOKEN, SECRET_KEY
from waiting import wait_until

EVENT = {"type": "a", "data": 1}
ROUTES = {
    "/api/events": (EVENT, "events:write", 202),
    "/api/events/batch": ([EVENT], "events:write", 202),
    "/api/endpoints": ({"url": "http://127.0.0.1:1/", "disabled": True}, "endpoints:write", 201),
    "/api/keys": ({"name": "k", "scopes": ["keys:write"]}, "keys:write", 201),
    "/api/organizations": ({"name": "o"}, "admin", 201),
}
TENANT_ROUTES = [path for path, (_, scope, _) in ROUTES.items() if scope != "admin"]
CREDENTIALS = {
    "none": {},
    "empty": {"Authorization": "Bearer "},
    "another scheme": {"Authorization": "Basic YTpi"},
    "no scheme": {"Authorization": unknown_key()},
    "malformed": {"Authorization": "Bearer mr_live_hello"},
    "a tail": {"Authorization": f"Bearer {unknown_key()}x"},
    "bad checksum": {"Authorization": "Bearer " + with_bad_checksum(unknown_key())},
    "unknown": {"Authorization": "Bearer " + unknown_key()},
    "unknown in X-API-Key": {"X-API-Key": unknown_key()},
    "part of the admin token": {"Authorization": "Bearer " + ADMIN_TOKEN[:-1]},
    "the secret key": {"Authorization": "Bearer " + SECRET_KEY},
}


def assert_unauthorized(answer, code="bad_api_key"):
    assert (answer.status, answer.code) == (401, code)
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="millrace"'
    assert answer.headers["Content-Type"] == "application/problem+json"


# -- the matrix


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("name", CREDENTIALS)
def test_without_a_good_key(stack, path, name):
    with Client(stack.port) as client:
        answer = client.post(path, ROUTES[path][0], CREDENTIALS[name])
    is_none = name in ("none", "empty", "another scheme", "no scheme")
    assert_unauthorized(answer, "no_api_key" if is_none else "bad_api_key")


@pytest.mark.parametrize("path", TENANT_ROUTES)
def test_with_the_right_scope_alone(organization, path):
    body, scope, status = ROUTES[path]
    key = organization.new_key([scope])["key"]
    with organization.new_client(key) as client:
        assert client.post(path, body).status == status
    with Client(organization.port) as client:
        assert client.post(path, body, {"X-API-Key": key}).status == status
        assert client.post(path, body, {"Authorization": "bearer  " + key}).status == status


@pytest.mark.parametrize("path", ROUTES)
def test_with_every_other_scope(organization, path):
    body, scope, _ = ROUTES[path]
    others = [own for own in ("events:write", "events:read", "endpoints:write", "endpoints:read", "keys:write", "dlq:write")
              if own != scope]
    key = organization.new_key(others)["key"]
    with organization.new_client(key) as client:
        answer = client.post(path, body)
    assert (answer.status, answer.code) == (403, "scope_missing")
    assert "WWW-Authenticate" not in answer.headers


def test_all_scopes_are_not_the_admins(organization):
    assert organization.client.post("/api/organizations", {"name": "o"}).status == 403


@pytest.mark.parametrize("path", TENANT_ROUTES)
def test_the_admin_is_no_tenant(stack, organization, path):
    body, scope, status = ROUTES[path]
    answer = stack.admin.post(path, body)
    if scope == "events:write":
        assert (answer.status, answer.code) == (403, "scope_missing")
        return
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/organization")
    assert stack.admin.post(f"{path}?organization={organization.id}", body).status == status


def test_another_organizations_id_is_as_good_as_none(stack, organization):
    other = stack.new_organization()
    key = {"name": "k", "scopes": ["events:write"]}
    known = organization.client.post("/api/keys", key | {"organization": other.id})
    unknown = organization.client.post("/api/keys", key | {"organization": "org_" + "0" * 20})
    assert known.status == unknown.status == 422
    assert known.json | {"request_id": ""} == unknown.json | {"request_id": ""}
    assert organization.client.post(f"/api/endpoints?organization={other.id}", ROUTES["/api/endpoints"][0]).status == 422


def test_a_key_gives_no_more_than_it_has(organization):
    key = organization.new_key(["keys:write", "events:write"])["key"]
    with organization.new_client(key) as client:
        for scopes, status in [(["events:write"], 201), (["events:read"], 403), (["*"], 403), (["events:write", "*"], 403)]:
            assert client.post("/api/keys", {"name": "k", "scopes": scopes}).status == status, scopes


def test_without_an_admin_token_its_routes_are_closed(stack, new_stack):
    closed = new_stack(redis=stack.redis, ingest={"admin_token": ""}).start("ingest")
    for token in (ADMIN_TOKEN, "", None):
        with Client(closed.port, token) as client:
            assert client.post("/api/organizations", {"name": "o"}).status == 401


def test_two_answers_of_authorization_count_as_one_header(stack):
    """Of two headers the first one counts, whichever is right: never the better of the two."""
    with Client(stack.port) as client:
        client.connection.putrequest("POST", "/api/organizations")
        for value in ("Bearer " + unknown_key(), "Bearer " + ADMIN_TOKEN):
            client.connection.putheader("Authorization", value)
        client.connection.putheader("Content-Type", "application/json")
        client.connection.putheader("Content-Length", "12")
        client.connection.endheaders(b'{"name":"o"}')
        assert client.connection.getresponse().status in (400, 401)


# -- expiry, removal, caches


def rfc3339(moment):
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_an_expired_key(stack, organization):
    expires_at = (datetime.now(timezone.utc) + timedelta(seconds=2)).replace(microsecond=0)  # milliseconds at most are kept
    key = organization.new_key(["events:write"], expires_at=rfc3339(expires_at))
    assert key["expires_at"] == rfc3339(expires_at)
    with organization.new_client(key["key"]) as client:
        assert client.post("/api/events", EVENT).status == 202
        answer = wait_until(lambda: (answer := client.post("/api/events", EVENT)).status != 202 and answer, "expiry")
    assert_unauthorized(answer)
    assert datetime.now(timezone.utc) >= expires_at


def test_a_key_that_was_expired_when_made_is_refused(organization):
    answer = organization.client.post("/api/keys", {"name": "k", "scopes": ["*"], "expires_at": "2020-01-01T00:00:00Z"})
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/expires_at")


def remove(redis, organization, key):
    redis.client.delete("mr:key:" + sha256(key))


def announce_removal(redis, organization, key):
    redis.client.xadd("mr:config", {"kind": "key", "id": sha256(key), "org": organization.id, "action": "removed"})


def test_a_removed_key_is_refused_at_once(stack, organization):
    key = organization.new_key(["events:write"])["key"]
    with organization.new_client(key) as client:
        assert client.post("/api/events", EVENT).status == 202
        remove(stack.redis, organization, key)
        assert client.post("/api/events", EVENT).status == 202  # what was cached still counts
        announce_removal(stack.redis, organization, key)
        announced_at = time.monotonic()
        answer = wait_until(lambda: (answer := client.post("/api/events", EVENT)).status != 202 and answer, "the refusal")
        assert time.monotonic() - announced_at < 1
        assert_unauthorized(answer)


def test_without_an_announcement_a_removed_key_is_refused_after_the_ttl(stack, organization, new_stack):
    short = new_stack(redis=stack.redis, ingest={"cache_ttl": "500ms"}).start("ingest")
    key = organization.new_key(["events:write"])["key"]
    with organization.new_client(key, short.port) as client:
        assert client.post("/api/events", EVENT).status == 202
        removed_at = time.monotonic()
        remove(stack.redis, organization, key)
        wait_until(lambda: client.post("/api/events", EVENT).status == 401, "the refusal")
        assert time.monotonic() - removed_at < 2


def test_a_new_key_works_at_once_though_it_was_asked_for_before(stack, organization):
    """That it does not exist was cached, and is corrected by the announcement."""
    record = stack.redis.client.hgetall("mr:key:" + sha256(organization.key))
    key = unknown_key()
    with organization.new_client(key) as client:
        assert client.post("/api/events", EVENT).status == 401
        stack.redis.client.hset("mr:key:" + sha256(key), mapping=record)
        stack.redis.client.xadd("mr:config", {"kind": "key", "id": sha256(key), "org": organization.id, "action": "created"})
        wait_until(lambda: client.post("/api/events", EVENT).status == 202, "the new key", timeout_s=1)


def test_a_bad_checksum_never_reaches_redis(stack, organization):
    with Client(stack.port) as client:
        before = stack.redis.calls("hgetall")
        for _ in range(20):
            assert_unauthorized(client.post("/api/events", EVENT, {"X-API-Key": with_bad_checksum(unknown_key())}))
        assert stack.redis.calls("hgetall") == before
        # The control: a checksum that is right does.
        assert_unauthorized(client.post("/api/events", EVENT, {"X-API-Key": unknown_key()}))
        assert stack.redis.calls("hgetall") == before + 1


def test_an_unknown_key_is_asked_for_once(stack, organization):
    key = unknown_key()
    before = stack.redis.calls("hgetall")
    with organization.new_client(key) as client:
        for _ in range(20):
            assert_unauthorized(client.post("/api/events", EVENT))
    assert stack.redis.calls("hgetall") == before + 1


def test_a_cold_key_is_asked_for_once_by_many(stack, organization):
    """Redis stands still until all requests have come, so that none of them can find what another has loaded."""
    count, key = 200, organization.new_key(["events:write"])["key"]
    body = b"{}"  # refused, but only after its key was accepted: nothing is published
    head = (f"POST /api/events HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\nContent-Type: application/json\r\n"
            f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n").encode()
    before = stack.redis.calls("hgetall")
    joined = joined_loads(stack)
    connections = [socket.create_connection(("127.0.0.1", stack.port), timeout=30) for _ in range(count)]
    stack.redis.pause()
    try:
        for connection in connections:
            connection.sendall(head + body)
        wait_until(lambda: joined_loads(stack) == joined + count - 1, "all requests")
    finally:
        stack.redis.resume()
    for connection in connections:
        with connection, connection.makefile("rb") as answer:
            assert answer.readline() == b"HTTP/1.1 422 Unprocessable Content\r\n"
            answer.read()
    assert stack.redis.calls("hgetall") == before + 1


def joined_loads(stack, cache="keys"):
    return metrics_text.value(metrics_text.parse(stack.metrics("ingest")), "millrace_cache_total", cache=cache, result="joined")


# -- what is kept of them


def test_only_hashes_of_keys_are_kept(stack, organization, receiver):
    secret = organization.new_endpoint(receiver.url("/hook"))["secret"]
    event_id = organization.publish("a", 1)
    receiver.wait("/hook")
    kept = everything_in(stack.redis)
    files = b"".join(path.read_bytes() for path in stack.redis.folder.rglob("*.aof"))
    stack.services["dispatcher"].wait_line("delivery.delivered", event=event_id)
    stack.services["ingest"].wait_line("event.accepted", event=event_id)
    logs = "".join(service.text() for service in stack.services.values())
    assert sha256(organization.key) in kept and organization.id in logs
    for text in (organization.key, organization.key[8:38], secret, secret[6:], ADMIN_TOKEN, SECRET_KEY):
        assert text not in kept and text.encode() not in files and text not in logs


def test_keys_have_their_form(organization):
    key = organization.new_key()["key"]
    assert key[:8] == "mr_live_" and len(key) == 44 and key[8:].isalnum() and key.isascii()
    assert checksum(key[8:38]) == key[38:]
