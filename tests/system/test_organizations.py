"""Organizations: made, listed, shown and changed by the admin."""
import re
import threading
import time

import pytest

from client import Client
from records import everything_in
from stack import ADMIN_TOKEN
from waiting import wait_until

ID = re.compile(r"org_[0-9a-hjkmnp-tv-z]{20}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
UNKNOWN = "org_" + "0" * 20


def path(organization):
    return f"/api/organizations/{organization['id']}"


@pytest.fixture
def made(stack):
    return stack.admin.create("/api/organizations", {"name": "made", "rate_limit": {"per_second": 5}})


def test_made_shown_and_changed(stack, made):
    assert ID.fullmatch(made["id"]) and TIME.fullmatch(made["created_at"])
    assert made == {"id": made["id"], "name": "made", "rate_limit": {"per_second": 5, "burst": 5},
                    "created_at": made["created_at"], "updated_at": made["created_at"]}
    assert stack.admin.get(path(made)).json == made
    changed = stack.admin.patch(path(made), {"name": "ñ", "rate_limit": {"per_second": 7, "burst": 9}})
    assert changed.status == 200
    assert changed.json == made | {"name": "ñ", "rate_limit": {"per_second": 7, "burst": 9}, "updated_at": changed.json["updated_at"]}
    assert changed.json["updated_at"] >= made["updated_at"]
    assert stack.admin.get(path(made)).json == changed.json


def test_a_change_leaves_the_rest(stack, made):
    assert stack.admin.patch(path(made), {"name": "other"}).json["rate_limit"] == {"per_second": 5, "burst": 5}
    answer = stack.admin.patch(path(made), {"rate_limit": None}).json
    assert (answer["name"], answer["rate_limit"]) == ("other", None)
    before = everything_in(stack.redis)
    assert stack.admin.patch(path(made), {}).json == answer
    assert everything_in(stack.redis) == before


def test_without_a_limit_there_is_none(stack):
    for body in ({"name": "o"}, {"name": "o", "rate_limit": None}):
        assert stack.admin.create("/api/organizations", body)["rate_limit"] is None


@pytest.mark.parametrize("id", [UNKNOWN, "org_", "x", "key_" + "0" * 20, UNKNOWN.upper(), UNKNOWN + "0", "org_%00", "*"])
def test_what_is_not_there_is_not_found(stack, id):
    answers = [stack.admin.get(f"/api/organizations/{id}"), stack.admin.patch(f"/api/organizations/{id}", {"name": "n"})]
    for answer in answers:
        if "%00" in id:
            assert answer.status == 400
        else:
            assert (answer.status, answer.code) == (404, "not_found")


BAD = [({}, "/name"), ({"name": ""}, "/name"), ({"name": "n" * 101}, "/name"), ({"name": "a\u0000"}, "/name"), ({"name": 5}, "/name"),
       ({"name": "n", "rate_limit": 5}, "/rate_limit"), ({"name": "n", "rate_limit": {}}, "/rate_limit/per_second"),
       ({"name": "n", "rate_limit": {"per_second": 0}}, "/rate_limit/per_second"),
       ({"name": "n", "rate_limit": {"per_second": 1000001}}, "/rate_limit/per_second"),
       ({"name": "n", "rate_limit": {"per_second": 5, "burst": 0}}, "/rate_limit/burst"),
       ({"name": "n", "deleted_at": 5}, "/deleted_at"), ('{"name":"a","name":"b"}', "/name"), ("[]", "")]


@pytest.mark.parametrize("body, pointer", BAD)
def test_bad_bodies_change_nothing(stack, made, body, pointer):
    before = everything_in(stack.redis)
    for answer in (stack.admin.post("/api/organizations", body), stack.admin.patch(path(made), body)):
        if body == {} and answer.status == 200:
            continue  # a change of nothing
        assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, pointer)
    assert everything_in(stack.redis) == before


@pytest.mark.parametrize("query", ["limit=0", "limit=251", "limit=x", "limit=", "cursor=00", "cursor=x", "organization=x", "limit=1&limit=1", "limit=%zz"])
def test_bad_queries(stack, query):
    answer = stack.admin.get("/api/organizations?" + query)
    assert answer.status == (200 if query == "limit=" else 400)


def test_the_list_is_walked_newest_first_under_writes(stack):
    """What existed throughout is seen once; what comes meanwhile moves nothing."""
    made = [stack.admin.create("/api/organizations", {"name": f"walk{i}"})["id"] for i in range(25)]
    stopping = threading.Event()

    def make_more():
        with Client(stack.port, ADMIN_TOKEN) as client:
            while not stopping.is_set():
                client.create("/api/organizations", {"name": "meanwhile"})

    thread = threading.Thread(target=make_more)
    thread.start()
    try:
        seen = [item["id"] for item in stack.admin.walk("/api/organizations", limit=3)]
    finally:
        stopping.set()
        thread.join()
    assert len(set(seen)) == len(seen)
    assert seen == sorted(seen, reverse=True)
    assert set(made) <= set(seen)


def test_pages_end(stack):
    count = len(stack.admin.walk("/api/organizations", limit=250))
    first = stack.admin.get("/api/organizations?limit=1").json
    assert len(first["data"]) == 1 and (first["next_cursor"] is None) == (count == 1)
    if count <= 250:
        whole = stack.admin.get(f"/api/organizations?limit={count}").json
        assert len(whole["data"]) == count and whole["next_cursor"] is None


def test_a_cursor_opens_only_its_own_list(stack):
    for name in "ab":
        stack.admin.create("/api/organizations", {"name": name})
    organization = stack.new_organization()
    organization.new_key()
    cursor = stack.admin.get("/api/organizations?limit=1").json["next_cursor"]
    edited = cursor[:-1] + ("0" if cursor[-1] != "0" else "1")
    for answer in (stack.admin.get("/api/organizations?cursor=" + edited), organization.client.get("/api/keys?cursor=" + cursor)):
        assert (answer.status, answer.code, answer.json["errors"][0]["pointer"]) == (400, "invalid_cursor", "?cursor")


def test_every_process_knows_of_a_change_within_a_second(stack, organization, new_stack):
    other = new_stack(redis=stack.redis).start("ingest")
    with organization.new_client(port=other.port) as client:
        assert client.get("/api/me").json["organization"]["rate_limit"] is None
        assert stack.admin.patch(f"/api/organizations/{organization.id}", {"name": "renamed", "rate_limit": {"per_second": 1000}}).status == 200
        changed_at = time.monotonic()
        wait_until(lambda: client.get("/api/me").json["organization"] ==
                   {"id": organization.id, "name": "renamed", "rate_limit": {"per_second": 1000, "burst": 1000}}, "the change")
        assert time.monotonic() - changed_at < 1


def test_one_that_is_being_deleted_is_as_good_as_absent(stack, organization):
    assert organization.client.get("/api/me").status == 200
    stack.redis.client.hset("mr:org:" + organization.id, "deleted_at", "1700000000000")
    stack.redis.client.xadd("mr:config", {"kind": "org", "id": organization.id, "org": organization.id, "action": "changed"})
    wait_until(lambda: organization.client.get("/api/me").status == 401, "the refusal", timeout_s=1)
    assert stack.admin.get(f"/api/organizations/{organization.id}").status == 404
    assert stack.admin.patch(f"/api/organizations/{organization.id}", {"name": "n"}).status == 404
    assert organization.id not in [item["id"] for item in stack.admin.walk("/api/organizations", limit=250)]
    answer = stack.admin.get(f"/api/keys?organization={organization.id}")
    assert (answer.status, answer.code) == (422, "unknown_organization")


def test_keys_are_no_admins(organization):
    for answer in (organization.client.get("/api/organizations"), organization.client.get(f"/api/organizations/{organization.id}"),
                   organization.client.patch(f"/api/organizations/{organization.id}", {"name": "n"})):
        assert (answer.status, answer.code) == (403, "scope_missing")


def test_me(stack, organization):
    key = organization.new_key(["events:read", "dlq:read"], rate_limit={"per_second": 50, "burst": 60})
    with organization.new_client(key["key"]) as client:
        assert client.get("/api/me").json == {
            "organization": {"id": organization.id, "name": "test", "rate_limit": None},
            "key": {"id": key["id"], "name": "test", "scopes": ["events:read", "dlq:read"],
                    "rate_limit": {"per_second": 50, "burst": 60}}}
    assert stack.admin.get("/api/me").json == {
        "organization": None, "key": {"id": "admin", "name": "admin", "scopes": ["admin"], "rate_limit": None}}
