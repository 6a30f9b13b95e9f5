"""list_letters.lua and purge_letters.lua: an organization's dead letters."""
import pytest
import redis

from reads import NOW, OTHER, fan_out, give_endpoints, publish, settle, walk
from store import (DLQ, DLQ_FIELDS, EVENTS, JOB, ORG, ORG_DLQ, ORG_EVENTS, ORG_LETTERS, RECORD, delivery_id, endpoint_id,
                   event_id, job_id)

FUTURE = 10**14


def ids(rows):
    return [row[0] for row in rows]


def fields_of(row):
    return dict(zip(row[2][::2], row[2][1::2]))


def bury(store, count=1, endpoints=1, type="order.created", error="exhausted timeout", org=ORG, **given):
    """-> pairs of event and endpoint, oldest letter first"""
    give_endpoints(store, endpoints, org)
    publish(store, count, type=type, org=org)
    fan_out(store, endpoints, org)
    settle(store, "dead", error=error, **given)
    letters = store.r.xrange(DLQ)[-count * endpoints:]
    return [(fields["event"], fields["endpoint"]) for _, fields in letters]


def test_newest_first_with_all_that_is_known(store):
    pairs = bury(store, 2)
    after, rows = store.list_letters()
    assert after == "" and ids(rows) == [id for id, _ in store.r.xrevrange(DLQ)]
    assert [(fields_of(row)["event"], fields_of(row)["endpoint"]) for row in rows] == pairs[::-1]
    assert list(fields_of(rows[0])) == DLQ_FIELDS and rows[0][1] == "order.created"


@pytest.mark.parametrize("limit", [1, 2, 7, 150, 200, 250])
def test_pages_have_all_once(store, limit):
    bury(store, 200)
    rows, sizes = walk(store.list_letters, limit)
    assert ids(rows) == [id for id, _ in store.r.xrevrange(DLQ)]
    assert sizes == [limit] * (200 // limit) + [200 % limit] * (200 % limit > 0)


def test_filters(store):
    bury(store, 2, endpoints=2, type="a", error="gone")
    bury(store, 1, endpoints=1, type="b", error="exhausted timeout")
    letters = [id for id, _ in store.r.xrevrange(DLQ)]
    find = lambda **given: ids(store.list_letters(**given)[1])
    assert find(endpoint=endpoint_id(1)) == [letters[0], letters[2], letters[4]]
    assert find(endpoint=endpoint_id(7)) == find(type="c") == find(reason="timeout") == []
    assert find(type="a") == find(reason="gone") == letters[1:] and find(type="b") == find(reason="exhausted") == letters[:1]
    assert find(type="a", endpoint=endpoint_id(2), reason="gone") == [letters[1], letters[3]]


def test_since_is_in_and_until_is_not(store):
    (event, endpoint), = bury(store)
    _, letter = store.r.xrange(DLQ)[0]
    store.r.delete(DLQ, ORG_DLQ + ORG)
    for ms in (1000, 2000, 3000):
        store.r.xadd(DLQ, letter, f"{ms}-1")
        store.r.xadd(ORG_DLQ + ORG, {"delivery": delivery_id(event, endpoint)}, f"{ms}-1")
    find = lambda **given: ids(store.list_letters(**given)[1])
    assert find(since=2000) == ["3000-1", "2000-1"] and find(until=2000) == ["1000-1"]
    assert find(since=2000, until=3000) == ["2000-1"] and find(since=3001) == []


def test_only_its_own(store):
    bury(store)
    assert store.list_letters(org=OTHER) == ["", []]


def test_a_letter_whose_event_is_gone(store):
    bury(store)
    store.r.delete(ORG_EVENTS + ORG)
    assert [row[1] for row in store.list_letters()[1]] == [""]
    assert store.list_letters(type="order.created")[1] == []


def test_a_place_without_its_letter(store):
    bury(store, 3)
    middle = store.r.xrange(DLQ)[1][0]
    store.r.xdel(DLQ, middle)
    assert ids(store.list_letters()[1]) == [id for id, _ in store.r.xrevrange(DLQ)]


def test_a_call_looks_at_250_letters_and_a_mebibyte(store):
    bury(store, 1, error="rare")
    for _ in range(3):
        bury(store, 100)
    after, rows = store.list_letters(reason="rare")
    assert rows == [] and after != ""
    assert len(store.list_letters(reason="rare", after=after)[1]) == 1
    store.r.flushall()
    store.__init__(store.r)
    bury(store, 5, response="x" * 400000)
    assert walk(store.list_letters, 50)[1] == [3, 2]


def test_purged_letters_are_gone_and_their_deliveries_stay_dead(store):
    pairs = bury(store, 3)
    letters = [id for id, _ in store.r.xrange(DLQ)]
    states = [store.r.hget(RECORD + event, endpoint) for event, endpoint in pairs]
    assert store.purge_letters(pairs[:2]) == ["purged", "purged"]
    assert [id for id, _ in store.r.xrange(DLQ)] == [id for id, _ in store.r.xrange(ORG_DLQ + ORG)] == letters[2:]
    assert [store.r.hget(RECORD + event, endpoint) for event, endpoint in pairs] == \
        [states[0].replace(letters[0], "-", 1), states[1].replace(letters[1], "-", 1), states[2]]
    assert store.replay(pairs[:1], now=NOW) == ["ready"], "by its own id it may be sent again"


def test_twice_purges_once(store):
    pair, = bury(store)
    assert store.purge_letters([pair, pair]) == ["purged", "absent"]
    before = store.snapshot()
    assert store.purge_letters([pair]) == ["absent"] and store.snapshot() == before


def test_what_has_no_letter_of_this_organization(store):
    dead, = bury(store)
    publish(store)
    pending = fan_out(store)[0], endpoint_id(1)
    before = store.snapshot()
    assert store.purge_letters([dead], org=OTHER) == ["absent"]
    assert store.purge_letters([pending, (event_id(9), endpoint_id(1)), (dead[0], endpoint_id(9))]) == ["absent"] * 3
    assert store.snapshot() == before
    store.r.xdel(DLQ, store.r.xrange(DLQ)[0][0])
    assert store.purge_letters([dead]) == ["absent"], "the retention was first"


def outlive(store, count=1, endpoints=1):
    """Letters whose events are gone -> pairs of event and endpoint, oldest letter first"""
    pairs = bury(store, count, endpoints)
    cursor = None
    while cursor != "":
        cursor = store.trim(FUTURE, cursor or "")[2]
    assert store.r.xlen(EVENTS) == 0 and list(store.r.scan_iter(RECORD + "*")) == []
    return pairs


@pytest.mark.parametrize("count, endpoints", [(1, 1), (3, 2), (1, 900), (100, 45)])
def test_a_letter_that_outlived_its_event_is_found(store, count, endpoints):
    pairs = outlive(store, count, endpoints)
    letters = [id for id, _ in store.r.xrange(DLQ)]
    for pair, letter in zip(pairs, letters):
        type, state, (id, fields), made = store.find_delivery(*pair)
        assert (type, state, id, made) == ("", "", letter, []) and fields[fields.index("event") + 1] == pair[0]
    assert store.find_delivery(*pairs[0], org=OTHER) == store.find_delivery(pairs[0][0], endpoint_id(9999)) == []
    assert store.r.hlen(ORG_LETTERS + ORG) == len(pairs) == count * endpoints


def test_only_letters_get_a_place(store):
    purged, = bury(store)
    store.purge_letters([purged])
    publish(store)
    fan_out(store)
    settle(store, "delivered")
    store.trim(FUTURE)
    assert store.r.xlen(EVENTS) == 0 and store.r.exists(ORG_LETTERS + ORG) == 0


def test_it_is_purged_by_its_id(store):
    first, second = outlive(store, 2)
    before = store.snapshot()
    assert store.purge_letters([first, second], org=OTHER) == ["absent", "absent"] and store.snapshot() == before
    assert store.purge_letters([first, first]) == ["purged", "absent"]
    assert store.r.xlen(DLQ) == store.r.xlen(ORG_DLQ + ORG) == store.r.hlen(ORG_LETTERS + ORG) == 1
    assert store.find_delivery(*first) == [] and store.find_delivery(*second) != []
    assert list(store.r.scan_iter(RECORD + "*")) == []


@pytest.mark.parametrize("only", ["dead", "any"])
def test_it_cannot_be_replayed_and_says_why(store, only):
    pair, = outlive(store)
    before = store.snapshot()
    assert store.replay([pair, (pair[0], endpoint_id(9))], only=only) == ["outlived", "absent"]
    assert store.replay([pair], only=only, org=OTHER) == ["absent"]
    assert store.snapshot() == before


def test_its_place_goes_with_it(store):
    outlive(store, 2)
    outlive(store, 1)
    assert store.trim_letters(FUTURE, limit=2) == 2 and store.r.hlen(ORG_LETTERS + ORG) == 1
    store.job_create(1, "purge", {"endpoint": "", "type": "", "reason": "", "since_ms": "", "until_ms": FUTURE})
    store.r.hset(JOB + job_id(1), "created_at", FUTURE)
    assert store.step("purge", 1)[0] == "done"
    assert store.r.xlen(DLQ) == 0 and store.r.exists(ORG_LETTERS + ORG) == 0


def test_places_of_another_type(store):
    store.r.set(ORG_LETTERS + ORG, "another type")
    pair, = outlive(store)
    assert store.find_delivery(*pair) == [] and store.replay([pair]) == store.purge_letters([pair]) == ["absent"]
    assert store.trim_letters(FUTURE) == 1


def test_keys_of_another_type(store):
    first, second = bury(store, 2)
    store.r.delete(RECORD + first[0])
    store.r.set(RECORD + first[0], "another type")
    assert store.purge_letters([first, second]) == ["absent", "purged"]
    store.r.delete(ORG_DLQ + ORG)
    store.r.set(ORG_DLQ + ORG, "another type")
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        store.list_letters()
    store.r.delete(DLQ)
    store.r.set(DLQ, "another type")
    before = store.snapshot()
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        store.purge_letters([second])
    assert store.snapshot() == before


def test_arguments_that_are_missing_and_an_empty_redis(store):
    with pytest.raises(redis.ResponseError, match="two arguments"):
        store.call("purge_letters", [DLQ, RECORD, ORG_DLQ, ORG_LETTERS], [ORG, event_id(1)])
    store.r.flushall()
    assert store.list_letters() == ["", []] and store.purge_letters([(event_id(1), endpoint_id(1))]) == ["absent"]
    assert store.snapshot() == {}
