"""What a call costs inside Redis, on an empty one and at a million entries of everything. With -s it prints the table."""
import itertools
import statistics

import pytest

from conftest import redis_server
from store import (ATTEMPTS, ATTEMPT_FIELDS, DELIVERIES, DELIVERY_FIELDS, DLQ, DLQ_FIELDS, DUE, EVENTS, EVENT_FIELDS, FAILING,
                   HISTORY, LANE, ORG, ORG_DLQ, ORG_EVENTS, ORG_LEASES, P, RECORD, TRACE, Store, delivery_entry, endpoint_id, entry_event_id,
                   event_id, new_event, outcome, part)

MILLION = 10**6
LIMIT_US = 1000  # for 100 items
RUNS = 15
TRIES = 5  # of what was too slow
NOW = 1700000000000
PAUSED = endpoint_id(2)
EVENT = dict(dict.fromkeys(EVENT_FIELDS, "x"), org=ORG)
LIMITERS = [("org", 10**6, 10**6), ("key", 10**6, 10**6)]
BODY = '{"type":"order.created","data":"%s"}' % ("x" * 200)

# Many entries per call, made inside Redis. Half of each stream is pending for the very consumer that is measured.
SEED_STREAM = """
local fields = {unpack(ARGV, 2)}
for _ = 1, ARGV[1] do redis.call('XADD', KEYS[1], '*', unpack(fields)) end
"""
SEED_EVENTS = """
local fields = {unpack(ARGV, 2)}
for _ = 1, ARGV[1] do redis.call('XADD', KEYS[2], redis.call('XADD', KEYS[1], '*', unpack(fields)), 'type', 'x') end
"""
SEED_PENDING = "redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', ARGV[3], 'STREAMS', KEYS[1], '>')"
# Members sort before the ids of these tests, which are the youngest.
SEED_ZSET = """
for i = ARGV[1] + 1, ARGV[1] + ARGV[2] do
    redis.call('ZADD', KEYS[1], ARGV[3] == '0' and 0 or string.format('%.0f', ARGV[3] + i), ARGV[4] .. string.format('%020.0f', i))
end
"""
SEED_HASH = "for i = ARGV[1] + 1, ARGV[1] + ARGV[2] do redis.call('HSET', KEYS[1], 'ep_far_' .. i, 1) end"
SEED_KEYS = "for i = ARGV[1] + 1, ARGV[1] + ARGV[2] do redis.call('SET', KEYS[1] .. string.format('%.0f', i), 'x') end"


def fill(r):
    step = MILLION // 100
    streams = [(EVENTS, EVENT_FIELDS, "processor", "p1"), (DELIVERIES, ["delivery", "body"], "dispatcher", "d1"),
               (ATTEMPTS, ATTEMPT_FIELDS, None, None), (DLQ, DLQ_FIELDS, None, None),
               (ORG_DLQ + ORG, ["delivery"], None, None)]
    for stream, names, group, consumer in streams:
        fields = [word for name in names for word in (name, ORG if name == "org" else "x")]
        for _ in range(100):
            if stream == EVENTS:
                r.eval(SEED_EVENTS, 2, stream, ORG_EVENTS + ORG, step, *fields)
            else:
                r.eval(SEED_STREAM, 1, stream, step, *fields)
        for _ in range(50 if group else 0):
            r.eval(SEED_PENDING, 1, stream, group, consumer, step)
    for i in range(100):
        r.eval(SEED_ZSET, 1, DUE, i * step, step, 4000000000000, "dlv_far_")
        r.eval(SEED_ZSET, 1, LANE + PAUSED, i * step, step, NOW, "dlv_far_")
        r.eval(SEED_ZSET, 1, HISTORY + endpoint_id(1), i * step, step, 0, "evt_z")  # of later events
        r.eval(SEED_ZSET, 1, ORG_LEASES + ORG, i * step, step, NOW, "1-")
        r.eval(SEED_HASH, 1, FAILING, i * step, step)
        r.eval(SEED_KEYS, 1, P + "dedup:far:", i * step, step)


class Meter:
    """Prepares calls, then runs them with nothing else in between, so that Redis's own count of microseconds is theirs."""

    def __init__(self, client):
        self.r, self.store = client, Store(client)
        self.oldest = "0-0"
        self.numbers = itertools.count(2 * MILLION)
        self.store.pause(PAUSED)

    def us_per_item(self, prepare, n):
        costs = []
        for call in [prepare(n) for _ in range(RUNS)]:
            self.r.config_resetstat()
            call()
            costs.append(self.r.info("commandstats")["cmdstat_evalsha"]["usec"] / n)
        return statistics.quantiles(costs, n=4)[0]  # others on the machine only ever add to it

    def new_items(self, n):
        return [new_event(data=BODY, dedup="d", fingerprint="a" * 32, dedup_key=f"{P}dedup:{ORG}:{next(self.numbers):032d}")
                for _ in range(n)]

    def publish(self, n):
        items = self.new_items(n)
        return lambda: self.all_are("accepted", [word for word, _ in self.store.publish(items, max_depth=10**9)])

    def publish_limited(self, n):
        """By a key of an organization that both have a limit."""
        items = [dict(item, limiters=(1, 2)) for item in self.new_items(n)]
        return lambda: self.all_are("accepted", [word for word, _ in self.store.publish(items, 10**9, limiters=LIMITERS)[0]])

    def limit(self, n):
        return lambda: self.all_are("allowed", self.store.limit_many(LIMITERS, [(1, 2)] * n)[0])

    # Entries are pending at once for whom they are made, because reading would take a million others first.
    def pend(self, stream, group, consumer, fields, n):
        pipe = self.r.pipeline(transaction=False)
        for _ in range(n):
            pipe.xadd(stream, fields)
        ids = pipe.execute()
        self.r.execute_command("XCLAIM", stream, group, consumer, 0, *ids, "FORCE", "JUSTID")
        return ids

    def events(self, n):
        return self.pend(EVENTS, "processor", "p1", EVENT, n)

    def fanout(self, n):
        parts = [part(entry, event_id(next(self.numbers)), [endpoint_id(1)], body=BODY) for entry in self.events(n)]
        return lambda: self.all_are("done", [word for word, _ in self.store.fanout("p1", parts)[1]])

    def fanout_held(self, n):
        parts = [part(entry, event_id(next(self.numbers)), [PAUSED], body=BODY, gated="1") for entry in self.events(n)]
        return lambda: self.all_are("done", [word for word, _ in self.store.fanout("p1", parts)[1]])

    def deliveries(self, n, endpoint=endpoint_id(1)):
        fields = dict(event="", endpoint=endpoint, org=ORG, attempt="1", snoozes="0", history="", trace=TRACE,
                      request="req_1", body=BODY)
        ids = self.pend(DELIVERIES, "dispatcher", "d1", delivery_entry(fields), n)
        claimed = [(entry, {**fields, "event": event_id(next(self.numbers))}) for entry in ids]
        self.give_records([of["event"] for _, of in claimed], "pending 0", endpoint)
        return claimed

    def give_records(self, events, state, endpoint=endpoint_id(1)):
        pipe = self.r.pipeline(transaction=False)
        for event in events:
            pipe.hset(RECORD + event, endpoint, state)
        pipe.execute()

    def settle(self, n, word="delivered", now=""):
        batch = [outcome(*one, word) for one in self.deliveries(n)]
        return lambda: self.all_are("settled", self.store.settle("d1", batch, now)[1])

    def publish_plain(self, n):
        items = [new_event(data=BODY) for _ in range(n)]
        return lambda: self.all_are("accepted", [word for word, _ in self.store.publish(items, max_depth=10**9)])

    def settle_told(self, n):
        batch = [outcome(*one, "delivered", response="") for one in self.deliveries(n)]
        return lambda: self.all_are("settled", self.store.settle("d1", batch)[1])

    def settle_retry(self, n):
        return self.settle(n, "retry", NOW)

    def settle_dead(self, n):
        return self.settle(n, "dead")

    def settle_hold(self, n):
        batch = [outcome(*one, "hold", duration_ms="", delay_ms="") for one in self.deliveries(n, PAUSED)]
        return lambda: self.all_are("settled", self.store.settle("d1", batch)[1])

    def settle_failing(self, n):
        """Endpoints that fail for long, each another."""
        claimed = self.deliveries(n)
        batch = [outcome(entry, {**fields, "endpoint": f"ep_far_{i + 1}"}, "retry") for i, (entry, fields) in enumerate(claimed)]
        self.r.hset(FAILING, mapping={f"ep_far_{i + 1}": 1 for i in range(n)})
        return lambda: self.all_are("failing", self.store.settle("d1", batch, NOW, 1)[1])

    def settle_scattered(self, n):
        """Every fifth of what the consumer holds."""
        batch = [outcome(*one, "delivered") for one in self.deliveries(5 * n)[::5]]
        return lambda: self.all_are("settled", self.store.settle("d1", batch)[1])

    def refused(self, n):
        batch = [outcome(f"5-{i}", {**dict.fromkeys(DELIVERY_FIELDS, "1")}, "delivered") for i in range(1, n + 1)]
        return lambda: self.all_are("refused", self.store.settle("d1", batch)[1])

    def promote(self, n):
        self.settle_retry(n)()
        return lambda: self.all_are(n, self.store.promote(n, NOW + 10**6)[:1])

    def renew(self, n):
        ids = self.events(n)
        return lambda: self.all_are([], [self.store.renew(EVENTS, "processor", "p1", ids)])

    def reclaim(self, n):
        ids = self.pend(EVENTS, "processor", "p1", EVENT, n)
        self.r.execute_command("XCLAIM", EVENTS, "processor", "p9", 0, *ids, "IDLE", 10**9, "JUSTID")
        return lambda: self.all_are(n // 10, [len(self.store.reclaim(EVENTS, "processor", "p2", 10**8, ids[0], n)[2])])

    def reclaim_nothing(self, n):
        """None of those it looks at is silent."""
        return lambda: self.all_are(0, [len(self.store.reclaim(EVENTS, "processor", "p2", 10**8, "0-0", n)[2])])

    def reap(self, n):
        for _ in range(n):
            self.r.xgroup_createconsumer(DELIVERIES, "dispatcher", f"gone{next(self.numbers)}")
        return lambda: self.all_are(n, [self.store.reap(DELIVERIES, "dispatcher", 0, limit=n)])

    def trim(self, n):
        start = self.oldest
        entries = [entry for entry, _ in self.r.xrange(EVENTS, "(" + start, "+", n)]
        self.oldest = entries[-1]
        self.r.xack(EVENTS, "processor", *entries)
        names = [entry_event_id(entry) for entry in entries]
        self.give_records(names, "delivered 1 200 1700000000000 1-1")
        self.r.zadd(HISTORY + endpoint_id(1), {name[:13]: 0 for name in names})
        return lambda: self.all_are([n, 0, entries[-1]], [self.store.trim(10**14, start, n)])

    def trim_nothing(self, n):
        """All that it looks at is needed still."""
        before = self.r.xinfo_stream(EVENTS)["last-generated-id"]
        entries = self.events(n)
        self.r.xack(EVENTS, "processor", *entries)
        self.r.xgroup_setid(EVENTS, "processor", entries[-1])
        self.give_records([entry_event_id(entry) for entry in entries], "pending 3 503 1700000000000 1-1")
        return lambda: self.all_are([0, n], [self.store.trim(10**14, before, n)[:2]])

    @staticmethod
    def all_are(word, answers):
        assert answers and all(answer == word for answer in answers), answers[:3]


MEASURED = ["publish", "publish_plain", "publish_limited", "limit", "fanout", "fanout_held", "settle", "settle_told", "settle_retry", "settle_failing",
            "settle_dead", "settle_hold", "settle_scattered", "refused", "promote", "renew", "reclaim", "reclaim_nothing", "reap",
            "trim", "trim_nothing"]


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    with redis_server(tmp_path_factory.mktemp("empty")) as client:
        meter = Meter(client)
        meter.events(100 * RUNS)  # for trim
        client.xgroup_setid(EVENTS, "processor", "$")
        yield meter


@pytest.fixture(scope="module")
def crowded(tmp_path_factory):
    with redis_server(tmp_path_factory.mktemp("crowded")) as client:
        meter = Meter(client)
        fill(client)
        yield meter


# An XADD and an HSET, inside Redis: what one such pair costs on a machine at rest, of the class that
# the limits are for. Shared machines are up to twice as slow for minutes; the limits go with them.
PAIR = """
local from = redis.call('TIME')
for i = 1, 1000 do
    redis.call('XADD', KEYS[1], '*', 'org', 'o', 'type', 't', 'data', 'x')
    redis.call('HSET', KEYS[2], 'f' .. i % 50, 'v' .. i)
end
local to = redis.call('TIME')
redis.call('DEL', KEYS[1], KEYS[2])
return (to[1] - from[1]) * 1000000 + to[2] - from[2]
"""
PAIR_AT_REST_US = 1.4


def slowness(client):
    pairs = [client.eval(PAIR, 2, "pair:stream", "pair:hash") / 1000 for _ in range(RUNS)]
    return max(1.0, statistics.quantiles(pairs, n=4)[0] / PAIR_AT_REST_US)


def test_cost_at_a_million_entries(empty, crowded):
    print("\nus per item, batches of 100   empty  at 1 million")
    too_slow = {}
    for name in MEASURED:
        limit = LIMIT_US / 100
        cost = crowded.us_per_item(getattr(crowded, name), 100)
        for _ in range(TRIES):  # another process may have had the core, or its caches, all the time
            if cost < limit:
                break
            before = slowness(empty.r)
            cost = crowded.us_per_item(getattr(crowded, name), 100)
            limit = LIMIT_US / 100 * max(before, slowness(empty.r))
        print(f"{name:28} {empty.us_per_item(getattr(empty, name), 100):6.2f}  {cost:12.2f}")
        if cost >= limit:
            too_slow[name] = cost
    assert too_slow == {}
    r = crowded.r
    assert min(*map(r.xlen, (DELIVERIES, ATTEMPTS, EVENTS, DLQ, ORG_EVENTS + ORG, ORG_DLQ + ORG)), r.hlen(FAILING),
               *map(r.zcard, (DUE, LANE + PAUSED, HISTORY + endpoint_id(1), ORG_LEASES + ORG))) > 0.99 * MILLION, "it was crowded"
    assert r.xpending(EVENTS, "processor")["pending"] > 0.4 * MILLION


def test_a_batch_costs_less_per_item_than_single_calls(empty):
    print("\nus per item     1     10    100    200")
    for name in ("publish", "fanout", "settle"):
        costs = [empty.us_per_item(getattr(empty, name), n) for n in (1, 10, 100, 200)]
        print(f"{name:10}" + "".join(f"{cost:7.2f}" for cost in costs))
        assert costs[2] < costs[0]
