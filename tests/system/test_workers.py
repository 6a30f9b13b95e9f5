"""Several processes of one service, their ends, and the end of all of them."""
import os
import signal
from collections import Counter

import pytest

import metrics_text
import records
from client import Client
from load import Load
from receiver import Step
from stack import SERVICES
from waiting import wait_until

WORKERS = 2


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def workers(stack, name):
    return wait_until(lambda: len(found := stack.services[name].children()) == WORKERS and found, f"{WORKERS} workers of {name}")


@pytest.fixture
def workers_stack(new_stack):
    stack = new_stack(workers=WORKERS, lease="1s").start()
    for name in SERVICES:
        wait_until(lambda: len(stack.services[name].lines("service.ready")) == WORKERS, f"all workers of {name}")
    return stack


def publish_from_many(organization, count):
    """Over a connection each: the kernel spreads them over the workers."""
    ids = []
    for number in range(count):
        with organization.new_client() as client:
            answer = client.publish("a", number)
            assert answer.status == 202
            ids.append(answer.json["id"])
    return ids


def test_the_metrics_are_those_of_all_workers(workers_stack):
    stack, count = workers_stack, 60
    organization, receiver = stack.new_organization(), stack.new_receiver()
    organization.new_endpoint(receiver.url("/hook"))
    ids = publish_from_many(organization, count)
    receiver.wait_events("/hook", ids)
    stack.wait_drained()
    assert sorted(receiver.events("/hook")) == sorted(ids)
    for name, metric, labels in [("ingest", "millrace_events_total", {"result": "accepted"}),
                                 ("processor", "millrace_events_total", {"result": "processed"}),
                                 ("dispatcher", "millrace_deliveries_total", {"outcome": "delivered"})]:
        for _ in range(10):  # whichever worker answers
            assert metrics_text.value(metrics_text.parse(stack.metrics(name)), metric, **labels) == count


@pytest.mark.parametrize("name", SERVICES)
def test_a_killed_worker_is_started_again(workers_stack, name):
    stack = workers_stack
    organization, receiver = stack.new_organization(), stack.new_receiver()
    receiver.script("/hook", Step(body=b"took"))  # with a text what was settled twice has two entries
    organization.new_endpoint(receiver.url("/hook"))
    with Load(organization) as load:
        for _ in range(3):
            load.wait_accepted(50)
            victim = workers(stack, name)[0]
            os.kill(victim, signal.SIGKILL)
            wait_until(lambda: victim not in stack.services[name].children(), "its end")
            line = stack.services[name].wait_line("worker.died", pid=victim)
            assert (line["signal"], line["level"]) == (9, "error")
            survivors = workers(stack, name)
            assert victim not in survivors
        load.wait_accepted(50)
    assert stack.services[name].is_running()
    receiver.wait_events("/hook", load.ids.values())
    stack.wait_drained()
    assert set(receiver.events("/hook")) == set(load.ids.values())
    stats = records.stats(stack.redis, organization.id)
    assert stats["events"] == stats["deliveries"] == stats["delivered"] == len(load.ids)


@pytest.mark.parametrize("name", SERVICES)
def test_workers_end_with_their_parent(workers_stack, name):
    children = workers(workers_stack, name)
    workers_stack.services[name].kill()
    for pid in children:
        wait_until(lambda: not is_alive(pid), f"the end of worker {pid}")
    workers_stack.start(name)


@pytest.mark.parametrize("name", SERVICES)
def test_a_worker_that_ends_by_itself_is_started_again(workers_stack, name):
    """Asked to end, a worker drains; its parent was not asked."""
    victim = workers(workers_stack, name)[1]
    os.kill(victim, signal.SIGTERM)
    workers_stack.services[name].wait_line("worker.died", pid=victim, signal=0)
    assert victim not in workers(workers_stack, name)


@pytest.mark.parametrize("name", SERVICES)
def test_settings_that_no_worker_can_start_with_end_the_parent(workers_stack, name):
    workers_stack.services[name].stop()
    workers_stack.start(name, is_waiting=False, partitions=2)
    service = workers_stack.services[name]
    service.must_end_well = False
    assert service.wait() == 78
    assert "2" in service.wait_line("store.refused")["reason"]


@pytest.mark.parametrize("worker_count", [1, WORKERS])
def test_all_drain_under_load(new_stack, worker_count):
    """Each service is stopped and started again meanwhile. Not even once is anything delivered twice."""
    stack = new_stack(workers=worker_count).start()
    organization, receiver = stack.new_organization(), stack.new_receiver()
    organization.new_endpoint(receiver.url("/hook"))
    with Load(organization) as load:
        for name in SERVICES * 2:
            load.wait_accepted(50)
            stack.restart(name)
        load.wait_accepted(50)
    receiver.wait_events("/hook", load.ids.values())
    stack.wait_drained()
    assert Counter(receiver.events("/hook")) == Counter(load.ids.values())
    for name in SERVICES:
        stack.services[name].stop()
    for stream, group in (("events", "processor"), ("deliveries", "dispatcher")):
        assert stack.redis.client.xinfo_consumers("mr:{0}:" + stream, group) == [], "names of consumers that are gone"


def test_a_dispatcher_finishes_what_it_has_sent(new_stack):
    stack = new_stack().start()
    organization, receiver = stack.new_organization(), stack.new_receiver()
    endpoint = organization.new_endpoint(receiver.url("/hook"))
    release = receiver.hold("/hook")
    event_id = organization.publish("a")
    receiver.wait("/hook")
    dispatcher = stack.services["dispatcher"]
    dispatcher.send(signal.SIGTERM)
    dispatcher.wait_line("service.draining")
    assert stack.health("dispatcher").status == 503
    assert stack.health("dispatcher", "/health/live").status == 200
    release.set()
    assert dispatcher.wait() == 0
    assert records.record(stack.redis, event_id)[endpoint["id"]].startswith("delivered 1 200 ")


def test_past_the_grace_time_a_dispatcher_leaves_the_rest(new_stack):
    stack = new_stack(lease="1s", dispatcher={"drain_grace": "300ms"}).start()
    organization, receiver = stack.new_organization(), stack.new_receiver()
    organization.new_endpoint(receiver.url("/hook"))
    release = receiver.hold("/hook")
    event_id = organization.publish("a")
    receiver.wait("/hook")
    stack.services["dispatcher"].send(signal.SIGTERM)
    assert stack.services["dispatcher"].wait() == 0
    assert stack.services["dispatcher"].lines("service.grace_passed")
    stack.start("dispatcher")
    assert [one.event_id for one in receiver.wait("/hook", 2)] == [event_id] * 2
    release.set()
    stack.wait_drained()


def test_ingest_answers_what_it_has_taken(new_stack):
    stack = new_stack().start("ingest")
    organization = stack.new_organization()
    stack.redis.pause()
    try:
        with Client(stack.port, organization.key) as client, Client(stack.port) as idle:
            assert idle.get("/health/live").status == 200
            client.connection.request("POST", "/api/events", b'{"type":"a","data":1}', {
                "Authorization": "Bearer " + organization.key, "Content-Type": "application/json"})
            wait_until(lambda: metrics_text.value(metrics_text.parse(stack.metrics("ingest")), "millrace_cache_total",
                                                  cache="keys", result="miss") == 1, "the request")
            stack.services["ingest"].send(signal.SIGTERM)
            stack.services["ingest"].wait_line("service.draining")
            stack.redis.resume()
            answer = client.connection.getresponse()
            assert (answer.status, answer.headers["Connection"]) == (202, "close")
    finally:
        stack.redis.resume()
    assert stack.services["ingest"].wait() == 0
