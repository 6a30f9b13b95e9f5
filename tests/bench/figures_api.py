"""All kinds of calls at once, with a history behind them and the whole way at work: how many, and how soon each is answered."""
from books import VoidRun, balance
from figures import Bar, Figure
from figures_path import SERVICES, Way, cores_note
from ports import free_port
from tools import Generator, template

CONNECTIONS = 50
ENDPOINTS = 10
RATE = 2000
# What one connection calls in turn: route, member of the answer that is kept, method, target, body.
MIX = (
    ("post event", "-", "POST", "/api/events", template("t.{mod}")),
    ("get event", "-", "GET", "/api/events/evt_{value}"),
    ("list events", "-", "GET", "/api/events"),
    ("post event", "-", "POST", "/api/events", template("t.{mod}")),
    ("lease", "lease_id", "POST", "/api/inbox/lease", '{"lease_seconds":30,"limit":10}'),
    ("post event", "-", "POST", "/api/events", template("t.{mod}")),
    ("get delivery", "-", "GET", "/api/deliveries/dlv_{value}{delivered}"),
    ("ack", "-", "POST", "/api/inbox/ack", '{"lease_id":"{kept}"}'),
    ("list deliveries", "-", "GET", "/api/deliveries"),
    ("post event", "-", "POST", "/api/events", template("t.{mod}")),
    ("me", "-", "GET", "/api/me"),
    ("get event", "-", "GET", "/api/events/evt_{value}"),
    ("list dead letters", "-", "GET", "/api/dlq"),
    ("post event", "-", "POST", "/api/events", template("t.{mod}")),
    ("list failed deliveries", "-", "GET", "/api/deliveries?status=failed&endpoint=ep_{dead}"),
    ("list endpoints", "-", "GET", "/api/endpoints"),
    ("retry", "-", "POST", "/api/deliveries/dlv_{value}{delivered}/retry"),
    ("patch endpoint", "-", "PATCH", "/api/endpoints/ep_{delivered}", '{"description":"number {seq}"}'),
    ("list inbox", "-", "GET", "/api/inbox?limit=10"),
    ("get event", "-", "GET", "/api/events/evt_{value}"),
)
ROUTES = tuple(dict.fromkeys(call[0] for call in MIX))
QUANTILES = ("p50", "p95", "p99")


def id_tail(id):
    return id.split("_", 1)[1]


class Api:
    """A way with a history: events that were delivered to one endpoint, and some that another never took."""

    def __init__(self, bench, durability, history, dead, capacity):
        self.bench = bench
        self.way = Way(bench, bench.folder / f"api-{durability}", durability, capacity)
        self.stack = self.way.stack.start()
        self.capacity = capacity
        self.sent = self.calls = 0
        self.accepted = self.unsure = 0
        org, _ = self.stack.new_organization()
        self.ids = {"delivered": self.new_endpoint(org, self.way.receiver.url(), "seed"),
                    "dead": self.new_endpoint(org, f"http://127.0.0.1:{free_port()}/", "dead", retry_schedule=["1ms"])}
        for mod in range(ENDPOINTS):
            self.new_endpoint(org, self.way.receiver.url(), f"t.{mod}")
        self.values = self.stack.folder / "values"
        self.seed(history, dead)

    def new_endpoint(self, org, url, type, **members):
        made = self.stack.admin.create("/api/endpoints", {"organization": org, "url": url, "event_types": [type], **members})
        return id_tail(made["id"])

    def seed(self, history, dead):
        record = self.stack.folder / "ids"
        self.take(self.stack.send(history, template("seed"), connections=CONNECTIONS, record="id", record_to=record))
        self.values.write_text("".join(id_tail(id) + "\n" for id in record.read_text().split()))
        # Not in the books: nobody takes them.
        self.stack.send(dead, template("dead"), connections=CONNECTIONS, first=self.capacity, name="dead").result()
        self.stack.wait_drained()

    def take(self, generator):
        result = generator.result()
        accepted, unsure = generator.bits()
        self.accepted |= accepted
        self.unsure |= unsure
        self.sent += result["sent"]
        return result

    def lines(self):
        text = "".join("{} {}\n".format(call[0].replace(" ", "_"), " ".join(call[1:])) for call in MIX)
        for name, id in self.ids.items():
            text = text.replace("{%s}" % name, id)
        return text

    def call(self, seconds, rate=0):
        """-> (generator's result, what it cost). Every call is answered with a 2xx, or the run is void."""
        meter = self.stack.meter(receiver=self.way.receiver.process.pid)
        before = meter.read()
        options = {"rate": rate} if rate else {}
        generator = Generator(self.bench.bin, self.stack.folder, self.stack.url("/"), self.lines(), self.capacity - self.sent,
                              headers=(f"X-API-Key: {self.stack.key}",), text_is="calls", connections=CONNECTIONS, seconds=seconds,
                              modulus=ENDPOINTS, values=self.values, first=self.sent, **options)
        result = self.take(generator)
        used = meter.since(before)
        if result["unsure"]:
            raise VoidRun(f"{result['unsure']} calls without an answer")
        used["cpu_us"]["generator"] = result["cpu_us"]
        self.calls += result["sent"] - result["routes"]["post_event"]["answer_us"]["count"]
        self.stack.wait_drained()
        self.stack.check_alive()
        return result, used

    def close(self):
        """Every event that was accepted has been delivered; the other calls have a number, too, and none."""
        _, bits = self.way.receiver.collect()
        balance(self.accepted, self.unsure, bits, self.way.receiver.events_max, waiting=self.calls)


def new_figures(durability):
    mixed = f"mixed calls, {CONNECTIONS} connections"
    rate = Figure(f"{mixed}, answered", "/s", [], durability, bar=Bar("≥ 2,000 /s", 2000, at_most=False))
    fast = {name: Figure(f"{mixed}, as fast as answers come, {name}", "ms", [], durability) for name in QUANTILES}
    due = {name: Figure(f"{mixed}, due at {RATE:,}/s, {name}", "ms", [], durability) for name in QUANTILES}
    for figures in (fast, due):
        figures["p99"].bar = Bar("≤ 100 ms", 100)
    routes = {name: Figure(f"of them {name}, as fast as answers come, p99", "ms", [], durability, bar=Bar("≤ 100 ms", 100))
              for name in ROUTES}
    return rate, fast, due, routes


def add_quantiles(figures, answer_us):
    for name, figure in figures.items():
        figure.samples.append(answer_us[name] / 1000)


def figures(bench, durability):
    seconds = bench.size(10, 2)
    rate, fast, due, routes = new_figures(durability)
    api = Api(bench, durability, bench.size(20_000, 2_000), bench.size(1_000, 100), bench.size(2_000_000, 200_000))
    try:
        for _ in bench.rounds(warm=lambda: api.call(2)):
            result, used = api.call(seconds)
            rate.samples.append(result["rate"])
            rate.note = cores_note(used, result["seconds"])
            rate.detail = {"cpu_us_per_call": {name: used["cpu_us"][name] / result["sent"]
                                               for name in ("redis", "generator", "receiver", *SERVICES)},
                           "mix": [call[0] for call in MIX]}
            add_quantiles(fast, result["answer_us"])
            for name, figure in routes.items():
                answer_us = result["routes"][name.replace(" ", "_")]["answer_us"]
                figure.samples.append(answer_us["p99"] / 1000)
                figure.note = f"p50 {answer_us['p50'] / 1000:.1f}, p95 {answer_us['p95'] / 1000:.1f}"
            add_quantiles(due, api.call(seconds, RATE)[0]["answer_us"])
        api.close()
    finally:
        api.stack.stop()
    return [rate, *fast.values(), *routes.values(), *due.values()]
