"""Whether an event costs more when there is more: backlog, endpoints, organizations. Two stacks at a time, round by round."""
import contextlib
import itertools
import statistics

from books import balance
from figures import Bar, Figure
from figures_path import BATCH, SERVICES, WINDOW, Way
from tools import Generator, template

SEED_CONNECTIONS = 50
TURNS = 4  # of each side in a round
POST_CONNECTIONS = 8


def seed(bench, stack, path, body, count, record=None, values=None):
    """POSTs with the admin's token. record: the member of each answer that is kept -> file of the values, a line each."""
    options = {}
    kept = stack.folder / f"seeded-{path.rsplit('/', 1)[1]}"
    if record:
        options |= {"record": record, "record_to": kept}
    if values:
        options |= {"values": values}
    Generator(bench.bin, stack.folder, stack.url(path), body, count, name="seed", connections=SEED_CONNECTIONS,
              headers=("Authorization: Bearer admin-token-of-the-benchmark",), **options).result()
    return kept


def seed_endpoints(bench, way, count):
    """One organization; endpoint n wants type t.n."""
    org, _ = way.stack.new_organization()
    body = '{"organization":"%s","url":"%s","event_types":["t.{seq}"]}' % (org, way.receiver.url())
    seed(bench, way.stack, "/api/endpoints", body, count)


def seed_organizations(bench, way, count):
    """Each with a key and an endpoint that wants everything -> file of the keys."""
    stack = way.stack
    orgs = seed(bench, stack, "/api/organizations", '{"name":"bench {seq}"}', count, "id")
    keys = seed(bench, stack, "/api/keys", '{"name":"bench","organization":"{value}","scopes":["*"]}', count, "key", orgs)
    seed(bench, stack, "/api/endpoints", '{"organization":"{value}","url":"%s","event_types":["*"]}' % way.receiver.url(), count,
         None, orgs)
    return keys


def per_event(used, events):
    """{process: CPU µs}"""
    return {name: used["cpu_us"][name] / events for name in ("redis", *SERVICES)}


def cost(way, count, **options):
    _, report, used = way.run(count, window=WINDOW, **options)
    return per_event(used, report["distinct"])


def mean(costs):
    return {name: statistics.mean(cost[name] for cost in costs) for name in costs[0]}


def compare(bench, title, little, much, measure_little, measure_much, warm):
    """Both sides in every round, turn by turn: memory is faster and slower from one second to the next, and that must meet both."""
    bar = Bar("≤ 1.15 ×", 1.15, of="ratio")
    figures = [Figure(f"cost per event, {what}, {much:,} {title}", "µs", [], bench.durabilities[0], f"with {little:,}", bar=bar)
               for what in ("Redis", "Redis and services")]
    for _ in bench.rounds(warm=warm):
        much_turns, little_turns = [], []
        for turn in range(TURNS):
            sides = [(much_turns, measure_much), (little_turns, measure_little)]
            for turns, measure in sides if turn % 2 == 0 else reversed(sides):
                turns.append(measure())
        much_us, little_us = mean(much_turns), mean(little_turns)
        for figure, names in zip(figures, (("redis",), ("redis", *SERVICES))):
            figure.samples.append(sum(much_us[name] for name in names))
            figure.beside.append(sum(little_us[name] for name in names))
            figure.detail = {"much": much_us, "little": little_us}
    return figures


def endpoints(bench):
    """Each event is wanted by one: ten of many in use, then all of many."""
    little, much = 10, bench.size(100_000, 5_000)
    count = bench.size(20_000, 4_000)
    durability = bench.durabilities[0]
    with contextlib.ExitStack() as ends:
        ways = [ends.enter_context(Way(bench, bench.folder / f"endpoints-{n}", durability, much + count)) for n in (little, much)]
        for way, number in zip(ways, (little, much)):
            way.stack.start()
            seed_endpoints(bench, way, number)

        def measure(way, modulus, **options):
            return cost(way, count, body=template("t.{mod}"), modulus=modulus, connections=SEED_CONNECTIONS, **options)

        firsts = itertools.cycle(range(0, much, count))

        def measure_next_of_many():
            """From turn to turn others, until each has had its event."""
            return measure(ways[1], much, first=next(firsts))

        few_of_many = compare(bench, "endpoints, 10 in use", little, much, lambda: measure(ways[0], little),
                              lambda: measure(ways[1], little), lambda: [measure(way, little) for way in ways])
        all_of_many = compare(bench, "endpoints, all in use", little, much, lambda: measure(ways[0], little), measure_next_of_many,
                              lambda: [measure_next_of_many() for _ in range(0, much, count)])
        return few_of_many + all_of_many


def organizations(bench):
    """With an endpoint each; beside one with one endpoint, then beside one with as many endpoints as there are in all."""
    much = bench.size(10_000, 500)
    count = bench.size(20_000, 4_000)
    durability = bench.durabilities[0]
    with contextlib.ExitStack() as ends:
        one, wide, many = [ends.enter_context(Way(bench, bench.folder / f"orgs-{name}", durability, count))
                           for name in ("one", "wide", "many")]
        for way in (one, wide, many):
            way.stack.start()
        seed_endpoints(bench, one, 1)
        seed_endpoints(bench, wide, much)
        keys = seed_organizations(bench, many, much)

        def measure(way, modulus, **options):
            return cost(way, count, body=template("t.{mod}"), modulus=modulus, connections=SEED_CONNECTIONS, **options)

        def measure_many():
            return measure(many, much, key="{value}", values=keys)

        return [figure for title, way, modulus in (("organizations (beside one with an endpoint)", one, 1),
                                                   ("organizations (beside one with as many endpoints)", wide, much))
                for figure in compare(bench, title, 1, much, lambda: measure(way, modulus), measure_many,
                                      lambda: (measure(way, modulus), measure_many()))]


class Backlog:
    """A way with so many events accepted and not delivered, kept at that while events go through."""

    def __init__(self, bench, depth, capacity):
        self.way = Way(bench, bench.folder / f"backlog-{depth}", bench.durabilities[0], capacity)
        self.stack = self.way.stack.start("ingest")
        self.org, _ = self.stack.new_organization()
        self.stack.new_endpoint(self.org, self.way.receiver.url())
        self.accepted = self.unsure = self.sent = 0
        self.send(depth)
        self.stack.start("processor", "dispatcher")

    def send(self, count, **options):
        generator = self.stack.send(count, batch=BATCH, connections=POST_CONNECTIONS, first=self.sent, **options)
        generator.result()
        accepted, unsure = generator.bits()
        self.accepted |= accepted
        self.unsure |= unsure
        self.sent += count

    def measure(self, count):
        """While as many go in as come out."""
        progress = self.way.receiver.progress
        meter = self.stack.meter()
        distinct, before = progress.get("distinct"), meter.read()
        self.send(count, window=WINDOW, follow=progress.path)
        self.way.receiver.wait_distinct(distinct + count)
        used = meter.since(before)
        done = progress.get("distinct") - distinct
        self.stack.check_alive()
        return per_event(used, done)

    def close(self):
        """All in the books: what is not delivered is still in Redis, once the services have finished what they held."""
        self.stack.stop_services()
        waiting = self.stack.waiting()
        _, bits = self.way.receiver.collect()
        balance(self.accepted, self.unsure, bits, self.way.receiver.events_max, waiting=waiting)


def backlog(bench):
    little, much = 1_000, bench.size(1_000_000, 50_000)
    count = bench.size(20_000, 4_000)
    capacity = much + count * (TURNS * bench.rounds_count + 2)
    with contextlib.ExitStack() as ends:
        sides = []
        for depth in (little, much):
            sides.append(Backlog(bench, depth, capacity))
            ends.callback(sides[-1].stack.stop)
        found = compare(bench, "events waiting", little, much, lambda: sides[0].measure(count), lambda: sides[1].measure(count),
                        lambda: [side.measure(count) for side in sides])
        for side in sides:
            side.close()
        return found


def figures(bench):
    return backlog(bench) + endpoints(bench) + organizations(bench)
