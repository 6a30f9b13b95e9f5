"""The scripts and the keys of one partition as Python calls them: one method per script, in the order of its header."""
import pathlib
import re

import msgpack

SCRIPTS = pathlib.Path(__file__).parents[2] / "lua"
NAMES = sorted(path.stem for path in SCRIPTS.glob("*.lua"))

P = "mr:{0}:"
EVENTS, DELIVERIES, DUE, WAITING, CURSORS = P + "events", P + "deliveries", P + "due", P + "waiting", P + "cursors"
ATTEMPTS, DLQ = P + "attempts", P + "dlq"
FAILING, JOBS, RECLAIMED = P + "failing", P + "jobs", P + "reclaimed"
RECORD, HISTORY, LANE, ENDPOINT = P + "event:", P + "history:", P + "lane:", P + "endpoint:"
TURN = P + "turn:"
JOB, ORG_JOBS, RUNNING = P + "job:", P + "jobs:", P + "running:"
ORG_ENDPOINTS, ORG_GONE = P + "endpoints:", P + "gone:"
ORG_EVENTS, ORG_LEASES, ORG_DLQ, STATS, RATE = P + "events:", P + "leases:", P + "dlq:", P + "stats", P + "rate:"
ORG_ENDPOINTS, ORG_LETTERS = P + "endpoints:", P + "letters:"

EVENT_FIELDS = "org type key dedup trace request time after to data ce".split()
# Fields that a plain event, a fresh delivery and an attempt that succeeded are without.
NOTHING_TO_SAY = {"key": "", "dedup": "", "request": "", "time": "", "after": "", "to": "", "ce": "",
                  "attempt": "1", "snoozes": "0", "history": "", "error": "", "response": ""}
DELIVERY_WORDS = "event endpoint org trace request".split()  # of an entry's first field
DELIVERY_FIELDS = [*DELIVERY_WORDS, "attempt", "snoozes", "history", "body"]
FRESH_FIELDS = [*DELIVERY_WORDS, "body"]
ATTEMPT_FIELDS = "event endpoint org attempt outcome status duration_ms error response".split()
DLQ_FIELDS = ("event endpoint org reason attempts status response first_at last_at history "
              "trace request").split()

REPLAYS = [EVENTS, DELIVERIES, DUE, WAITING, DLQ, RECORD, ORG_DLQ, ENDPOINT]
STEP_MS, READY_MAX, TOP_UP_MAX = 2, 60, 5  # of jobs: as lua/lib/job.lua has them
LANE_KEYS = [DUE, WAITING, DELIVERIES, EVENTS, RECORD, LANE, ENDPOINT, TURN, RATE, ORG_EVENTS]
STEPS = {  # of jobs: the script, and its keys after those that every step has
    "release": ("job_release", [DELIVERIES, WAITING, DUE, RECORD, LANE, ENDPOINT]),
    "replay": ("job_replay", [*REPLAYS, HISTORY, ORG_EVENTS]),
    "redrive": ("job_letters", [*REPLAYS, ORG_EVENTS, ORG_LETTERS]),
    "purge": ("job_letters", [*REPLAYS, ORG_EVENTS, ORG_LETTERS]),
    "forget": ("job_forget", [EVENTS, ATTEMPTS, DLQ, DUE, WAITING, CURSORS, FAILING, RECORD, HISTORY, LANE, ENDPOINT, JOB,
                              P + "dedup:", RATE, ORG_EVENTS, P + "endpoints:", P + "gone:", P + "keys:", TURN,
                              STATS, ORG_LEASES, ORG_DLQ, P + "audit:", ORG_LETTERS]),
}

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
ORG = "org_" + "0" * 20
MOST_BYTES = 4 << 20  # of data in an answer of the inbox
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def event_id(number):
    return "evt_%020d" % number


def entry_event_id(entry, partition=0):
    """As common/model/ids.c makes it of an entry's id."""
    ms, seq = (int(part) for part in entry.split("-"))
    number = ms << 50 | seq << 15 | partition
    return "evt_" + "".join(ALPHABET[number >> shift & 31] for shift in range(95, -1, -5))


def endpoint_id(number):
    return "ep_%020d" % number


def job_id(number):
    return "job_%020d" % number


def delivery_id(event, endpoint):
    return "dlv_" + event[4:] + endpoint[3:]


def delivery_of(entry):
    """The fields of an entry of deliveries, with the words of the first one by their names."""
    words = entry["delivery"].split(" ")
    assert len(words) == len(DELIVERY_WORDS)
    told = {name: "" if word == "-" else word for name, word in zip(DELIVERY_WORDS, words)}
    return {name: value for field in entry for name, value in (told if field == "delivery" else {field: entry[field]}).items()}


def delivery_entry(fields):
    line = " ".join(fields[name] or "-" for name in DELIVERY_WORDS)
    return {"delivery": line} | {name: value for name, value in fields.items() if name not in DELIVERY_WORDS}


def script_text(name):
    """The script as the build embeds it."""
    text = (SCRIPTS / f"{name}.lua").read_text()
    return re.sub(r"^--@include ([a-z_]+)\n", lambda m: (SCRIPTS / "lib" / f"{m[1]}.lua").read_text(),
                  text, flags=re.M)


def new_event(**given):
    """One item of publish. dedup_key and fingerprint: '' without deduplication."""
    item = dict(org=ORG, type="order.created", key="", dedup="", trace=TRACE, request="req_1",
                time="1700000000000", after="", to="", data='{"n":1}',
                ce="", fingerprint="", dedup_key="", limiters=(0, 0))
    item.update(given)
    return item


def part(entry, event, endpoints=(), **given):
    """One event of fanout."""
    fields = dict(org=ORG, skipped="", trace=TRACE, request="req_1", after="", gated="0", body='{"id":1}', mark=13)
    fields["from"] = fields["to"] = ""
    fields.update(given)
    order = "org from to skipped trace request after gated body mark".split()
    return [entry, event, *(fields[name] for name in order), len(endpoints), *endpoints]


def waiting_state(reason, until, attempt=1, snoozes=0, tail="0", org=ORG, trace=TRACE, request="req_1"):
    """What a record says of a delivery that waits: lua/lib/record.lua."""
    return f"waiting {reason} {until} {attempt} {snoozes} {org} {trace or '-'} {request or '-'} {tail}"


def outcome(entry, fields, word, **given):
    """One delivery of settle: what was read, and what came of it."""
    values = dict(status="200" if word == "delivered" else "503", duration_ms="12",
                  error="" if word == "delivered" else "server_error", response="ok", delay_ms="5000")
    values.update(given)
    order = "status duration_ms error response delay_ms".split()
    return [entry, *((NOTHING_TO_SAY | fields)[name] for name in DELIVERY_FIELDS), word, *(values[name] for name in order)]


class Size(int):
    """How many strings follow: a number in what is packed."""


class Raw(list):
    """An item as it is packed, which may be none."""


def packed(values):
    """Many strings as one argument: as lua/lib/packed.lua reads them."""
    return b"".join(msgpack.packb(int(value) if isinstance(value, Size) else value if isinstance(value, bytes) else str(value))
                    for value in values)


def publish_item(item):
    strings = [item[name] for name in "org type trace request time".split()]
    rest = [*(item[name] for name in "key dedup after to ce fingerprint".split()), *item["limiters"]]
    is_plain = all(value in ("", 0) for value in rest)
    return [Size(5), *strings] if is_plain else [Size(13), *strings, *rest]


def fanout_item(part):
    if isinstance(part, Raw):
        return part
    entry, event, org, from_, to, skipped, trace, request, after, gated, body, mark, count, *endpoints = part
    origin = " ".join([org, trace or "-", request or "-"])
    strings, rest = [entry, event, origin], [from_, to, skipped, after, gated]
    sizes = [Size(count), Size(mark)]
    head = [Size(3), *sizes, *strings] if rest == ["", "", "", "", "0"] else [Size(8), *sizes, *strings, *rest]
    return head + endpoints


def body_of(part):
    """What stands behind the pack: see part()."""
    return "" if isinstance(part, Raw) else part[10]


def settle_item(one):
    if isinstance(one, Raw):
        return one
    entry, event, endpoint, org, trace, request, attempt, snoozes, history, body, word, status, duration_ms, error, response, delay_ms = one
    strings = [entry, event, endpoint, attempt, status, duration_ms, history]
    if word == "delivered" and response == "":
        return [Size(7), *strings]
    return [Size(16), *strings, org, snoozes, trace, request, body, word, error, response, delay_ms]


def pairs(flat):
    return list(zip(flat[::2], flat[1::2]))


def inbox_items(flat):
    names = "entry lease_count leased_until type key time data ce".split()
    return [dict(zip(names, values)) for values in zip(*[iter(flat)] * len(names))]


class Store:
    def __init__(self, client, groups=True):
        self.r = client
        self.given = 0  # events of give_deliveries
        self.sha = {name: client.script_load(script_text(name)) for name in NAMES}
        if groups:
            client.xgroup_create(EVENTS, "processor", "0", mkstream=True)
            client.xgroup_create(DELIVERIES, "dispatcher", "0", mkstream=True)

    def call(self, name, keys, args):
        return self.r.evalsha(self.sha[name], len(keys), *keys, *args)

    def publish(self, items, max_depth=1000, window_ms=60000, limiters=(), now_us=""):
        """limiters: (id, how many per second, burst) each. With any: the words, and three numbers of each. Without: in calls of 200."""
        if len(items) > 200 and not limiters:
            return [pair for at in range(0, len(items), 200) for pair in self.publish(items[at:at + 200], max_depth, window_ms, (), now_us)]
        keys = [item["dedup_key"] for item in items if item["fingerprint"]]
        args = [arg for item in items for arg in publish_item(item)]
        answer = self.call("publish", [EVENTS, DELIVERIES, ORG_EVENTS, *(RATE + name for name, _, _ in limiters), *keys],
                           [max_depth, window_ms, "processor", now_us, len(limiters),
                            *(number for _, *numbers in limiters for number in numbers), packed(args), *(item["data"] for item in items)])
        words, numbers = pairs(answer[:2 * len(items)]), answer[2 * len(items):]
        return (words, list(zip(*[iter(numbers)] * 3))) if limiters else words

    def limit(self, limiters, now_us=""):
        """One request that counts against all of them."""
        (word,), numbers = self.limit_many(limiters, [range(1, len(limiters) + 1)], now_us)
        return word, numbers

    def limit_many(self, limiters, requests, now_us=""):
        """requests: the numbers of the limiters of each -> the words, and three numbers of each limiter."""
        answer = self.call("limit", [RATE + name for name, _, _ in limiters],
                           [now_us, len(limiters), *(number for _, *numbers in limiters for number in numbers),
                            *(number for request in requests for number in (*request, 0, 0)[:2])])
        return answer[:len(requests)], list(zip(*[iter(answer[len(requests):])] * 3))

    def fanout(self, consumer, parts, now="", word=""):
        keys = [EVENTS, DELIVERIES, DUE, WAITING, CURSORS, RECORD, HISTORY, LANE, ENDPOINT, STATS, RECLAIMED]
        due, *words = self.call("fanout", keys, ["processor", consumer, now, word, packed(arg for one in parts for arg in fanout_item(one)),
                                                *(body_of(one) for one in parts)])
        return due, pairs(words)

    def settle(self, consumer, outcomes, now="", failing_after_ms=0, word=""):
        keys = [DELIVERIES, DUE, WAITING, ATTEMPTS, DLQ, FAILING, RECORD, ORG_DLQ, LANE, ENDPOINT, STATS, RATE, RECLAIMED]
        due, *words = self.call("settle", keys, ["dispatcher", consumer, now, failing_after_ms, word,
                                                packed(arg for one in outcomes for arg in settle_item(one))])
        return due, words

    def promote(self, limit=200, now=""):
        *moved, at = self.call("promote", LANE_KEYS, [limit, now])
        assert now == "" or at == str(now)
        return moved

    def release(self, *endpoints, now=""):
        return self.call("release", LANE_KEYS, [now, *endpoints])

    def reclaim(self, stream, group, consumer, lease_ms, cursor="0-0", limit=200):
        cursor, lost, entries = self.call("reclaim", [stream, RECLAIMED], [group, consumer, lease_ms, cursor, limit])
        read = delivery_of if stream == DELIVERIES else dict
        return cursor, lost, [(entry, times, read(dict(pairs(fields)))) for entry, times, fields in entries]

    def renew(self, stream, group, consumer, entries):
        return self.call("renew", [stream], [group, consumer, *entries])

    def reap(self, stream, group, idle_ms, name="", limit=100):
        return self.call("reap", [stream], [group, idle_ms, name, limit])

    def replay(self, deliveries, org=ORG, only="any", now=""):
        """deliveries: (event, endpoint) each -> the words."""
        keys = [*REPLAYS, ORG_LETTERS]
        return self.call("replay", keys, [org, only, now, *(id for pair in deliveries for id in pair)])

    def purge_letters(self, deliveries, org=ORG):
        return self.call("purge_letters", [DLQ, RECORD, ORG_DLQ, ORG_LETTERS], [org, *(id for pair in deliveries for id in pair)])

    def list_events(self, after="", limit=50, type="", since="", until="", org=ORG):
        """-> where to go on, rows"""
        return self.call("list_events", [EVENTS, ORG_EVENTS + org, CURSORS, RECORD], [org, after, limit, type, since, until, 0])

    def find_event(self, event, org=ORG):
        return self.call("find_event", [EVENTS, CURSORS, RECORD], [org, event])

    def list_deliveries(self, after=("", ""), limit=50, word="", endpoint="", event="", org=ORG):
        """-> where to go on, rows"""
        *after, rows = self.call("list_deliveries", [ORG_EVENTS + org, ORG_ENDPOINTS + org, ORG_GONE + org, DLQ, DUE, RECORD, HISTORY,
                                                     ENDPOINT], [*after, limit, word, endpoint, event, 0])
        return after, rows

    def find_delivery(self, event, endpoint, org=ORG):
        return self.call("find_delivery", [EVENTS, ATTEMPTS, DLQ, DUE, RECORD, ORG_LETTERS, ENDPOINT], [org, event, endpoint])

    def list_letters(self, after="", limit=50, endpoint="", type="", reason="", since="", until="", org=ORG):
        """-> where to go on, rows"""
        return self.call("list_letters", [DLQ, ORG_DLQ + org, ORG_EVENTS + org],
                         [after, limit, endpoint, type, reason, since, until])

    def trim(self, before_ms, cursor="", limit=100, partition=0):
        keys = [EVENTS, RECORD, ORG_EVENTS, ORG_LEASES, HISTORY, ORG_LETTERS]
        return self.call("trim", keys, ["processor", before_ms, cursor, limit, partition])

    def list_inbox(self, after="", limit=50, most_bytes=MOST_BYTES, now="", org=ORG):
        """Where to go on, and the items."""
        position, *values = self.call("list_inbox", [ORG_EVENTS + org, ORG_LEASES + org, EVENTS], [after, limit, most_bytes, now])
        return position, inbox_items(values)

    def lease(self, name, seconds=300, limit=10, most_bytes=MOST_BYTES, now="", org=ORG):
        """Until when, and the items."""
        until, *values = self.call("lease", [ORG_EVENTS + org, ORG_LEASES + org, EVENTS],
                                   [name, seconds * 1000, limit, most_bytes, now])
        return int(until), inbox_items(values)

    def unlease(self, rule, name, *entries, org=ORG):
        """{entry: held or not_held}"""
        return dict(pairs(self.call("unlease", [ORG_EVENTS + org, ORG_LEASES + org], [rule, name, *entries])))

    def trim_letters(self, before_ms, limit=100):
        return self.call("trim_letters", [DLQ, RECORD, ORG_DLQ, ORG_LETTERS], [before_ms, limit])

    def configure(self, rule, record, fields, index=None, member="", gone=None, script="configure"):
        keys = [key for key in (record, index, gone) if key]
        return self.call(script, keys, [rule, member, *(text for pair in fields.items() for text in pair)])

    def list_endpoints(self, before="", limit=50, org=ORG):
        """The position of the next page or '', and (fields, failing since)."""
        position, *flat = self.call("list_endpoints", [ORG_ENDPOINTS + org, ENDPOINT, FAILING], [before, limit])
        return position, [(dict(pairs(fields)), since) for fields, since in pairs(flat)]

    def job_create(self, number, kind, fields=(), org=ORG, most=100, now="", script="job_create"):
        job = job_id(number)
        return self.call(script, [JOB + job, JOBS, ORG_JOBS + org, RUNNING + org],
                         [most, now, job, org, kind, "key_1", *(text for pair in dict(fields).items() for text in pair)])

    def step(self, kind, number, now="", retention_ms=10**9, news=""):
        """A step of a job: word, ms, and of forget what is to be done elsewhere."""
        script, keys = STEPS[kind]
        word, ms, *rest = self.call(script, [JOB + job_id(number), JOBS, ORG_JOBS, RUNNING, *keys],
                                    [now, retention_ms, 0, news])
        return word, int(ms), *rest

    def jobs_due(self, now="", limit=16):
        left, *flat = self.call("list_jobs_due", [JOBS, JOB], [now, limit])
        return left, pairs(flat)

    def list_jobs(self, before="", limit=50, org=ORG):
        return [dict(pairs(fields)) for fields in self.call("list_jobs", [ORG_JOBS + org, JOB], [before, limit])]

    def job_cancel(self, number, org=ORG, now=""):
        return self.call("job_cancel", [JOB + job_id(number), JOBS, RUNNING + org], [org, now])

    def job(self, number):
        return self.r.hgetall(JOB + job_id(number))

    def list_audit(self, stream, first="+", last="-", limit=50, looks=1000, action="", target=""):
        """-> where the next page begins, the entries"""
        position, *flat = self.call("list_audit", [stream], [first, last, limit, looks, action, target])
        return position, [(entry, dict(pairs(fields))) for entry, fields in pairs(flat)]

    def read(self, stream, group, consumer, count=200):
        answer = self.r.xreadgroup(group, consumer, {stream: ">"}, count=count)
        return answer[0][1] if answer else []

    def read_events(self, consumer="p1", count=200):
        return self.read(EVENTS, "processor", consumer, count)

    def read_deliveries(self, consumer="d1", count=200):
        return [(entry, delivery_of(fields)) for entry, fields in self.read(DELIVERIES, "dispatcher", consumer, count)]

    def ready(self, first="-", last="+"):
        """All entries of deliveries, claimed or not."""
        return [(entry, delivery_of(fields)) for entry, fields in self.r.xrange(DELIVERIES, first, last)]

    def give_deliveries(self, count=1, consumer="d1", body="{}"):
        """count events with one delivery each, claimed by consumer: list of (entry, fields)."""
        self.publish([new_event() for _ in range(count)], max_depth=10**9)
        events = self.read_events(count=count)
        self.fanout("p1", [part(entry, event_id(i), [endpoint_id(1)], body=body)
                           for i, (entry, _) in enumerate(events, self.given + 1)])
        self.given += count
        return self.read_deliveries(consumer, count)

    def pending(self, stream, group):
        rows = self.r.xpending_range(stream, group, "-", "+", 10**6)
        return {row["message_id"]: row["consumer"] for row in rows}

    def age(self, stream, group, consumer, entry, idle_ms):
        """As if the holder had been silent for that long."""
        self.r.execute_command("XCLAIM", stream, group, consumer, 0, entry, "IDLE", idle_ms, "JUSTID")

    def pause(self, endpoint):
        self.r.hset(ENDPOINT + endpoint, "paused", "1")

    def gate(self, endpoint, **fields):
        """ordered="1", rate_per_second and rate_burst; "" takes one off."""
        self.r.hset(ENDPOINT + endpoint, mapping={"id": endpoint, "org": ORG} | fields)

    def resume(self, endpoint):
        self.r.hset(ENDPOINT + endpoint, "paused", "0")

    def waiting(self):
        """How many wait, by reason; those that are none left out."""
        return {reason: int(n) for reason, n in self.r.hgetall(WAITING).items() if n != "0"}

    def stats(self, org=ORG):
        """Counters of the organization; how many events it has had Redis itself counts."""
        return {word: n for (one, word), n in self.all_stats().items() if one == org}

    def all_stats(self):
        return {tuple(field.split(":")): int(n) for field, n in self.r.hgetall(STATS).items()}

    def snapshot(self):
        """Everything that is in Redis; of pending entries the holder and the times delivered, not the idle time."""
        read = {"string": self.r.get, "hash": self.r.hgetall, "stream": self.read_stream,
                "zset": lambda key: self.r.zrange(key, 0, -1, withscores=True), "set": self.r.smembers}
        return {key: read[self.r.type(key)](key) for key in sorted(self.r.scan_iter(count=1000))}

    def read_stream(self, key):
        groups = [(group["name"], group["last-delivered-id"],
                   [(row["message_id"], row["consumer"], row["times_delivered"])
                    for row in self.r.xpending_range(key, group["name"], "-", "+", 10**6)])
                  for group in self.r.xinfo_groups(key)]
        return self.r.xrange(key), groups
