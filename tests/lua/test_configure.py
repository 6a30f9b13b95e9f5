"""configure.lua: one record of the configuration is created, changed or removed, with its place in an index."""
import pytest
import redis

RECORD, INDEX, GONE = "mr:{0}:endpoint:ep_1", "mr:{0}:endpoints:org_1", "mr:{0}:gone:org_1"


def test_create_writes_the_record_and_its_place_in_a_zset(store):
    assert store.configure("create", RECORD, {"url": "https://x", "state": ""}, INDEX, "ep_1") == "written"
    assert store.r.hgetall(RECORD) == {"url": "https://x", "state": ""}
    assert store.r.zrange(INDEX, 0, -1, withscores=True) == [("ep_1", 0)]


def test_create_without_an_index(store):
    assert store.configure("create", RECORD, {"a": "1"}) == "written"
    assert list(store.r.scan_iter("mr:*endpoint*")) == [RECORD]


def test_create_twice_is_refused(store):
    store.configure("create", RECORD, {"a": "1"}, INDEX, "ep_1")
    before = store.snapshot()
    assert store.configure("create", RECORD, {"a": "2", "b": "3"}, INDEX, "ep_2") == "exists"
    assert store.snapshot() == before


def test_change_keeps_other_fields_and_may_run_twice(store):
    store.configure("create", RECORD, {"a": "1", "b": "2"}, INDEX, "ep_1")
    assert store.configure("change", RECORD, {"b": "3", "c": "4"}, INDEX, "ep_1") == "written"
    before = store.snapshot()
    assert store.configure("change", RECORD, {"b": "3", "c": "4"}, INDEX, "ep_1") == "written"
    assert store.snapshot() == before
    assert store.r.hgetall(RECORD) == {"a": "1", "b": "3", "c": "4"}


def test_change_of_nothing_is_refused(store):
    before = store.snapshot()
    assert store.configure("change", RECORD, {"a": "1"}, INDEX, "ep_1") == "absent"
    assert store.snapshot() == before


def test_remove_moves_the_member_to_those_that_are_gone(store):
    store.configure("create", RECORD, {"a": "1"}, INDEX, "ep_1")
    assert store.configure("remove", RECORD, {}, INDEX, "ep_1", GONE) == "written"
    assert not store.r.exists(RECORD, INDEX)
    assert store.r.zrange(GONE, 0, -1, withscores=True) == [("ep_1", 0)]
    before = store.snapshot()
    assert store.configure("remove", RECORD, {}, INDEX, "ep_1", GONE) == "absent"
    assert store.snapshot() == before


def swap(store, field, expected, fields):
    return store.call("configure", [RECORD], ["swap", "", field, expected, *(text for pair in fields.items() for text in pair)])


def test_swap_is_a_change_of_what_stands_there_still(store):
    store.configure("create", RECORD, {"secret": "a", "old": ""})
    assert swap(store, "secret", "a", {"secret": "b", "old": "a"}) == "written"
    assert store.r.hgetall(RECORD) == {"secret": "b", "old": "a"}
    before = store.snapshot()
    assert swap(store, "secret", "a", {"secret": "c", "old": "a"}) == "moved"
    assert swap(store, "other", "", {"secret": "c"}) == "moved"
    assert store.snapshot() == before
    assert swap(store, "secret", "b", {"old": ""}) == "written"
    assert store.r.hgetall(RECORD) == {"secret": "b", "old": ""}


def test_swap_of_nothing_is_refused(store):
    before = store.snapshot()
    assert swap(store, "secret", "", {"secret": "b"}) == "absent"
    assert store.snapshot() == before


def test_once_is_a_change_that_is_made_once(store):
    store.configure("create", RECORD, {"a": "1", "to": ""})
    assert store.configure("once", RECORD, {"to": "x", "a": "2"}) == "written"
    before = store.snapshot()
    assert store.configure("once", RECORD, {"to": "y", "a": "3"}) == "exists"
    assert store.configure("once", RECORD, {"to": "x", "a": "2"}) == "exists"
    assert store.snapshot() == before
    assert store.r.hgetall(RECORD) == {"a": "2", "to": "x"}


def test_once_needs_a_record_and_not_the_field(store):
    before = store.snapshot()
    assert store.configure("once", RECORD, {"to": "x"}) == "absent"
    assert store.snapshot() == before
    store.configure("create", RECORD, {"a": "1"})
    assert store.configure("once", RECORD, {"to": "x"}) == "written"


@pytest.mark.parametrize("args", [["delete", "m", "a", "1"], ["create", "m"], ["create", "m", "a"],
                                  ["remove", "m", "a", "1"], ["change", "m"], ["once", "m"],
                                  ["swap", "m", "a", "1"], ["swap", "m", "a", "1", "b"]])
def test_wrong_arguments_write_nothing(store, args):
    before = store.snapshot()
    with pytest.raises(redis.ResponseError, match="create or change"):
        store.call("configure", [RECORD, INDEX], args)
    assert store.snapshot() == before
