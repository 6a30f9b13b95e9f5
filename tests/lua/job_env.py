"""Events whose deliveries ended in many ways, for jobs to find."""
from store import (ENDPOINT, ORG, RECORD, endpoint_id, entry_event_id, new_event,
                   outcome, part)

NOW = 1700000000000
FIRST, LAST = "evt_" + "0" * 20, "evt_" + "z" * 20
ENDPOINT_1, ENDPOINT_2 = endpoint_id(1), endpoint_id(2)
# What becomes of a delivery: the outcome, and what the record says then.
ENDS = {"delivered": "delivered", "dead": "dead", "retry": "waiting", "claimed": "pending"}


def make_endpoints(store, *endpoints, **fields):
    for endpoint in endpoints:
        store.r.hset(ENDPOINT + endpoint, mapping={"id": endpoint, "org": ORG, "disabled": "0", **fields})


def give(store, ends, endpoint=ENDPOINT_1, org=ORG, reason="exhausted", **event):
    """One event per end, with a delivery to the endpoint that ends so: their ids."""
    store.publish([new_event(org=org, **event) for _ in ends], max_depth=10**9)
    read = [(entry, entry_event_id(entry)) for entry, _ in store.read_events(count=len(ends))]
    for at in range(0, len(read), 100):
        store.fanout("p1", [part(entry, name, [endpoint], org=org) for entry, name in read[at:at + 100]])
    end_of = dict(zip((name for _, name in read), ends))
    claimed = store.read_deliveries("d1", len(ends))
    outcomes = [outcome(entry, fields, end_of[fields["event"]], error=reason if end_of[fields["event"]] == "dead" else "x")
                for entry, fields in claimed if end_of[fields["event"]] != "claimed"]
    for at in range(0, len(outcomes), 100):
        store.settle("d1", outcomes[at:at + 100])
    return [name for _, name in read]


def state(store, event, endpoint=ENDPOINT_1):
    return (store.r.hget(RECORD + event, endpoint) or "absent").split(" ")[0]


def ready(store):
    """(event, endpoint) of all that may be sent, in order."""
    return [(fields["event"], fields["endpoint"]) for _, fields in store.ready()]


def send_all(store):
    """As dispatchers would: all that is ready is delivered."""
    claimed = store.read_deliveries("d2", 1000)
    store.settle("d2", [outcome(entry, fields, "delivered") for entry, fields in claimed])
    return [fields["event"] for _, fields in claimed]


def run(store, kind, number, **given):
    """Steps until the job has ended, with dispatchers between: (its last word, events in the order they were sent)."""
    sent = []
    for _ in range(1000):
        word, _ = store.step(kind, number, **given)
        sent += send_all(store)
        if word != "running":
            return word, sent
    raise AssertionError("the job does not end")
