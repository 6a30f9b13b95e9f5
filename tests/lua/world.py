"""Consumers with their own, sometimes stale, view of what they hold; every call is made to Redis and to the model."""
import random
from collections import Counter

from lanes_world import ENDPOINTS, ENDPOINTS_OF, REQUEST_OF, LanesWorld
from model import Event, Model, order
from reads import walk
from store import (ATTEMPTS, CURSORS, DELIVERIES, DLQ, EVENTS, FAILING, HISTORY, NOTHING_TO_SAY, ORG_DLQ, ORG_ENDPOINTS, ORG_EVENTS, ORG_LEASES, P,
                   RECORD, delivery_id, entry_event_id, new_event, outcome, part,
                   waiting_state)

PROCESSORS, DISPATCHERS = ["p1", "p2", "p3"], ["d1", "d2", "d3"]
ORGS = list(ENDPOINTS_OF)
LEASE_MS = 30000
AFTER_ALL = 10**14  # ms
MAX_DEPTH = 60
FAILING_AFTER_MS = 500
MARKS = [11, 12, 13, 24]  # characters
WORDS = ["delivered"] * 4 + ["retry"] * 3 + ["snooze", "park", "hold", "ready", "dead"]
PART = 3  # a wider event takes several calls
ENOUGH = 8  # entries in a call: fewer are looked at whatever the consumer says
MUST_HAPPEN = {"accepted", "duplicate", "mismatch", "full", "done", "continued", "behind", "refused fanout",
               "settled", "failing", "refused settle", "promoted", "held", "resumed", "reclaimed", "lost lease", "reaped",
               "trimmed", "kept", "leased", "paced", "in turn", "opened", "told", "sure, and right", "sure, but robbed"}


class World(LanesWorld):
    def __init__(self, store, seed):
        self.store, self.model, self.random = store, Model(), random.Random(seed)
        self.now = 4000000000000  # so late that Redis, whose clock is another, lets no limiter expire
        self.seen = Counter()
        self.held = {name: {} for name in PROCESSORS + DISPATCHERS}  # consumer's own view: entry -> what it read
        self.unsure = {name: set() for name in PROCESSORS + DISPATCHERS}  # of what it holds: told once already, as far as it knows
        self.had = {endpoint: set() for endpoint in ENDPOINTS}  # events of which it got deliveries
        for org, endpoints in ENDPOINTS_OF.items():
            store.r.zadd(ORG_ENDPOINTS + org, dict.fromkeys(endpoints, 0))
        self.silent = set()  # (stream, entry) whose lease has run out
        self.last_attempt = "0-0"
        self.trim_cursor = ""
        self.late = []  # calls that are on their way
        self.had_turn = set()  # (endpoint, event)
        self.released_by_gate = {}  # endpoint -> (ms, event) of each, since its gate was changed
        operations = {self.publish: 5, self.read_events: 8, self.fanout: 12, self.read_deliveries: 10, self.settle: 14,
                      self.promote: 6, self.pause: 2, self.resume: 2, self.regate: 3, self.silence: 3, self.reclaim: 4, self.renew: 3,
                      self.reap: 1, self.arrive: 1, self.lease: 2, self.trim: 3}
        self.operations, self.weights = list(operations), list(operations.values())

    def step(self):
        operation, = self.random.choices(self.operations, self.weights)
        self.now += self.random.choice([0, 1, 10, 100])
        operation()
        return operation.__name__

    def some(self, items, most):
        items = list(items)
        return self.random.sample(items, min(len(items), self.random.randint(0, most)))

    def sure(self, consumer):
        return self.held[consumer].keys() - self.unsure[consumer]

    def sure_tail(self, consumer):
        """Of what it is sure of, all or but the first few."""
        return sorted(self.sure(consumer), key=order)[self.random.choice([0, 0, 2, 5]):]

    def word(self, consumer, entries):
        """As a process tells it: how many it has that it did not settle, unless one of these is another."""
        if self.unsure[consumer].intersection(entries):
            return "again"
        is_sure = self.sure(consumer).issuperset(entries) and entries == sorted(entries, key=order)
        return len(self.sure(consumer)) if is_sure and self.random.random() < 0.9 else ""

    def is_delayed(self, consumer, entries, word, call):
        """A call that is on its way for long: the process does not know, and will send them again."""
        is_late = isinstance(word, int) and len(entries) >= ENOUGH and self.random.random() < 0.3
        if is_late:
            self.late.append((consumer, call))
            self.unsure[consumer].update(entries)
        return is_late

    def arrive(self):
        if not self.late:
            return
        consumer, call = self.late.pop(self.random.randrange(len(self.late)))
        for _ in range(3):  # that it has others by then hides nothing
            (self.read_events if consumer in PROCESSORS else self.read_deliveries)(consumer)
        call()

    def note_word(self, entries, word, answers):
        """Calls that the scripts may take at their word, and those of them in which something was lost."""
        if isinstance(word, int) and len(entries) >= ENOUGH:
            self.seen["sure, but robbed" if "refused" in answers else "sure, and right"] += 1

    def end(self, consumer, entry):
        self.held[consumer].pop(entry, None)
        self.unsure[consumer].discard(entry)

    # -- events

    def publish(self):
        items = []
        for _ in range(self.random.randint(1, 8)):
            number = self.random.randrange(400)
            fingerprint = self.random.choice(["", "a" * 32, "a" * 32, "b" * 32])
            after = self.random.choice(["", "", str(self.now + self.random.randrange(-50, 400))])
            org = self.random.choice(ORGS)
            items.append(new_event(org=org, request=REQUEST_OF[org], after=after, fingerprint=fingerprint,
                                   dedup_key=f"{P}dedup:x:{number}"))
        answers = self.store.publish(items, MAX_DEPTH, window_ms=3600000)
        expected = self.model.publish(items, MAX_DEPTH)
        ids = [entry for _, entry in answers]
        # Until an event is in Redis the model knows it by its place in the call.
        assert answers == [(word, ids[first] if isinstance(first, int) else first) for word, first in expected]
        for item, (word, entry) in zip(items, answers):
            self.seen[word] += 1
            if word == "accepted":
                endpoints = sorted(self.some(ENDPOINTS_OF[item["org"]], 5))
                self.model.was_published(item, Event(entry, entry_event_id(entry), item["org"], item["after"],
                                                     endpoints))

    def read_events(self, consumer=None):
        consumer = consumer or self.random.choice(PROCESSORS)
        for entry, fields in self.store.read_events(consumer, self.random.randint(1, 10)):
            event = self.model.events[entry]
            assert not event.is_read, "an event is read once"
            event.is_read, event.holder = True, consumer
            self.held[consumer][entry] = event

    def fanout(self, woken=None):
        consumer = woken or self.random.choice(PROCESSORS)
        parts = []
        chosen = [self.held[woken][entry] for entry in self.sure_tail(woken)] if woken else self.some(self.held[consumer].values(), 8)
        for event in sorted(chosen, key=lambda event: order(event.entry)):
            parts += self.parts_of(event)
        entries = [event.entry for event, _ in parts]
        word = self.word(consumer, entries)
        if woken:
            self.read_events(woken)  # of which it does not know yet
        if self.is_delayed(consumer, entries, word, lambda: self.send_fanout(consumer, parts, word)):
            return
        for entry in self.send_fanout(consumer, parts, word):
            if self.random.random() < 0.9:  # else it does not learn that it is through, and tries again
                self.end(consumer, entry)
            else:
                self.unsure[consumer].add(entry)

    def send_fanout(self, consumer, parts, word):
        """-> entries that it is through with"""
        due, answers = self.store.fanout(consumer, [
            part(entry, event.name, endpoints, org=event.org, after=event.after, to=last, gated="1" if gated else "0",
                 skipped="" if event.endpoints else "no_endpoint", request=REQUEST_OF[event.org],
                 mark=self.random.choice(MARKS), **{"from": before})
            for event, (entry, endpoints, before, last, gated) in parts], self.now, word)
        assert answers == self.model.fanout(consumer, [one for _, one in parts], self.now)
        assert due == str(self.model.due())
        for one in self.model.deliveries.values():
            self.had[one.endpoint].add(one.event)
        for (event, _), (found, _) in zip(parts, answers):
            self.seen["refused fanout" if found == "refused" else found] += 1
        self.note_word([event.entry for event, _ in parts], word, [found for found, _ in answers])
        self.learn_entries()
        return [event.entry for event, _ in parts if event.is_done or event.holder != consumer]

    def parts_of(self, event):
        """What a processor would send next, or after a mistake from another place."""
        before = event.cursor
        if self.random.random() < 0.1:
            before = self.random.choice(["", *event.endpoints])
        rest = [endpoint for endpoint in event.endpoints if endpoint > before]
        parts = []
        for _ in range(self.random.randint(1, 3)):
            now, rest = rest[:PART], rest[PART:]
            gated = self.random.random() < 0.1 or any(map(self.model.lanes.gate, now)) and self.random.random() < 0.9
            parts.append((event, (event.entry, now, before, now[-1] if rest else "", gated)))
            if not rest:
                break
            before = now[-1]
        return parts

    # -- deliveries

    def learn_entries(self):
        """The entries that deliveries got in the last call are those the model expects, in its order."""
        known = {one.entry for one in self.model.at("ready")}
        new = [(entry, fields) for entry, fields in self.store.ready() if entry not in known]
        assert [(fields["event"], fields["endpoint"]) for _, fields in new] == \
            [(one.event, one.endpoint) for one in self.model.made]
        for one, (entry, _) in zip(self.model.made, new):
            one.entry = entry
        self.model.made, self.new_entries = [], [fields for _, fields in new]
        self.check_released(self.new_entries)

    def read_deliveries(self, consumer=None):
        consumer = consumer or self.random.choice(DISPATCHERS)
        for entry, fields in self.store.read_deliveries(consumer, self.random.randint(1, 12)):
            one = self.model.by_entry(entry)
            assert one.holder is None, "a delivery is read once"
            one.holder = consumer
            self.held[consumer][entry] = fields

    def settle(self, woken=None):
        consumer, args, outcomes = woken or self.random.choice(DISPATCHERS), [], []
        chosen = [(entry, self.held[woken][entry]) for entry in self.sure_tail(woken)] if woken else self.some(self.held[consumer].items(), 10)
        if woken or self.random.random() < 0.7:
            chosen.sort(key=lambda one: order(one[0]))
        entries = [entry for entry, _ in chosen]
        word = self.word(consumer, entries)
        if woken:
            self.read_deliveries(woken)  # of which it does not know yet
        for entry, fields in chosen:
            outcome_word = self.random.choice(WORDS)
            has_attempt = outcome_word in ("delivered", "retry", "snooze") or outcome_word == "dead" and self.random.random() < 0.7
            delay, error = self.random.randrange(300), "" if outcome_word == "delivered" else "some_reason"
            status = self.random.choice([0, 200, 503])
            response, duration = self.random.choice(["", "ok"]), "7" if has_attempt else ""
            args.append(outcome(entry, fields, outcome_word, error=error, delay_ms=delay, status=status, response=response,
                                duration_ms=duration))
            outcomes.append((entry, outcome_word, error, duration, status, delay, response))
        if self.is_delayed(consumer, entries, word, lambda: self.send_settle(consumer, chosen, args, outcomes, word)):
            return
        self.send_settle(consumer, chosen, args, outcomes, word)
        for entry in entries:
            if self.random.random() < 0.9:  # else it does not learn that it is through, and tries again
                self.end(consumer, entry)
            else:
                self.unsure[consumer].add(entry)

    def send_settle(self, consumer, chosen, args, outcomes, word):
        due, answers = self.store.settle(consumer, args, self.now, FAILING_AFTER_MS, word)
        expected, attempted = self.model.settle(consumer, outcomes, self.now, FAILING_AFTER_MS)
        assert answers == expected
        assert due == str(self.model.due())
        self.learn_attempts(attempted)
        self.learn_entries()
        self.release_next({fields["endpoint"] for (_, fields), found in zip(chosen, answers) if found != "refused"})
        for found in answers:
            self.seen["refused settle" if found == "refused" else found] += 1
        self.note_word([entry for entry, _ in chosen], word, answers)

    def learn_attempts(self, attempted):
        new = self.store.r.xrange(ATTEMPTS, "(" + self.last_attempt, "+")
        assert [(f["event"], f["endpoint"], int(f["attempt"]), f["outcome"]) for _, f in new] == \
            [(one.event, one.endpoint, attempt, word) for one, attempt, word, told in attempted if not told]
        entries = iter([entry for entry, _ in new])
        for one, _, _, told in attempted:
            one.history.append(told or next(entries))
        self.last_attempt = new[-1][0] if new else self.last_attempt

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
            self.unsure[consumer].clear()

    def reclaim(self):
        stream, group, consumers = self.side()
        consumer, limit, cursor = self.random.choice(consumers), self.random.choice([1, 30, 200]), "0-0"
        robbed = set()
        while True:
            cursor, lost, entries = self.store.reclaim(stream, group, consumer, LEASE_MS, cursor, limit)
            assert lost == []
            for entry, times, fields in entries:
                one = self.of_entry(stream, entry)
                assert (stream, entry) in self.silent and one is not None and times > 1
                self.silent.discard((stream, entry))
                robbed |= {one.holder} - {consumer}
                one.holder = consumer
                self.held[consumer][entry] = one if stream == EVENTS else fields
                self.unsure[consumer].discard(entry)
                self.seen["reclaimed"] += 1
            if cursor == "0-0":
                break
        assert not [entry for which, entry in self.silent if which == stream and self.of_entry(stream, entry)]
        for name in sorted(robbed):  # they wake up, and go on with some of what they had
            (self.fanout if stream == EVENTS else self.settle)(woken=name)

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

    def lease(self):
        """Somebody has leased events of the inbox; what was leased before is through."""
        self.model.leased = set(self.some(self.model.events, 3))
        for org in ORGS:
            self.store.r.delete(ORG_LEASES + org)
        for entry in self.model.leased:
            self.store.r.zadd(ORG_LEASES + self.model.events[entry].org, {entry: AFTER_ALL})
        self.seen["leased"] += len(self.model.leased)

    def trim(self):
        limit = self.random.choice([1, 10, 50])
        went, kept, cursor = self.model.trim(self.trim_cursor, limit)
        assert self.store.trim(AFTER_ALL, self.trim_cursor, limit) == [went, kept, cursor]
        self.trim_cursor = cursor
        self.seen["trimmed"] += went
        self.seen["kept"] += kept

    def drain(self):
        """With consumers that work, everything ends."""
        for _ in range(1000):
            self.now += 1000
            self.promote()
            for endpoint in sorted(self.model.lanes.paused):
                self.resume_one(endpoint)
            for stream, group, consumers in [(EVENTS, "processor", PROCESSORS), (DELIVERIES, "dispatcher", DISPATCHERS)]:
                for consumer in consumers:
                    self.held[consumer].update(
                        (entry, self.model.events[entry] if stream == EVENTS else self.fields_of(entry))
                        for entry in self.truly_held(stream, consumer))
            for operation in (self.read_events, self.fanout, self.read_deliveries, self.settle):
                operation()
            if self.model.backlog() == 0 and not self.model.at("waiting") + self.model.at("held"):
                return
        raise AssertionError("it does not drain")

    def fields_of(self, entry):
        return self.store.ready(entry, entry)[0][1]

    # -- the whole state

    def compare(self):
        r, model = self.store.r, self.model
        assert [entry for entry, _ in r.xrange(EVENTS)] == list(model.events)
        assert self.store.pending(EVENTS, "processor") == {
            event.entry: event.holder for event in model.unprocessed() if event.is_read}
        assert r.hgetall(CURSORS) == {event.entry: event.cursor for event in model.unprocessed() if event.cursor}
        assert {entry: self.short(fields) for entry, fields in self.store.ready()} == {
            one.entry: self.wanted(one) for one in model.at("ready")}
        assert self.store.pending(DELIVERIES, "dispatcher") == {
            one.entry: one.holder for one in model.at("ready") if one.holder}
        self.compare_lanes()
        assert r.hgetall(FAILING) == {endpoint: str(since) for endpoint, since in model.failing.items()}
        assert self.records() == self.wanted_records()
        self.compare_lists()
        assert self.store.all_stats() == {name: n for name, n in model.stats.items() if n}
        for org in ORGS:
            counted = Counter(self.store.stats(org))
            assert model.processed[org] - counted["skipped"] + counted["extra"] == model.fanned_out[org]
        self.check_one_place_each()

    def each(self, prefix, read):
        return {key[len(prefix):]: read(key) for key in self.store.r.scan_iter(prefix + "*", count=1000)}

    def compare_lists(self):
        """What is listed by organization and by endpoint."""
        r, model = self.store.r, self.model
        for org in ORGS:
            assert [entry for entry, _ in r.xrange(ORG_EVENTS + org)] == [
                event.entry for event in model.events.values() if event.org == org]
        letters = r.xrange(DLQ)
        assert [(f["event"], f["endpoint"], f["org"], f["reason"]) for _, f in letters] == model.letters
        for org in ORGS:
            assert r.xrange(ORG_DLQ + org) == [
                (entry, {"delivery": delivery_id(f["event"], f["endpoint"])}) for entry, f in letters if f["org"] == org]
        for org, endpoints in ENDPOINTS_OF.items():
            for endpoint in endpoints:
                rows, _ = walk(lambda **page: self.store.list_deliveries(org=org, endpoint=endpoint, **page), 50, ("", ""))
                assert [row[0] for row in rows] == sorted(
                    (one.event for one in model.deliveries.values() if one.endpoint == endpoint), reverse=True)
        self.check_marks()

    def check_marks(self):
        """No mark but of an event that the endpoint has or has had."""
        for endpoint, marks in self.each(HISTORY, lambda key: self.store.r.zrange(key, 0, -1, withscores=True)).items():
            assert {(event[:chars], 0) for event in self.had[endpoint] for chars in MARKS}.issuperset(marks)

    @staticmethod
    def short(fields):
        return tuple(fields.get(name, NOTHING_TO_SAY.get(name)) for name in ("event", "endpoint", "org", "attempt", "snoozes", "history", "lane"))

    @staticmethod
    def wanted(one):
        return (one.event, one.endpoint, one.org, str(one.attempt), str(one.snoozes), ",".join(one.history),
                "1" if one.is_released else None)

    def wanted_state(self, one, letters=None):
        """What the record says: lua/lib/record.lua."""
        tail = "0" if one.last is None else " ".join([*map(str, one.last), *filter(None, [",".join(one.history)])])
        if one.place in ("waiting", "held"):
            return waiting_state(one.reason, one.until, one.attempt, one.snoozes, tail, one.org, request=REQUEST_OF[one.org])
        if one.place == "dead":
            return f"dead {letters[one.event, one.endpoint]} {tail}"
        return f"{'pending' if one.place == 'ready' else one.place} {tail}"

    def wanted_records(self):
        letters = {(f["event"], f["endpoint"]): entry for entry, f in self.store.r.xrange(DLQ)}
        expected = {event.name: {"skipped": "no_endpoint"} for event in self.model.events.values()
                    if event.is_done and not event.endpoints}
        for one in self.model.deliveries.values():
            expected.setdefault(one.event, {})[one.endpoint] = self.wanted_state(one, letters)
        return expected

    def records(self):
        return self.each(RECORD, self.store.r.hgetall)

    def check_one_place_each(self):
        """From Redis alone: a delivery is in exactly one of: ready, waiting, delivered, dead; counters are a recount."""
        r = self.store.r
        places = Counter((f["event"], f["endpoint"]) for _, f in self.store.ready())
        states = {(event, name): state.split(" ") for event, of in self.records().items() for name, state in of.items()
                  if name != "skipped"}
        by_id = {delivery_id(*one): one for one in states}
        due, held = self.due_and_held()
        places.update(by_id[name] for name in due + held)
        letters = {entry: (f["event"], f["endpoint"]) for entry, f in r.xrange(DLQ)}
        for one, (word, reason, *rest) in states.items():
            assert (word == "pending") == (one in places and delivery_id(*one) not in due + held)
            assert (word == "waiting") == (delivery_id(*one) in due + held)
            assert (word == "waiting" and rest[0] == "-") == (delivery_id(*one) in held)
            assert (word == "dead") == (letters.get(reason) == one)
            places[one] += word in ("delivered", "dead")
        assert self.store.waiting() == Counter(states[by_id[name]][1] for name in due + held)
        assert set(places) == set(by_id.values())
        assert set(places.values()) <= {1}, [one for one, n in places.items() if n != 1]
        attempts = Counter((f["org"], f["outcome"]) for _, f in r.xrange(ATTEMPTS))
        for org in ORGS:
            counted = self.store.stats(org)
            for word, made in (("retried", "retry"), ("snoozed", "snooze")):
                assert counted.get(word, 0) == attempts[org, made]
        assert sum(self.store.stats(org).get("dead", 0) for org in ORGS) == r.xlen(DLQ)
