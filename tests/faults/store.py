"""What Redis holds: whether work is left, and everything that the checker reads at the end."""

from dataclasses import dataclass, field

import redis

import events

PREFIX = "mr:{0}:"
EVENTS, DELIVERIES, DUE, CURSORS = PREFIX + "events", PREFIX + "deliveries", PREFIX + "due", PREFIX + "cursors"
WAITING = PREFIX + "waiting"
ATTEMPTS, DEAD = PREFIX + "attempts", PREFIX + "dlq"
GROUPS = {EVENTS: "processor", DELIVERIES: "dispatcher"}


@dataclass
class State:
    events: dict = field(default_factory=dict)     # event id -> (organization, dedup id)
    records: dict = field(default_factory=dict)    # event id -> {endpoint: "delivered …"}
    attempts: list = field(default_factory=list)   # {event, endpoint, attempt, outcome, …}; of those without an entry one per delivery and replay
    dead: list = field(default_factory=list)       # {event, endpoint, reason, …}
    stats: dict = field(default_factory=dict)      # organization -> {skipped: n, dead: n, …}
    dedups: list = field(default_factory=list)     # event ids that dedup keys name
    listed: dict = field(default_factory=dict)     # organization -> event ids, as its own list has them
    dead_of: dict = field(default_factory=dict)    # organization -> how many dead letters its own list has
    histories: dict = field(default_factory=dict)  # endpoint -> event ids
    left: dict = field(default_factory=dict)       # what is not done; all 0 at the end
    holders: dict = field(default_factory=dict)    # consumers with something pending

    def deliveries(self, org, processed):
        """How many it has had by its counters, of so many processed events: as lua/lib/stats.lua has it."""
        counted = self.stats.get(org, {})
        return processed - counted.get("skipped", 0) + counted.get("extra", 0)


def left(connection):
    """What is still to be done, by where it waits."""
    counts = {"waiting": connection.zcard(DUE), "held": int(connection.hget(WAITING, "paused") or 0),
              "cursors": connection.hlen(CURSORS), "ready": connection.xlen(DELIVERIES)}
    for stream, group in GROUPS.items():
        info = _group(connection, stream, group)
        counts[f"{group}_pending"] = info["pending"] if info else 0
        counts[f"{group}_unread"] = _unread(connection, stream, info)
    return counts


def is_drained(connection):
    try:
        return not any(left(connection).values())
    except redis.RedisError:
        return False


def _group(connection, stream, group):
    try:
        rows = connection.xinfo_groups(stream)
    except redis.ResponseError:
        return None
    return next((row for row in rows if row["name"] == group), None)


def _unread(connection, stream, info):
    """lag is unknown when entries were deleted unread; then the entries after the last one read are counted."""
    if info is None:
        return connection.xlen(stream)
    if info["lag"] is not None:
        return info["lag"]
    return len(connection.xrange(stream, f"({info['last-delivered-id']}", "+", count=1000))


def read_state(connection):
    state = State(left=left(connection))
    for entry, fields in connection.xrange(EVENTS):
        state.events[events.event_id(entry)] = (fields["org"], fields["dedup"])
    state.records = _hashes(connection, PREFIX + "event:")
    if connection.type(PREFIX + "stats") == "hash":
        for field, count in connection.hscan_iter(PREFIX + "stats", count=1000):
            org, word = field.split(":")
            state.stats.setdefault(org, {})[word] = int(count)
    state.attempts = [fields for _, fields in connection.xrange(ATTEMPTS)] + list(_told(state))
    state.dead = [fields for _, fields in connection.xrange(DEAD)]
    for org in {org for org, _ in state.events.values()}:
        state.listed[org] = {events.event_id(entry) for entry, _ in connection.xrange(f"{EVENTS}:{org}")}
        state.dead_of[org] = connection.xlen(f"{DEAD}:{org}")
    for key in connection.scan_iter(PREFIX + "history:*", count=1000):
        state.histories[key.removeprefix(PREFIX + "history:")] = set(connection.zrange(key, 0, -1))
    keys = list(set(connection.scan_iter(PREFIX + "dedup:*", count=1000)))  # SCAN may tell a key twice
    for at in range(0, len(keys), 1000):
        state.dedups += [events.event_id(value.split(" ")[0]) for value in connection.mget(keys[at:at + 1000])]
    for stream, group in GROUPS.items():
        if _group(connection, stream, group):
            state.holders |= {row["name"]: row["pending"] for row in connection.xinfo_consumers(stream, group) if row["pending"]}
    return state


def _told(state):
    """Attempts that have no entry, because the history of their delivery says all of them."""
    for event_id, record in state.records.items():
        for endpoint, words in record.items():
            for item in words.split(" ")[-1].split(","):
                _, *numbers = item.split(":")
                if numbers and event_id in state.events:
                    yield dict(zip(("attempt", "status", "duration_ms"), numbers), event=event_id, endpoint=endpoint,
                               org=state.events[event_id][0], outcome="delivered")


def _hashes(connection, prefix):
    """All hashes under a prefix, by the rest of their names."""
    keys = list(connection.scan_iter(prefix + "*", count=1000))
    found = {}
    for at in range(0, len(keys), 1000):
        with connection.pipeline(transaction=False) as pipeline:
            for key in keys[at:at + 1000]:
                pipeline.hgetall(key)
            for key, fields in zip(keys[at:at + 1000], pipeline.execute(), strict=True):
                found[key[len(prefix):]] = fields
    return found
