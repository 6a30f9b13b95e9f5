"""How much of what clients send is kept, and whose."""
import json
import pathlib
import socket

import pytest

import metrics_text
from api_keys import unknown_key
from raw_http import RawConnection
from waiting import wait_until

KIB, MIB = 1024, 1024 * 1024
CLIENTS = 40
LENGTH = 8 * MIB


def head(key, length, path="/api/events/batch"):
    return (f"POST {path} HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {length}\r\n\r\n").encode()


def resident(service):
    """Bytes of memory."""
    return int(pathlib.Path(f"/proc/{service.pid}/statm").read_text().split()[1]) * 4 * KIB


def push(connections, body):
    """As much of the body as the other side and the kernel take from each, within a moment."""
    sent = dict.fromkeys(connections, 0)
    for connection in connections:
        connection.socket.settimeout(0.02)
        try:
            while sent[connection] < len(body):
                sent[connection] += connection.socket.send(body[sent[connection]:])
        except (TimeoutError, BrokenPipeError, ConnectionResetError):
            pass
    return sent


def cache_results(stack, result):
    return metrics_text.value(metrics_text.parse(stack.metrics("ingest")), "millrace_cache_total", cache="keys", result=result)


def test_bodies_of_nobody_known_are_not_kept(new_stack):
    """Keys whose form is right: that they are unknown only Redis can say, and Redis takes its time."""
    stack = new_stack().start("ingest")
    organization = stack.new_organization()
    ingest = stack.services["ingest"]
    connections = [RawConnection(stack.port) for _ in range(CLIENTS)]
    before = resident(ingest)
    stack.redis.pause()
    try:
        for connection in connections:
            connection.send(head(unknown_key(), LENGTH))
        wait_until(lambda: cache_results(stack, "miss") >= CLIENTS, "all requests")
        sent = push(connections, b" " * LENGTH)
        assert resident(ingest) - before < CLIENTS * MIB
        assert max(sent.values()) < LENGTH
    finally:
        stack.redis.resume()
    for connection in connections:
        with connection:
            connection.socket.settimeout(30)
            assert connection.answer().status == 401
    assert organization.client.publish("a").status == 202


def test_a_key_that_is_new_to_the_cache_costs_the_body_nothing(new_stack):
    stack = new_stack().start("ingest")
    organization = stack.new_organization()
    key = organization.new_key(["events:write"])["key"]
    body = json.dumps([{"type": "a", "data": "x" * 900_000}] * 3).encode()
    with RawConnection(stack.port) as connection:
        connection.send(head(key, len(body)) + body)
        answer = connection.answer()
    assert (answer.status, json.loads(answer.body)["accepted"]) == (202, 3)


def test_a_client_that_leaves_while_its_key_is_looked_up(new_stack):
    stack = new_stack().start("ingest")
    organization = stack.new_organization()
    keys = [organization.new_key(["events:write"])["key"] for _ in range(10)] + [unknown_key() for _ in range(10)]
    misses = cache_results(stack, "miss")
    stack.redis.pause()
    try:
        for key in keys:
            with RawConnection(stack.port) as connection:
                connection.send(head(key, 100) + b"[")
                connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # reset
        wait_until(lambda: cache_results(stack, "miss") == misses + len(keys), "all requests")
    finally:
        stack.redis.resume()
    assert organization.client.publish("a").status == 202
    wait_until(lambda: metrics_text.value(metrics_text.parse(stack.metrics("ingest")), "millrace_http_connections") <= 2,
               "the end of the connections")


def test_all_bodies_together_have_a_bound(new_stack):
    stack = new_stack(ingest={"max_buffered": "8m"}).start("ingest")
    organization = stack.new_organization()
    assert organization.client.publish("a").status == 202
    with RawConnection(stack.port) as large, RawConnection(stack.port) as refused:
        # Asked for its body, it has all the room there is: nothing else is sent before, nor fits afterwards.
        large.send(head(organization.key, LENGTH).replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
        assert large.answer().status == 100
        assert organization.client.publish("a").status == 503
        refused.send(head(organization.key, 100) + b" " * 100)
        answer = refused.answer()
        assert (answer.status, answer.headers["retry-after"], answer.headers["connection"]) == (503, "1", "close")
        assert json.loads(answer.body)["code"] == "overloaded"
        assert refused.answer() is None
        assert metrics_text.value(metrics_text.parse(stack.metrics("ingest")), "millrace_http_refused_total", status="503") == 2
    wait_until(lambda: organization.client.publish("a").status == 202, "room")


def test_an_item_of_a_batch_may_be_as_large_as_an_event(organization):
    def event(length):
        start, end = '{"type":"a","data":"', '"}'
        return start + "x" * (length - len(start) - len(end)) + end

    sizes = [MIB - 1, MIB, MIB + 1, 100]
    for media_type, text in (("application/json", "[" + " , ".join(map(event, sizes)) + "]"),
                             ("application/x-ndjson", "\r\n ".join(map(event, sizes)))):
        answer = organization.client.post("/api/events/batch", text.encode(), {"Content-Type": media_type})
        assert (answer.status, answer.json["accepted"], answer.json["rejected"]) == (202, 3, 1)
        assert [result.get("error", {}).get("code") for result in answer.json["results"]] == [None, None, "too_large", None]
    assert organization.client.post("/api/events", event(MIB + 1).encode()).status == 413


@pytest.mark.parametrize("body, status, code", [
    (b"", 200, None), (b"{}", 200, None), (b" {\r\n}\t", 200, None), (b"{" + b" " * (KIB - 2) + b"}", 200, None),
    (b'{"a":1}', 400, "body_not_taken"), (b"[]", 400, "body_not_taken"), (b"{", 400, "body_not_taken"), (b" ", 400, "body_not_taken"),
    (b"{}{}", 400, "body_not_taken"), (b"{}}", 400, "body_not_taken"), (b"{" + b" " * (KIB - 1) + b"}", 413, "body_too_large")],
    ids=["none", "empty", "spaces", "largest", "member", "array", "cut", "space", "two", "more", "too large"])
def test_where_none_is_wanted_an_empty_object_is_none(organization, body, status, code):
    """Some clients send it by themselves."""
    endpoint = organization.new_endpoint("http://127.0.0.1:1/hook")
    for method, path in (("POST", f"/api/endpoints/{endpoint['id']}/pause"), ("GET", "/api/me")):
        answer = organization.client.request(method, path, body)
        assert (answer.status, answer.json.get("code")) == (status, code), answer.body
    assert organization.client.get("/api/endpoints/" + endpoint["id"]).json["paused"] == (status == 200)
