"""HTTP at the port of the API: the strict reading of requests, and the form of answers."""
import http.client
import json
import re
import time

import pytest

import records
from api_keys import unknown_key
from raw_http import RawConnection, exchange

KIB, MIB = 1024, 1024 * 1024
EVENT = b'{"type":"sent","data":1}'
# Stands behind each malformed request. That it is never carried out is the point of refusing the first.
SMUGGLED = b'{"type":"smuggled","data":1}'


def post(organization, body, *headers, path="/api/events", length=True):
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"X-API-Key: {organization.key}", "Content-Type: application/json"]
    lines += [f"Content-Length: {len(body)}"] if length else []
    return "\r\n".join([*lines, *headers]).encode("latin-1") + b"\r\n\r\n" + body


def chunked(body, size=7):
    parts = [body[i:i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def assert_problem(answer, status, code=None):
    problem = json.loads(answer.body)
    assert (answer.status, problem["status"]) == (status, status), problem
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(problem) - {"errors", "request_id"} == {"type", "title", "status", "detail", "code"}
    assert all(isinstance(problem[name], str) and problem[name] for name in ("type", "title", "detail", "code"))
    assert code in (None, problem["code"])
    return problem


# -- requests that are none

HEAD = "POST /api/events HTTP/1.1\r\nHost: localhost\r\nX-API-Key: KEY\r\nContent-Type: application/json\r\n"
LENGTH = f"Content-Length: {len(EVENT)}\r\n"
BODY = "\r\n" + EVENT.decode()
CHUNKED = "Transfer-Encoding: chunked\r\n"
GOOD_CHUNKS = "\r\n" + chunked(EVENT).decode()

MALFORMED = {
    # smuggling: two readings of where the body ends
    "both lengths": HEAD + LENGTH + CHUNKED + GOOD_CHUNKS,
    "both lengths, the other way": HEAD + CHUNKED + "Content-Length: 0\r\n" + GOOD_CHUNKS,
    "two lengths": HEAD + LENGTH + "Content-Length: 5\r\n" + BODY,
    "the same length twice": HEAD + LENGTH + LENGTH + BODY,
    "a list of lengths": HEAD + f"Content-Length: {len(EVENT)}, {len(EVENT)}\r\n" + BODY,
    "length +": HEAD + f"Content-Length: +{len(EVENT)}\r\n" + BODY,
    "length -": HEAD + "Content-Length: -1\r\n" + BODY,
    "length 0x": HEAD + f"Content-Length: 0x{len(EVENT):x}\r\n" + BODY,
    "length with _": HEAD + "Content-Length: 2_4\r\n" + BODY,
    "length with a space": HEAD + "Content-Length: 2 4\r\n" + BODY,
    "no length": HEAD + "Content-Length: \r\n" + BODY,
    "a length beyond 64 bits": HEAD + "Content-Length: 18446744073709551640\r\n" + BODY,
    "space before the colon": HEAD + f"Content-Length : {len(EVENT)}\r\n" + BODY,
    "gzip, chunked": HEAD + "Transfer-Encoding: gzip, chunked\r\n" + GOOD_CHUNKS,
    "chunked, identity": HEAD + "Transfer-Encoding: chunked, identity\r\n" + GOOD_CHUNKS,
    "chunked twice": HEAD + CHUNKED + CHUNKED + GOOD_CHUNKS,
    "xchunked": HEAD + "Transfer-Encoding: xchunked\r\n" + GOOD_CHUNKS,
    "chunked with a vertical tab": HEAD + "Transfer-Encoding: \x0bchunked\r\n" + GOOD_CHUNKS,
    "space before the colon of chunked": HEAD + "Transfer-Encoding : chunked\r\n" + GOOD_CHUNKS,
    "chunked in HTTP/1.0": HEAD.replace("1.1", "1.0") + CHUNKED + GOOD_CHUNKS,
    "folded": HEAD + "X-Folded: a\r\n " + LENGTH + BODY,
    "LF alone": HEAD.replace("\r\n", "\n") + LENGTH.replace("\r\n", "\n") + BODY.replace("\r\n", "\n"),
    "LF within": HEAD + f"X-Split: a\nContent-Length: {len(EVENT)}\r\n" + BODY,
    "CR within": HEAD + f"X-Split: a\rContent-Length: {len(EVENT)}\r\n" + LENGTH + BODY,
    "NUL": HEAD + "X-Nul: a\0b\r\n" + LENGTH + BODY,
    "no colon": HEAD + "hello\r\n" + LENGTH + BODY,
    "no name": HEAD + ": hello\r\n" + LENGTH + BODY,
    "a name beyond ASCII": HEAD + "X-\xe9: hello\r\n" + LENGTH + BODY,
    # chunks
    "chunk size of nothing": HEAD + CHUNKED + "\r\n\r\n" + EVENT.decode(),
    "chunk size 0x": HEAD + CHUNKED + f"\r\n0x{len(EVENT):x}\r\n" + EVENT.decode() + "\r\n0\r\n\r\n",
    "chunk size -": HEAD + CHUNKED + "\r\n-1\r\n" + EVENT.decode() + "\r\n0\r\n\r\n",
    "chunk size of 17 digits": HEAD + CHUNKED + "\r\n10000000000000018\r\n" + EVENT.decode() + "\r\n0\r\n\r\n",
    "chunk longer than its size": HEAD + CHUNKED + f"\r\n{len(EVENT) - 1:x}\r\n" + EVENT.decode() + "\r\n0\r\n\r\n",
    "LF after the chunk size": HEAD + CHUNKED + f"\r\n{len(EVENT):x}\n" + EVENT.decode() + "\r\n0\r\n\r\n",
    "LF in a chunk extension": HEAD + CHUNKED + f"\r\n{len(EVENT):x};a\nb\r\n" + EVENT.decode() + "\r\n0\r\n\r\n",
    # request lines and Host
    "no host": HEAD.replace("Host: localhost\r\n", "") + LENGTH + BODY,
    "two hosts": HEAD + "Host: other\r\n" + LENGTH + BODY,
    "a user in the host": HEAD.replace("localhost", "a@localhost") + LENGTH + BODY,
    "HTTP/1.32": HEAD.replace("HTTP/1.1", "HTTP/1.32") + LENGTH + BODY,
    "HTTP/2.0": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no version": "POST /api/events\r\n",
    "two spaces": HEAD.replace("POST ", "POST  ") + LENGTH + BODY,
    "a tab": HEAD.replace("POST ", "POST\t") + LENGTH + BODY,
    "a whole URL": HEAD.replace("/api/events", "http://localhost/api/events") + LENGTH + BODY,
    "asterisk": HEAD.replace("/api/events", "*") + LENGTH + BODY,
    "%00": HEAD.replace("/api/events", "/api/events%00") + LENGTH + BODY,
    "%zz": HEAD.replace("/api/events", "/api/%zz") + LENGTH + BODY,
    "..": HEAD.replace("/api/events", "/x/../api/events") + LENGTH + BODY,
    "%2e%2e": HEAD.replace("/api/events", "/x/%2e%2e/api/events") + LENGTH + BODY,
    "a fragment": HEAD.replace("/api/events", "/api/events#a") + LENGTH + BODY,
    "many empty lines": "\r\n\r\n\r\n" + HEAD + LENGTH + BODY,
    "a TLS hello": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_request_ends_the_connection(stack, organization, name):
    sent = MALFORMED[name].replace("KEY", organization.key).encode("latin-1")
    answers = exchange(stack.port, sent + post(organization, SMUGGLED))
    assert len(answers) == 1, answers
    assert_problem(answers[0], 400)
    assert answers[0].headers["connection"] == "close"
    # The control comes after: the log is read once this was accepted, so nothing can still be on its way.
    organization.publish("sent")
    own = [fields["type"] for _, fields in stack.redis.client.xrange("mr:{0}:events") if fields["org"] == organization.id]
    assert own == ["sent"]


@pytest.mark.parametrize("cut", range(1, len(HEAD + LENGTH + BODY), 37))
def test_a_request_that_is_cut_off_does_nothing(stack, organization, cut):
    whole = post(organization, SMUGGLED)
    with RawConnection(stack.port) as connection:
        connection.send(whole[:cut])
        connection.end()
        assert connection.answers_to_end() == []
    organization.publish("sent")
    assert records.events_of_type(stack.redis, "smuggled") == []


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_request_may_come_in_any_pieces(stack, organization, is_chunked):
    request = post(organization, EVENT)
    if is_chunked:
        request = post(organization, chunked(EVENT), "Transfer-Encoding: chunked", length=False)
    with RawConnection(stack.port) as connection:
        for i in range(len(request)):
            connection.send(request[i:i + 1])
        assert connection.answer().status == 202
        for size in (2, 3, 50):
            for i in range(0, len(request), size):
                connection.send(request[i:i + size])
            assert connection.answer().status == 202


@pytest.mark.parametrize("request_text, status", [
    ("BREW /api/events HTTP/1.1\r\nHost: x\r\n\r\n", 405),
    ("GET /health/live HTTP/1.1\r\nHost: x\r\nExpect: coffee\r\n\r\n", 417),
    ("GET /health/live HTTP/1.1\r\nHost: x\r\n" + "".join(f"X-{i}: a\r\n" for i in range(101)) + "\r\n", 431),
    ("GET /health/live HTTP/1.1\r\nHost: x\r\nX-Long: " + "a" * 17 * KIB + "\r\n\r\n", 431),
    ("GET /" + "a" * 9 * KIB + " HTTP/1.1\r\nHost: x\r\n\r\n", 400),
])
def test_refused_by_the_head_alone(stack, request_text, status):
    answers = exchange(stack.port, request_text.encode())
    assert len(answers) == 1
    assert_problem(answers[0], status)
    assert status != 405 or answers[0].headers["allow"]


@pytest.mark.slow
def test_a_head_that_comes_too_slowly(stack):
    """Ten seconds are for all of it: each byte alone would be in time."""
    began_at = time.monotonic()
    with RawConnection(stack.port) as connection:
        connection.send(b"GET /health/live HTTP/1.1\r\nX: ")
        connection.socket.settimeout(0.5)
        while True:
            try:
                first = connection.socket.recv(12)
                break
            except TimeoutError:
                connection.send(b"a")
    assert first == b"HTTP/1.1 408"
    assert 9 < time.monotonic() - began_at < 20


def test_a_head_just_within_the_limits(stack):
    lines = [f"X-{i}: {'a' * 100}" for i in range(98)]
    answers = exchange(stack.port, ("GET /health/live HTTP/1.1\r\nHost: x\r\n" + "\r\n".join(lines)
                                    + "\r\nConnection: close\r\n\r\n").encode())
    assert [answer.status for answer in answers] == [200]


# -- routes and methods


@pytest.mark.parametrize("method, path, allow", [
    ("DELETE", "/api/events", "POST, GET, HEAD"),
    ("GET", "/api/events/batch", "POST"),
    ("HEAD", "/api/inbox/ack", "POST"),
    ("GET", "/api/dlq/purge", "POST"),
    ("PUT", "/api/keys", "POST, GET, HEAD"),
    ("PUT", "/api/endpoints/x", "GET, HEAD, PATCH, DELETE"),
    ("POST", "/health/live", "GET, HEAD"),
    ("OPTIONS", "/api/organizations", "POST, GET, HEAD"),
])
def test_another_method(organization, method, path, allow):
    answer = organization.client.request(method, path)
    assert (answer.status, answer.headers["Allow"]) == (405, allow)
    assert method == "HEAD" or answer.code == "method_not_allowed"


@pytest.mark.parametrize("path", ["/", "/api", "/api/events/", "/API/EVENTS", "/api/eventsx", "/api//events", "/metrics"])
def test_no_such_path(organization, path):
    for method in ("GET", "POST"):
        answer = organization.client.request(method, path)
        assert (answer.status, answer.code) == (404, "not_found")


def test_escapes_in_a_path_stand_for_themselves(organization):
    assert organization.client.post("/api/%65vents", EVENT).status == 202


def test_head_is_get_without_the_body(stack):
    with RawConnection(stack.port) as connection:
        connection.send(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        got = connection.answer()
        connection.send(b"HEAD /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        head = connection.answer(is_to_head=True)
        assert (head.status, head.headers["content-length"]) == (200, str(len(got.body)))
        connection.send(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert [answer.body for answer in connection.answers_to_end()] == [got.body]


# -- bodies


def event_of(length):
    start, end = b'{"type":"a","data":"', b'"}'
    return start + b"x" * (length - len(start) - len(end)) + end


@pytest.mark.parametrize("is_chunked", [False, True])
@pytest.mark.parametrize("path, limit", [("/api/events", MIB), ("/api/events/batch", 8 * MIB), ("/api/keys", 64 * KIB)])
def test_the_largest_body(stack, organization, path, limit, is_chunked):
    def ask(length):
        body = event_of(length) if path == "/api/events" else b" " * length
        if not is_chunked:
            return post(organization, body, path=path)
        return post(organization, chunked(body, 60_000), "Transfer-Encoding: chunked", path=path, length=False)

    with RawConnection(stack.port) as connection:
        connection.send(ask(limit))
        accepted = connection.answer()
    assert accepted.status == (202 if path == "/api/events" else 400)
    with RawConnection(stack.port) as connection:
        try:
            connection.send(ask(limit + 1))
        except (BrokenPipeError, ConnectionResetError):
            pass  # it was refused before all of it was sent
        assert_problem(connection.answer(), 413)
        assert connection.answer() is None


def test_a_length_beyond_the_limit_is_refused_before_the_body(stack, organization):
    with RawConnection(stack.port) as connection:
        connection.send(post(organization, b"", "Content-Length: 999999999999999", "Expect: 100-continue", length=False))
        assert_problem(connection.answer(), 413)
        assert connection.answer() is None


@pytest.mark.parametrize("headers", [
    {"Content-Type": "text/plain"},
    {"Content-Type": "application/x-www-form-urlencoded"},
    {"Content-Type": "application/jsonx"},
    {"Content-Type": "application/json; charset=latin1"},
    {"Content-Encoding": "gzip"},
    {"Content-Type": "application/x-ndjson"},
])
def test_another_media_type(organization, headers):
    answer = organization.client.post("/api/events", EVENT, headers)
    assert answer.status == 415 and answer.code.startswith("unsupported_")


@pytest.mark.parametrize("headers", [
    {"Content-Type": "application/json; charset=utf-8"},
    {"Content-Type": "APPLICATION/JSON;charset=\"UTF-8\""},
    {"Content-Encoding": "identity"},
])
def test_the_media_type_in_other_words(organization, headers):
    assert organization.client.post("/api/events", EVENT, headers).status == 202


@pytest.mark.parametrize("body, status, code, pointer", [
    (b"", 400, "malformed_json", None),
    (b"{", 400, "malformed_json", None),
    (b'{"type":"a","data":1}x', 400, "malformed_json", None),
    (b'\xef\xbb\xbf{"type":"a","data":1}', 400, "malformed_json", None),
    (b'{"type":"a","data":"\xff"}', 400, "malformed_json", None),
    (b'{"type":"a","data":01}', 400, "malformed_json", None),
    (b'{"type":"a","data":NaN}', 400, "malformed_json", None),
    (b"[" * 100_000, 400, None, None),
    (b"1", 422, "wrong_type", None),
    (b'{"data":1}', 422, "missing_field", "/type"),
    (b'{"type":"a"}', 422, "missing_field", "/data"),
    (b'{"type":"a","type":"b","data":1}', 422, "duplicate_field", "/type"),
    (b'{"type":"a","data":1,"x/y":1}', 422, "unknown_field", "/x~1y"),
    (b'{"type":"a b","data":1}', 422, "invalid_value", "/type"),
    (b'{"type":"","data":1}', 422, "invalid_value", "/type"),
    (b'{"type":"' + b"a" * 257 + b'","data":1}', 422, "invalid_value", "/type"),
    (b'{"type":1,"data":1}', 422, "wrong_type", "/type"),
    (b'{"type":"a","data":1,"dedup_id":""}', 422, "invalid_value", "/dedup_id"),
    (b'{"type":"a","data":1,"dedup_id":"a\\nb"}', 422, "invalid_value", "/dedup_id"),
    (b'{"type":"a","data":1,"occurred_at":"yesterday"}', 422, "invalid_value", "/occurred_at"),
    (b'{"type":"a","data":1,"occurred_at":1700000000}', 422, "wrong_type", "/occurred_at"),
    (b'{"type":"a","data":1,"delay":"-5s"}', 422, "invalid_value", "/delay"),
    (b'{"type":"a","data":1,"delay":"91d"}', 422, "invalid_value", "/delay"),
    (b'{"type":"a","data":1,"delay":"1s","deliver_at":"2020-01-01T00:00:00Z"}', 422, "conflicting_fields", "/delay"),
], ids=lambda value: value[:40].decode("latin-1") if isinstance(value, bytes) else None)
def test_a_body_that_is_no_event(stack, organization, body, status, code, pointer):
    length = stack.redis.client.xlen("mr:{0}:events")
    with RawConnection(stack.port) as connection:
        connection.send(post(organization, body))
        answer = connection.answer()
        problem = assert_problem(answer, status, code)
        assert problem["request_id"] == answer.headers["x-request-id"]
        if status == 422 and pointer:
            assert problem["errors"] == [{"pointer": pointer, "detail": problem["detail"]}]
        connection.send(post(organization, EVENT))
        assert connection.answer().status == 202, "the connection goes on"
    assert stack.redis.client.xlen("mr:{0}:events") == length + 1


# -- Expect: 100-continue, pipelining


def test_the_body_is_asked_for(stack, organization):
    with RawConnection(stack.port) as connection:
        connection.send(post(organization, b"", f"Content-Length: {len(EVENT)}", "Expect: 100-continue", length=False))
        assert connection.answer().status == 100
        connection.send(EVENT)
        assert connection.answer().status == 202
        connection.send(post(organization, EVENT, "Expect: 100-continue"))
        assert [connection.answer().status, connection.answer().status][-1] == 202


@pytest.mark.parametrize("path, key, status", [("/api/events", unknown_key()[:-1] + "!", 401), ("/api/nothing", "", 404)],
                         ids=["malformed key", "no such path"])
def test_a_body_that_is_not_wanted_is_not_asked_for(stack, path, key, status):
    with RawConnection(stack.port) as connection:
        connection.send(f"POST {path} HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\nContent-Length: 5\r\n"
                        f"Expect: 100-continue\r\n\r\n".encode())
        assert_problem(connection.answer(), status)
        assert connection.answer() is None


@pytest.mark.parametrize("count", [16, 100])
def test_pipelining(stack, organization, count):
    """Answers come in the order of the requests, though some need Redis and some do not."""
    requests = [post(organization, EVENT if i % 3 else b"{}", f"X-Request-Id: number-{i}") for i in range(count)]
    with RawConnection(stack.port) as connection:
        connection.send(b"".join(requests))
        answers = [connection.answer() for _ in range(count)]
    assert [answer.headers["x-request-id"] for answer in answers] == [f"number-{i}" for i in range(count)]
    assert [answer.status for answer in answers] == [202 if i % 3 else 422 for i in range(count)]


def test_what_is_pipelined_behind_a_refused_head_is_not_read(stack, organization):
    wrong = post(organization, EVENT).replace(organization.key.encode(), organization.key[:-1].encode() + b"!")
    with RawConnection(stack.port) as connection:
        connection.send(post(organization, EVENT) + wrong + post(organization, SMUGGLED))
        assert [answer.status for answer in connection.answers_to_end()] == [202, 401]
    assert records.events_of_type(stack.redis, "smuggled") == []


def test_connection_close_is_obeyed(stack, organization):
    with RawConnection(stack.port) as connection:
        connection.send(post(organization, EVENT, "Connection: close") + post(organization, SMUGGLED))
        answers = connection.answers_to_end()
    assert [answer.status for answer in answers] == [202]
    assert answers[0].headers["connection"] == "close"
    assert records.events_of_type(stack.redis, "smuggled") == []


# -- request ids


@pytest.mark.parametrize("given", ["a", "order-42/7:x_y.z=@+", "A" * 128])
def test_a_sane_request_id_is_kept(organization, given):
    answer = organization.client.post("/api/events", b"{}", {"X-Request-Id": given})
    assert answer.headers["X-Request-Id"] == answer.json["request_id"] == given


@pytest.mark.parametrize("given", ["", "-", "a b", "A" * 129, "\xe9", "<script>", 'a"b', "a\tb", "a,b", "a;b"])
def test_another_one_is_replaced(stack, organization, given):
    answer = organization.client.post("/api/events", b"{}", {"X-Request-Id": given})
    assert re.fullmatch(r"req_[0-9a-f]{32}", answer.headers["X-Request-Id"])
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]
    stack.services["ingest"].wait_line("http.request", request_id=answer.headers["X-Request-Id"])
    assert given in ("", "-") or given not in stack.services["ingest"].tail(5)


def test_every_request_has_its_own(organization):
    ids = {organization.client.get("/health/live").headers["X-Request-Id"] for _ in range(50)}
    assert len(ids) == 50


# -- health


@pytest.mark.parametrize("name", ["ingest", "processor", "dispatcher"])
def test_health_on_the_admin_port(stack, name):
    live, ready = stack.health(name, "/health/live"), stack.health(name, "/health/ready")
    assert (live.status, live.json) == (200, {"status": "live"})
    assert (ready.status, ready.json["status"]) == (200, "ready")
    checks = {check["name"]: check["ok"] for check in ready.json["checks"]}
    assert {"redis", "taking_work"} < set(checks) and all(checks.values())
    assert stack.health(name, "/").status == 404


def test_health_on_the_port_of_the_api(organization):
    live, ready = organization.client.get("/health/live"), organization.client.get("/health/ready")
    assert (live.status, live.json) == (200, {"status": "live"})
    assert (ready.status, ready.json["status"]) == (200, "ready")
    assert live.headers["Content-Type"] == ready.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("path", ["/health/live", "/metrics"])
def test_the_admin_port_only_answers_get(stack, path):
    connection = http.client.HTTPConnection("127.0.0.1", stack.admin_ports["processor"], timeout=30)
    connection.request("POST", path)
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Content-Type"]) == (405, "application/problem+json")
    connection.close()
