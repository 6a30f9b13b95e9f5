"""Rate limits: one budget for all that an organization or a key does, whichever process it asks."""
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

import metrics_text
from api_keys import unknown_key
from client import Client, Organization
from raw_http import RawConnection
from stack import ADMIN_TOKEN
from waiting import wait_until

EVENT = {"type": "a", "data": 1}
HEADERS = ["RateLimit-Policy", "RateLimit", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"]


def limited_organization(stack, per_second, burst):
    organization = stack.new_organization()
    answer = stack.admin.patch(f"/api/organizations/{organization.id}", {"rate_limit": {"per_second": per_second, "burst": burst}})
    assert answer.status == 200
    wait_until(lambda: told_burst(organization.client) == burst, "the limit", timeout_s=1)
    return organization


def told_burst(client):
    """0: none."""
    return int(client.get("/api/me").headers.get("X-RateLimit-Limit", 0))


def unused(stack, *ids):
    """As after a long time without a request."""
    stack.redis.client.delete(*(f"mr:{{0}}:rate:{id}" for id in ids))


def remaining(answer):
    return int(answer.headers["X-RateLimit-Remaining"])


def limited_events(stack):
    return metrics_text.value(metrics_text.parse(stack.metrics("ingest")), "millrace_events_total", result="limited")


# -- one budget


def test_events_and_requests_count_together(stack):
    organization = limited_organization(stack, 1, 10)
    unused(stack, organization.id)
    before = limited_events(stack)
    for i in range(5):
        assert remaining(organization.client.publish("a")) == 9 - 2 * i
        assert remaining(organization.client.get("/api/me")) == 8 - 2 * i
    for answer in (organization.client.get("/api/me"), organization.client.publish("a"), organization.client.get("/api/keys")):
        assert (answer.status, answer.code) == (429, "rate_limited")
    assert limited_events(stack) == before + 1


def test_each_event_of_a_batch_counts(stack):
    organization = limited_organization(stack, 1, 10)
    unused(stack, organization.id)
    answer = organization.client.post("/api/events/batch", [EVENT] * 30).json
    assert 10 <= answer["accepted"] <= 11 and answer["accepted"] + answer["rejected"] == 30
    assert organization.client.get("/api/me").status == 429


def allowed_at(times, per_second, burst):
    """How many of requests at these times a limiter allows that was unused before them. Source: generic cell rate algorithm."""
    allowed, arrival = 0, 0
    for at in sorted(times):
        if max(arrival, at) + 1 / per_second <= at + burst / per_second:
            allowed, arrival = allowed + 1, max(arrival, at) + 1 / per_second
    return allowed


@pytest.mark.parametrize("per_second, burst", [(200, 50), (1000, 10), (100, 1), (37, 5)])
def test_never_more_than_the_limit_across_processes(stack, new_stack, per_second, burst):
    """Two processes, sixteen clients, as fast as they can: at most the burst and what came since, exactly; and at least half of
    what such a limiter would allow of the requests that were made, which on a busy machine are few."""
    other = new_stack(redis=stack.redis).start("ingest")
    organization = limited_organization(stack, per_second, burst)
    with organization.new_client(port=other.port) as client:
        wait_until(lambda: told_burst(client) == burst, "the limit", timeout_s=1)
    started, duration_s = threading.Barrier(16, action=lambda: unused(stack, organization.id)), 1.5

    def press(number):
        counts, times = Counter(), []
        with organization.new_client(port=(stack.port, other.port)[number % 2]) as client:
            client.connection.connect()
            started.wait()
            began_at = time.monotonic()
            while time.monotonic() - began_at < duration_s:
                answer = client.publish("a") if number % 4 < 2 else client.get("/api/me")
                counts[answer.status] += 1
                times.append(time.monotonic())
            return counts, began_at, times

    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(press, range(16)))
    counts = sum((counts for counts, _, _ in results), Counter())
    times = [at for _, _, times in results for at in times]
    elapsed_s = max(times) - min(begin for _, begin, _ in results)
    allowed = counts[200] + counts[202]
    assert set(counts) <= {200, 202, 429} and counts[429] > 0
    assert allowed <= burst + per_second * elapsed_s
    assert allowed >= 0.5 * allowed_at(times, per_second, burst)


# -- what is told


def test_requests_of_one_turn_are_told_of_the_same_limiter(stack):
    """The first has so many headers that its memory is given back when it is answered, before the second is."""
    organization = limited_organization(stack, 5, 10)
    unused(stack, organization.id)
    headers = "".join(f"X-Header-{i}: {'v' * 40}\r\n" for i in range(62))
    request = "GET /api/me HTTP/1.1\r\nHost: x\r\nX-API-Key: %s\r\n%s\r\n"
    with RawConnection(stack.port) as connection:
        connection.send(b"".join((request % (organization.key, more)).encode() for more in (headers, headers, "")))
        answers = [connection.answer() for _ in range(3)]
    assert [answer.status for answer in answers] == [200] * 3
    assert {answer.headers["ratelimit"] for answer in answers} == {'"organization";r=7;t=1'}


def test_what_the_headers_say(stack):
    organization = limited_organization(stack, 1, 3)
    unused(stack, organization.id)
    answers = [organization.client.get("/api/me") for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert [[answer.headers[name] for name in HEADERS] for answer in answers] == [
        ['"organization";q=3;w=3', f'"organization";r={left};t={reset}', "3", str(left), str(reset)]
        for left, reset in [(2, 1), (1, 2), (0, 3), (0, 3)]]
    assert "Retry-After" not in answers[2].headers and answers[3].headers["Retry-After"] == "1"


def test_retry_after_is_honest(stack):
    """Who waits so long is let in; who does not is not."""
    organization = limited_organization(stack, 1, 1)
    unused(stack, organization.id)
    used_at = time.monotonic()
    assert organization.client.publish("a").status == 202
    answers = [organization.client.publish("a"), organization.client.get("/api/me")]
    told_at = time.monotonic()
    assert [answer.status for answer in answers] == [429, 429] and told_at - used_at < 0.9
    wait_s = max(int(answer.headers["Retry-After"]) for answer in answers)
    assert wait_s == 1
    wait_until(lambda: time.monotonic() - told_at >= wait_s, "the time that was told")
    assert organization.client.publish("a").status == 202


def test_without_a_limit_nothing_is_said(stack, organization):
    for answer in (organization.client.get("/api/me"), organization.client.publish("a"), stack.admin.get("/api/organizations")):
        assert not [name for name in HEADERS if name in answer.headers]
    assert not stack.redis.client.exists(f"mr:{{0}}:rate:{organization.id}")


def test_a_limit_that_is_taken_away_limits_no_more(stack):
    organization = limited_organization(stack, 1, 1)
    assert stack.admin.patch(f"/api/organizations/{organization.id}", {"rate_limit": None}).status == 200
    wait_until(lambda: organization.client.get("/api/me").status == 200, "the end of the limit", timeout_s=2)
    for _ in range(5):
        assert organization.client.get("/api/me").status == 200


# -- whose limit


def test_a_keys_own_limit_is_its_own(stack):
    organization = limited_organization(stack, 1, 100)
    key = organization.new_key(rate_limit={"per_second": 1, "burst": 2})
    unused(stack, organization.id, key["id"])
    with organization.new_client(key["key"]) as client:
        answers = [client.get("/api/me"), client.publish("a"), client.get("/api/me"), client.publish("a")]
        assert [answer.status for answer in answers] == [200, 202, 429, 429]
        assert answers[0].headers["RateLimit-Policy"] == '"organization";q=100;w=100, "key";q=2;w=2'
        assert answers[0].headers["RateLimit"] == '"organization";r=99;t=1, "key";r=1;t=1'
        assert [answers[0].headers[name] for name in HEADERS[2:]] == ["2", "1", "1"]
    # What the key's limit refused did not count against the organization's.
    assert remaining(organization.client.get("/api/me")) in (97, 98)


def test_the_organizations_limit_is_of_all_its_keys(stack):
    organization = limited_organization(stack, 1, 4)
    clients = [organization.new_client(organization.new_key()["key"]) for _ in range(2)]
    unused(stack, organization.id)
    assert [client.get("/api/me").status for client in clients * 3] == [200] * 4 + [429] * 2
    other = stack.new_organization()
    assert other.client.get("/api/me").status == 200


def test_what_may_not_be_done_does_not_count(stack):
    organization = limited_organization(stack, 1, 50)
    weak = organization.new_key(["events:read"])["key"]
    unused(stack, organization.id)
    with organization.new_client(weak) as client, Client(stack.port, unknown_key()) as stranger:
        for _ in range(20):
            assert client.get("/api/keys").status == 403
            assert client.get("/api/nothing").status == 404
            assert client.delete("/api/me").status == 405
            assert stranger.get("/api/me").status == 401
        assert not stack.redis.client.exists(f"mr:{{0}}:rate:{organization.id}")
        answer = client.get("/api/me?x=1")  # may be done, and is wrong
        assert (answer.status, remaining(answer)) == (400, 49)


def test_a_setting_limits_who_has_no_limit(stack, new_stack):
    other = new_stack(redis=stack.redis, ingest={"rate_limit": "1", "rate_burst": "2"}).start("ingest")
    organization = stack.new_organization()
    with organization.new_client(port=other.port) as client, Client(other.port, ADMIN_TOKEN) as admin:
        assert [client.get("/api/me").status for _ in range(3)] == [200, 200, 429]
        assert [admin.get("/api/me").status for _ in range(5)] == [200] * 5
    own = limited_organization(stack, 1, 5)
    unused(stack, own.id)
    with own.new_client(port=other.port) as client:
        assert [client.get("/api/me").status for _ in range(6)] == [200] * 5 + [429]
    alone = new_stack(redis=stack.redis, ingest={"rate_limit": "3"}).start("ingest")
    third = Organization(stack.admin, alone.port)
    assert third.client.get("/api/me").json["organization"]["rate_limit"] == {"per_second": 3, "burst": 3}


def test_without_redis_nothing_goes_uncounted(new_stack):
    stack = new_stack().start("ingest")
    organization = limited_organization(stack, 1000, 1000)
    stack.redis.stop()
    answer = wait_until(lambda: (answer := organization.client.get("/api/me")).status != 200 and answer, "the refusal")
    assert (answer.status, answer.code) == (503, "store_unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
