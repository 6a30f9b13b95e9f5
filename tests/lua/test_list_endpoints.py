"""list_endpoints.lua: the endpoints of an organization, newest first, a page."""
import pytest
import redis

from store import ENDPOINT, FAILING, ORG, ORG_ENDPOINTS, endpoint_id


def put(store, *numbers, org=ORG, **fields):
    for number in numbers:
        id = endpoint_id(number)
        store.r.hset(ENDPOINT + id, mapping={"id": id, "org": org, **fields})
        store.r.zadd(ORG_ENDPOINTS + org, {id: 0})


def ids(rows):
    return [int(fields["id"][3:]) for fields, _ in rows]


def test_newest_first_with_all_that_is_known(store):
    put(store, 1, 3, 2, url="https://x")
    put(store, 4, org="org_other")
    store.r.hset(FAILING, endpoint_id(2), "1700000000000")
    position, rows = store.list_endpoints()
    assert position == "" and ids(rows) == [3, 2, 1]
    assert rows[1] == ({"id": endpoint_id(2), "org": ORG, "url": "https://x"}, "1700000000000")
    assert rows[0][1] == rows[2][1] == ""


def test_nothing(store):
    assert store.list_endpoints() == ("", [])


@pytest.mark.parametrize("limit", [1, 2, 3, 9, 10, 11])
def test_pages_are_the_whole_each_once(store, limit):
    put(store, *range(1, 11))
    seen, position = [], ""
    while True:
        position, rows = store.list_endpoints(position, limit)
        assert len(rows) <= limit and (not position or rows)
        seen += ids(rows)
        if not position:
            break
    assert seen == list(range(10, 0, -1))


def test_what_comes_and_goes_during_a_walk_moves_nothing_else(store):
    put(store, *range(10, 20))
    position, rows = store.list_endpoints("", 5)
    put(store, 20, 21)
    for number in (15, 14):  # the position itself, and one to come
        store.r.delete(ENDPOINT + endpoint_id(number))
        store.r.zrem(ORG_ENDPOINTS + ORG, endpoint_id(number))
    assert ids(rows) == [19, 18, 17, 16, 15]
    assert ids(store.list_endpoints(position, 50)[1]) == [13, 12, 11, 10]


def test_what_is_no_record_is_left_out(store):
    put(store, 1, 2, 3, 4)
    store.r.delete(ENDPOINT + endpoint_id(4), ENDPOINT + endpoint_id(2))
    store.r.set(ENDPOINT + endpoint_id(2), "text")
    store.r.set(FAILING, "text")
    position, rows = store.list_endpoints("", 2)
    assert ids(rows) == [3] and position == endpoint_id(3)
    assert ids(store.list_endpoints(position, 2)[1]) == [1]


def test_a_page_ends_at_a_mebibyte(store):
    put(store, *range(1, 51), headers="x" * 64000)
    position, rows = store.list_endpoints("", 250)
    assert 16 <= len(rows) <= 18 and position == endpoint_id(51 - len(rows))
    seen = ids(rows)
    while position:
        position, rows = store.list_endpoints(position, 250)
        seen += ids(rows)
    assert seen == list(range(50, 0, -1))


def test_it_writes_nothing_and_an_index_that_is_none_is_an_error(store):
    put(store, 1)
    before = store.snapshot()
    store.list_endpoints()
    assert store.snapshot() == before
    store.r.set(ORG_ENDPOINTS + "org_2", "text")
    with pytest.raises(redis.ResponseError):
        store.list_endpoints(org="org_2")
