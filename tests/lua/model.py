"""What the scripts are meant to do, as plain Python over plain dictionaries.

Ids that Redis makes are handed in as Redis answered them; everything else is worked out here.
"""
from collections import Counter
from dataclasses import dataclass, field

COUNTED = {"delivered": "delivered", "retry": "retried", "snooze": "snoozed", "dead": "dead"}
REASONS = {"retry": "backoff", "snooze": "retry_after"}


def order(entry):
    ms, seq = entry.split("-")
    return int(ms), int(seq)


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


@dataclass
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
    until: int = None     # while waiting; while held: since when
    reason: str = None    # while waiting
    last: tuple = None    # attempts made, status and time of the last outcome that counted


class Model:
    def __init__(self):
        self.events = {}      # by entry, in order
        self.deliveries = {}  # by (event, endpoint)
        self.dedup = {}
        self.letters = []     # (event, endpoint, org, reason)
        self.paused = set()   # endpoints
        self.leased = set()   # entries of events
        self.failing = {}     # endpoint -> ms
        self.stats = Counter()  # (org, word)
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
        return min((one.until for one in self.at("waiting")), default="")

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
        """parts: (entry, endpoints, from, to, whether one seems to be paused). Per part (word, detail)."""
        self.made, answers = [], []
        for entry, endpoints, after_endpoint, last, paused in parts:
            event = self.events.get(entry)
            if event is None or event.is_done or event.holder != consumer:
                answers.append(("refused", ""))
            elif event.cursor != after_endpoint:
                answers.append(("behind", event.cursor))
            else:
                if after_endpoint == "":
                    self._count_event(event)
                self._write_part(event, endpoints, paused, now)
                event.cursor, event.is_done = last, last == ""
                answers.append(("continued" if last else "done", ""))
        return answers

    def _write_part(self, event, endpoints, paused, now):
        for endpoint in endpoints:
            one = Delivery(event.name, endpoint, event.org)
            self.deliveries[event.name, endpoint] = one
            if event.after and int(event.after) > now:
                one.place, one.until, one.reason = "waiting", int(event.after), "scheduled"
            elif paused and endpoint in self.paused:
                one.place, one.until = "held", now
            else:
                self.made.append(one)
            self.stats[event.org, "deliveries"] += 1

    def _count_event(self, event):
        self.stats[event.org, "events"] += 1
        self.stats[event.org, "skipped"] += not event.endpoints

    def settle(self, consumer, outcomes, now, failing_after_ms):
        """outcomes: (entry, word, error, has_attempt, status, delay_ms). Answers, and the deliveries that were attempted."""
        self.made, answers, attempted = [], [], []
        for entry, word, error, has_attempt, status, delay_ms in outcomes:
            one = self.by_entry(entry)
            if one is None or one.holder != consumer:
                answers.append("refused")
                continue
            answers.append("failing" if has_attempt and self._has_failed(one.endpoint, word, now, failing_after_ms) else "settled")
            one.entry = one.holder = None
            if has_attempt:
                attempted.append((one, one.attempt, word))
            if word in COUNTED:
                self.stats[one.org, COUNTED[word]] += 1
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
        elif word == "hold" and one.endpoint in self.paused:
            one.place, one.until = "held", now
        elif word in ("ready", "hold"):
            self.made.append(one)
        else:
            one.place, one.until, one.reason = "waiting", now + delay_ms, REASONS.get(word, error)
            one.attempt += word == "retry"
            one.snoozes += word == "snooze"

    def promote(self, limit, now):
        """Due ones in order of time, then of id, as a zset keeps them."""
        due = sorted((one for one in self.at("waiting") if one.until <= now),
                     key=lambda one: (one.until, one.event, one.endpoint))[:limit]
        for one in due:
            one.place, one.until, one.reason = "ready", None, None
        self.made = due
        return len(due)

    def resume(self, endpoint):
        """What is held of it is ready, in order of time, then of id."""
        self.paused.discard(endpoint)
        self.made = sorted((one for one in self.at("held") if one.endpoint == endpoint), key=lambda one: (one.until, one.event))
        for one in self.made:
            one.place, one.until = "ready", None

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
