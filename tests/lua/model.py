"""What the scripts are meant to do, as plain Python over plain dictionaries.

Ids that Redis makes are handed in as Redis answered them; everything else is worked out here.
"""
from collections import Counter
from dataclasses import dataclass, field

from lanes_model import Lanes, order
from store import delivery_id

COUNTED = {"retry": "retried", "snooze": "snoozed", "dead": "dead"}
REASONS = {"retry": "backoff", "snooze": "retry_after"}


@dataclass
class Event:
    entry: str
    name: str
    org: str
    after: str
    endpoints: list
    holder: str = None
    is_read: bool = False
    is_done: bool = False
    cursor: str = ""


@dataclass(eq=False)
class Delivery:
    event: str
    endpoint: str
    org: str
    attempt: int = 1
    snoozes: int = 0
    history: list = field(default_factory=list)
    place: str = "ready"  # ready waiting held delivered dead
    entry: str = None     # while ready
    holder: str = None    # while ready and read
    until: int = None     # while waiting
    reason: str = None    # while waiting or held
    is_released: bool = False  # while ready: by its lane
    last: tuple = None    # attempts made, status and time of the last outcome that counted


class Model:
    def __init__(self):
        self.events = {}      # by entry, in order
        self.deliveries = {}  # by (event, endpoint)
        self.dedup = {}
        self.letters = []     # (event, endpoint, org, reason)
        self.lanes = Lanes(self)
        self.leased = set()   # entries of events
        self.failing = {}     # endpoint -> ms
        self.stats = Counter()  # (org, word)
        self.processed = Counter()  # events, by org
        self.fanned_out = Counter()  # deliveries, by org
        self.made = []        # deliveries that became ready in the last call, in order

    # -- what is where

    def unprocessed(self):
        return [event for event in self.events.values() if not event.is_done]

    def at(self, place):
        return [one for one in self.deliveries.values() if one.place == place]

    def by_entry(self, entry):
        return next((one for one in self.at("ready") if one.entry == entry), None)

    def backlog(self):
        return len(self.unprocessed()) + len(self.at("ready"))

    def due(self):
        return min((*(one.until for one in self.at("waiting")), *self.lanes.wakes.values()), default="")

    # -- transitions

    def publish(self, items, max_depth):
        """Per item (word, entry of the first one or None for a new one)."""
        room, answers, new = max_depth - self.backlog(), [], {}
        for i, item in enumerate(items):
            key = item["fingerprint"] and item["dedup_key"]
            first = new.get(key) or self.dedup.get(key) if key else None
            if first:
                answers.append(("duplicate" if first[1] == item["fingerprint"] else "mismatch", first[0]))
            elif room > 0:
                room -= 1
                answers.append(("accepted", i))
                if key:
                    new[key] = (i, item["fingerprint"])
            else:
                answers.append(("full", ""))
        return answers

    def was_published(self, item, event):
        self.events[event.entry] = event
        if item["fingerprint"]:
            self.dedup[item["dedup_key"]] = (event.entry, item["fingerprint"])

    def fanout(self, consumer, parts, now):
        """parts: (entry, endpoints, from, to, whether one seems to be gated). Per part (word, detail)."""
        self.made, answers = [], []
        for entry, endpoints, after_endpoint, last, gated in parts:
            event = self.events.get(entry)
            if event is None or event.is_done or event.holder != consumer:
                answers.append(("refused", ""))
            elif event.cursor != after_endpoint:
                answers.append(("behind", event.cursor))
            else:
                if after_endpoint == "":
                    self._count_event(event)
                self._write_part(event, endpoints, gated, now)
                event.cursor, event.is_done = last, last == ""
                answers.append(("continued" if last else "done", ""))
        return answers

    def _write_part(self, event, endpoints, gated, now):
        for endpoint in endpoints:
            self.stats[event.org, "extra"] += any(one.event == event.name for one in self.deliveries.values())
            self.fanned_out[event.org] += 1
            one = Delivery(event.name, endpoint, event.org)
            self.deliveries[event.name, endpoint] = one
            if event.after and int(event.after) > now:
                one.place, one.until, one.reason = "waiting", int(event.after), "scheduled"
            elif gated and self.lanes.gate(endpoint):
                self.lanes.hold(one, now, is_fresh=True)
            else:
                self.made.append(one)

    def _count_event(self, event):
        self.processed[event.org] += 1
        self.stats[event.org, "skipped"] += not event.endpoints

    def settle(self, consumer, outcomes, now, failing_after_ms):
        """outcomes: (entry, word, error, duration_ms or '', status, delay_ms, response). Answers, and what was attempted: the delivery, the
        attempt's number, its word, and what the history tells of it, or None when it has an entry of its own."""
        self.made, answers, attempted = [], [], []
        for entry, word, error, duration_ms, status, delay_ms, response in outcomes:
            has_attempt, one = duration_ms != "", self.by_entry(entry)
            if one is None or one.holder != consumer:
                answers.append("refused")
                continue
            answers.append("failing" if has_attempt and self._has_failed(one.endpoint, word, now, failing_after_ms) else "settled")
            one.entry = one.holder = None
            if has_attempt:
                is_told = word == "delivered" and response == ""
                attempted.append((one, one.attempt, word, f"{now}:{one.attempt}:{status}:{duration_ms}" if is_told else None))
            if word in COUNTED:
                self.stats[one.org, COUNTED[word]] += 1
            if word in COUNTED or word == "delivered":
                one.last = (one.attempt if has_attempt else one.attempt - 1, status, now)
            self._move(one, word, error, now, delay_ms)
        return answers, attempted

    def _has_failed(self, endpoint, word, now, failing_after_ms):
        if word == "delivered":
            self.failing.pop(endpoint, None)
        if word not in ("retry", "dead"):
            return False
        return now - self.failing.setdefault(endpoint, now) >= failing_after_ms

    def _move(self, one, word, error, now, delay_ms):
        if word in ("delivered", "dead"):
            one.place = word
            if word == "dead":
                self.letters.append((one.event, one.endpoint, one.org, error))
        elif word == "hold" and self.lanes.gate(one.endpoint):
            self.lanes.hold(one, now, is_fresh=False)
        elif word in ("ready", "hold"):
            one.is_released = False
            self.made.append(one)
        else:
            one.place, one.until, one.reason = "waiting", now + delay_ms, REASONS.get(word, error)
            one.attempt += word == "retry"
            one.snoozes += word == "snooze"

    def promote(self, limit, now):
        """Due ones in order of time, then of id, as a zset keeps them; then the lanes that are due."""
        waiting = {delivery_id(one.event, one.endpoint): one for one in self.at("waiting")}
        places = [(one.until, id) for id, one in waiting.items()] + [(ms, endpoint) for endpoint, ms in self.lanes.wakes.items()]
        due = [id for ms, id in sorted(places) if ms <= now][:limit]
        self.made = [waiting[id] for id in due if id in waiting]
        for one in self.made:
            one.place, one.until, one.reason, one.is_released = "ready", None, None, False
        self.lanes.begin_call()
        for endpoint in (id for id in due if id not in waiting):
            self.made += self.lanes.release(endpoint, limit - len(self.made), now)
        return len(self.made)

    def release(self, endpoints, now):
        self.made = []
        self.lanes.begin_call()
        for endpoint in endpoints:
            self.made += self.lanes.release(endpoint, 200 - len(self.made), now)

    def resume(self, endpoint):
        """What is held of it is ready, in order; or says what it waits for now."""
        self.lanes.paused.discard(endpoint)
        gate, self.made = self.lanes.gate(endpoint), []
        for one in self.lanes.held(endpoint):
            if gate:
                one.reason = gate
            else:
                one.place, one.until, one.reason, one.is_released = "ready", None, None, False
                self.made.append(one)

    def trim(self, cursor, limit):
        """(how many went, how many stayed, the entry to go on after or '')"""
        went = kept = 0
        for event in [one for one in self.events.values() if order(one.entry) > order(cursor or "0-0")]:
            if went + kept == limit:
                return went, kept, cursor
            if not event.is_read:
                return went, kept, ""
            cursor = event.entry
            if self.is_needed(event):
                kept += 1
                continue
            went += 1
            del self.events[event.entry]
            self.deliveries = {key: one for key, one in self.deliveries.items() if one.event != event.name}
        return went, kept, cursor if went + kept == limit else ""

    def is_needed(self, event):
        oldest = next(iter(self.events.values()))
        last_read = [one for one in self.events.values() if one.is_read][-1]
        return not event.is_done or event is last_read is not oldest or event.entry in self.leased or any(
            one.event == event.name and one.place in ("ready", "waiting", "held") for one in self.deliveries.values())
