"""A repeat of an event is answered with the first one's id, and delivered no second time."""
import contextlib
import json
import os
import random
import signal
import threading
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor

import pytest

import records
from raw_http import RawConnection

EVENTS = 10_000
DISTINCT = 4_000
CLIENTS = 50
AT_ONCE = 1_000
WINDOW_MS = 24 * 3600 * 1000


def test_repeats_from_many_clients(stack, organization, receiver):
    """Each client knows a share of the list, in which the same ids stand again and again, also at the same moment."""
    seed = int(os.environ.get("SEED", random.randrange(2 ** 32)))
    print("SEED", seed)
    source = random.Random(seed)
    organization.new_endpoint(receiver.url("/hook"))
    names = list(range(DISTINCT)) + [source.randrange(DISTINCT) for _ in range(EVENTS - DISTINCT)]
    source.shuffle(names)
    answers = defaultdict(list)
    lock = threading.Lock()

    def post(share):
        with organization.new_client() as client:
            own = [(name, client.publish("a", {"name": name}, dedup_id=f"name-{name}")) for name in share]
        with lock:
            for name, answer in own:
                answers[name].append(answer)

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(post, (names[i::CLIENTS] for i in range(CLIENTS))))

    ids = {}
    for name, own in answers.items():
        assert Counter(answer.status for answer in own) == Counter([202] + [200] * (len(own) - 1)), name
        assert len({answer.json["id"] for answer in own}) == 1, name
        assert all(answer.json["duplicate"] == (answer.status == 200) for answer in own)
        ids[name] = own[0].json["id"]
    assert len(set(ids.values())) == len(ids) == DISTINCT
    receiver.wait_events("/hook", ids.values())
    stack.wait_drained()
    assert Counter(receiver.events("/hook")) == Counter(ids.values())
    assert records.stats(stack.redis, organization.id) == {"events": DISTINCT, "deliveries": DISTINCT, "delivered": DISTINCT}


def test_a_thousand_at_the_same_moment(new_stack):
    """Each on a connection of its own; ingest goes on when all of them have been sent."""
    stack = new_stack().start()
    organization, receiver = stack.new_organization(), stack.new_receiver()
    organization.new_endpoint(receiver.url("/hook"))
    body = '{"type":"a","data":{"n":1},"dedup_id":"d"}'
    request = (f"POST /api/events HTTP/1.1\r\nHost: h\r\nX-API-Key: {organization.key}\r\nContent-Type: application/json\r\n"
               f"Content-Length: {len(body)}\r\n\r\n{body}").encode()
    ingest = stack.services["ingest"]
    with contextlib.ExitStack() as ends:
        connections = [ends.enter_context(RawConnection(stack.port)) for _ in range(AT_ONCE)]
        ingest.send(signal.SIGSTOP)
        for connection in connections:
            connection.send(request)
        ingest.send(signal.SIGCONT)
        answers = [connection.answer() for connection in connections]
    bodies = [json.loads(answer.body) for answer in answers]
    assert Counter(answer.status for answer in answers) == {202: 1, 200: AT_ONCE - 1}
    assert len({body["id"] for body in bodies}) == 1
    assert [body["duplicate"] for body in bodies] == [answer.status == 200 for answer in answers]
    assert stack.redis.client.xlen(records.PREFIX + "events") == 1
    stack.wait_drained()
    assert receiver.events("/hook") == [bodies[0]["id"]]
    assert records.stats(stack.redis, organization.id) == {"events": 1, "deliveries": 1, "delivered": 1}


def test_a_repeat_gets_the_first_id(organization):
    first = organization.client.publish("a", {"n": 1}, dedup_id="d")
    repeat = organization.client.publish("a", {"n": 1}, dedup_id="d")
    assert (first.status, repeat.status) == (202, 200)
    assert repeat.json == first.json | {"duplicate": True}


@pytest.mark.parametrize("change", [{"data": {"n": 2}}, {"data": {"n": 1.0}}, {"type": "b"}, {"key": "k"}, {"delay": "1h"},
                                    {"occurred_at": "2026-01-31T09:30:00Z"}], ids=lambda change: ",".join(change))
def test_another_payload_is_refused(organization, change):
    event = {"type": "a", "data": {"n": 1}, "dedup_id": "d"}
    assert organization.client.post("/api/events", event).status == 202
    answer = organization.client.post("/api/events", event | change)
    assert (answer.status, answer.code) == (422, "dedup_mismatch")
    assert organization.client.post("/api/events", event).status == 200


def test_a_repeat_with_the_same_delay_is_one(organization):
    first = organization.client.publish("a", 1, dedup_id="d", delay="1h")
    assert organization.client.publish("a", 1, dedup_id="d", delay="1h").json["id"] == first.json["id"]


def test_idempotency_key_is_a_dedup_id(organization):
    answers = [organization.client.publish("a", 1, {"Idempotency-Key": "k 1"}),
               organization.client.publish("a", 1, {"Idempotency-Key": '"k 1"'}),
               organization.client.publish("a", 1, dedup_id="k 1"),
               organization.client.publish("a", 1, {"Idempotency-Key": "k 1"}, dedup_id="k 1")]
    assert [answer.status for answer in answers] == [202, 200, 200, 200]
    assert len({answer.json["id"] for answer in answers}) == 1


@pytest.mark.parametrize("key, members, code", [
    ("a", {"dedup_id": "b"}, "conflicting_fields"),
    ("", {}, "invalid_value"),
    ('""', {}, "invalid_value"),
    ("x" * 256, {}, "invalid_value"),
    ("a\tb", {}, "invalid_value"),
])
def test_an_idempotency_key_that_is_none(organization, key, members, code):
    answer = organization.client.publish("a", 1, {"Idempotency-Key": key}, **members)
    assert (answer.status, answer.code) == (422, code)


def test_organizations_have_their_own(stack, organization):
    other = stack.new_organization()
    ours = organization.client.publish("a", 1, dedup_id="d")
    theirs = other.client.publish("a", 2, dedup_id="d")
    assert (ours.status, theirs.status) == (202, 202)
    assert ours.json["id"] != theirs.json["id"]


def test_ids_are_remembered_as_hashes_for_the_window(stack, organization):
    name = "ž / {0} \N{UNICORN FACE}" + "x" * 200
    organization.publish("a", 1, dedup_id=name)
    keys = list(set(stack.redis.client.scan_iter(f"mr:{{0}}:dedup:{organization.id}:*")))
    assert len(keys) == 1 and keys[0].isascii() and len(keys[0].split(":")[-1]) == 32
    assert WINDOW_MS - 60_000 < stack.redis.client.pttl(keys[0]) <= WINDOW_MS
