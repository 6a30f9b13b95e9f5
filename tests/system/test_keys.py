"""API keys: listed, rotated, revoked; and that every process obeys."""
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest

from api_keys import sha256
from client import Client
from records import everything_in
from test_auth import assert_unauthorized, joined_loads, rfc3339
from waiting import wait_until

UNKNOWN = "key_" + "0" * 20
SHOWN = ["id", "name", "organization", "scopes", "prefix", "last4", "rate_limit", "created_at", "expires_at", "last_used_at",
         "rotated_from", "rotated_to"]
DAY_S = 24 * 3600


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


@pytest.fixture
def other_process(stack, new_stack):
    """Another ingest on the same Redis."""
    return new_stack(redis=stack.redis).start("ingest")


def find(client, id):
    return next(item for item in client.walk("/api/keys", limit=250) if item["id"] == id)


def is_refused(client):
    return client.get("/api/me").status == 401


def assert_refused_within_a_second(clients, since):
    for client in clients:
        answer = wait_until(lambda: (answer := client.get("/api/me")).status != 200 and answer, "the refusal")
        assert time.monotonic() - since < 1
        assert_unauthorized(answer)


# -- lists


def test_the_list_shows_all_but_the_keys(stack, organization):
    made = organization.new_key(["events:read"], name="second", rate_limit={"per_second": 5, "burst": 7})
    items = organization.client.get("/api/keys").json["data"]
    assert [list(item) for item in items] == [SHOWN, SHOWN]
    assert items[0] == {name: made[name] for name in SHOWN}
    assert (items[0]["prefix"], items[0]["last4"]) == ("mr_live_", made["key"][-4:])
    assert items[0]["rate_limit"] == {"per_second": 5, "burst": 7}
    assert items[1]["scopes"] == ["*"] and items[1]["id"] < items[0]["id"]
    text = organization.client.get("/api/keys").body.decode()
    for secret in (made["key"], made["key"][8:38], sha256(made["key"]), organization.key, sha256(organization.key)):
        assert secret not in text
    assert stack.admin.get(f"/api/keys?organization={organization.id}").json["data"][0] == items[0]


def test_a_key_lists_its_own_organizations_only(stack, organization):
    other = stack.new_organization()
    assert {item["organization"] for item in other.client.walk("/api/keys")} == {other.id}
    answer = other.client.get(f"/api/keys?organization={organization.id}")
    assert (answer.status, answer.code) == (422, "unknown_organization")
    assert stack.admin.get("/api/keys").json["errors"][0]["pointer"] == "/organization"


def test_the_list_is_walked_newest_first_under_writes(organization):
    """What exists throughout is seen once, whatever comes and goes meanwhile. No position tells a hash."""
    kept = [organization.new_key()["id"] for _ in range(12)]
    stopping = threading.Event()

    def come_and_go():
        with organization.new_client() as client:
            while not stopping.is_set():
                made = client.create("/api/keys", {"name": "meanwhile", "scopes": ["events:read"]})
                assert client.delete(f"/api/keys/{made['id']}").status == 204

    thread = threading.Thread(target=come_and_go)
    thread.start()
    try:
        seen = [item["id"] for item in organization.client.walk("/api/keys", limit=2)]
    finally:
        stopping.set()
        thread.join()
    assert [id for id in seen if id in kept] == sorted(kept, reverse=True)
    assert len(set(seen)) == len(seen)
    cursor = organization.client.get("/api/keys?limit=1").json["next_cursor"]
    assert len(bytes.fromhex(cursor)) == 12 + len(UNKNOWN)


# -- rotation


def test_a_rotated_key_goes_on_until_the_grace_ends(organization, other_process):
    old = organization.new_key(["events:read", "keys:write"], name="old", rate_limit={"per_second": 500, "burst": 700})
    before = datetime.now(timezone.utc)
    answer = organization.client.post(f"/api/keys/{old['id']}/rotate", {"grace": "2s"})
    assert answer.status == 201
    new = answer.json
    assert new["key"] != old["key"] and new["id"] != old["id"]
    for name in ("name", "organization", "scopes", "rate_limit", "expires_at", "prefix"):
        assert new[name] == old[name], name
    assert (new["rotated_from"], new["rotated_to"], new["last4"]) == (old["id"], None, new["key"][-4:])
    shown = find(organization.client, old["id"])
    assert shown["rotated_to"] == new["id"]
    ends_at = moment(shown["expires_at"])
    assert timedelta(seconds=2) <= ends_at - before + timedelta(milliseconds=1) < timedelta(seconds=4)
    clients = [organization.new_client(key["key"], port) for key in (old, new) for port in (organization.port, other_process.port)]
    assert [client.get("/api/me").status for client in clients] == [200] * 4
    for client in clients[:2]:
        wait_until(lambda: is_refused(client), "the end of the grace", every_s=0.005)
        assert timedelta(0) <= datetime.now(timezone.utc) - ends_at < timedelta(seconds=1)
    assert [client.get("/api/me").status for client in clients[2:]] == [200] * 2


def test_the_grace_is_a_day_unless_given(organization):
    for body in ({}, None):
        old = organization.new_key()
        answer = organization.client.post(f"/api/keys/{old['id']}/rotate", body)
        assert answer.status == 201
        left = moment(find(organization.client, old["id"])["expires_at"]) - datetime.now(timezone.utc)
        assert DAY_S - 5 < left.total_seconds() <= DAY_S


def test_a_grace_gives_no_more_time_than_a_key_has(organization):
    expires_at = rfc3339(datetime.now(timezone.utc) + timedelta(hours=1))
    old = organization.new_key(expires_at=expires_at)
    new = organization.client.post(f"/api/keys/{old['id']}/rotate", {"grace": "7d"}).json
    assert find(organization.client, old["id"])["expires_at"] == new["expires_at"] == expires_at


def test_without_grace_every_process_refuses_the_old_key_within_a_second(organization, other_process):
    old = organization.new_key()
    clients = [organization.new_client(old["key"], port) for port in (organization.port, other_process.port)]
    assert [client.get("/api/me").status for client in clients] == [200, 200]
    assert organization.client.post(f"/api/keys/{old['id']}/rotate", {"grace": "0s"}).status == 201
    assert_refused_within_a_second(clients, time.monotonic())


def test_a_key_rotates_itself_once(organization):
    old = organization.new_key(["keys:write", "events:read"])
    with organization.new_client(old["key"]) as client:
        new = client.post(f"/api/keys/{old['id']}/rotate", {})
        assert new.status == 201
        answer = client.post(f"/api/keys/{old['id']}/rotate", {})
        assert (answer.status, answer.code) == (409, "already_rotated")
    with organization.new_client(new.json["key"]) as client:
        assert client.post(f"/api/keys/{new.json['id']}/rotate", {}).status == 201


def test_of_many_rotations_at_once_one_is_made(organization, other_process):
    """The others leave no key behind."""
    old = organization.new_key()
    ports = [organization.port, other_process.port] * 8

    def rotate(port):
        with organization.new_client(port=port) as client:
            return client.post(f"/api/keys/{old['id']}/rotate", {})

    with ThreadPoolExecutor(len(ports)) as pool:
        answers = list(pool.map(rotate, ports))
    assert sorted(answer.status for answer in answers) == [201] + [409] * (len(ports) - 1)
    new = next(answer.json for answer in answers if answer.status == 201)
    keys = {item["id"]: item for item in organization.client.walk("/api/keys")}
    assert len(keys) == 3 and keys[old["id"]]["rotated_to"] == new["id"] and new["id"] in keys


def test_rotations_that_all_found_the_key_unrotated_leave_one(organization):
    """Sent as one, they look it up in one turn of the process's loop: who is second finds out by its write."""
    old, count = organization.new_key(), 8
    organization.client.get("/api/me")
    request = f"POST /api/keys/{old['id']}/rotate HTTP/1.1\r\nHost: x\r\nX-API-Key: {organization.key}\r\nContent-Length: 0\r\n"
    with socket.create_connection(("127.0.0.1", organization.port), timeout=30) as connection, connection.makefile("rb") as answers:
        connection.sendall(((request + "\r\n") * (count - 1) + request + "Connection: close\r\n\r\n").encode())
        statuses = re.findall(rb"HTTP/1\.1 (\d+)", answers.read())
    assert sorted(statuses) == [b"201"] + [b"409"] * (count - 1)
    keys = {item["id"]: item for item in organization.client.walk("/api/keys")}
    assert len(keys) == 3 and keys[old["id"]]["rotated_to"] in keys
    made = organization.client.walk("/api/audit", action="key.created", limit=250)
    revoked = organization.client.walk("/api/audit", action="key.revoked")
    assert len(revoked) == len([entry for entry in made if entry["detail"]]) - 1 > 0


def test_an_expired_key_is_not_rotated(organization):
    old = organization.new_key(expires_at=rfc3339(datetime.now(timezone.utc) + timedelta(milliseconds=200)))
    with organization.new_client(old["key"]) as client:
        wait_until(lambda: is_refused(client), "its end")
    answer = organization.client.post(f"/api/keys/{old['id']}/rotate", {})
    assert (answer.status, answer.code) == (409, "key_expired")


def test_rotation_shows_no_key_that_may_do_more(organization):
    strong, weak = organization.new_key(["keys:write", "events:write"]), organization.new_key(["keys:write"])
    with organization.new_client(weak["key"]) as client:
        answer = client.post(f"/api/keys/{strong['id']}/rotate", {})
        assert (answer.status, answer.code) == (403, "scope_missing")
        assert client.post(f"/api/keys/{weak['id']}/rotate", {}).status == 201


@pytest.mark.parametrize("body, pointer", [({"grace": "8d"}, "/grace"), ({"grace": 5}, "/grace"), ({"grace": ""}, "/grace"),
                                           ({"name": "n"}, "/name"), ("[]", ""), ('{"grace":"1s","grace":"1s"}', "/grace")])
def test_a_bad_rotation_changes_nothing(stack, organization, body, pointer):
    key = organization.new_key()
    organization.client.get("/api/me")
    wait_until(lambda: find(organization.client, organization.client.get("/api/me").json["key"]["id"])["last_used_at"], "its use")
    before = everything_in(stack.redis)
    answer = organization.client.post(f"/api/keys/{key['id']}/rotate", body)
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, pointer)
    assert everything_in(stack.redis) == before


# -- revocation


def test_a_revoked_key_is_refused_everywhere_within_a_second(stack, organization, other_process):
    key = organization.new_key()
    clients = [organization.new_client(key["key"], port) for port in (organization.port, other_process.port)]
    assert [client.get("/api/me").status for client in clients] == [200, 200]
    answer = organization.client.delete(f"/api/keys/{key['id']}")
    revoked_at = time.monotonic()
    assert (answer.status, answer.body) == (204, b"")
    assert_refused_within_a_second(clients, revoked_at)
    redis = stack.redis.client
    assert not redis.exists("mr:key:" + sha256(key["key"]))
    members = redis.zrange(f"mr:{{0}}:keys:{organization.id}", 0, -1)
    assert members == [f"{organization.client.get('/api/me').json['key']['id']}:{sha256(organization.key)}"]
    assert organization.client.delete(f"/api/keys/{key['id']}").status == 404


def test_a_key_revokes_itself(organization):
    key = organization.new_key(["keys:write"])
    with organization.new_client(key["key"]) as client:
        assert client.delete(f"/api/keys/{key['id']}").status == 204
        assert_refused_within_a_second([client], time.monotonic())


def test_what_stands_in_the_index_alone_is_not_there(stack, organization):
    """As a crash between the two writes of a removal leaves it."""
    key = organization.new_key()
    stack.redis.client.delete("mr:key:" + sha256(key["key"]))
    stack.redis.client.zadd(f"mr:{{0}}:keys:{organization.id}", {"garbage": 0, f"{UNKNOWN}:short": 0})
    assert key["id"] not in [item["id"] for item in organization.client.walk("/api/keys", limit=1)]
    assert organization.client.post(f"/api/keys/{key['id']}/rotate", {}).status == 404
    assert organization.client.delete(f"/api/keys/{UNKNOWN}").status == 404
    assert organization.client.delete(f"/api/keys/{key['id']}").status == 404


@pytest.mark.parametrize("method, suffix", [("DELETE", ""), ("POST", "/rotate")])
def test_absent_and_anothers_look_the_same(stack, organization, method, suffix):
    theirs = stack.new_organization().new_key()["id"]
    answers = [organization.client.request(method, f"/api/keys/{id}{suffix}", headers={"X-Request-Id": "same"})
               for id in (theirs, UNKNOWN, "key_", "x", theirs.upper(), "key_*", organization.id)]
    assert {answer.status for answer in answers} == {404}
    assert len({answer.body for answer in answers}) == 1
    named = stack.admin.request(method, f"/api/keys/{theirs}{suffix}?organization={organization.id}", headers={"X-Request-Id": "same"})
    assert named.body == answers[0].body


# -- use


def test_the_last_use_is_noted_once_a_minute(stack, organization):
    key = organization.new_key(["events:read"])
    record = "mr:key:" + sha256(key["key"])
    assert find(organization.client, key["id"])["last_used_at"] is None
    before = datetime.now(timezone.utc)
    with organization.new_client(key["key"]) as client:
        assert client.post("/api/events", {}).status == 403  # no use
        assert client.get("/api/me").status == 200
        used_at = wait_until(lambda: find(organization.client, key["id"])["last_used_at"], "its note")
        assert timedelta(milliseconds=-1) <= moment(used_at) - before < timedelta(seconds=5)
        calls = stack.redis.calls("evalsha")
        for _ in range(20):
            assert client.get("/api/me").status == 200
        assert stack.redis.calls("evalsha") == calls
        an_hour_ago = str(int(stack.redis.client.hget(record, "last_used_at")) - 3600_000)
        stack.redis.client.hset(record, "last_used_at", an_hour_ago)
        stack.redis.client.xadd("mr:config", {"kind": "key", "id": sha256(key["key"]), "org": organization.id, "action": "changed"})
        wait_until(lambda: client.get("/api/me").status == 200 and find(organization.client, key["id"])["last_used_at"] > used_at, "its next note")


def test_a_cold_process_asks_once_for_many(organization, stack, other_process):
    """Redis stands still until all have come: one look at the key, one at its organization."""
    count = 200
    head = f"GET /api/me HTTP/1.1\r\nHost: x\r\nX-API-Key: {organization.key}\r\nConnection: close\r\n\r\n".encode()
    before = stack.redis.calls("hgetall")
    connections = [socket.create_connection(("127.0.0.1", other_process.port), timeout=30) for _ in range(count)]
    stack.redis.pause()
    try:
        for connection in connections:
            connection.sendall(head)
        wait_until(lambda: joined_loads(other_process) == count - 1, "all requests")
    finally:
        stack.redis.resume()
    for connection in connections:
        with connection, connection.makefile("rb") as answer:
            assert answer.readline() == b"HTTP/1.1 200 OK\r\n"
            answer.read()
    assert stack.redis.calls("hgetall") == before + 2
    assert joined_loads(other_process, "organizations") == count - 1


def test_without_the_announcement_the_ttl_ends_a_revoked_key(stack, organization, new_stack):
    short = new_stack(redis=stack.redis, ingest={"cache_ttl": "300ms"}).start("ingest")
    key = organization.new_key()
    with Client(short.port, key["key"]) as client:
        assert client.get("/api/me").status == 200
        stack.redis.client.delete("mr:key:" + sha256(key["key"]))  # as a revocation that was not announced
        revoked_at = time.monotonic()
        wait_until(lambda: is_refused(client), "the refusal")
        assert time.monotonic() - revoked_at < 1
