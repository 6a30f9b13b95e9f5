"""Another webhook server, driven by the same generator into the same receiver: what it takes, how late it delivers, exactly what."""
from figures import Figure
from meter import Meter
from tools import Generator, Receiver, check_books

WINDOW = 4000
CONNECTIONS = 50


def figures(bench):
    """The peer has been told to send every event to http://127.0.0.1:<peer-port>/hook/0."""
    options = bench.options
    seconds = options.seconds
    body = options.peer_body.read_text()
    receiver = Receiver(bench.bin, bench.folder, 40_000 * seconds, port=options.peer_port)
    meter = Meter({str(pid): pid for pid in options.peer_pid})
    accepted = Figure("peer, events accepted", "/s", [])
    delivered = Figure("peer, end to end, fan-out 1", "/s", [])
    cost = Figure("peer, CPU per event, its processes", "µs", [])
    late = {name: Figure(f"peer, from due to delivered at 500/s, {name}", "ms", []) for name in ("p50", "p95", "p99")}

    def run(seconds, **more):
        before = meter.read()
        generator = Generator(bench.bin, bench.folder, options.peer_url, body, receiver.events_max, headers=options.peer_header,
                              connections=CONNECTIONS, batch=options.peer_batch, format=options.peer_format, seconds=seconds, **more)
        result = generator.result()
        receiver.wait_distinct(result["accepted"])
        used = meter.since(before)
        report, bits = receiver.collect()
        check_books(generator, receiver, bits)
        return result, report, sum(used["cpu_us"].values())

    try:
        for _ in bench.rounds():
            result, report, used_us = run(seconds, window=WINDOW, follow=receiver.progress.path)
            accepted.samples.append(result["rate"])
            delivered.samples.append(report["distinct"] / max(report["last_us"] - report["first_us"], 1) * 1e6)
            cost.samples.append(used_us / report["distinct"])
            _, report, _ = run(seconds, rate=500)
            for name, figure in late.items():
                figure.samples.append(report["late_us"][name] / 1000)
    finally:
        receiver.stop()
    return [accepted, delivered, *([cost] if options.peer_pid else []), *late.values()]
