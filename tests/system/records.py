"""What stands in Redis, read as a person with redis-cli would read it."""
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
PREFIX = "mr:{0}:"


def number(text):
    value = 0
    for char in text:
        value = value * 32 + ALPHABET.index(char)
    return value


def entry_id(event_id):
    """Stream id in an event's public id."""
    assert event_id.startswith("evt_") and len(event_id) == 24
    return f"{number(event_id[4:14])}-{number(event_id[14:21])}"


def event_of(client, event_id):
    """Fields of the event's entry in the log."""
    entries = client.xrange(PREFIX + "events", entry_id(event_id), entry_id(event_id))
    assert len(entries) == 1, f"{event_id} is not in the log"
    return entries[0][1]


def event(redis, event_id):
    return event_of(redis.client, event_id)


def record(redis, event_id):
    """State of the event's deliveries: endpoint -> words, and "skipped" -> reason."""
    return redis.client.hgetall(PREFIX + "event:" + event_id)


def attempts(client):
    """All that were made and are kept, oldest first: those with an entry, and those that the histories of deliveries tell."""
    found = [(entry, fields) for entry, fields in client.xrange(PREFIX + "attempts")]
    for key in set(client.scan_iter(PREFIX + "event:*", count=1000)):  # SCAN may tell a key twice
        event_id = key.removeprefix(PREFIX + "event:")
        for endpoint, words in client.hgetall(key).items():
            for item in words.split(" ")[-1].split(","):
                at_ms, *told = item.split(":")
                if told:
                    fields = dict(zip(("attempt", "status", "duration_ms"), told), event=event_id, endpoint=endpoint, outcome="delivered")
                    fields["org"] = event_of(client, event_id)["org"]
                    found.append((f"{at_ms}-0", fields))
    return [fields for _, fields in sorted(found, key=lambda one: [int(number) for number in one[0].split("-")])]


def stats(redis, organization_id):
    """Its counters, "events" and, once all are processed, "deliveries": as lua/lib/stats.lua has them. "delivered": by the attempts, of those without an entry as its records tell them."""
    mine = {word: int(count) for field, count in redis.client.hgetall(PREFIX + "stats").items()
            for org, word in [field.split(":")] if org == organization_id}
    events = redis.client.xinfo_stream(PREFIX + "events:" + organization_id)["entries-added"]
    delivered = sum((fields["org"], fields["outcome"]) == (organization_id, "delivered")
                    for fields in attempts(redis.client))
    return mine | {"events": events, "deliveries": events - mine.get("skipped", 0) + mine.get("extra", 0), "delivered": delivered}


def events_of_type(redis, type):
    return [fields for _, fields in redis.client.xrange(PREFIX + "events") if fields["type"] == type]


def everything_in(redis):
    """All keys with all that they hold, as one text; but for the limiters, which expire by themselves."""
    client, readers = redis.raw_client(), {b"string": "get", b"hash": "hgetall", b"stream": "xrange", b"set": "smembers"}
    keys = sorted(key for key in set(client.scan_iter(count=1000)) if b":rate:" not in key)
    asked = client.pipeline(transaction=False)
    for key in keys:
        asked.type(key)
    for key, kind in zip(keys, asked.execute()):
        asked.zrange(key, 0, -1) if kind == b"zset" else getattr(asked, readers[kind])(key)
    texts = [f"{key} {value}" for key, value in zip(keys, asked.execute())]
    return "\n".join(texts)
