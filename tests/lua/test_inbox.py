"""list_inbox.lua, lease.lua, unlease.lua: an event is one lease's at a time until it is acknowledged."""
import os
import random
from collections import Counter

import pytest
import redis

from inbox_model import InboxModel
from store import EVENTS, ORG, ORG_EVENTS, ORG_LEASES, new_event

STREAM, LEASES = ORG_EVENTS + ORG, ORG_LEASES + ORG
OTHER = "org_" + "9" * 20
NOW = 1700000000000
MINUTE = 60000


def give(store, count=1, **given):
    """count events -> their entries."""
    return [entry for _, entry in store.publish([new_event(**given) for _ in range(count)], max_depth=10**9)]


def entries(items):
    return [item["entry"] for item in items]


def later(store, ms):
    """Redis's time, and so much more."""
    seconds, us = store.r.time()
    return seconds * 1000 + us // 1000 + ms


def consumers(store):
    return {row["name"]: row["pending"] for row in store.r.xinfo_consumers(STREAM, "inbox")}


def wait_processed(store):
    for entry, _ in store.read_events(count=10**6):
        store.r.xack(EVENTS, "processor", entry)


def check_nothing_is_left(store):
    assert store.pending(STREAM, "inbox") == {} and not store.r.exists(LEASES)
    assert set(consumers(store)) <= {"nobody"}


# -- leasing


def test_events_are_leased_once_and_the_oldest_first(store):
    given = give(store, 5, key="k", ce='{"id":"1"}')
    until, first = store.lease("l1", seconds=60, limit=3, now=NOW)
    assert until == NOW + MINUTE and entries(first) == given[:3]
    assert first[0] == {"entry": given[0], "lease_count": 1, "leased_until": str(until), "type": "order.created", "key": "k",
                        "time": "1700000000000", "data": '{"n":1}', "ce": '{"id":"1"}'}
    assert entries(store.lease("l2", now=NOW)[1]) == given[3:]
    assert store.lease("l3", now=NOW)[1] == []
    assert store.pending(STREAM, "inbox") == dict.fromkeys(given[:3], "l1") | dict.fromkeys(given[3:], "l2")
    assert consumers(store) == {"l1": 3, "l2": 2}


def test_a_lease_of_nothing_writes_nothing(store):
    before = store.snapshot()
    assert store.lease("l1")[1] == []
    assert store.snapshot() == before
    give(store)
    store.lease("l1")
    before = store.snapshot()
    assert store.lease("l2")[1] == []
    assert store.snapshot() == before and consumers(store) == {"l1": 1}


def test_what_ran_out_comes_back_before_what_is_new_with_its_count(store):
    given = give(store, 3)
    store.lease("l1", seconds=60, limit=2, now=NOW)
    assert entries(store.lease("l2", now=NOW + MINUTE - 1, limit=0)[1]) == []
    again = store.lease("l3", now=NOW + MINUTE)[1]
    assert entries(again) == given and [item["lease_count"] for item in again] == [2, 2, 1]
    assert consumers(store) == {"l3": 3}, "a lease that has lost all is forgotten"
    assert store.unlease("ack", "l1", *given) == dict.fromkeys(given, "not_held")
    assert store.unlease("ack", "l3") == dict.fromkeys(given, "held")
    check_nothing_is_left(store)


@pytest.mark.parametrize("member", ["data", "ce"])
def test_it_ends_past_so_many_bytes(store, member):
    given = give(store, 4, **{member: "x" * 100})
    assert entries(store.lease("l1", most_bytes=150)[1]) == given[:2]
    assert entries(store.lease("l2", most_bytes=50)[1]) == given[2:3]
    again = later(store, 400000)
    assert entries(store.lease("l3", most_bytes=150, now=again)[1]) == given[:2]


def test_organizations_have_their_own(store):
    ours, theirs = give(store), give(store, org=OTHER)
    assert entries(store.lease("l1")[1]) == ours
    assert entries(store.lease("l1", org=OTHER)[1]) == theirs
    assert store.unlease("ack", "l1", *theirs) == {theirs[0]: "not_held"}
    assert entries(store.list_inbox()[1]) == ours


def test_an_event_for_later_is_leased_when_its_time_has_come(store):
    given, = give(store, after=str(NOW + MINUTE))
    assert store.lease("l1", now=NOW)[1] == []
    assert consumers(store) == {"nobody": 1}
    assert store.lease("l2", now=NOW + MINUTE - 1)[1] == []
    listed, = store.list_inbox(now=NOW)[1]
    assert (listed["entry"], listed["lease_count"], listed["leased_until"]) == (given, 0, "")
    leased, = store.lease("l3", now=NOW + MINUTE)[1]
    assert (leased["entry"], leased["lease_count"]) == (given, 1)


def test_an_event_for_one_endpoint_is_not_the_inboxs(store):
    give(store, to="ep_" + "0" * 20)
    given = give(store)
    assert entries(store.list_inbox()[1]) == given
    assert entries(store.lease("l1")[1]) == given
    assert store.pending(STREAM, "inbox") == {given[0]: "l1"}


def test_what_left_the_log_is_neither_leased_nor_listed(store):
    given = give(store, 4)
    store.lease("l1", limit=2, now=NOW)
    store.r.xdel(EVENTS, given[0], given[2])
    assert entries(store.list_inbox()[1]) == [given[1], given[3]]
    assert entries(store.lease("l2", now=NOW + 10 * MINUTE)[1]) == [given[1], given[3]]
    assert store.pending(STREAM, "inbox") == {given[1]: "l2", given[3]: "l2"}
    assert store.r.zrange(LEASES, 0, -1) == sorted([given[1], given[3]])


def test_a_call_looks_at_so_many_at_most(store):
    give(store, 1100, to="ep_" + "0" * 20)
    given = give(store)
    assert store.lease("l1")[1] == []
    assert entries(store.lease("l2")[1]) == given
    assert consumers(store) == {"l2": 1}


def test_without_its_group_everything_is_unread_again(store):
    given = give(store, 2)
    store.lease("l1", now=NOW)
    store.r.xgroup_destroy(STREAM, "inbox")
    assert entries(store.list_inbox()[1]) == given
    assert store.unlease("ack", "l1", *given) == dict.fromkeys(given, "not_held") and store.unlease("ack", "l1") == {}
    assert entries(store.lease("l2", now=NOW + 10 * MINUTE)[1]) == given
    store.r.delete(STREAM)
    assert store.lease("l3", now=NOW + 20 * MINUTE)[1] == []
    assert not store.r.exists(LEASES)


# -- acknowledging and releasing


@pytest.mark.parametrize("rule", ["ack", "release"])
def test_twice_is_done_once(store, rule):
    given = give(store, 3)
    store.lease("l1")
    assert store.unlease(rule, "l1", given[1]) == {given[1]: "held"}
    before = store.snapshot()
    assert store.unlease(rule, "l1", given[1]) == {given[1]: "not_held"}
    assert store.snapshot() == before
    assert store.unlease(rule, "l1") == {given[0]: "held", given[2]: "held"}
    before = store.snapshot()
    assert store.unlease(rule, "l1") == {}
    assert store.snapshot() == before and "l1" not in consumers(store)


@pytest.mark.parametrize("rule", ["ack", "release"])
def test_what_is_unknown_is_not_held(store, rule):
    assert store.unlease(rule, "l1", "1-1") == {"1-1": "not_held"}
    give(store)
    store.lease("l1")
    before = store.snapshot()
    assert store.unlease(rule, "l2", "1-1") == {"1-1": "not_held"} and store.unlease(rule, "l2") == {}
    assert store.snapshot() == before


def test_an_ack_counts_after_its_time_unless_another_has_it(store):
    given = give(store, 2)
    store.lease("l1", seconds=1, now=NOW)
    store.lease("l2", limit=1, now=NOW + MINUTE)
    assert store.unlease("ack", "l1", *given) == {given[0]: "not_held", given[1]: "held"}
    assert store.unlease("ack", "l2") == {given[0]: "held"}
    check_nothing_is_left(store)


def test_what_is_released_is_free_at_once_and_keeps_its_count(store):
    given = give(store)
    store.lease("l1", now=NOW)
    store.unlease("release", "l1")
    assert store.unlease("ack", "l1", *given) == {given[0]: "not_held"}
    assert [(item["lease_count"], item["leased_until"]) for item in store.list_inbox(now=NOW)[1]] == [(1, "")]
    leased, = store.lease("l2", now=NOW)[1]
    assert leased["lease_count"] == 2 and consumers(store) == {"l2": 1}


def test_another_rule_is_refused(store):
    with pytest.raises(redis.ResponseError, match="ack or release"):
        store.unlease("delete", "l1")


# -- listing


def test_pages_go_through_all_that_is_not_acknowledged(store):
    given = give(store, 10)
    store.lease("l1", limit=4, now=NOW)
    store.unlease("ack", "l1", given[1])
    seen, position, counts = [], "", []
    while position or not seen:
        position, items = store.list_inbox(position, limit=2, now=NOW)
        seen += entries(items)
        counts += [(item["lease_count"], item["leased_until"]) for item in items]
    assert seen == given[:1] + given[2:]
    assert counts == [(1, str(NOW + 5 * MINUTE))] * 3 + [(0, "")] * 6
    assert store.list_inbox(given[-1]) == ("", [])


@pytest.mark.parametrize("member", ["data", "ce"])
def test_a_page_ends_past_so_many_bytes(store, member):
    given = give(store, 5, **{member: "x" * 100})
    position, items = store.list_inbox(most_bytes=150)
    assert entries(items) == given[:2] and position == given[1]
    assert entries(store.list_inbox(position, most_bytes=1)[1]) == given[2:3]


def test_a_whole_page_of_what_is_gone_goes_on(store):
    given = give(store, 5)
    store.r.xdel(EVENTS, *given[:3])
    assert store.list_inbox(limit=2) == (given[1], [])
    assert entries(store.list_inbox(given[1], limit=2)[1]) == given[3:4]


# -- beside trim, and wrong keys


@pytest.mark.parametrize("limit_ms,kept", [(NOW + MINUTE, 1), (NOW + MINUTE + 1, 0)])
def test_trim_passes_over_a_lease_until_it_ran_out_before_the_limit(store, limit_ms, kept):
    store.r.xadd(EVENTS, new_fields(), "5-1")
    store.r.xadd(STREAM, {"type": "a"}, "5-1")
    give(store, org=OTHER)
    wait_processed(store)
    store.lease("l1", seconds=60, now=NOW)
    assert store.trim(limit_ms)[:2] == [1 - kept, kept]
    if kept:
        assert store.unlease("ack", "l1") == {"5-1": "held"}
    assert store.trim(limit_ms)[:2] == [kept, 0]
    check_nothing_is_left(store)
    assert "l1" not in consumers(store) and store.r.xlen(STREAM) == 0


@pytest.mark.parametrize("key", [STREAM, LEASES])
def test_trim_goes_on_over_a_key_that_is_none(store, key):
    give(store)
    store.lease("l1", now=NOW)
    wait_processed(store)
    store.r.set(key, "not what it should be")
    assert store.trim(10**14)[0] == 1


@pytest.mark.parametrize("call,keys", [
    (lambda store: store.lease("l2", now=NOW + 10 * MINUTE), [STREAM, LEASES, EVENTS]),
    (lambda store: store.lease("l2", now=NOW), [STREAM, LEASES, EVENTS]),
    (lambda store: store.list_inbox(), [STREAM, LEASES, EVENTS]),
    (lambda store: store.unlease("ack", "l1"), [STREAM, LEASES]),
    (lambda store: store.unlease("release", "l1"), [STREAM, LEASES]),
], ids=["lease", "lease new", "list", "ack", "release"])
def test_a_wrong_key_writes_nothing(store, call, keys):
    for key in keys:
        store.r.flushdb()
        store.r.xgroup_create(EVENTS, "processor", "0", mkstream=True)
        give(store, 2)
        store.lease("l1", limit=1, now=NOW)
        store.r.set(key, "not what it should be")
        before = store.snapshot()
        with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
            call(store)
        assert store.snapshot() == before


# -- random operations


def new_fields(org=ORG, after=""):
    return dict(org=org, type="a", key="", dedup="", trace="", request="", time="", after=after, to="", data="1")


class World:
    """Time is the test's; so are the entries' ids."""

    def __init__(self, store, seed):
        self.store, self.random, self.model = store, random.Random(seed), InboxModel()
        self.now, self.last, self.names, self.held = NOW, "", 0, {}
        self.acked, self.seen = Counter(), Counter()

    def publish(self):
        for i in range(self.random.randint(1, 6)):
            entry = f"{self.now}-{i}"
            after = self.now + 40000 if self.random.random() < 0.2 else 0
            if entry <= self.last:
                return
            self.store.r.xadd(EVENTS, new_fields(after=after or ""), entry)
            self.store.r.xadd(STREAM, {"type": "a"}, entry)
            self.model.publish(entry, after)
        self.last = f"{self.now}-9"
        self.store.r.xadd(EVENTS, new_fields(OTHER), self.last)
        self.store.r.xadd(ORG_EVENTS + OTHER, {"type": "a"}, self.last)
        wait_processed(self.store)

    def lease(self):
        self.names += 1
        name, limit, seconds = f"l{self.names}", self.random.randint(1, 8), self.random.randint(1, 60)
        until, items = self.store.lease(name, seconds, limit, now=self.now)
        assert [(item["entry"], item["lease_count"]) for item in items] == self.model.lease(name, limit, until, self.now)
        self.held[name] = entries(items)
        self.seen["again"] += sum(item["lease_count"] > 1 for item in items)
        self.seen["leased"] += len(items)

    def unlease(self, rule):
        name = self.random.choice(list(self.held) or ["l0"])
        known = [entry for held in self.held.values() for entry in held]
        mine = self.held.get(name, []) if self.random.random() < 0.8 else known
        some = self.random.sample(mine, self.random.randint(0, min(len(mine), 5)))
        answer = self.store.unlease(rule, name, *some)
        assert answer == self.model.unlease(rule, name, some)
        self.seen.update(f"{rule} {word}" for word in answer.values())
        self.acked.update(entry for entry, word in answer.items() if rule == "ack" and word == "held")

    def ack(self):
        self.unlease("ack")

    def release(self):
        self.unlease("release")

    def trim(self):
        before, count = self.now - self.random.randint(0, 90000), len(self.model.items)
        self.model.trim(before)
        cursor = self.store.trim(before)[2]
        while cursor:
            cursor = self.store.trim(before, cursor)[2]
        self.seen["trimmed"] += count - len(self.model.items)

    def compare(self):
        items = self.model.items.values()
        position, listed = self.store.list_inbox(limit=10**4, now=self.now)
        assert position == "" and self.model.listed(self.now) == [
            (item["entry"], item["lease_count"], item["leased_until"] and int(item["leased_until"])) for item in listed]
        if not self.store.r.exists(STREAM) or not self.store.r.xinfo_groups(STREAM):
            return
        assert self.store.pending(STREAM, "inbox") == {item.entry: item.holder or "nobody" for item in items if item.is_read}
        assert dict(self.store.r.zrange(LEASES, 0, -1, withscores=True)) == {item.entry: item.until for item in items if item.is_read}
        assert set(consumers(self.store)) - {"nobody"} == {item.holder for item in items if item.holder}


MUST_HAPPEN = ["leased", "again", "ack held", "ack not_held", "release held", "release not_held", "trimmed"]


@pytest.mark.parametrize("seed", [int(os.environ.get("MILLRACE_SEED", 1)), random.randrange(10**9)], ids=["known seed", "fresh seed"])
def test_random_operations_agree_with_the_model(store, seed):
    print(f"MILLRACE_SEED={seed}")
    world = World(store, seed)
    operations = {world.publish: 6, world.lease: 10, world.ack: 8, world.release: 3, world.trim: 1}
    for step in range(1500):
        operation, = world.random.choices(list(operations), list(operations.values()))
        world.now += world.random.choice([0, 1, 1000, 10000])
        operation()
        try:
            world.compare()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, step {step}, after {operation.__name__}: {error}") from error
    assert set(world.acked.values()) == {1}
    assert all(world.seen[word] for word in MUST_HAPPEN), world.seen
