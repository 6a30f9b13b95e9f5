"""Rate limiters (lib/gcra.lua) in limit.lua and publish.lua: exact, shared by both, and taken from by what goes through only."""
import random
from fractions import Fraction
from math import ceil, floor

import pytest
import redis

from store import EVENTS, P, RATE, new_event

NOW = 4000000000_000000  # so late that Redis, whose clock is another, lets no key expire before its time
RATES = [(1, 1), (3, 1), (3, 10), (6, 10), (7, 3), (10, 20), (15, 10), (1000, 100), (3000, 7), (700001, 50), (10**6, 1000)]


class Limiter:
    """A bucket that holds burst units and regains per_second of them in each second, without rounding."""

    def __init__(self, per_second, burst):
        self.unit, self.per_second, self.burst = Fraction(10**6, per_second), per_second, burst
        self.full_at = Fraction(0)  # us

    def missing(self, now):
        return max(Fraction(0), self.full_at - now) / self.unit

    def room(self, now):
        return floor(self.burst - self.missing(now))

    def take(self, count, now):
        self.full_at = now + (self.missing(now) + count) * self.unit

    def said(self, now):
        missing = self.missing(now)
        ms = self.unit / 1000
        return self.room(now), ceil(missing * ms), max(0, ceil((missing + 1 - self.burst) * ms))


@pytest.mark.parametrize("per_second,burst", RATES)
def test_a_burst_goes_at_once_and_the_next_one_at_the_time_that_is_told(store, per_second, burst):
    limiter = ("org", per_second, burst)
    answers = [store.limit([limiter], NOW) for _ in range(burst + 1)]
    assert [word for word, _ in answers] == ["allowed"] * burst + ["limited"]
    (remaining, reset, retry), = answers[-1][1]
    assert (remaining, reset, retry) == (0, ceil(Fraction(1000 * burst, per_second)), ceil(Fraction(1000, per_second)))
    assert store.limit([limiter], NOW + 1000 * (retry - 1))[0] == "limited"
    assert store.limit([limiter], NOW + 1000 * retry)[0] == "allowed"


@pytest.mark.parametrize("per_second,burst", [(rate, min(burst, 198)) for rate, burst in RATES])  # a call has 200 at most
def test_all_of_a_burst_goes_in_one_call(store, per_second, burst):
    items = [new_event(limiters=(1, 0)) for _ in range(burst + 2)]
    words, ((remaining, reset, retry),) = store.publish(items, limiters=[("org", per_second, burst)], now_us=NOW)
    assert [word for word, _ in words] == ["accepted"] * burst + ["limited"] * 2
    assert (remaining, reset, retry) == (0, ceil(Fraction(1000 * burst, per_second)), ceil(Fraction(1000, per_second)))


def test_unused_it_says_all_of_its_burst(store):
    assert store.publish([], limiters=[("org", 10, 20)], now_us=NOW)[1] == [(20, 0, 0)]
    assert store.limit([("org", 10, 20)], NOW) == ("allowed", [(19, 100, 0)])
    assert store.limit([("org", 10, 20)], NOW + 60_000) == ("allowed", [(18, 140, 0)])
    assert store.limit([("org", 10, 20)], NOW + 10**6) == ("allowed", [(19, 100, 0)])


def test_what_one_refuses_is_taken_from_none(store):
    both = [("org", 10, 20), ("key", 10, 1)]
    assert store.limit(both, NOW)[0] == "allowed"
    before = store.snapshot()
    for order in (both, both[::-1]):
        word, said = store.limit(order, NOW)
        assert word == "limited" and sorted(said) == [(0, 100, 100), (19, 100, 0)]
    words, _ = store.publish([new_event(limiters=(1, 2)), new_event(limiters=(2, 1))], limiters=both, now_us=NOW)
    assert words == [("limited", "")] * 2
    assert store.snapshot() == before


def test_items_of_a_call_count_against_their_own_limiters(store):
    limiters = [("org_a", 10, 2), ("key_a", 10, 1), ("org_b", 10, 2)]
    numbers = [(1, 2), (3, 0), (1, 2), (0, 0), (1, 0), (3, 0), (3, 0), (1, 0), (0, 0)]
    words, said = store.publish([new_event(limiters=one) for one in numbers], limiters=limiters, now_us=NOW)
    assert [word for word, _ in words] == ["accepted", "accepted", "limited", "accepted", "accepted", "accepted", "limited",
                                           "limited", "accepted"]
    assert said == [(0, 200, 100), (0, 100, 100), (0, 200, 100)]
    assert store.r.xlen(EVENTS) == 6


def test_requests_of_a_call_count_against_their_own_limiters_in_their_order(store):
    limiters = [("org_a", 10, 2), ("key_a", 10, 1), ("org_b", 10, 2)]
    requests = [(1, 2), (3, 0), (1, 2), (0, 0), (1, 0), (3, 0), (3, 0), (1, 0), (0, 0)]
    words, said = store.limit_many(limiters, requests, NOW)
    assert words == ["allowed", "allowed", "limited", "allowed", "allowed", "allowed", "limited", "limited", "allowed"]
    assert said == [(0, 200, 100), (0, 100, 100), (0, 200, 100)]
    assert store.limit_many(limiters, [], NOW) == ([], said)


@pytest.mark.parametrize("arguments", [["", "0"], ["", "2", "1", "1"], ["", "1", "1"], ["", "1", "1", "1", "1"], ["", "one", "1", "1"]])
def test_arguments_that_do_not_fit_write_nothing(store, arguments):
    with pytest.raises(redis.ResponseError, match="2 arguments per limiter"):
        store.call("limit", [RATE + "org"], arguments)
    assert not store.r.exists(RATE + "org")


def test_a_repeat_counts_and_what_is_full_or_limited_does_not(store):
    def item(text):
        return new_event(dedup=text, dedup_key=P + "dedup:org:" + text, fingerprint="a" * 32, limiters=(1, 0))

    limiter = [("org", 10, 4)]
    words, said = store.publish([item("x"), item("x"), item("new"), item("x")], limiters=limiter, now_us=NOW, max_depth=1)
    assert [word for word, _ in words] == ["accepted", "duplicate", "full", "duplicate"]
    assert said == [(1, 300, 0)]
    words, said = store.publish([item("x"), item("x"), item("y")], limiters=limiter, now_us=NOW)
    assert [word for word, _ in words] == ["duplicate", "limited", "limited"]
    assert said == [(0, 400, 100)]
    assert not store.r.exists(P + "dedup:org:y")


def test_after_a_clock_that_went_back_it_opens_within_a_burst(store):
    limiter = ("org", 10, 3)
    for _ in range(3):
        store.limit([limiter], NOW + 3600 * 10**6)
    assert store.limit([limiter], NOW) == ("limited", [(0, 300, 100)])
    assert store.limit([limiter], NOW + 99_000)[0] == "limited"
    assert store.limit([limiter], NOW + 100_000) == ("allowed", [(0, 300, 100)])


def test_a_smaller_burst_counts_from_now_on(store):
    for _ in range(100):
        store.limit([("org", 10, 100)], NOW)
    assert store.limit([("org", 10, 5)], NOW) == ("limited", [(0, 500, 100)])
    assert store.limit([("org", 10, 5)], NOW + 100_000)[0] == "allowed"


def test_it_is_there_no_longer_than_it_says_something(store):
    store.limit([("org", 10, 200)])
    assert 50 < store.r.pttl(RATE + "org") <= 102
    store.publish([new_event(limiters=(1, 2)) for _ in range(100)], limiters=[("org", 10, 200), ("key", 1000, 200)])
    assert 9900 < store.r.pttl(RATE + "org") <= 10102
    assert 0 < store.r.pttl(RATE + "key") <= 102


def test_without_an_override_the_time_is_redis_s(store):
    assert store.limit([("org", 1, 1)]) == ("allowed", [(0, 1000, 1000)])
    seconds, us = store.r.time()
    assert 0 <= seconds * 10**6 + us + 10**6 - int(store.r.get(RATE + "org").split()[0]) < 10**6
    assert store.limit([("org", 1, 1)])[0] == "limited"


@pytest.mark.parametrize("wrong", ["text", "hash"])
def test_a_key_that_is_something_else_is_an_unused_limiter(store, wrong):
    for name in ("org", "key"):
        store.r.set(RATE + name, "soon") if wrong == "text" else store.r.hset(RATE + name, "a", "b")
    assert store.limit([("org", 1, 10)], NOW) == ("allowed", [(9, 1000, 0)])
    words, said = store.publish([new_event(limiters=(1, 0))], limiters=[("key", 1, 10)], now_us=NOW)
    assert words[0][0] == "accepted" and said == [(9, 1000, 0)]


def test_no_limiters_are_no_limit(store):
    assert store.limit([]) == ("allowed", [])
    assert store.snapshot().keys() == {EVENTS, P + "deliveries"}


@pytest.mark.parametrize("seed", [1, random.randrange(10**9)], ids=["known seed", "fresh seed"])
@pytest.mark.parametrize("per_second,burst", RATES)
def test_random_requests_agree_with_the_model(store, seed, per_second, burst):
    """Also: never more than burst + rate * time in any window of time, as long as the clock goes forward."""
    print(f"seed {seed}")
    rng, now = random.Random(seed), NOW
    ours = [("org", per_second, burst), ("key", 2 * per_second, 2 * burst)]
    models = [Limiter(per_second, burst), Limiter(2 * per_second, 2 * burst)]
    went = []  # (time, units) of the first
    for _ in range(150):
        now += rng.choice([0, 0, 1, rng.randrange(1000), ceil(10**6 / per_second), rng.randrange(10**6 * burst // per_second + 1)])
        chosen = rng.choice([(1, 0), (0, 2), (1, 2)])
        mine = [models[number - 1] for number in chosen if number]
        if rng.random() < 0.4:
            word, said = store.limit([ours[number - 1] for number in chosen if number], now)
            count = int(all(model.room(now) > 0 for model in mine))
            assert word == ("allowed" if count else "limited")
        else:
            items = [new_event(data="1", limiters=chosen) for _ in range(rng.randint(1, 2 * min(burst, 20)))]
            words, said = store.publish(items, limiters=ours, now_us=now, max_depth=10**9)
            count = min(len(items), *(model.room(now) for model in mine))
            assert [word for word, _ in words] == ["accepted"] * count + ["limited"] * (len(items) - count)
            said = [said[number - 1] for number in chosen if number]
        for model in mine if count else []:
            model.take(count, now)
        assert said == [model.said(now) for model in mine]
        if 1 in chosen:
            went.append((now, count))
    for first in range(len(went)):
        units = 0
        for at, count in went[first:]:
            units += count
            assert units <= burst + Fraction(per_second * (at - went[first][0]), 10**6)
