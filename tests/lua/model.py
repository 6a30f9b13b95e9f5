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
    place: str = "ready"  # ready waiting delivered dead
    entry: str = None     # while ready
    holder: str = None    # while ready and read
    until: int = None     # while waiting
    reason: str = None
    record: str = "pending 0"


class Model:
    def __init__(self):
        self.events = {}      # by entry, in order
        self.deliveries = {}  # by (event, endpoint)
        self.dedup = {}
        self.letters = []
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
        """parts: (entry, endpoints, from, to). Per part (word, detail)."""
        self.made, answers = [], []
        for entry, endpoints, after_endpoint, last in parts:
            event = self.events.get(entry)
            if event is None or event.is_done or event.holder != consumer:
                answers.append(("refused", ""))
            elif event.cursor != after_endpoint:
                answers.append(("behind", event.cursor))
            else:
                if after_endpoint == "":
                    self._count_event(event)
                self._write_part(event, endpoints, now)
                event.cursor, event.is_done = last, last == ""
                answers.append(("continued" if last else "done", ""))
        return answers

    def _write_part(self, event, endpoints, now):
        for endpoint in endpoints:
            one = Delivery(event.name, endpoint, event.org)
            self.deliveries[event.name, endpoint] = one
            if event.after and int(event.after) > now:
                one.place, one.until, one.reason = "waiting", int(event.after), "scheduled"
            else:
                self.made.append(one)
            self.stats[event.org, "deliveries"] += 1

    def _count_event(self, event):
        self.stats[event.org, "events"] += 1
        self.stats[event.org, "skipped"] += not event.endpoints

    def settle(self, consumer, outcomes, now):
        """outcomes: (entry, word, error, has_attempt, delay_ms). Answers, and the deliveries that were attempted."""
        self.made, answers, attempted = [], [], []
        for entry, word, error, has_attempt, delay_ms in outcomes:
            one = self.by_entry(entry)
            if one is None or one.holder != consumer:
                answers.append("refused")
                continue
            answers.append("settled")
            one.entry = one.holder = None
            if has_attempt:
                attempted.append((one, one.attempt, word))
            if word in COUNTED:
                self.stats[one.org, COUNTED[word]] += 1
                made = one.attempt if has_attempt else one.attempt - 1
                one.record = (word if word in ("delivered", "dead") else "pending", made, now)
            self._move(one, word, error, now + delay_ms)
        return answers, attempted

    def _move(self, one, word, error, until):
        if word in ("delivered", "dead"):
            one.place = word
            if word == "dead":
                self.letters.append((one.event, one.endpoint, error))
        elif word == "ready":
            self.made.append(one)
        else:
            one.place, one.until, one.reason = "waiting", until, REASONS.get(word, error)
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
        return not event.is_done or event is last_read is not oldest or any(
            one.event == event.name and one.place in ("ready", "waiting") for one in self.deliveries.values())
