"""list_deliveries.lua and find_delivery.lua: an organization's deliveries."""
import pytest
import redis

from reads import NOW, OTHER, fan_out, give_endpoints, publish, settle, walk
from store import (ATTEMPTS, DLQ, ENDPOINT, HISTORY, ORG, ORG_ENDPOINTS, ORG_EVENTS, ORG_GONE, RECORD, endpoint_id,
                   entry_event_id, event_id, outcome)


def pairs(rows):
    return [(event, endpoint) for event, endpoint, *_ in rows]


def give(store, events, endpoints):
    """-> all pairs in the order of the list"""
    give_endpoints(store, endpoints)
    publish(store, events)
    ids = fan_out(store, endpoints)
    return [(event, endpoint_id(i)) for event in reversed(ids) for i in range(1, endpoints + 1)]


def test_newest_event_first_then_by_endpoint(store):
    expected = give(store, 3, 2)
    after, rows = store.list_deliveries()
    assert after == ["", ""] and pairs(rows) == expected
    assert rows[0] == [*expected[0], "pending 0", ""]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 59, 60, 61, 250])
@pytest.mark.parametrize("given", [{}, {"endpoint": endpoint_id(2)}, {"word": "delivered"}, {"event": "newest"}])
def test_pages_have_all_once(store, limit, given):
    expected = give(store, 20, 3)
    settle(store, "delivered", endpoint_id(3))
    if "event" in given:
        given = {"event": expected[0][0]}
    rows, _ = walk(lambda **page: store.list_deliveries(**page, **given), limit, ("", ""))
    assert pairs(rows) == [(event, endpoint) for event, endpoint in expected
                           if given.get("endpoint") in (None, endpoint) and given.get("event") in (None, event)
                           and ("word" not in given or endpoint == endpoint_id(3))]


def test_the_last_page_says_so(store):
    give(store, 2, 2)
    assert store.list_deliveries(limit=4, event=entry_event_id(store.r.xrange(ORG_EVENTS + ORG)[0][0]))[0] == ["", ""]
    assert store.list_deliveries(limit=4)[0] == ["", ""]
    assert store.list_deliveries(limit=2, endpoint=endpoint_id(1))[0] == ["", ""]
    assert store.list_deliveries(limit=3)[0] != ["", ""]


@pytest.mark.parametrize("word, state", [("delivered", "delivered"), ("retry", "waiting"), ("dead", "dead")])
def test_by_their_state(store, word, state):
    expected = give(store, 2, 2)
    settle(store, word, endpoint_id(1), error="exhausted timeout" if word == "dead" else "x")
    rows = store.list_deliveries(word=state)[1]
    assert pairs(rows) == expected[::2] and pairs(store.list_deliveries(word="pending")[1]) == expected[1::2]
    assert all(row[2].startswith(state + " ") and row[3] == ("exhausted" if state == "dead" else "") for row in rows)


def test_both_filters_name_one(store):
    expected = give(store, 2, 2)
    event, endpoint = expected[1]
    ask = lambda **given: store.list_deliveries(event=event, endpoint=endpoint, **given)
    assert ask() == (["", ""], [[event, endpoint, "pending 0", ""]])
    assert ask(word="dead")[1] == [] and ask(after=(event, endpoint))[1] == []
    assert store.list_deliveries(event=event, endpoint=endpoint_id(9))[1] == []


@pytest.mark.parametrize("limit", [50, 100, 250])
def test_a_wide_event_is_walked_by_the_endpoints_that_there_are_and_were(store, limit):
    expected = give(store, 1, 700)
    store.r.zrem(ORG_ENDPOINTS + ORG, *(endpoint_id(i) for i in range(1, 700, 3)))
    store.r.zadd(ORG_GONE + ORG, {endpoint_id(i): 0 for i in range(1, 700, 3)})
    store.r.zadd(ORG_ENDPOINTS + ORG, {endpoint_id(i): 0 for i in range(1000, 1100)})  # later ones
    assert store.r.hlen(RECORD + expected[0][0]) == 700
    store.r.config_resetstat()
    for given in ({}, {"event": expected[0][0]}):
        rows, _ = walk(lambda **page: store.list_deliveries(**page, **given), limit, ("", ""))
        assert pairs(rows) == expected
    assert "cmdstat_hgetall" not in store.r.info("commandstats"), "it is never read whole"


def test_one_state_in_many_takes_short_pages(store):
    expected = give(store, 12, 200)
    wanted = expected[-3]
    store.r.hset(RECORD + wanted[0], wanted[1], "delivered 1 200 5 5-5")
    rows, sizes = walk(lambda **page: store.list_deliveries(word="delivered", **page), 50, ("", ""))
    assert pairs(rows) == [wanted] and len(sizes) == 5 and sizes[0] == 0


def test_events_that_nobody_got_count_too(store):
    publish(store, 700)
    while fan_out(store, 0, skipped="no_endpoint"):
        pass
    after, rows = store.list_deliveries()
    assert rows == [] and after[0] != "" and after[1] == ""
    assert store.list_deliveries(after=after) == (["", ""], [])


def test_a_long_history_takes_short_pages(store):
    give_endpoints(store, 1)
    store.r.zadd(HISTORY + endpoint_id(1), {event_id(i): 0 for i in range(700)})
    after, rows = store.list_deliveries(endpoint=endpoint_id(1))
    assert rows == [] and after == [event_id(200), endpoint_id(1)]
    assert store.list_deliveries(endpoint=endpoint_id(1), after=after)[0] == ["", ""]


def test_only_its_own(store):
    (event, endpoint), = give(store, 1, 1)
    for given in ({}, {"event": event}, {"endpoint": endpoint}, {"event": event, "endpoint": endpoint}):
        assert store.list_deliveries(org=OTHER, **given) == (["", ""], [])
        assert len(store.list_deliveries(**given)[1]) == 1
    assert store.find_delivery(event, endpoint, OTHER) == []
    store.r.zrem(ORG_ENDPOINTS + ORG, endpoint)
    assert store.list_deliveries(endpoint=endpoint)[1] == []
    store.r.zadd(ORG_GONE + ORG, {endpoint: 0})
    assert len(store.list_deliveries(endpoint=endpoint)[1]) == 1, "of one that it had"


def test_what_comes_and_goes_meanwhile_moves_nothing(store):
    expected = give(store, 4, 3)
    after, rows = store.list_deliveries(limit=5)
    publish(store, 2)
    fan_out(store, 3)
    store.r.delete(RECORD + expected[3][0])  # in the middle of which the page ended
    store.r.hdel(RECORD + expected[6][0], expected[6][1])
    rows += walk(store.list_deliveries, 5, after)[0]
    assert pairs(rows) == expected[:5] + expected[7:]


def test_one_with_its_attempts(store):
    (event, endpoint), = give(store, 1, 1)
    settle(store, "retry", delay_ms="0")
    store.promote(now=NOW + 10**6)
    settle(store, "dead", error="exhausted timeout", status="0", response="")
    type, state, (letter, fields), made = store.find_delivery(event, endpoint)
    assert type == "order.created" and state.startswith(f"dead {letter} 2 0 {NOW} ")
    assert dict(zip(fields[::2], fields[1::2]))["reason"] == "exhausted"
    attempts = store.r.xrange(ATTEMPTS)
    assert [(id, dict(zip(of[::2], of[1::2]))) for id, of in made] == attempts and len(attempts) == 2
    store.r.xdel(ATTEMPTS, attempts[0][0])
    assert [id for id, _ in store.find_delivery(event, endpoint)[3]] == [attempts[1][0]]
    store.r.xdel(DLQ, letter)
    assert store.find_delivery(event, endpoint)[2] == []
    store.r.hset(RECORD + event, endpoint, f"delivered 1 200 {NOW} x,1:2:3,1:2:3:4:5,1-1-1,-,{NOW}:9:204:7")
    assert store.find_delivery(event, endpoint)[3] == \
        [[f"{NOW}-0", ["attempt", "9", "outcome", "delivered", "status", "204", "duration_ms", "7"]]], "what is no item is passed over"


def test_one_without_attempts_and_one_that_is_none(store):
    (event, endpoint), = give(store, 1, 1)
    assert store.find_delivery(event, endpoint) == ["order.created", "pending 0", [], []]
    assert store.find_delivery(event, endpoint_id(7)) == store.find_delivery(event_id(7), endpoint) == []
    store.r.delete(RECORD + event)
    assert store.find_delivery(event, endpoint) == []


def test_keys_of_another_type_hold_up_only_themselves(store):
    expected = give(store, 2, 1)
    store.r.set(RECORD + expected[0][0], "another type")
    assert pairs(store.list_deliveries()[1]) == expected[1:]
    assert pairs(store.list_deliveries(endpoint=endpoint_id(1))[1]) == expected[1:]
    assert store.list_deliveries(event=expected[0][0])[1] == [] == store.find_delivery(*expected[0])
    for key, given in ((HISTORY + endpoint_id(1), {"endpoint": endpoint_id(1)}), (ORG_EVENTS + ORG, {})):
        store.r.delete(key)
        store.r.set(key, "another type")
        with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
            store.list_deliveries(**given)


@pytest.mark.parametrize("state", ["dead 5-5 1 503 5", "dead - 1 503 5", "dead", "dead x 1", "", "nonsense"])
def test_states_without_a_letter(store, state):
    (event, endpoint), = give(store, 1, 1)
    store.r.hset(RECORD + event, endpoint, state)
    assert store.list_deliveries()[1] == [[event, endpoint, state, ""]]
    assert store.find_delivery(event, endpoint) == ["order.created", state, [], []]


def test_nothing_is_written_and_an_empty_redis_is_empty(store):
    give(store, 2, 2)
    before = store.snapshot()
    store.list_deliveries()
    assert store.snapshot() == before
    store.r.flushall()
    for given in ({}, {"event": event_id(1)}, {"endpoint": endpoint_id(1)}):
        assert store.list_deliveries(**given) == (["", ""], [])
    assert store.find_delivery(event_id(1), endpoint_id(1)) == [] and store.snapshot() == {}
