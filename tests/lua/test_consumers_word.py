"""lib/consumers_word.lua: a process that has lost nothing is believed without a look at each entry; whatever else is pending is looked at."""
import pytest
import redis

from store import DELIVERIES, EVENTS, RECLAIMED, RECORD, endpoint_id, event_id, new_event, outcome, part

ENOUGH = 8  # fewer are looked at anyway


class Fanout:
    stream, group, done = EVENTS, "processor", "done"

    def __init__(self, store):
        self.store = store

    def give(self, count):
        self.store.publish([new_event() for _ in range(count)])
        return [part(entry, event_id(int(entry.split("-")[1]) + 100 * i), [endpoint_id(1)])
                for i, (entry, _) in enumerate(self.store.read_events("one", count))]

    def send(self, items, word, consumer="one"):
        return [word for word, _ in self.store.fanout(consumer, items, word=word)[1]]


class Settle:
    stream, group, done = DELIVERIES, "dispatcher", "settled"

    def __init__(self, store):
        self.store = store

    def give(self, count):
        return [outcome(entry, fields, "delivered", response="") for entry, fields in self.store.give_deliveries(count, "one")]

    def send(self, items, word, consumer="one"):
        return self.store.settle(consumer, items, word=word)[1]


@pytest.fixture(params=[Fanout, Settle])
def side(request, store):
    return request.param(store)


def looks(side, items, word):
    """How often the call asked what is pending; all of them are done."""
    side.store.r.config_resetstat()
    assert side.send(items, word) == [side.done] * len(items)
    return side.store.r.info("commandstats")["cmdstat_xpending"]["calls"]


def take_over(side, *entries, by="two"):
    """As a process does it that finds the other one silent."""
    for entry in entries:
        side.store.age(side.stream, side.group, "one", entry, 60000)
    cursor, taken = "0-0", []
    while len(taken) < len(entries):
        cursor, _, more = side.store.reclaim(side.stream, side.group, by, 30000, cursor)
        taken += [entry for entry, *_ in more]
    assert taken == list(entries)


def test_who_has_lost_nothing_is_believed(side):
    items = side.give(40)
    assert looks(side, items[::2], word=40) == 1
    assert set(side.store.pending(side.stream, side.group)) == {item[0] for item in items[1::2]}


def test_few_or_without_a_word_are_looked_at(side):
    items = side.give(60)
    few, many = items[:2 * ENOUGH - 2:2], items[20::2]
    assert looks(side, few, word=60) > len(few) // 2
    assert looks(side, many, word="") > len(many) // 2


def test_what_was_taken_over_is_refused_and_what_came_before_it_looked_at(side):
    before, items = side.give(20), side.give(20)
    lost = items[10]
    take_over(side, lost[0])
    words = side.send(items, word=20)
    assert words == [side.done] * 10 + ["refused"] + [side.done] * 9
    assert side.store.pending(side.stream, side.group)[lost[0]] == "two"
    assert looks(side, before[::2], word=1) > 5
    assert looks(side, side.give(20), word=20) == 1, "what came after it was not taken"


def test_the_last_of_those_taken_over_at_once_counts(side):
    items = side.give(30)
    take_over(side, *(item[0] for item in items[:10]))
    side.give(40)
    assert side.send(items[5:], word=30) == ["refused"] * 5 + [side.done] * 20


def test_a_call_that_comes_after_its_repeat_is_refused(side):
    """It was on its way for long, and says what was true when it was sent. The repeat goes in two calls, in which others are, too."""
    items, others = side.give(20), side.give(10)
    assert side.send(items[15:] + others, word="again") == [side.done] * 15
    assert side.send(items[:15], word="again") == [side.done] * 15
    side.give(60)
    before = side.store.snapshot()
    assert side.send(items, word=20) == ["refused"] * 20
    assert side.store.snapshot() == before


def test_a_call_that_comes_between_its_repeats_is_done_where_they_were_not(side):
    items = side.give(20)
    assert side.send(items[10:], word="again") == [side.done] * 10
    side.give(60)
    assert side.send(items, word=20) == [side.done] * 10 + ["refused"] * 10
    assert side.send(items[:10], word="again") == ["refused"] * 10


def test_few_that_are_sent_again_are_marked_too(side):
    items = side.give(20)
    assert side.send(items[:1], word="again") == [side.done]
    side.give(60)
    assert side.send(items, word=20) == ["refused"] + [side.done] * 19


def test_more_that_it_does_not_know_of_hides_no_theft(side):
    """It has been given others meanwhile, and the answer is on its way."""
    items = side.give(20)
    take_over(side, items[3][0])
    side.give(40)
    assert side.send(items, word=20).count("refused") == 1


@pytest.mark.parametrize("how", ["claimed", "acknowledged"])
def test_what_is_gone_by_hand_is_found_by_the_count(side, how):
    items = side.give(20)
    if how == "claimed":
        side.store.r.xclaim(side.stream, side.group, "two", 0, [items[3][0]])
    else:
        side.store.r.xack(side.stream, side.group, items[3][0])
    assert [i for i, word in enumerate(side.send(items[:10], word=20)) if word == "refused"] == [3]
    assert looks(side, items[10:], word=10) == 1


def test_who_has_nothing_pending_is_refused(side):
    items = side.give(20)
    side.store.r.xack(side.stream, side.group, *(item[0] for item in items))
    assert side.send(items, word=20) == ["refused"] * 20
    assert side.send(items, word=20, consumer="unheard of") == ["refused"] * 20


def test_a_missing_group_is_an_error_before_anything_is_written(side):
    items = side.give(20)
    side.store.r.xgroup_destroy(side.stream, side.group)
    before = side.store.snapshot()
    with pytest.raises(redis.ResponseError, match="NOGROUP"):
        side.send(items, word=20)
    assert side.store.snapshot() == before


def test_twice_in_one_call_counts_once(side):
    items = side.give(20)
    assert side.send([items[0], *items], word=20) == [side.done, "refused", *[side.done] * 19]


def test_a_hash_that_is_none_makes_all_be_looked_at(side):
    items = side.give(40)
    side.store.r.set(RECLAIMED, "text")
    take_over(side, items[3][0])
    assert side.send(items[:20], word=20).count("refused") == 1
    assert looks(side, items[21::2], word=10) > 5
    side.store.r.delete(RECLAIMED)
    side.store.r.hset(RECLAIMED, side.group, "no id")
    assert looks(side, side.give(40)[::2], word=20) > 10


def test_the_last_that_was_taken_is_remembered_for_its_group_alone(side):
    items = side.give(20)
    for i in (3, 9, 6):
        take_over(side, items[i][0])
    assert side.store.r.hgetall(RECLAIMED) == {side.group: items[9][0]}


def test_what_reclaim_finds_deleted_was_taken_too(side):
    items = side.give(20)
    side.store.age(side.stream, side.group, "one", items[5][0], 60000)
    side.store.r.xdel(side.stream, items[5][0])
    assert side.store.reclaim(side.stream, side.group, "two", 30000)[1] == [items[5][0]]
    assert side.store.r.hgetall(RECLAIMED) == {side.group: items[5][0]}
    side.give(20)
    assert [i for i, word in enumerate(side.send(items, word=20)) if word == "refused"] == [5]


def test_what_nobody_took_is_not_remembered(side):
    side.give(20)
    side.store.reclaim(side.stream, side.group, "two", 30000)
    assert not side.store.r.exists(RECLAIMED)


def test_refused_ones_leave_no_record(store):
    side = Fanout(store)
    items = side.give(10)
    take_over(side, items[0][0])
    side.send(items, word=10)
    assert not store.r.exists(RECORD + items[0][1]) and store.r.exists(RECORD + items[1][1])
