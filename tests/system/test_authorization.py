"""Who may do what: every operation of the OpenAPI document, with every kind of key that there is."""
import contextlib
from datetime import datetime, timedelta, timezone

import pytest

import api_document
from api_keys import sha256, unknown_key, with_bad_checksum
from api_resources import Resources
from client import Client
from redis_server import RedisServer
from stack import Stack
from waiting import wait_until

ALIVE_FOR = timedelta(milliseconds=500)
BEARER = 'Bearer realm="millrace"'


class World:
    """Two organizations, and what each of them has."""

    def __init__(self, stack):
        self.stack = stack
        self.own, self.other = stack.new_organization(), stack.new_organization()
        document = api_document.read(stack.port)
        self.operations = api_document.operations(document)
        self.scopes = [scope for scope in document["components"]["schemas"]["Scope"]["enum"] if scope != "*"]
        self.resources, self.others = Resources(stack, self.own), Resources(stack, self.other)

    def closed(self):
        """Operations that a key is needed for."""
        return [operation for operation in self.operations if not operation.is_open]

    def for_keys(self):
        return [operation for operation in self.operations if operation.scope is not None]

    def of_one(self):
        """Operations on one thing of an organization."""
        return [operation for operation in self.for_keys() if operation.resource]

    def ask(self, operation, key, id=None, organization=None):
        if operation.resource and id is None:
            id = self.resources.new(operation.resource)
        with Client(self.stack.port, key) as client:
            return operation.ask(client, id, operation.example(), organization)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """On a stack of its own, where nothing goes on but this."""
    folder = tmp_path_factory.mktemp("world")
    with contextlib.ExitStack() as ends:
        redis = RedisServer(folder)
        ends.callback(redis.stop)
        stack = Stack(folder, redis)
        ends.callback(stack.stop)
        yield World(stack.start())


def revoked_key(world):
    key = world.own.new_key()
    with world.own.new_client(key["key"]) as client:
        assert client.publish("known").status == 202
        world.stack.redis.client.delete("mr:key:" + sha256(key["key"]))
        world.stack.redis.client.xadd("mr:config", {"kind": "key", "id": sha256(key["key"]), "org": world.own.id,
                                                            "action": "removed"})
        wait_until(lambda: client.publish("revoked").status == 401, "the key being refused")
    return key["key"]


def expired_key(world):
    at = datetime.now(timezone.utc) + ALIVE_FOR
    key = world.own.new_key(expires_at=at.isoformat(timespec="milliseconds").replace("+00:00", "Z"))["key"]
    with world.own.new_client(key) as client:
        wait_until(lambda: client.publish("expired").status == 401, "the key being refused")
    return key


BAD_KEYS = {
    "none": (lambda world: None, "no_api_key"),
    "malformed": (lambda world: "mr_live_hello", "bad_api_key"),
    "bad checksum": (lambda world: with_bad_checksum(world.own.key), "bad_api_key"),
    "unknown": (lambda world: unknown_key(), "bad_api_key"),
    "expired": (expired_key, "bad_api_key"),
    "revoked": (revoked_key, "bad_api_key"),
}


@pytest.mark.parametrize("kind", BAD_KEYS)
def test_a_bad_key_is_unauthorized_everywhere(world, kind):
    make, code = BAD_KEYS[kind]
    key = make(world)
    for operation in world.closed():
        answer = world.ask(operation, key)
        assert (answer.status, answer.code, answer.headers["WWW-Authenticate"]) == (401, code, BEARER), operation


def test_without_the_scope_it_is_forbidden(world):
    operations = [operation for operation in world.for_keys() if operation.scope]
    assert {operation.scope for operation in operations} <= set(world.scopes)
    for operation in operations:
        key = world.own.new_key([scope for scope in world.scopes if scope != operation.scope])["key"]
        answer = world.ask(operation, key)
        assert (answer.status, answer.code) == (403, "scope_missing"), operation


def test_with_the_scope_alone_it_is_allowed(world):
    for operation in world.for_keys():
        example = operation.example()
        granted = example.get("scopes", []) if isinstance(example, dict) else []
        key = world.own.new_key({operation.scope or world.scopes[0], *granted})["key"]
        answer = world.ask(operation, key)
        allowed = {int(status) for status in operation.said["responses"]} - {401, 403, 404}
        assert answer.status in allowed and answer.status < 500, f"{operation}: {answer.status} {answer.body}"


def test_the_admin_may_do_what_the_document_says(world):
    for operation in world.closed():
        organization = world.own.id if operation.takes_organization else None
        answer = world.ask(operation, world.stack.admin.token, organization=organization)
        if operation.takes_admin:
            assert answer.status not in (401, 403, 404) and answer.status < 500, f"{operation}: {answer.body}"
        else:
            assert (answer.status, answer.code) == (403, "scope_missing"), operation


def test_what_is_the_admins_is_no_keys(world):
    operations = [operation for operation in world.closed() if operation.scope is None]
    assert operations
    for operation in operations:
        answer = world.ask(operation, world.own.key, id=world.own.id)
        assert (answer.status, answer.code) == (403, "scope_missing"), operation


def test_what_is_open_needs_no_key(world):
    for operation in world.operations:
        if operation.is_open:
            assert world.ask(operation, None).status in operation.successes, operation
            assert world.ask(operation, "nonsense").status in operation.successes, operation


# -- another organization's


def comparable(answer):
    """All but what differs from one answer to the next."""
    headers = {name: value for name, value in answer.headers.items()
               if name not in ("Date", "X-Request-Id") and "RateLimit" not in name}
    return answer.status, headers, answer.body.replace(answer.headers["X-Request-Id"].encode(), b"")


def content(client, name):
    kind = client.type(name)
    if kind == b"stream":
        return client.xrange(name), client.xinfo_groups(name)
    return {b"string": client.get, b"hash": client.hgetall, b"set": client.smembers,
            b"zset": lambda name: client.zrange(name, 0, -1, withscores=True),
            b"list": lambda name: client.lrange(name, 0, -1)}[kind](name)


def wait_quiet(stack, organization):
    """Until nothing that goes on by itself writes into it: neither deliveries nor jobs."""
    stack.wait_drained()
    running = f"mr:{{0}}:running:{organization.id}"
    wait_until(lambda: not stack.redis.client.exists(running), "its jobs being finished")


def keyspace(stack, resources):
    """All that is kept of an organization."""
    client, words = stack.redis.raw_client(), [word.encode() for word in resources.words]
    names = [name for name in client.scan_iter(count=1000) if any(word in name for word in words)]
    assert names
    return {name: content(client, name) for name in names}


def test_what_is_anothers_looks_absent_and_stays_as_it_is(world):
    for operation in world.of_one():
        others = world.others.new(operation.resource)
        wait_quiet(world.stack, world.other)
        before = keyspace(world.stack, world.others)
        answers = [world.ask(operation, world.own.key, id) for id in (others, api_document.absent_id(others), "nonsense")]
        assert answers[0].status == 404, f"{operation}: {answers[0].body}"
        assert comparable(answers[0]) == comparable(answers[1]) == comparable(answers[2]), operation
        assert keyspace(world.stack, world.others) == before, operation


def test_another_organization_cannot_be_named(world):
    for operation in world.for_keys():
        if operation.takes_organization and not operation.resource:
            before = keyspace(world.stack, world.others)
            answers = [world.ask(operation, world.own.key, organization=id)
                       for id in (world.other.id, api_document.absent_id(world.other.id))]
            assert answers[0].status == 422, f"{operation}: {answers[0].body}"
            assert comparable(answers[0]) == comparable(answers[1]), operation
            assert keyspace(world.stack, world.others) == before, operation
