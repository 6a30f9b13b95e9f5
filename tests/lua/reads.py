"""Events with deliveries in all their states, as the scripts of lists meet them."""
from store import ENDPOINT, ORG, ORG_ENDPOINTS, delivery_id, endpoint_id, entry_event_id, new_event, outcome, part

NOW = 1700000000000
OTHER = "org_" + "1" * 20


def give_endpoints(store, count, org=ORG):
    for i in range(1, count + 1):
        store.r.hset(ENDPOINT + endpoint_id(i), mapping={"id": endpoint_id(i), "org": org, "disabled": "0"})
        store.r.zadd(ORG_ENDPOINTS + org, {endpoint_id(i): 0})


def publish(store, count=1, **given):
    """-> the entries"""
    return [id for _, id in store.publish([new_event(**given) for _ in range(count)], max_depth=10**9)]


def fan_out(store, endpoints=1, org=ORG, **given):
    """All events that are unread, to as many endpoints each -> the events, oldest first."""
    events = []
    names = [endpoint_id(i) for i in range(1, endpoints + 1)]
    for entry, _ in store.read_events():
        event, before = entry_event_id(entry), ""
        events.append(event)
        for i in range(0, max(len(names), 1), 200):
            some = names[i:i + 200]
            last = "" if i + 200 >= len(names) else some[-1]
            store.fanout("p1", [part(entry, event, some, org=org, to=last, **{"from": before}, **given)], NOW)
            before = last
    return events


def settle(store, word, endpoint=None, **given):
    """All that are ready (of one endpoint) -> their delivery ids."""
    claimed = store.read_deliveries(count=10000)
    some = [one for one in claimed if endpoint in (None, one[1]["endpoint"])]
    for i in range(0, len(some), 200):
        store.settle("d1", [outcome(*one, word, **given) for one in some[i:i + 200]], NOW)
    return [delivery_id(fields["event"], fields["endpoint"]) for _, fields in some]


def walk(page, limit, after=""):
    """All rows of a list and the sizes of its pages."""
    rows, sizes = [], []
    while True:
        after, some = page(after=after, limit=limit)
        rows, sizes = rows + some, sizes + [len(some)]
        assert len(some) <= limit
        if not any(after):
            return rows, sizes
