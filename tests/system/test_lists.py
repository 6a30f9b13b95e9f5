"""A walk through a list while others write and remove: what was there throughout is seen exactly once."""
import threading
from collections import Counter

import pytest

import records
from reads import delivery_id
from waiting import wait_until

KEPT, PASSING = 240, 120


class Changes:
    """Threads that go on until the walks are done. The first error of one is the test's."""

    def __init__(self, *works):
        self.is_over = threading.Event()
        self.errors = []
        self.counts = Counter()
        self.threads = [threading.Thread(target=self.run, args=(work,)) for work in works]

    def run(self, work):
        try:
            while not self.is_over.is_set() and work() is not False:
                self.counts[work] += 1
        except Exception as error:
            self.errors.append(error)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        for thread in self.threads:
            thread.join()
        assert self.errors == []


def publish_batch(client, type, count):
    ids = []
    for start in range(0, count, 100):
        answer = client.post("/api/events/batch", [{"type": type, "data": i} for i in range(min(100, count - start))])
        assert answer.status == 202, answer.body
        ids += [result["id"] for result in answer.json["results"]]
    return ids


def publisher(organization, type="more"):
    client = organization.new_client()
    return lambda: publish_batch(client, type, 5)


def remover(ids, remove):
    """One after another, from all over the list."""
    left = list(ids)[::-1]

    def step():
        if not left:
            return False
        remove(left.pop())
        return True
    return step


def walk_often(organization, path, kept, limits=(7, 23, 50), **given):
    for limit in limits:
        seen = Counter(one["id"] for one in organization.client.walk(path, limit=limit, **given))
        assert [id for id in kept if seen[id] != 1] == [], "each that was there throughout, once"
        assert [id for id, count in seen.items() if count > 1] == [], "and none twice"


def interleaved(ids):
    """-> those that stay, those that go: every third"""
    return [id for i, id in enumerate(ids) if i % 3], ids[::3]


def is_quiet(organization, path, count, **given):
    found = list(organization.client.walk(path, limit=250, **given))
    return len(found) == count


def test_events(stack, organization):
    kept, passing = interleaved(publish_batch(organization.client, "t", KEPT + PASSING))
    wait_until(lambda: is_quiet(organization, "/api/events", KEPT + PASSING), "the events")

    def remove(id):
        """As the retention does."""
        entry = records.entry_id(id)
        stack.redis.client.xdel(records.PREFIX + "events:" + organization.id, entry)
        stack.redis.client.xdel(records.PREFIX + "events", entry)
    # Only what is processed may go.
    wait_until(lambda: all(one["status"] == "skipped" for one in organization.client.walk("/api/events", limit=250)), "processing")
    with Changes(publisher(organization), remover(passing, remove)) as changes:
        walk_often(organization, "/api/events", kept)
        walk_often(organization, "/api/events", kept, type="t")
    assert sum(changes.counts.values()) > 20


@pytest.mark.parametrize("by", ["all", "endpoint", "status"])
def test_deliveries(stack, organization, receiver, by):
    endpoints = [organization.new_endpoint(receiver.url("/hook"), "t")["id"] for _ in range(2)]
    events = publish_batch(organization.client, "t", (KEPT + PASSING) // 4)
    wait_until(lambda: is_quiet(organization, "/api/deliveries", 2 * len(events), status="delivered"), "the deliveries")
    kept, passing = interleaved(events)
    given = {"all": {}, "endpoint": {"endpoint": endpoints[0]}, "status": {"status": "delivered"}}[by]
    wanted = [delivery_id(event, endpoint) for event in kept for endpoint in endpoints if given.get("endpoint") in (None, endpoint)]

    def remove(event):
        client = stack.redis.client
        client.xdel(records.PREFIX + "events:" + organization.id, records.entry_id(event))
        client.delete(records.PREFIX + "event:" + event)
        for endpoint in endpoints:
            client.zrem(records.PREFIX + "history:" + endpoint, event)
    with Changes(publisher(organization, "t"), remover(passing, remove)):
        walk_often(organization, "/api/deliveries", wanted, **given)


def test_dead_letters(organization, receiver):
    receiver.script("/hook", 500)
    endpoint = organization.new_endpoint(receiver.url("/hook"), "t", retry_schedule=["100ms"])["id"]
    ids = [delivery_id(event, endpoint) for event in publish_batch(organization.client, "t", 120)]
    wait_until(lambda: is_quiet(organization, "/api/dlq", len(ids)), "the letters", timeout_s=60)
    kept, passing = interleaved(ids)
    client = organization.new_client()

    def remove(id):
        answer = client.post("/api/dlq/purge", {"ids": [id]})
        assert answer.json["purged"] == 1, answer.body
    with Changes(publisher(organization, "t"), remover(passing, remove)):
        walk_often(organization, "/api/dlq", kept, (3, 11, 50))
