"""The whole way of an event, everything on this machine: cost, rate, latency, idling."""
import socket
import time

from books import VoidRun
from figures import Bar, Figure
from millrace_stack import Stack
from tools import Generator, Receiver, check_books, dispatch_floor, template

CONNECTIONS = 50
BATCH = 100
ENDPOINTS = 10
# Events accepted and not yet delivered: more than the way's latency needs, less than would make a backlog of it.
WINDOW = 4000
SERVICES = ("ingest", "processor", "dispatcher")
BUDGET_US = {"redis": 40, "ingest": 12, "processor": 6, "dispatcher": 42}


class Way:
    """A stack whose events go to one receiver."""

    def __init__(self, bench, folder, durability, events_max, hooks=1, delay_ms=0, redis_wrapper=()):
        self.bench = bench
        self.stack = Stack(bench, folder, durability, redis_wrapper)
        self.stack.ends.callback(lambda: self.receiver.stop())
        self.receiver = Receiver(bench.bin, folder, events_max, hooks, delay_ms)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.stop()

    def run(self, count, hooks=1, **options):
        """Sends, waits until all is delivered, settled and in the books -> (generator's result, receiver's report, what it cost)."""
        meter = self.stack.meter(receiver=self.receiver.process.pid)
        before = meter.read()
        if "window" in options:
            options |= {"follow": self.receiver.progress.path, "fan_out": hooks}
        generator = self.stack.send(count, **options)
        result = generator.result()
        self.receiver.wait_distinct(result["accepted"] * hooks)
        self.stack.wait_drained()
        used = meter.since(before)
        used["cpu_us"]["generator"] = result["cpu_us"]
        report, bits = self.receiver.collect()
        check_books(generator, self.receiver, bits)
        self.stack.check_alive()
        report["seconds"] = max(report["last_us"] - report["first_us"], 1) / 1e6
        report["rate"] = report["distinct"] / report["seconds"]
        return result, report, used


def cost_figures(label, durability):
    figures = {name: Figure(f"{name}, CPU per event, {label}", "µs", [], durability,
                            bar=Bar(f"≤ {limit} µs", limit) if name == "redis" else None, note="" if name == "redis" else f"budget {limit}")
               for name, limit in BUDGET_US.items()}
    figures["rewrite"] = Figure(f"Redis's children that rewrite the log, CPU per event, {label}", "µs", [], durability)
    figures["all"] = Figure(f"everything that runs, CPU per event, {label}", "µs", [], durability,
                            note="generator and receiver included")
    figures["commands"] = Figure(f"Redis commands per event, within scripts included, {label}", "", [], durability)
    figures["scripts"] = Figure(f"script calls per event, {label}", "", [], durability)
    return figures


def add_cost(figures, used, events):
    for name in BUDGET_US:
        figures[name].samples.append(used["cpu_us"][name] / events)
        if name in used["io"]:
            figures[name].detail = {"read_calls": used["io"][name][0] / events, "write_calls": used["io"][name][1] / events}
    figures["rewrite"].samples.append(used["cpu_us"]["rewrite"] / events)
    figures["all"].samples.append(sum(used["cpu_us"].values()) / events)
    figures["commands"].samples.append(sum(calls for calls, _ in used["commands"].values()) / events)
    figures["commands"].detail = {name: {"calls": calls / events, "us": us / events}
                                  for name, (calls, us) in sorted(used["commands"].items(), key=lambda item: -item[1][1])}
    figures["scripts"].samples.append(used["commands"].get("evalsha", (0, 0))[0] / events)


def cores_note(used, seconds):
    """On a machine that others use too, a rate says less than its cost."""
    ours_us = sum(used["cpu_us"].values())
    others = max(used["machine_us"] - ours_us, 0) / seconds / 1e6
    return f"{ours_us / seconds / 1e6:.2f} cores, others {others:.2f}"


def sustained(bench, way, label, seconds, **options):
    """As fast as everything on this machine together goes, with a bounded backlog."""
    bar = Bar("≥ 12,000 /s", 12_000, at_most=False)
    rate = Figure(f"end to end, fan-out 1, {label}", "/s", [], way.stack.durability, bar=bar)
    costs = cost_figures(label, way.stack.durability)
    each_s = max(seconds // bench.rounds_count, 2)

    def run(seconds):
        _, report, used = way.run(way.receiver.events_max, seconds=seconds, window=WINDOW, connections=CONNECTIONS, **options)
        return report, used

    for _ in bench.rounds(warm=lambda: run(2)):
        report, used = run(each_s)
        rate.samples.append(report["rate"])
        rate.note = cores_note(used, report["seconds"])
        add_cost(costs, used, report["distinct"])
    return [rate, *costs.values()]


def sustained_long(way, seconds, **options):
    _, report, used = way.run(way.receiver.events_max, seconds=seconds, window=WINDOW, connections=CONNECTIONS, **options)
    return [Figure(f"end to end, fan-out 1, single POSTs, {seconds} s on end", "/s", [report["rate"]], way.stack.durability,
                   bar=Bar("≥ 12,000 /s", 12_000, at_most=False), note=cores_note(used, report["seconds"]),
                   detail={"cpu_us_per_event": {name: us / report["distinct"] for name, us in used["cpu_us"].items()}})]


def dispatch(bench, way, count, **options):
    """CPU of the dispatcher per delivery while it has all it can do, beside the bare loop with the same receiver."""
    ours = Figure("dispatcher, CPU per delivery under backlog", "µs", [], way.stack.durability,
                  "bare curl_multi loop, 100 under way", bar=Bar("≤ 1.4 ×", 1.4, of="ratio"), floor=30.0)
    rate = Figure("deliveries while there is a backlog", "/s", [], way.stack.durability, "bare curl_multi loop")
    for _ in bench.rounds(warm=lambda: way.run(count // 4, batch=BATCH, connections=4, window=WINDOW, **options)):
        _, report, used = way.run(count, batch=BATCH, connections=4, window=count, **options)
        ours.samples.append(used["cpu_us"]["dispatcher"] / count)
        rate.samples.append(report["rate"])
        floor = dispatch_floor(bench.bin, way.receiver.url(), count)
        way.receiver.wait_distinct(count)
        report, _ = way.receiver.collect()
        if report["distinct"] != count:
            raise VoidRun(f"the bare loop delivered {report['distinct']} of {count}")
        ours.beside.append(floor["cpu_us"] / count)
        rate.beside.append(count / floor["took_us"] * 1e6)
    return [ours, rate]


def latency(bench, way, seconds, **options):
    """From the moment when an event was due to be posted until it has arrived; and until its POST was answered."""
    durability = way.stack.durability
    late = {name: Figure(f"from due to delivered at 2,000/s, {name}", "ms", [], durability, bar=bar) for name, bar in
            (("p50", Bar("≤ 2 ms", 2)), ("p95", None), ("p99", Bar("≤ 10 ms", 10)))}
    answer = {name: Figure(f"POST answered at 5,000/s on 50 connections, {name}", "ms", [], durability, bar=bar) for name, bar in
              (("p50", None), ("p95", None), ("p99", Bar("≤ 5 ms", 5)))}
    for _ in bench.rounds(warm=lambda: way.run(2000, rate=2000, connections=CONNECTIONS, **options)):
        _, report, _ = way.run(2000 * seconds, rate=2000, connections=CONNECTIONS, **options)
        for name, figure in late.items():
            figure.samples.append(report["late_us"][name] / 1000)
        result, _, _ = way.run(5000 * seconds, rate=5000, connections=CONNECTIONS, **options)
        for name, figure in answer.items():
            figure.samples.append(result["answer_us"][name] / 1000)
    return [*late.values(), *answer.values()]


def watch_commands(stack, seconds):
    """{client name: commands that it sent}, by MONITOR, which tells those within scripts apart."""
    names = {}
    for line in stack.link.call("CLIENT", "LIST").decode().splitlines():
        fields = dict(field.split("=", 1) for field in line.split() if "=" in field)
        names[fields["addr"]] = fields["name"] or fields["addr"]
    counts = {}
    with socket.create_connection(("127.0.0.1", stack.redis.port)) as monitor:
        monitor.sendall(b"MONITOR\r\n")
        end, text = time.monotonic() + seconds, b""
        while (left := end - time.monotonic()) > 0:
            monitor.settimeout(left)
            try:
                text += monitor.recv(65536)
            except TimeoutError:
                break
    for line in text.decode(errors="replace").splitlines():
        # +1700000000.000000 [0 127.0.0.1:12345] "xreadgroup" …
        if "[" in line and " lua]" not in line:
            address = line.split("[", 1)[1].split("]", 1)[0].split(" ", 1)[1]
            counts[names.get(address, address)] = counts.get(names.get(address, address), 0) + 1
    return counts


def consumer_name(stack, service):
    """The name by which its connections go in Redis."""
    for word in stack.services[service].text().split():
        if word.startswith("consumer="):
            return word.removeprefix("consumer=")
    return service


def idle(way, seconds):
    """Nothing to do for so long."""
    stack = way.stack
    names = {consumer_name(stack, service): service for service in SERVICES}
    meter = stack.meter()
    before = meter.read()
    counts = watch_commands(stack, seconds)
    used = meter.since(before)
    figures = []
    for service in SERVICES:
        sent = sum(count for name, count in counts.items() if names.get(name) == service)
        figures.append(Figure(f"{service}, idle, commands to Redis", "/s", [sent / seconds], stack.durability,
                              bar=Bar("< 2 /s", 2)))
        figures.append(Figure(f"{service}, idle, CPU", "%", [used["cpu_us"][service] / seconds / 1e4], stack.durability,
                              bar=Bar("< 0.1 %", 0.1)))
        figures.append(Figure(f"{service}, idle, memory", "MB", [stack.rss_kb(service) / 1024], stack.durability,
                              bar=Bar("≤ 32 MB", 32)))
    figures.append(Figure("Redis, idle, CPU", "%", [used["cpu_us"]["redis"] / seconds / 1e4], stack.durability))
    return figures


def headroom(bench):
    """The generator and the receiver against each other: what they could do if nothing else were in their way."""
    folder = bench.folder / "headroom"
    folder.mkdir()
    count = bench.size(300_000, 50_000)
    figure = Figure("generator straight to receiver, 50 connections", "/s", [])
    receiver = Receiver(bench.bin, folder, count)
    try:
        for _ in bench.rounds():
            generator = Generator(bench.bin, folder, receiver.url(), template(), count, connections=CONNECTIONS)
            result = generator.result()
            _, bits = receiver.collect()
            check_books(generator, receiver, bits)
            figure.samples.append(result["rate"])
    finally:
        receiver.stop()
    return figure


def figures(bench, durability):
    """One organization; unless said otherwise, ten endpoints get an event each in turn."""
    found = []
    seconds = bench.options.seconds
    turn = {"body": template("t.{mod}"), "modulus": ENDPOINTS}
    with Way(bench, bench.folder / f"way-{durability}", durability, max(40_000 * seconds, 200_000)) as way:
        stack = way.stack.start()
        org, _ = stack.new_organization()
        for mod in range(ENDPOINTS):
            stack.new_endpoint(org, way.receiver.url(), f"t.{mod}")
        found += idle(way, bench.size(10, 5))
        found += sustained(bench, way, "single POSTs", seconds, **turn)
        found += sustained_long(way, seconds, **turn)
        found += sustained(bench, way, f"{BATCH} per POST", seconds, batch=BATCH, **turn)
        found += sustained(bench, way, "single POSTs, one endpoint", seconds, body=template("t.0"))[:1]
        found += dispatch(bench, way, bench.size(60_000, 10_000), **turn)
        found += latency(bench, way, bench.size(5, 2), **turn)
    return found
