"""Jobs: what they do through kills, what a client sees of them, and that fresh events do not wait behind them."""
import secrets
import time
from collections import Counter

import pytest

from client import Client
from waiting import wait_until

P = "mr:{0}:"


def publish_many(organization, count, type="job"):
    """Event ids."""
    ids = []
    for at in range(0, count, 500):
        batch = [{"type": type, "data": {"n": n}} for n in range(at, min(count, at + 500))]
        answer = organization.client.post("/api/events/batch", batch)
        assert answer.status == 202, answer.body
        ids += [result["id"] for result in answer.json["results"]]
    return ids


def replay(organization, endpoint, **body):
    """Job id."""
    answer = organization.client.post(f"/api/endpoints/{endpoint['id']}/replay", body)
    assert answer.status == 202, answer.body
    assert list(answer.json) == ["job"]
    return answer.json["job"]


def make_job(stack, organization, kind, **fields):
    """As lua/job_create.lua does; nobody is told: a sweep finds it."""
    redis, now = stack.redis.client, int(time.time() * 1000)
    job = "job_" + "".join(secrets.choice("0123456789abcdefghjkmnpqrstvwxyz") for _ in range(20))
    redis.hset(P + "job:" + job, mapping={
        "id": job, "kind": kind, "org": organization.id, "state": "running", "cursor": "", "done": 0, "skipped": 0, "error": "",
        "created_at": now, "updated_at": now, "finished_at": "", "actor": "key_1", **fields})
    redis.zadd(P + "jobs", {job: now})
    redis.zadd(P + "jobs:" + organization.id, {job: 0})
    redis.sadd(P + "running:" + organization.id, job)
    return job


def show(organization, job):
    answer = organization.client.get("/api/jobs/" + job)
    assert answer.status == 200, answer.body
    return answer.json


def wait_ended(organization, job, state="done", timeout_s=60):
    found = wait_until(lambda: next((one for one in [show(organization, job)] if one["state"] != "running"), None),
                       f"the end of {job}", timeout_s)
    assert found["state"] == state, found
    return found


def letters(stack, organization):
    return stack.redis.client.xlen(P + "dlq:" + organization.id)


# -- what a client sees


def test_a_replay_makes_deliveries_again(organization, receiver):
    endpoint = organization.new_endpoint(receiver.url("/r"))
    ids = publish_many(organization, 5)
    receiver.wait("/r", 5)
    wait_until(lambda: replay_done(organization, endpoint) == 5, "five delivered and replayed")
    again = [one.event_id for one in receiver.wait("/r", 10)]
    assert Counter(again[-5:]).keys() == set(ids)


def replay_done(organization, endpoint):
    """What is still being settled is skipped: tried until all were replayed at once."""
    return wait_ended(organization, replay(organization, endpoint, status="delivered"))["done"]


def test_what_a_job_says(organization, receiver):
    endpoint = organization.new_endpoint(receiver.url("/r"))
    job = replay(organization, endpoint, since="2026-01-31T09:30:00Z")
    found = wait_ended(organization, job)
    assert list(found) == ["id", "kind", "state", "created_at", "updated_at", "finished_at", "done", "skipped", "error",
                           "parameters"]
    assert (found["id"], found["kind"], found["done"], found["skipped"], found["error"]) == (job, "replay", 0, 0, None)
    assert found["parameters"] == {"endpoint": endpoint["id"], "status": "failed", "since": "2026-01-31T09:30:00.000Z",
                                   "until": found["parameters"]["until"]}


def test_jobs_are_listed_in_pages(stack):
    organization = stack.new_organization()
    endpoint = organization.new_endpoint("https://example.com/")
    jobs = [replay(organization, endpoint) for _ in range(5)]
    seen, cursor = [], ""
    while cursor is not None:
        answer = organization.client.get(f"/api/jobs?limit=2{cursor and '&cursor=' + cursor}").json
        assert len(answer["data"]) <= 2
        seen += [job["id"] for job in answer["data"]]
        cursor = answer["next_cursor"]
    assert seen == sorted(jobs, reverse=True)
    assert [job["id"] for job in stack.admin.get("/api/jobs?organization=" + organization.id).json["data"]] == seen


def test_another_organization_s_look_absent(stack, organization):
    endpoint = organization.new_endpoint("https://example.com/")
    job = replay(organization, endpoint)
    other = stack.new_organization()
    for method, path in (("GET", "/api/jobs/{}"), ("POST", "/api/jobs/{}/cancel")):
        bodies = set()
        for one in (job, "job_" + "0" * 20, "job_x", "evt_" + "0" * 20):
            answer = other.client.request(method, path.format(one), headers={"X-Request-Id": "same"})
            assert answer.status == 404
            bodies.add(answer.body)
        assert len(bodies) == 1
    for one in (endpoint["id"], "ep_" + "0" * 20, "ep_x"):
        assert other.client.post(f"/api/endpoints/{one}/replay", {}).status == 404
    assert other.client.get("/api/jobs").json == {"data": [], "next_cursor": None}


def test_bad_requests_change_nothing(stack, organization):
    endpoint = organization.new_endpoint("https://example.com/")
    for body, status, pointer in (({"since": "yesterday"}, 422, "/since"), ({"status": "x"}, 422, "/status"),
                                  ({"x": 1}, 422, "/x"), ("{", 400, None)):
        answer = organization.client.post(f"/api/endpoints/{endpoint['id']}/replay", body)
        assert answer.status == status
        assert [error["pointer"] for error in answer.json.get("errors", [])] == ([pointer] if pointer else [])
    assert organization.client.get("/api/jobs").json["data"] == []
    assert organization.client.get("/api/jobs?kind=replay").status == 400


def test_cancelling_stops_a_job(stack, organization, receiver):
    """It waits for room, and is told."""
    endpoint = organization.new_endpoint(receiver.url("/r"))
    publish_many(organization, 150)
    receiver.wait("/r", 150)
    wait_until(lambda: stack.redis.client.xlen(P + "deliveries") == 0, "all settled")
    release = receiver.hold("/r")
    job = replay(organization, endpoint, status="delivered")
    wait_until(lambda: show(organization, job)["done"] >= 15, "a step")
    answer = organization.client.post(f"/api/jobs/{job}/cancel", None)
    assert answer.status == 200 and answer.json["state"] == "cancelled" and answer.json["finished_at"]
    again = organization.client.post(f"/api/jobs/{job}/cancel", None)
    assert (again.status, again.code) == (409, "job_finished")
    release.set()
    wait_until(lambda: stack.redis.client.xlen(P + "deliveries") == 0, "all settled")
    assert show(organization, job)["done"] == answer.json["done"] < 150


def test_a_disabled_endpoint_fails_the_job(organization):
    endpoint = organization.new_endpoint("https://example.com/", disabled=True)
    found = wait_ended(organization, replay(organization, endpoint), "failed")
    assert found["error"] == "endpoint_disabled"


def test_only_so_many_unfinished_jobs(stack, organization):
    endpoint = organization.new_endpoint("https://example.com/")
    stack.redis.client.sadd(P + "running:" + organization.id, *(f"job_{n}" for n in range(100)))
    answer = organization.client.post(f"/api/endpoints/{endpoint['id']}/replay", {})
    assert (answer.status, answer.code) == (409, "too_many_jobs")


# -- dead letters


@pytest.mark.parametrize("kind", ["redrive", "purge"])
def test_dead_letters_by_a_filter(stack, organization, receiver, kind):
    receiver.script("/bad", 500)
    receiver.script("/other", 500)
    endpoint = organization.new_endpoint(receiver.url("/bad"), retry_schedule=["100ms"])
    organization.new_endpoint(receiver.url("/other"), retry_schedule=["100ms"])
    ids = publish_many(organization, 3, "a") + publish_many(organization, 2, "b")
    wait_until(lambda: letters(stack, organization) == 10, "ten dead letters")
    receiver.script("/bad", 200)
    before = len(receiver.on("/bad"))
    path = "/api/dlq/" + ("replay" if kind == "redrive" else kind)
    answer = organization.client.post(path, {"filter": {"endpoint": endpoint["id"], "type": "a"}})
    assert answer.status == 202, answer.body
    found = wait_ended(organization, answer.json["job"])
    assert found["kind"] == kind and found["parameters"] == {"endpoint": endpoint["id"], "type": "a"}
    assert (found["done"], found["skipped"]) == (3, 0)
    assert letters(stack, organization) == 7
    if kind == "redrive":
        again = receiver.wait("/bad", before + 3)[before:]
        assert {one.event_id for one in again} == set(ids[:3])


# -- kills


def test_a_replay_survives_kills(new_stack):
    """Each is sent again at least once; more than once only what was in flight when a dispatcher was killed."""
    in_flight, count, kills = 50, 2000, 3
    stack = new_stack(lease="1s", dispatcher={"max_in_flight": in_flight}).start()
    organization, receiver = stack.new_organization(), stack.new_receiver()
    endpoint = organization.new_endpoint(receiver.url("/r"))
    ids = publish_many(organization, count)
    receiver.wait_events("/r", ids)
    stack.wait_drained()
    first = Counter(receiver.events("/r"))
    job = replay(organization, endpoint, status="delivered")
    for number in range(1, kills + 1):
        wait_until(lambda: show(organization, job)["done"] >= number * count // (kills + 1), "progress")
        names = ("dispatcher", "processor")  # the one that has something in flight first
        for name in names:
            stack.services[name].kill()
        stack.start(*names, is_waiting=False)
    found = wait_ended(organization, job)
    assert (found["done"], found["skipped"]) == (count, 0)
    stack.wait_drained()
    again = Counter(receiver.events("/r")) - first
    assert set(again) == set(ids), f"{count - len(again)} were not sent again"
    assert sum(again.values()) - count <= kills * in_flight


def test_two_processors_step_the_same_job(new_stack):
    stack = new_stack(processor={"workers": 2}).start()
    organization, receiver = stack.new_organization(), stack.new_receiver()
    endpoint = organization.new_endpoint(receiver.url("/r"))
    ids = publish_many(organization, 600)
    receiver.wait_events("/r", ids)
    stack.wait_drained()
    found = wait_ended(organization, replay(organization, endpoint, status="delivered"))
    stack.wait_drained()
    assert found["done"] == 600
    assert Counter(receiver.events("/r")) == Counter(ids + ids)


def test_a_job_whose_record_is_wrong_holds_up_no_other(stack, organization):
    endpoint = organization.new_endpoint("https://example.com/")
    wrong = make_job(stack, organization, "replay")
    stack.redis.client.delete(P + "job:" + wrong)
    stack.redis.client.set(P + "job:" + wrong, "not a hash")
    strange = make_job(stack, organization, "from_the_future")
    wait_ended(organization, replay(organization, endpoint))
    assert show(organization, strange)["state"] == "running"
    stack.redis.client.delete(P + "job:" + wrong)
    stack.redis.client.zrem(P + "jobs", wrong, strange)


# -- deleting an organization


def dump(redis):
    """Every key but the announcements, and what is in it, as text."""
    read = {"string": redis.get, "hash": redis.hgetall, "stream": redis.xrange, "set": redis.smembers,
            "zset": lambda key: redis.zrange(key, 0, -1, withscores=True)}
    found = {}
    for key in redis.scan_iter(count=1000):
        kind = redis.type(key)
        if key != "mr:config" and kind in read:
            found[key] = read[kind](key)
    return found


def test_deleting_an_organization_leaves_nothing_of_it(new_stack):
    stack = new_stack().start()
    receiver = stack.new_receiver()
    receiver.script("/bad", 500)
    organizations = [stack.new_organization() for _ in range(2)]
    for one in organizations:
        one.new_endpoint(receiver.url("/good"))
        one.new_endpoint(receiver.url("/bad"), retry_schedule=["100ms", "10m"])
        one.publish("now", {"org": one.id}, dedup_id="d")
        one.publish("later", {"org": one.id}, delay="1h")
        one.new_key()
    receiver.wait("/good", 2)
    receiver.wait("/bad", 4)
    wait_until(lambda: stack.redis.client.xlen(P + "deliveries") == 0, "all settled")
    gone, stays = organizations
    redis = stack.redis.client
    before = {key: value for key, value in dump(redis).items() if stays.id in key}
    assert len(before) >= 6
    answer = stack.admin.request("DELETE", "/api/organizations/" + gone.id)
    assert answer.status == 202 and answer.json["job"].startswith("job_")
    wait_until(lambda: not [key for key, value in dump(redis).items() if gone.id in key or gone.id in str(value)],
               "nothing of it", 30)
    assert {key: value for key, value in dump(redis).items() if stays.id in key} == before
    assert gone.client.publish("x").status == 401
    assert stack.admin.request("DELETE", "/api/organizations/" + gone.id).status == 404
    stays.publish("still", {})
    receiver.wait("/good", 3)


def test_deleting_what_is_no_organization(stack, organization):
    for one in ("org_" + "0" * 20, "org_x", "key_" + "0" * 20):
        assert stack.admin.request("DELETE", "/api/organizations/" + one).status == 404
    assert organization.client.request("DELETE", "/api/organizations/" + organization.id).status == 403
