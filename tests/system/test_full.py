"""A Redis at its maxmemory: nothing more is taken, but who must be kept out, or frees something, is heard."""
import pytest

from test_redis_down import assert_unavailable
from waiting import wait_until


@pytest.fixture
def full(new_stack):
    """A stack with an organization, its two endpoints and a second key, and then no memory for more."""
    stack = new_stack().start()
    organization = stack.new_organization()
    organization.endpoints = [organization.new_endpoint("https://example.com/")["id"] for _ in range(2)]
    organization.second = organization.new_key(["events:read"])
    stack.organization = organization
    stack.redis.client.config_set("maxmemory", "1mb")
    yield stack
    stack.redis.client.config_set("maxmemory", 0)


def audit(organization):
    return [(entry["action"], entry["target"]) for entry in organization.client.list("/api/audit")["data"]]


def test_a_key_is_revoked_and_refused_from_then_on(full):
    organization, second = full.organization, full.organization.second
    with organization.new_client(second["key"]) as client:
        assert client.get("/api/events").status == 200
        assert organization.client.delete(f"/api/keys/{second['id']}").status == 204
        wait_until(lambda: client.get("/api/events").status == 401, "the key being refused", 5)
    assert organization.client.list("/api/keys")["data"][0]["id"] != second["id"]
    assert audit(organization)[0] == ("key.revoked", second["id"])


def test_an_endpoint_is_paused_disabled_and_deleted(full):
    client, (first, second) = full.organization.client, full.organization.endpoints
    assert client.post(f"/api/endpoints/{first}/pause", None).json["paused"] is True
    assert client.patch(f"/api/endpoints/{second}", {"disabled": True}).json["disabled"] is True
    assert client.post(f"/api/endpoints/{first}/resume", None).json["paused"] is False
    assert client.post(f"/api/endpoints/{first}/pause", None).status == 200
    for id in (first, second):  # the first with a job that lets go of what it holds
        assert client.delete(f"/api/endpoints/{id}").status == 204
        assert client.get(f"/api/endpoints/{id}").status == 404
    entries = audit(full.organization)
    assert [target for action, target in entries if action == "endpoint.deleted"] == [second, first]
    assert [action for action, target in entries if target == first] == \
        ["endpoint.deleted", "endpoint.paused", "endpoint.resumed", "endpoint.paused", "endpoint.created"]
    assert [action for action, target in entries if target == second] == \
        ["endpoint.deleted", "endpoint.updated", "endpoint.created"]


def test_an_endpoint_that_says_gone_is_disabled(new_stack):
    stack = new_stack().start()
    organization, receiver = stack.new_organization(), stack.new_receiver()
    answer = receiver.hold("/gone", 410)
    id = organization.new_endpoint(receiver.url("/gone"))["id"]
    organization.publish("a", 1)
    receiver.wait("/gone")
    stack.redis.client.config_set("maxmemory", "1mb")
    answer.set()
    wait_until(lambda: organization.client.get(f"/api/endpoints/{id}").json["disabled"], "the endpoint being disabled", 5)
    assert audit(organization)[0] == ("endpoint.disabled", id)
    stack.redis.client.config_set("maxmemory", 0)


def test_dead_letters_are_purged(full):
    client, id = full.organization.client, "dlv_" + 40 * "0"
    assert client.post("/api/dlq/purge", {"ids": [id]}).json["purged"] == 0
    assert audit(full.organization)[0] == ("dlq.purged", id)
    job = client.post("/api/dlq/purge", {"filter": {}}).json["job"]
    wait_until(lambda: client.get(f"/api/jobs/{job}").json["state"] == "done", "the purge")
    assert audit(full.organization)[0] == ("job.created", job)


def test_a_job_is_cancelled(new_stack):
    stack = new_stack().start()
    organization = stack.new_organization()
    endpoint = organization.new_endpoint("https://example.com/")["id"]
    stack.services["processor"].stop()  # who would end it
    job = organization.client.post(f"/api/endpoints/{endpoint}/replay", {"since": "2026-01-01T00:00:00Z"}).json["job"]
    stack.redis.client.config_set("maxmemory", "1mb")
    assert organization.client.post(f"/api/jobs/{job}/cancel", None).json["state"] == "cancelled"
    assert audit(organization)[0] == ("job.cancelled", job)
    stack.redis.client.config_set("maxmemory", 0)


def test_an_organization_is_deleted(full):
    organization = full.organization
    assert full.admin.delete(f"/api/organizations/{organization.id}").status == 202
    wait_until(lambda: organization.client.get("/api/me").status == 401, "its key being refused", 5)
    wait_until(lambda: not [key for key in full.redis.client.scan_iter(count=1000) if organization.id in key],
               "nothing of it being left")


def test_what_adds_is_refused_and_has_no_entry(full):
    organization, (first, second) = full.organization, full.organization.endpoints
    client = organization.client
    before = audit(organization)
    for answer in (client.publish("a", 1), client.post("/api/keys", {"name": "k", "scopes": ["events:read"]}),
                   client.post(f"/api/keys/{organization.second['id']}/rotate", {}),
                   client.post("/api/endpoints", {"url": "https://example.com/"}),
                   client.patch(f"/api/endpoints/{first}", {"description": "d"}),
                   client.patch(f"/api/endpoints/{first}", {"disabled": True, "description": "d"}),
                   client.post(f"/api/endpoints/{second}/replay", {"since": "2026-01-01T00:00:00Z"}),
                   client.post("/api/dlq/replay", {"filter": {}}), client.post("/api/dlq/replay", {"ids": ["dlv_" + 40 * "0"]})):
        assert_unavailable(answer)
    assert audit(organization) == before
