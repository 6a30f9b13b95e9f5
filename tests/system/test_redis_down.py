"""Redis away, late, full, emptied or closed: the services wait, say so, and go on by themselves."""
import contextlib
import http.client
import re
import time
from collections import Counter

import pytest

import records
from client import Client
from load import Load
from receiver import Step
from redis_server import DURABLE
from stack import ADMIN_TOKEN, SERVICES
from waiting import wait_until

EVENT = {"type": "a", "data": 1}


def assert_unavailable(answer, code="store_unavailable"):
    assert (answer.status, answer.code) == (503, code)
    assert re.fullmatch(r"[1-9]\d*", answer.headers["Retry-After"])


def assert_works(stack):
    """From a new organization to a webhook."""
    organization, receiver = stack.new_organization(), stack.new_receiver()
    organization.new_endpoint(receiver.url("/hook"))
    event_id = organization.publish("a")
    assert receiver.wait("/hook")[0].event_id == event_id


# -- not there


def test_services_wait_for_redis(new_redis, new_stack):
    redis = new_redis(is_started=False)
    stack = new_stack(redis=redis).start(is_waiting=False)
    for name in SERVICES:
        wait_until(lambda: stack.health(name, "/health/live"), f"{name} being live")
        wait_until(lambda: stack.services[name].lines("redis.down"), f"{name} saying why it waits")
        ready = stack.health(name)
        assert (ready.status, ready.json["status"]) == (503, "not_ready")
        check = next(check for check in ready.json["checks"] if check["name"] == "redis")
        assert not check["ok"] and check["detail"]
        assert stack.health(name, "/metrics").status == 200
    with Client(stack.port, ADMIN_TOKEN) as client:
        assert_unavailable(client.post("/api/events", EVENT))
        assert_unavailable(client.post("/api/organizations", {"name": "o"}))
        assert client.get("/health/live").status == 200
        assert client.get("/health/ready").status == 503
        assert client.get("/api/nothing").status == 404
    redis.start()
    stack.wait_ready()
    assert_works(stack)


def test_services_that_wait_end_at_once(new_redis, new_stack):
    stack = new_stack(redis=new_redis(is_started=False)).start(is_waiting=False)
    for name in SERVICES:
        stack.services[name].wait_line("redis.down")
        stack.services[name].stop()


def lose_redis(stack, rounds):
    organization, receiver = stack.new_organization(), stack.new_receiver()
    receiver.script("/hook", Step(body=b"took"))  # with a text what was settled twice has two entries
    organization.new_endpoint(receiver.url("/hook"))
    with Load(organization) as load:
        for _ in range(rounds):
            load.wait_accepted(100)
            stack.redis.kill()
            load.wait_refused(20)
            assert stack.health("ingest", "/health/live").status == 200
            stack.wait_not_ready()
            stack.redis.start()
            stack.wait_ready()
        load.wait_accepted(100)
    for answer in load.refusals:
        assert_unavailable(answer, "outcome_unknown" if answer.code == "outcome_unknown" else "store_unavailable")
    receiver.wait_events("/hook", load.ids.values())
    stack.wait_drained()
    got = Counter(receiver.events("/hook"))
    assert set(got) == set(load.ids.values()), "nothing lost, nothing that was never accepted"
    assert len(set(load.ids.values())) == len(load.ids)
    # Only what was on its way when Redis went can come twice.
    assert sum(got.values()) - len(got) <= rounds * 100
    delivered = records.stats(stack.redis, organization.id)
    assert delivered["events"] == delivered["deliveries"] == delivered["delivered"] == len(got)
    for service in stack.services.values():
        assert service.is_running() and not service.lines("service.draining")


def test_redis_is_killed_under_load(new_stack):
    lose_redis(new_stack(lease="1s").start(), rounds=2)


@pytest.mark.slow
def test_redis_is_killed_again_and_again_under_load(new_stack):
    lose_redis(new_stack(lease="1s").start(), rounds=10)


def test_what_was_under_way_is_kept(new_stack):
    """Attempts whose outcome cannot be written are settled once Redis is back; nothing is sent twice."""
    stack = new_stack().start()
    organization, receiver = stack.new_organization(), stack.new_receiver()
    endpoint = organization.new_endpoint(receiver.url("/hook"))
    release = receiver.hold("/hook")
    ids = [organization.publish("a", n) for n in range(20)]
    receiver.wait("/hook", 20)
    stack.redis.kill()
    stack.wait_not_ready("dispatcher")
    release.set()
    for event_id in ids:
        stack.services["dispatcher"].wait_line("delivery.delivered", event=event_id)
    stack.redis.start()
    stack.wait_drained()
    assert sorted(receiver.events("/hook")) == sorted(ids)
    for event_id in ids:
        assert records.record(stack.redis, event_id)[endpoint["id"]].startswith("delivered 1 200 ")


# -- there, but not as it should be


@pytest.mark.parametrize("options, advice", [
    (("--appendonly", "yes", "--appendfsync", "everysec"), "appendfsync always"),
    (("--appendonly", "yes", "--appendfsync", "no"), "appendfsync always"),
    (("--appendonly", "no", "--appendfsync", "always"), "appendonly yes"),
    ((*DURABLE, "--no-appendfsync-on-rewrite", "yes"), "no-appendfsync-on-rewrite no"),
], ids=lambda value: value if isinstance(value, str) else None)
def test_an_accept_says_what_it_stands_for(new_redis, new_stack, options, advice):
    stack = new_stack(redis=new_redis(options=options)).start("ingest")
    version = tuple(int(part) for part in stack.redis.client.info()["redis_version"].split(".")[:2])
    is_kept = "everysec" in options and version >= (7, 2)
    answer = stack.new_organization().client.publish("a")
    assert (answer.status, answer.json["durability"]) == (202, "fsync" if is_kept else "relaxed")
    warnings = stack.services["ingest"].lines("store.warning")
    assert len(warnings) == (0 if is_kept else 1)
    assert is_kept or (warnings[0]["level"] == "warn" and advice in warnings[0]["reason"])


def durability_of(organization):
    answer = organization.client.publish("a")
    assert answer.status == 202
    return answer.json["durability"]


@pytest.mark.slow
def test_an_accept_says_less_soon_after_redis_promises_less(new_stack):
    stack = new_stack().start("ingest")
    organization = stack.new_organization()
    assert durability_of(organization) == "fsync"
    stack.redis.client.config_set("appendonly", "no")
    changed_at = time.monotonic()
    wait_until(lambda: durability_of(organization) == "relaxed", "the lower level")
    assert time.monotonic() - changed_at < 8
    for _ in range(20):
        assert durability_of(organization) == "relaxed"


def test_after_a_restart_an_accept_never_says_too_much(new_redis, new_stack):
    """Redis comes back with other settings: not one answer is of before."""
    redis = new_redis()
    stack = new_stack(redis=redis).start("ingest")
    organization = stack.new_organization()
    with Load(organization) as load:
        load.wait_accepted(20)
        redis.kill()
        redis.options = ("--appendonly", "yes", "--appendfsync", "no")
        redis.start()
        restarted_at, levels = time.monotonic(), set()
        while time.monotonic() - restarted_at < 3:
            with contextlib.suppress(OSError, http.client.HTTPException):
                answer = organization.client.publish("a")
                if answer.status == 202:
                    levels.add(answer.json["durability"])
        assert levels == {"relaxed"}


def test_what_was_read_is_known_after_a_rewrite_of_the_log(new_stack):
    """Redis 7.0 forgets it; by the lag that is left it would refuse events one day."""
    stack = new_stack(lease="1s").start()
    organization, receiver = stack.new_organization(), stack.new_receiver()
    organization.new_endpoint(receiver.url("/hook"))
    ids = [organization.publish("a") for _ in range(5)]
    stack.wait_drained()
    client = stack.redis.client
    client.bgrewriteaof()
    wait_until(lambda: client.info("persistence")["aof_base_size"] > 1000, "a rewritten log")
    ids += [organization.publish("a") for _ in range(20)]
    receiver.wait_events("/hook", ids)
    stack.wait_drained()
    stack.redis.kill()
    stack.redis.start()
    stack.wait_ready()
    stack.wait_drained()
    assert all(group["lag"] == 0 for name in ("events", "deliveries") for group in stack.redis.client.xinfo_groups("mr:{0}:" + name))


def test_scripts_are_loaded_again(new_stack):
    stack = new_stack().start()
    organization, receiver = stack.new_organization(), stack.new_receiver()
    organization.new_endpoint(receiver.url("/hook"), retry_schedule=["100ms"] * 32)
    receiver.script("/hook", *([503] + [200] * 9) * 32)  # one delivery may meet all of the 503
    with Load(organization) as load:
        for _ in range(10):
            load.wait_accepted(30)
            stack.redis.client.script_flush()
    assert set(load.statuses) == {202}
    receiver.wait_events("/hook", load.ids.values())
    stack.wait_drained()
    stats = records.stats(stack.redis, organization.id)
    assert stats["events"] == stats["delivered"] == len(load.ids)
    assert stats["delivered"] + stats["retried"] == len(receiver.events("/hook"))


def test_a_full_redis_drains(new_stack):
    stack = new_stack().start()
    organization, receiver = stack.new_organization(), stack.new_receiver()
    organization.new_endpoint(receiver.url("/hook"))
    release = receiver.hold("/hook")
    client = stack.redis.client
    client.config_set("maxmemory", client.info("memory")["used_memory"] + 2 * 1024 * 1024)
    ids, data = [], "x" * 20_000
    while (answer := organization.client.publish("a", data)).status == 202:
        ids.append(answer.json["id"])
        assert len(ids) < 10_000
    assert_unavailable(answer)
    assert len(ids) > 10
    release.set()
    receiver.wait_events("/hook", ids)
    stack.wait_drained()
    assert sorted(receiver.events("/hook")) == sorted(ids)
    client.config_set("maxmemory", 0)
    wait_until(lambda: organization.client.publish("a").status == 202, "room")
    assert all(service.is_running() for service in stack.services.values())


def test_a_full_backlog_drains(new_stack):
    stack = new_stack(ingest={"max_depth": 10}).start()
    organization, receiver = stack.new_organization(), stack.new_receiver()
    organization.new_endpoint(receiver.url("/hook"))
    release = receiver.hold("/hook")
    ids = [organization.publish("a", n, dedup_id=str(n)) for n in range(10)]
    assert_unavailable(organization.client.publish("a", 10), "backlog_full")
    repeat = organization.client.publish("a", 3, dedup_id="3")
    assert (repeat.status, repeat.json["id"]) == (200, ids[3])
    batch = organization.client.post("/api/events/batch", [EVENT, {"type": "a", "data": 4, "dedup_id": "4"}])
    assert (batch.status, batch.json["accepted"], batch.json["duplicates"], batch.json["rejected"]) == (202, 0, 1, 1)
    assert batch.json["results"][0]["error"]["code"] == "backlog_full"
    assert_unavailable(organization.client.post("/api/events/batch", [EVENT, EVENT]), "backlog_full")
    release.set()
    receiver.wait_events("/hook", ids)
    stack.wait_drained()
    assert organization.client.publish("a", 10).status == 202


def test_a_wrong_password(new_redis, new_stack):
    redis = new_redis(password="right-password")
    url = redis.url("wrong-password")
    stack = new_stack(redis=redis, redis_url=url).start(is_waiting=False)
    for name in SERVICES:
        wait_until(lambda: "WRONGPASS" in stack.services[name].text(), f"{name} saying why it waits")
        assert stack.health(name, "/health/live").status == 200
        assert stack.health(name).status == 503
        assert "wrong-password" not in stack.services[name].text()
    with Client(stack.port, ADMIN_TOKEN) as client:
        assert_unavailable(client.post("/api/organizations", {"name": "o"}))
    redis.client.config_set("requirepass", "wrong-password")
    redis.client = redis.client_with("wrong-password")
    stack.wait_ready()
    assert_works(stack)


def test_an_emptied_redis(new_stack):
    """What was known is forgotten; groups are made again, and what comes later is delivered."""
    stack = new_stack().start()
    organization = stack.new_organization()
    assert organization.client.publish("a").status == 202
    assert_works(stack)
    stack.redis.client.flushall()
    wait_until(lambda: organization.client.publish("a").status == 401, "the old key being refused")
    stack.wait_ready()
    assert_works(stack)
    groups = {stream: [group["name"] for group in stack.redis.client.xinfo_groups("mr:{0}:" + stream)]
              for stream in ("events", "deliveries")}
    assert groups == {"events": ["processor"], "deliveries": ["dispatcher"]}


@pytest.mark.slow
def test_a_lost_group_starts_at_the_beginning(new_stack):
    """Without its group nobody knows what was processed: events come again rather than never."""
    stack = new_stack().start()
    organization, receiver = stack.new_organization(), stack.new_receiver()
    organization.new_endpoint(receiver.url("/hook"))
    release = receiver.hold("/hook")
    ids = [organization.publish("a", n) for n in range(5)]
    receiver.wait("/hook", 5)
    stack.redis.client.xgroup_destroy("mr:{0}:deliveries", "dispatcher")
    ids += [organization.publish("a", n) for n in range(5)]
    release.set()
    receiver.wait_events("/hook", ids)
    stack.wait_drained()
