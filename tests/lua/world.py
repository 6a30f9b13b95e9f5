"""Consumers with their own, sometimes stale, view of what they hold; every call is made to Redis and to the model."""
import random
from collections import Counter

from model import Event, Model, order
from store import (ATTEMPTS, CURSORS, DELIVERIES, DELIVERY, DLQ, DUE, EVENTS, P, RECORD, STATS, delivery_id, endpoint_id,
                   entry_event_id, new_event, outcome, part)

PROCESSORS, DISPATCHERS = ["p1", "p2", "p3"], ["d1", "d2", "d3"]
ORGS = ["org_a", "org_b"]
LEASE_MS = 30000
MAX_DEPTH = 60
WORDS = ["delivered"] * 4 + ["retry"] * 3 + ["snooze", "park", "ready", "dead"]
ENDPOINTS = [endpoint_id(i) for i in range(1, 8)]
PART = 3  # a wider event takes several calls
MUST_HAPPEN = {"accepted", "duplicate", "mismatch", "full", "done", "continued", "behind", "refused fanout",
               "settled", "refused settle", "promoted", "reclaimed", "lost lease", "reaped", "trimmed", "kept"}


class World:
    def __init__(self, store, seed):
        self.store, self.model, self.random = store, Model(), random.Random(seed)
        self.now = 1700000000000
        self.seen = Counter()
        self.held = {name: {} for name in PROCESSORS + DISPATCHERS}  # consumer's own view: entry -> what it read
        self.silent = set()  # (stream, entry) whose lease has run out
        self.last_attempt = "0-0"
        self.trim_cursor = ""
        operations = {self.publish: 5, self.read_events: 8, self.fanout: 12, self.read_deliveries: 10, self.settle: 14,
                      self.promote: 6, self.silence: 3, self.reclaim: 4, self.renew: 3, self.reap: 1, self.trim: 3}
        self.operations, self.weights = list(operations), list(operations.values())

    def step(self):
        operation, = self.random.choices(self.operations, self.weights)
        self.now += self.random.choice([0, 1, 10, 100])
        operation()
        return operation.__name__

    def some(self, items, most):
        items = list(items)
        return self.random.sample(items, min(len(items), self.random.randint(0, most)))

    # -- events

    def publish(self):
        items = []
        for _ in range(self.random.randint(1, 8)):
            number = self.random.randrange(400)
            fingerprint = self.random.choice(["", "a" * 32, "a" * 32, "b" * 32])
            after = self.random.choice(["", "", str(self.now + self.random.randrange(-50, 400))])
            items.append(new_event(org=self.random.choice(ORGS), after=after, fingerprint=fingerprint,
                                   dedup_key=f"{P}dedup:x:{number}"))
        answers = self.store.publish(items, MAX_DEPTH, window_ms=3600000)
        expected = self.model.publish(items, MAX_DEPTH)
        ids = [entry for _, entry in answers]
        # Until an event is in Redis the model knows it by its place in the call.
        assert answers == [(word, ids[first] if isinstance(first, int) else first) for word, first in expected]
        for item, (word, entry) in zip(items, answers):
            self.seen[word] += 1
            if word == "accepted":
                endpoints = sorted(self.some(ENDPOINTS, len(ENDPOINTS)))
                self.model.was_published(item, Event(entry, entry_event_id(entry), item["org"], item["after"],
                                                     endpoints))

    def read_events(self):
        consumer = self.random.choice(PROCESSORS)
        for entry, fields in self.store.read_events(consumer, self.random.randint(1, 10)):
            event = self.model.events[entry]
            assert not event.is_read, "an event is read once"
            event.is_read, event.holder = True, consumer
            self.held[consumer][entry] = event

    def fanout(self):
        consumer = self.random.choice(PROCESSORS)
        parts = []
        for event in self.some(self.held[consumer].values(), 6):
            parts += self.parts_of(event)
        due, answers = self.store.fanout(consumer, [
            part(entry, event.name, endpoints, org=event.org, after=event.after, to=last,
                 skipped="" if event.endpoints else "no_endpoint", **{"from": before})
            for event, (entry, endpoints, before, last) in parts], self.now)
        assert answers == self.model.fanout(consumer, [one for _, one in parts], self.now)
        assert due == str(self.model.due())
        for (event, _), (word, _) in zip(parts, answers):
            self.seen["refused fanout" if word == "refused" else word] += 1
        for event, _ in parts:
            if self.random.random() < 0.9:  # else it forgets that it is through, and tries again
                if event.is_done or event.holder != consumer:
                    self.held[consumer].pop(event.entry, None)
        self.learn_entries()

    def parts_of(self, event):
        """What a processor would send next, or after a mistake from another place."""
        before = event.cursor
        if self.random.random() < 0.1:
            before = self.random.choice(["", *event.endpoints])
        rest = [endpoint for endpoint in event.endpoints if endpoint > before]
        parts = []
        for _ in range(self.random.randint(1, 3)):
            now, rest = rest[:PART], rest[PART:]
            parts.append((event, (event.entry, now, before, now[-1] if rest else "")))
            if not rest:
                break
            before = now[-1]
        return parts

    # -- deliveries

    def learn_entries(self):
        """The entries that deliveries got in the last call are those the model expects, in its order."""
        known = {one.entry for one in self.model.at("ready")}
        new = [(entry, fields) for entry, fields in self.store.r.xrange(DELIVERIES) if entry not in known]
        assert [(fields["event"], fields["endpoint"]) for _, fields in new] == \
            [(one.event, one.endpoint) for one in self.model.made]
        for one, (entry, _) in zip(self.model.made, new):
            one.entry = entry
        self.model.made = []

    def read_deliveries(self):
        consumer = self.random.choice(DISPATCHERS)
        for entry, fields in self.store.read_deliveries(consumer, self.random.randint(1, 12)):
            one = self.model.by_entry(entry)
            assert one.holder is None, "a delivery is read once"
            one.holder = consumer
            self.held[consumer][entry] = fields

    def settle(self):
        consumer = self.random.choice(DISPATCHERS)
        chosen, args, outcomes = self.some(self.held[consumer].items(), 8), [], []
        for entry, fields in chosen:
            word = self.random.choice(WORDS)
            has_attempt = word in ("delivered", "retry", "snooze") or word == "dead" and self.random.random() < 0.7
            delay, error = self.random.randrange(300), "" if word == "delivered" else "some_reason"
            args.append(outcome(entry, fields, word, error=error, delay_ms=delay, duration_ms="7" if has_attempt else ""))
            outcomes.append((entry, word, error, has_attempt, delay))
        due, answers = self.store.settle(consumer, args, self.now)
        expected, attempted = self.model.settle(consumer, outcomes, self.now)
        assert answers == expected
        assert due == str(self.model.due())
        self.learn_attempts(attempted)
        self.learn_entries()
        for (entry, _), word in zip(chosen, answers):
            self.seen["refused settle" if word == "refused" else word] += 1
            if self.random.random() < 0.9:  # else it forgets that it is through, and tries again
                del self.held[consumer][entry]

    def learn_attempts(self, attempted):
        new = self.store.r.xrange(ATTEMPTS, "(" + self.last_attempt, "+")
        assert [(f["event"], f["endpoint"], int(f["attempt"]), f["outcome"]) for _, f in new] == \
            [(one.event, one.endpoint, attempt, word) for one, attempt, word in attempted]
        for (one, _, _), (attempt, _) in zip(attempted, new):
            one.history.append(attempt)
            self.last_attempt = attempt

    def promote(self):
        limit = self.random.choice([1, 5, 200])
        moved = self.model.promote(limit, self.now)
        assert self.store.promote(limit, self.now) == [moved, str(self.model.due()), 0]
        self.seen["promoted"] += moved
        self.learn_entries()

    # -- consumers that come and go

    def side(self):
        return self.random.choice([(EVENTS, "processor", PROCESSORS), (DELIVERIES, "dispatcher", DISPATCHERS)])

    def of_entry(self, stream, entry):
        one = self.model.events.get(entry) if stream == EVENTS else self.model.by_entry(entry)
        return None if one is None or stream == EVENTS and one.is_done else one

    def truly_held(self, stream, consumer):
        everything = self.model.unprocessed() if stream == EVENTS else self.model.at("ready")
        return [one.entry for one in everything if one.holder == consumer]

    def silence(self):
        """A crash (it forgets what it held) or a pause (it wakes up believing that it still holds it)."""
        stream, group, consumers = self.side()
        consumer = self.random.choice(consumers)
        for entry in self.truly_held(stream, consumer):
            self.store.age(stream, group, consumer, entry, LEASE_MS + 1000)
            self.silent.add((stream, entry))
        if self.random.random() < 0.5:
            self.held[consumer].clear()

    def reclaim(self):
        stream, group, consumers = self.side()
        consumer, limit, cursor = self.random.choice(consumers), self.random.choice([1, 30, 200]), "0-0"
        while True:
            cursor, lost, entries = self.store.reclaim(stream, group, consumer, LEASE_MS, cursor, limit)
            assert lost == []
            for entry, times, fields in entries:
                one = self.of_entry(stream, entry)
                assert (stream, entry) in self.silent and one is not None and times > 1
                self.silent.discard((stream, entry))
                one.holder = consumer
                self.held[consumer][entry] = one if stream == EVENTS else fields
                self.seen["reclaimed"] += 1
            if cursor == "0-0":
                break
        assert not [entry for which, entry in self.silent if which == stream and self.of_entry(stream, entry)]

    def renew(self):
        stream, group, consumers = self.side()
        consumer = self.random.choice(consumers)
        entries = sorted(self.some(self.held[consumer], 20), key=order)
        lost = [entry for entry in entries if entry not in self.truly_held(stream, consumer)]
        assert self.store.renew(stream, group, consumer, entries) == lost
        self.seen["lost lease"] += len(lost)
        self.silent -= {(stream, entry) for entry in entries if entry not in lost}

    def reap(self):
        stream, group, consumers = self.side()
        known = {row["name"] for row in self.store.r.xinfo_consumers(stream, group)}
        free = {name for name in known if not self.truly_held(stream, name)}
        assert self.store.reap(stream, group, 0) == len(free)
        assert {row["name"] for row in self.store.r.xinfo_consumers(stream, group)} == known - free
        self.seen["reaped"] += len(free)

    def trim(self):
        limit = self.random.choice([1, 10, 50])
        went, kept, cursor = self.model.trim(self.trim_cursor, limit)
        assert self.store.trim(10**14, self.trim_cursor, limit) == [went, kept, cursor]
        self.trim_cursor = cursor
        self.seen["trimmed"] += went
        self.seen["kept"] += kept

    def drain(self):
        """With consumers that work, everything ends."""
        for _ in range(1000):
            self.now += 1000
            self.promote()
            for stream, group, consumers in [(EVENTS, "processor", PROCESSORS), (DELIVERIES, "dispatcher", DISPATCHERS)]:
                for consumer in consumers:
                    self.held[consumer].update(
                        (entry, self.model.events[entry] if stream == EVENTS else self.fields_of(entry))
                        for entry in self.truly_held(stream, consumer))
            for operation in (self.read_events, self.fanout, self.read_deliveries, self.settle):
                operation()
            if self.model.backlog() == 0 and not self.model.at("waiting"):
                return
        raise AssertionError("it does not drain")

    def fields_of(self, entry):
        return self.store.r.xrange(DELIVERIES, entry, entry)[0][1]

    # -- the whole state

    def compare(self):
        r, model = self.store.r, self.model
        assert [entry for entry, _ in r.xrange(EVENTS)] == list(model.events)
        assert self.store.pending(EVENTS, "processor") == {
            event.entry: event.holder for event in model.unprocessed() if event.is_read}
        assert r.hgetall(CURSORS) == {event.entry: event.cursor for event in model.unprocessed() if event.cursor}
        assert {entry: self.short(fields) for entry, fields in r.xrange(DELIVERIES)} == {
            one.entry: self.wanted(one) for one in model.at("ready")}
        assert self.store.pending(DELIVERIES, "dispatcher") == {
            one.entry: one.holder for one in model.at("ready") if one.holder}
        waiting = {delivery_id(one.event, one.endpoint): one for one in model.at("waiting")}
        assert dict(r.zrange(DUE, 0, -1, withscores=True)) == {name: one.until for name, one in waiting.items()}
        hashes = {key[len(DELIVERY):]: r.hgetall(key) for key in r.scan_iter(DELIVERY + "*", count=1000)}
        assert {name: (*self.short(fields)[2:], fields["reason"], int(fields["until"])) for name, fields in hashes.items()} == {
            name: (*self.wanted(one)[2:], one.reason, one.until) for name, one in waiting.items()}
        assert [(f["event"], f["endpoint"], f["reason"]) for _, f in r.xrange(DLQ)] == model.letters
        self.compare_records()
        counters = {(key[len(STATS):], word): int(n) for key in r.scan_iter(STATS + "*") for word, n in r.hgetall(key).items()}
        assert {name: n for name, n in counters.items() if n} == {name: n for name, n in model.stats.items() if n}
        self.check_one_place_each()

    @staticmethod
    def short(fields):
        return tuple(fields.get(name) for name in ("event", "endpoint", "org", "attempt", "snoozes", "history"))

    @staticmethod
    def wanted(one):
        return one.event, one.endpoint, one.org, str(one.attempt), str(one.snoozes), ",".join(one.history)

    def compare_records(self):
        expected = {}
        for event in self.model.events.values():
            if event.is_done and not event.endpoints:
                expected[event.name] = {"skipped": "no_endpoint"}
        for one in self.model.deliveries.values():
            # "word attempt status ms history"; the history of a record ends with the attempt that it tells of
            text = one.record if isinstance(one.record, str) else "%s %d * %d %s" % (*one.record, ",".join(one.history))
            expected.setdefault(one.event, {})[one.endpoint] = text
        assert self.records() == expected

    def records(self):
        def hide_status(text):
            words = text.split(" ")
            return " ".join([*words[:2], "*", *words[3:]]) if len(words) > 2 else text
        return {key[len(RECORD):]: {name: hide_status(text) for name, text in self.store.r.hgetall(key).items()}
                for key in self.store.r.scan_iter(RECORD + "*", count=1000)}

    def check_one_place_each(self):
        """From Redis alone: a delivery is in exactly one of: ready, waiting, delivered, dead; counters are a recount."""
        r = self.store.r
        places = Counter((f["event"], f["endpoint"]) for _, f in r.xrange(DELIVERIES))
        by_id = {delivery_id(event, name): (event, name) for event, of in self.records().items() for name in of
                 if name != "skipped"}
        places.update(by_id[name] for name in r.zrange(DUE, 0, -1) if r.exists(DELIVERY + name))
        letters = Counter((f["event"], f["endpoint"]) for _, f in r.xrange(DLQ))
        for event, of in self.records().items():
            for endpoint, text in of.items():
                state, one = text.split(" ")[0], (event, endpoint)
                if endpoint == "skipped":
                    continue
                places[one] += (state == "delivered") + letters[one] * (state == "dead")
                assert state != "dead" or letters[one] == 1
        assert self.store.waiting() == Counter(r.hget(DELIVERY + name, "reason") for name in r.zrange(DUE, 0, -1))
        assert set(places) == set(by_id.values())
        assert set(places.values()) <= {1}, [one for one, n in places.items() if n != 1]
        attempts = Counter((f["org"], f["outcome"]) for _, f in r.xrange(ATTEMPTS))
        for org in ORGS:
            counted = self.store.stats(org)
            for word, made in (("delivered", "delivered"), ("retried", "retry"), ("snoozed", "snooze")):
                assert counted.get(word, 0) == attempts[org, made]
        assert sum(self.store.stats(org).get("dead", 0) for org in ORGS) == r.xlen(DLQ)
