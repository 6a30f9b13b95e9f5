"""The audit: every change of keys and organizations has an entry, and only its organization sees it."""
from datetime import datetime, timedelta, timezone

import pytest

from api_keys import sha256
from waiting import wait_until

MEMBERS = ["id", "at", "actor", "action", "target", "ip", "request_id", "detail"]


def entries(client, **parameters):
    return client.walk("/api/audit", **parameters)


def own_id(organization):
    return organization.client.get("/api/me").json["key"]["id"]


def test_every_change_has_an_entry(stack, organization):
    key = own_id(organization)
    named = {"X-Request-Id": "audit-1"}
    made = organization.client.post("/api/keys", {"name": "k", "scopes": ["events:read"]}, named).json
    new = organization.client.post(f"/api/keys/{made['id']}/rotate", {}).json
    organization.client.delete(f"/api/keys/{new['id']}")
    stack.admin.patch(f"/api/organizations/{organization.id}", {"name": "n", "rate_limit": {"per_second": 1000}})
    found = entries(organization.client)
    assert [list(entry) for entry in found] == [MEMBERS] * len(found)
    assert [(entry["actor"], entry["action"], entry["target"], entry["detail"]) for entry in reversed(found)] == [
        ("admin", "organization.created", organization.id, None),
        ("admin", "key.created", key, None),
        (key, "key.created", made["id"], None),
        (key, "key.created", new["id"], f"rotated from {made['id']}"),
        (key, "key.rotated", made["id"], f"to {new['id']}"),
        (key, "key.revoked", new["id"], None),
        ("admin", "organization.changed", organization.id, "name rate_limit"),
    ]
    assert {entry["ip"] for entry in found} == {"127.0.0.1"}
    assert found[-3]["request_id"] == "audit-1"
    now = datetime.now(timezone.utc)
    for entry in found:
        assert now - timedelta(minutes=1) < datetime.fromisoformat(entry["at"].replace("Z", "+00:00")) <= now
    text = stack.admin.get(f"/api/audit?organization={organization.id}").body.decode()
    for secret in (made["key"], new["key"], organization.key):
        assert secret not in text and sha256(secret) not in text


@pytest.mark.parametrize("verb", ["replay", "purge"])
def test_dead_letters_by_their_ids_have_one(organization, verb):
    """Before anything is done, so of what was asked for, found or not."""
    ids = ["dlv_" + 20 * "0" + 20 * digit for digit in "01"]
    for some in (ids, ids[:1]):
        assert organization.client.post("/api/dlq/" + verb, {"ids": some}).status == 200
    organization.client.post("/api/dlq/" + verb, {"ids": ["x"]})
    one, two, *_ = entries(organization.client)
    assert (two["action"], two["target"], two["detail"]) == (f"dlq.{verb}{'d' if verb == 'purge' else 'ed'}", None, "ids: 2")
    assert (one["action"], one["target"], one["detail"]) == (two["action"], ids[0], "ids: 1")
    assert one["actor"] == own_id(organization)


def test_a_retry_has_none(organization, receiver):
    """It is told by the attempts of its delivery, as elsewhere."""
    endpoint = organization.new_endpoint(receiver.url("/hook"))["id"]
    event = organization.publish("t", 1)
    receiver.wait_events("/hook", [event])
    before = entries(organization.client)
    id = f"dlv_{event[4:]}{endpoint[3:]}"
    wait_until(lambda: organization.client.post(f"/api/deliveries/{id}/retry", None).status == 202, "the retry", 10)
    assert entries(organization.client) == before


def test_what_is_refused_has_none(organization):
    before = entries(organization.client)
    key = own_id(organization)
    for answer in (organization.client.post("/api/keys", {"name": ""}), organization.client.post("/api/keys/x/rotate", {}),
                   organization.client.post(f"/api/keys/{key}/rotate", {"grace": 5}),
                   organization.client.delete("/api/keys/key_" + "0" * 20)):
        assert answer.status in (404, 422)
    assert entries(organization.client) == before


def test_filters(stack, organization):
    made = [organization.new_key()["id"] for _ in range(3)]
    organization.client.delete(f"/api/keys/{made[1]}")
    everything = entries(organization.client)

    def ids(**parameters):
        return [entry["id"] for entry in entries(organization.client, **parameters)]

    assert ids(action="key.revoked") == [everything[0]["id"]]
    assert ids(target=made[1]) == [entry["id"] for entry in everything if entry["target"] == made[1]]
    assert ids(target=made[1], action="key.created", limit=1) == [everything[2]["id"]]
    assert ids(action="key") == ids(target="*") == []
    for at in {entry["at"] for entry in everything}:
        assert ids(since=at) == [entry["id"] for entry in everything if entry["at"] >= at]
        assert ids(until=at) == [entry["id"] for entry in everything if entry["at"] < at]
        assert ids(since=at, until=at) == []
    assert ids(until="1970-01-01T00:00:00Z") == ids(since="9999-12-31T23:59:59Z") == []


def test_an_entry_that_is_rare_is_found_far_back(stack, organization):
    """A call looks at 1,000 entries, and its cursor goes on behind them."""
    made = organization.new_key()["id"]
    pipe = stack.redis.client.pipeline()
    for i in range(2500):
        pipe.xadd(f"mr:{{0}}:audit:{organization.id}", {"actor": "x", "action": "other", "target": f"t{i}"})
    pipe.execute()
    pages = list(organization.client.pages("/api/audit", target=made))
    assert [len(page) for page in pages] == [0, 0, 1]
    assert pages[2][0]["action"] == "key.created"
    assert entries(organization.client, target="t7", limit=250)[0]["request_id"] is None
    whole = entries(organization.client, limit=250)
    assert len(whole) == 2503 and len({entry["id"] for entry in whole}) == 2503
    assert whole == sorted(whole, key=lambda entry: [int(part) for part in entry["id"].split("-")], reverse=True)


def test_a_walk_under_writes_sees_each_entry_once(organization):
    for _ in range(5):
        organization.new_key()
    before = [entry["id"] for entry in entries(organization.client)]
    seen = []
    for page in organization.client.pages("/api/audit", limit=2):
        seen += [entry["id"] for entry in page]
        organization.new_key()
    assert seen == before


def test_the_audit_is_the_organizations_own(stack, organization):
    other = stack.new_organization()
    assert not {entry["id"] for entry in entries(other.client) if entry["target"] == organization.id}
    answer = other.client.get(f"/api/audit?organization={organization.id}")
    assert (answer.status, answer.code) == (422, "unknown_organization")
    cursor = organization.client.get("/api/audit?limit=1").json["next_cursor"]
    for query in ("cursor=" + cursor, "action=key.created&cursor=" + cursor):
        answer = other.client.get("/api/audit?" + query)
        assert (answer.status, answer.code) == (400, "invalid_cursor")
    assert organization.client.get(f"/api/audit?action=x&cursor={cursor}").status == 400
    assert organization.client.get(f"/api/audit?cursor={cursor}").status == 200
    with organization.new_client(organization.new_key(["keys:write"])["key"]) as client:
        assert client.get("/api/audit").status == 403


@pytest.mark.parametrize("query", ["since=x", "until=2026-01-01", "since=1", "limit=0", "limit=251", "actor=x", "cursor=00"])
def test_bad_queries(organization, query):
    answer = organization.client.get("/api/audit?" + query)
    assert answer.status == 400


def test_an_audit_that_cannot_be_read_is_no_fault_of_the_client(stack, organization):
    stack.redis.client.delete(f"mr:{{0}}:audit:{organization.id}")
    assert entries(organization.client) == []
    stack.redis.client.set(f"mr:{{0}}:audit:{organization.id}", "x")
    answer = organization.client.get("/api/audit")
    assert (answer.status, answer.code) == (503, "store_unavailable")
    stack.redis.client.delete(f"mr:{{0}}:audit:{organization.id}")
