"""Replays of a long history: through kills, and beside fresh events. The history is written as the programs would have."""
import statistics
import time

import pytest

from sink import Sink
from test_jobs import P, replay, show, wait_ended
from waiting import wait_until

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
HOUR_MS = 3600 * 1000
ALLOWANCE_S = 0.02  # for a build with sanitizers, on a machine that others use, too


def event_id(ms, seq):
    number = ms << 50 | seq << 15
    return "evt_" + "".join(ALPHABET[number >> shift & 31] for shift in range(95, -1, -5))


def write_history(redis, organization, endpoint, count):
    """So many events of an hour ago, all of them delivered."""
    ms = int(time.time() * 1000) - HOUR_MS
    for at in range(0, count, 5000):
        pipe = redis.pipeline(transaction=False)
        for seq in range(at, min(at + 5000, count)):
            event, entry = event_id(ms, seq), f"{ms}-{seq}"
            pipe.xadd(P + "events", {
                "org": organization.id, "type": "old", "key": "", "dedup": "", "trace": "", "request": "req_1",
                "time": str(ms), "after": "", "to": "", "data": f'{{"seq":{seq},"sent":1}}'}, entry)
            pipe.xadd(P + "events:" + organization.id, {"type": "old"}, entry)
            pipe.hset(P + "event:" + event, endpoint["id"], f"delivered 1 200 {ms}")
            pipe.zadd(P + "history:" + endpoint["id"], {event: 0})
        pipe.execute()
    redis.xgroup_create(P + "events", "processor", "$", entries_read=count)


def open_world(new_stack, tmp_path, count, delay_ms=0, **settings):
    stack = new_stack(**settings).start("ingest")
    organization, sink = stack.new_organization(), Sink(tmp_path, count, delay_ms)
    endpoint = organization.new_endpoint(sink.url(), "old")
    write_history(stack.redis.client, organization, endpoint, count)
    stack.start("processor", "dispatcher")
    return stack, organization, sink, endpoint


@pytest.mark.slow
def test_a_hundred_thousand_through_kills(new_stack, tmp_path, capsys):
    """Each at least once; more than once at most what was in flight when a dispatcher was killed."""
    count, kills, in_flight = 100_000, 3, 500
    stack, organization, sink, endpoint = open_world(new_stack, tmp_path, count, delay_ms=10, lease="1s",
                                                     dispatcher={"max_in_flight": in_flight})
    began = time.monotonic()
    job = replay(organization, endpoint, status="delivered")
    for number in range(1, kills + 1):
        wait_until(lambda: show(organization, job)["done"] >= number * count // (kills + 1), "progress", 60)
        names = ("dispatcher", "processor")  # the one that has something in flight first
        for name in names:
            stack.services[name].kill()
        stack.start(*names, is_waiting=False)
    found = wait_ended(organization, job, timeout_s=90)
    wait_until(lambda: sink.counts()["distinct"] == count, "each of them", 30)
    seconds = time.monotonic() - began
    assert (found["done"], found["skipped"]) == (count, 0)
    repeats = sink.counts()["repeats"]
    with capsys.disabled():
        print(f"\n{count} replayed in {seconds:.1f} s, {count / seconds:.0f}/s, through {kills} kills; {repeats} sent twice")
    assert repeats <= kills * in_flight


def percentile(samples, part):
    return sorted(samples)[min(len(samples) - 1, int(len(samples) * part))]


def measure_fresh(organization, receiver, count):
    """Seconds from the post to the webhook, one event at a time."""
    seconds = []
    while len(seconds) < count:
        before, began = len(receiver.on("/fresh")), time.monotonic()
        organization.publish("fresh", {})
        seconds.append(receiver.wait("/fresh", before + 1)[-1].mono - began)
    return seconds


@pytest.mark.slow
def test_fresh_events_do_not_wait_behind_a_replay(new_stack, tmp_path, capsys):
    """Measured in turn, so that what else the machine does meets both alike."""
    count, rounds, samples = 30_000, 5, 150
    stack, organization, sink, endpoint = open_world(new_stack, tmp_path, count)
    receiver = stack.new_receiver()
    organization.new_endpoint(receiver.url("/fresh"), "fresh")
    measure_fresh(organization, receiver, 50)
    alone, beside = [], []
    for _ in range(rounds):
        alone.append(percentile(measure_fresh(organization, receiver, samples), 0.99))
        job, before = replay(organization, endpoint, status="delivered"), sink.counts()["events"]
        wait_until(lambda: sink.counts()["events"] > before + 100, "the replay")
        beside.append(percentile(measure_fresh(organization, receiver, samples), 0.99))
        assert organization.client.post(f"/api/jobs/{job}/cancel", None).status == 200, "it was too short"
        wait_until(lambda: stack.redis.client.xlen(P + "deliveries") == 0, "what it has enqueued")
    with capsys.disabled():
        print(f"\nfresh events, p99, median of {rounds}: {statistics.median(alone) * 1000:.1f} ms alone, "
              f"{statistics.median(beside) * 1000:.1f} ms beside a replay")
    assert statistics.median(beside) <= 2 * statistics.median(alone) + ALLOWANCE_S
