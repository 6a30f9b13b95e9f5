"""What a page costs Redis with a million items behind it, on a Redis of its own."""
import statistics

from conftest import redis_server
from reads import NOW, give_endpoints
from store import (DLQ, DLQ_FIELDS, EVENT_FIELDS, EVENTS, HISTORY, ORG, ORG_DLQ, ORG_EVENTS, RECORD, Store, delivery_id,
                   endpoint_id, entry_event_id)
from test_cost import MILLION, slowness

PAGE_MS, RUNS = 2.0, 15
EP, QUIET_EP, NESTED_EP = (endpoint_id(i) for i in (1, 2, 3))
QUIET = "org_" + "q" * 20


def fill_quiet(store, count):
    """An organization with an event every 40 s: each is alone in its mark, or in one that lies in another."""
    give_endpoints(store, 3, QUIET)
    pipe = store.r.pipeline(transaction=False)
    for i in range(1, count + 1):
        id = f"{i * 40000}-0"
        event = entry_event_id(id)
        pipe.xadd(ORG_EVENTS + QUIET, {"type": "t"}, id)
        pipe.hset(RECORD + event, mapping=dict.fromkeys((QUIET_EP, NESTED_EP), f"delivered 1 200 {NOW}"))
        pipe.zadd(HISTORY + QUIET_EP, {event[:11]: 0})
        pipe.zadd(HISTORY + NESTED_EP, {event[:11]: 0, event[:13]: 0})
    pipe.execute()


def fill(store, count):
    """count events, each with a delivery that is dead, as the scripts would write them."""
    give_endpoints(store, 1)
    for start in range(1, count + 1, 5000):
        pipe = store.r.pipeline(transaction=False)
        for ms in range(start, min(start + 5000, count + 1)):
            id = f"{ms}-0"
            event = entry_event_id(id)
            entry = {**dict.fromkeys(EVENT_FIELDS, "x"), "org": ORG, "type": "t", "data": "{}"}
            letter = {**dict.fromkeys(DLQ_FIELDS, "x"), "event": event, "endpoint": EP, "org": ORG, "reason": "exhausted"}
            pipe.xadd(EVENTS, entry, id)
            pipe.xadd(ORG_EVENTS + ORG, {"type": "t"}, id)
            pipe.xadd(DLQ, letter, id)
            pipe.xadd(ORG_DLQ + ORG, {"delivery": delivery_id(event, EP)}, id)
            pipe.hset(RECORD + event, EP, f"dead {id} 1 503 {NOW} {id}")
            pipe.zadd(HISTORY + EP, {event[:13]: 0})
        pipe.execute()


def pages(count):
    """Each kind of page at the newest and in the middle: how many of the size it has."""
    middle = f"{count // 2}-0"
    event = entry_event_id(middle)
    return {
        "events": lambda s: s.list_events()[1],
        "events, middle": lambda s: s.list_events(after=middle)[1],
        "events, of no type": lambda s: s.list_events(type="rare", after=middle)[1],
        "event": lambda s: [s.find_event(event)],
        "deliveries": lambda s: s.list_deliveries()[1],
        "deliveries, middle": lambda s: s.list_deliveries((event, ""))[1],
        "deliveries, of no state": lambda s: s.list_deliveries((event, ""), word="waiting")[1],
        "deliveries of an endpoint": lambda s: s.list_deliveries((event, EP), endpoint=EP)[1],
        "of an endpoint, of no state": lambda s: s.list_deliveries((event, EP), endpoint=EP, word="waiting")[1],
        **{f"of a {name} one{of_no}": lambda s, endpoint=endpoint, word=word: s.list_deliveries(endpoint=endpoint, org=QUIET, word=word)[1]
           for name, endpoint in (("quiet", QUIET_EP), ("nested", NESTED_EP)) for of_no, word in (("", ""), (", of no state", "waiting"))},
        "of an event": lambda s: s.list_deliveries(event=event)[1],
        "delivery": lambda s: [s.find_delivery(event, EP)],
        "letters": lambda s: s.list_letters()[1],
        "letters, middle": lambda s: s.list_letters(after=middle)[1],
        "letters, of no type": lambda s: s.list_letters(type="rare", after=middle)[1],
        "letters, of no reason": lambda s: s.list_letters(reason="rare", after=middle)[1],
    }


SIZES = {"event": 1, "of an event": 1, "delivery": 1}


def cost_ms(store, page):
    """Inside Redis: the time of its commands, by its own count."""
    def spent():
        return store.r.info("commandstats")["cmdstat_evalsha"]["usec"]
    costs = []
    for _ in range(RUNS):
        before = spent()
        page(store)
        costs.append((spent() - before) / 1000)
    return statistics.quantiles(costs, n=4)[0]


def measure(folder, count):
    with redis_server(folder) as client:
        store = Store(client)
        fill(store, count)
        fill_quiet(store, min(count, 20000))
        found, slow = {}, slowness(client)
        for name, page in pages(count).items():
            rows = page(store)
            assert len(rows) == (0 if "of no" in name else SIZES.get(name, 50)), name
            # Twice: another process may have had the core all the time.
            found[name] = min(cost_ms(store, page), cost_ms(store, page))
        return found, max(slow, slowness(client))


def test_a_page_costs_the_same_at_a_thousand_and_at_a_million(tmp_path_factory):
    few, _ = measure(tmp_path_factory.mktemp("few"), 2500)
    many, slow = measure(tmp_path_factory.mktemp("many"), MILLION)
    print("\nms per page                  at 2,500  at 1 million")
    for name, cost in many.items():
        print(f"{name:28} {few[name]:9.3f} {cost:12.3f}")
    assert {name: cost for name, cost in many.items() if cost > PAGE_MS * slow} == {}
    assert {name: cost for name, cost in many.items() if cost > slow * (0.1 + 2 * few[name])} == {}
