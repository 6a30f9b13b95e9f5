"""millrace orgs, keys, endpoints, dlq and jobs: commands that are one call of the API each."""
import json

import pytest

from cli_env import FAILED, OK, USAGE, api_key, cli
from stack import ADMIN_TOKEN
from waiting import wait_until


@pytest.fixture
def as_admin(stack):
    return {"url": f"http://127.0.0.1:{stack.port}", "admin_token": ADMIN_TOKEN}


@pytest.fixture
def as_key(stack, organization):
    return {"url": f"http://127.0.0.1:{stack.port}", "api_key": organization.key}


def ask(settings, *arguments):
    """What it prints with --json, read: one thing, or a list of the lines."""
    done = cli(*arguments, "--json", settings=settings)
    assert done.returncode == OK, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return lines if arguments[1] == "ls" else lines[0]


def test_an_organization_from_its_making_to_its_removal(as_admin):
    made = ask(as_admin, "orgs", "create", "by hand")
    assert made["name"] == "by hand" and made["id"].startswith("org_")
    assert ask(as_admin, "orgs", "ls", "--limit", "1")[0]["id"] == made["id"]
    assert ask(as_admin, "orgs", "show", made["id"])["name"] == "by hand"
    assert ask(as_admin, "orgs", "delete", made["id"])["job"].startswith("job_")


def test_keys_by_the_admin_and_by_a_key(as_admin, as_key, organization):
    made = ask(as_admin, "keys", "create", "first", "--organization", organization.id, "--scopes", "keys:write, events:write")
    assert made["scopes"] == ["keys:write", "events:write"] and made["key"].startswith("mr_live_")
    mine = as_key | {"api_key": made["key"]}
    assert made["id"] in [key["id"] for key in ask(mine, "keys", "ls")]
    rotated = ask(mine, "keys", "rotate", made["id"], "--grace", "0s")
    assert rotated["key"] != made["key"]
    assert cli("keys", "ls", settings=mine).returncode == FAILED
    mine["api_key"] = rotated["key"]
    done = cli("keys", "revoke", rotated["id"], settings=mine)
    assert (done.returncode, done.stdout) == (OK, "revoked\n")


def test_an_endpoint_from_its_making_to_its_removal(as_key, receiver):
    made = ask(as_key, "endpoints", "create", receiver.url("/hook"), "--event-types", "order.*,paid", "--description", "mine",
               "--ordered", "--per-second", "50", "--burst", "7")
    assert (made["ordered"], made["rate_limit"]) == (True, {"per_second": 50, "burst": 7})
    assert made["secret"].startswith("whsec_") and made["event_types"] == ["order.*", "paid"]
    assert [one["id"] for one in ask(as_key, "endpoints", "ls")] == [made["id"]]
    assert ask(as_key, "endpoints", "pause", made["id"])["paused"] is True
    assert ask(as_key, "endpoints", "resume", made["id"])["paused"] is False
    assert ask(as_key, "endpoints", "test", made["id"])["event_id"].startswith("evt_")
    assert ask(as_key, "endpoints", "rotate", made["id"])["secret"] != made["secret"]
    text = cli("endpoints", "show", made["id"], settings=as_key).stdout
    assert f"id: {made['id']}\n" in text and "description: mine\n" in text
    assert cli("endpoints", "delete", made["id"], settings=as_key).stdout == "deleted\n"
    assert ask(as_key, "endpoints", "ls") == []


def test_lists_read_all_pages_up_to_the_limit(as_key, organization):
    for number in range(7):
        organization.new_endpoint(f"http://127.0.0.1:9/{number}")
    assert len(ask(as_key, "endpoints", "ls")) == 7
    assert len(ask(as_key, "endpoints", "ls", "--limit", "3")) == 3
    lines = cli("endpoints", "ls", settings=as_key).stdout.splitlines()
    assert len(lines) == 7 and all(line.startswith("ep_") and "127.0.0.1:9" in line for line in lines)


def test_dead_letters_are_shown_replayed_and_purged(stack, as_key, organization, receiver):
    receiver.script("/dead", 500, 500)
    endpoint = organization.new_endpoint(receiver.url("/dead"), retry_schedule=["1ms"])["id"]
    organization.publish("order.paid")
    letters = wait_until(lambda: organization.client.get("/api/dlq").json["data"], "a dead letter")
    delivery = letters[0]["id"]
    assert ask(as_key, "dlq", "show", delivery)["endpoint"] == endpoint
    assert cli("dlq", "replay", settings=as_key).returncode == USAGE, "which ones must be said"
    job = ask(as_key, "dlq", "purge", "--endpoint", endpoint)["job"]
    wait_until(lambda: ask(as_key, "jobs", "show", job)["state"] == "done", "the job being done")
    assert job in [one["id"] for one in ask(as_key, "jobs", "ls")]
    assert cli("jobs", "cancel", job, settings=as_key).returncode == FAILED
    assert cli("dlq", "show", delivery, settings=as_key).returncode == FAILED


@pytest.mark.parametrize("arguments,said", [
    (["endpoints", "show", "../keys"], "this is no id"),
    (["endpoints", "show"], "needs ENDPOINT_ID"),
    (["keys", "ls", "--organization", "demo"], "organization"),
    (["orgs", "ls"], "MILLRACE_ADMIN_TOKEN"),
    (["endpoints", "pauze", "ep_1"], "did you mean"),
])
def test_what_is_not_understood(stack, arguments, said):
    done = cli(*arguments, settings={"url": f"http://127.0.0.1:{stack.port}", "api_key": api_key()})
    assert done.returncode == USAGE and said in done.stderr


def test_config_prints_what_commands_share(as_key):
    done = cli("config", settings=as_key)
    assert done.returncode == OK and as_key["url"] in done.stdout and as_key["api_key"] not in done.stdout
