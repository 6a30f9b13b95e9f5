"""list_audit.lua: a page of an organization's audit, newest first."""
import random

import pytest
import redis

from store import ORG, P

AUDIT = P + "audit:" + ORG


def fill(store, count, **fields):
    """Two entries to a millisecond. Newest first, as lists show them."""
    entries = []
    for i in range(count):
        entry = {"actor": "a", "action": f"x.{i % 3}", "target": f"t{i % 5}"} | fields
        entries.append((store.r.xadd(AUDIT, entry, id=f"{1000 + i // 2}-{i % 2}"), entry))
    return entries[::-1]


def walk(store, **given):
    pages, position = [], ""
    while position or not pages:
        page = given | ({"first": "(" + position} if position else {})
        position, entries = store.list_audit(AUDIT, **page)
        pages.append(entries)
    return pages


def test_nothing_is_a_page_too(store):
    assert store.list_audit(AUDIT) == ("", [])


def test_the_newest_come_first(store):
    entries = fill(store, 5)
    assert store.list_audit(AUDIT) == ("", entries)
    assert store.list_audit(AUDIT, limit=2) == (entries[1][0], entries[:2])
    assert store.list_audit(AUDIT, limit=4) == (entries[3][0], entries[:4])
    assert store.list_audit(AUDIT, limit=5) == ("", entries)
    assert store.list_audit(AUDIT, first="(" + entries[1][0]) == ("", entries[2:])
    assert store.list_audit(AUDIT, last="1001-0") == ("", entries[:3])


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 199, 200, 201, 450])
@pytest.mark.parametrize("limit", [1, 50, 100, 250])
def test_a_walk_sees_each_once(store, count, limit):
    entries = fill(store, count)
    pages = walk(store, limit=limit)
    assert [entry for page in pages for entry in page] == entries
    assert len(pages) == max(1, -(-count // limit))


@pytest.mark.parametrize("seed", range(20))
def test_filters_against_a_plain_loop(store, seed):
    rng = random.Random(seed)
    entries = fill(store, rng.randrange(0, 400))
    action, target = rng.choice(["", "x.1", "x.9"]), rng.choice(["", "t2", "t9"])
    expected = [entry for entry in entries if action in ("", entry[1]["action"]) and target in ("", entry[1]["target"])]
    pages = walk(store, action=action, target=target, limit=rng.choice([1, 7, 250]), looks=rng.choice([1, 90, 100, 250, 1000]))
    assert [entry for page in pages for entry in page] == expected


def test_looks_are_bounded(store):
    entries = fill(store, 300)
    assert store.list_audit(AUDIT, action="none", looks=250) == (entries[249][0], [])
    assert store.list_audit(AUDIT, action="none", looks=300) == (entries[299][0], [])
    assert store.list_audit(AUDIT, action="none", first="(" + entries[299][0]) == ("", [])


def test_entries_without_the_fields_fit_no_filter(store):
    store.r.xadd(AUDIT, {"other": "x"}, id="1-1")
    assert store.list_audit(AUDIT)[1] == [("1-1", {"other": "x"})]
    assert store.list_audit(AUDIT, action="x") == store.list_audit(AUDIT, target="x") == ("", [])


def test_a_wrong_key_is_an_error(store):
    store.r.set(AUDIT, "x")
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        store.list_audit(AUDIT)


def test_it_writes_nothing_and_costs_the_same_behind_many(store):
    entries = fill(store, 20000)
    before = store.r.xlen(AUDIT)
    store.r.config_resetstat()
    for first in ("+", "(" + entries[19000][0]):
        store.list_audit(AUDIT, first=first)
    stats = store.r.info("commandstats")
    assert stats["cmdstat_xrevrange"]["calls"] == 2 and store.r.xlen(AUDIT) == before
