"""One event for many endpoints: how fast it is enqueued and delivered; and many attempts at a time."""
import time

from books import VoidRun
from figures import Bar, Figure
from figures_path import BATCH, Way
from millrace_stack import DELIVERIES
from tools import check_books, template
from waiting import wait_until


def read_enqueued(link):
    """-> ({event: its deliveries in the stream}, events whose first delivery stands behind one of a later event)"""
    counts, start, latest, overtaken = {}, "-", "", 0
    while rows := link.call("XRANGE", DELIVERIES, start, "+", "COUNT", "5000"):
        for _, fields in rows:
            event = fields[1].decode().split(" ")[0]
            overtaken += event not in counts and event < latest
            latest = max(latest, event)
            counts[event] = counts.get(event, 0) + 1
        start = "(" + rows[-1][0].decode()
    return counts, overtaken


def fan_out(bench, durability, hooks, events):
    """Rate at which the processor enqueues, then the whole way until all is delivered."""
    with Way(bench, bench.folder / f"fan-{hooks}-{durability}", durability, events, hooks) as way:
        stack = way.stack.start("ingest", "processor", "dispatcher")
        org, _ = stack.new_organization()
        for hook in range(hooks):
            stack.new_endpoint(org, way.receiver.url(hook))
        enqueued = Figure(f"fan-out 1 → {hooks}, deliveries enqueued", "/s", [], durability,
                          bar=Bar("≥ 60,000 /s", 60_000, at_most=False) if hooks == 100 else None, note="none missing, none overtaken")
        delivered = Figure(f"fan-out 1 → {hooks}, delivered", "/s", [], durability)
        for _ in bench.rounds():
            stack.stop_services("dispatcher", "processor")
            generator = stack.send(events, batch=min(BATCH, events), connections=2)
            accepted = generator.result()["accepted"]
            enqueued.samples.append(enqueue(stack, accepted * hooks))
            counts, overtaken = read_enqueued(stack.link)
            if overtaken:
                raise VoidRun(f"{overtaken} of {accepted} events overtaken in the queue")
            if len(counts) != accepted or set(counts.values()) != {hooks}:
                raise VoidRun(f"{len(counts)} of {accepted} events enqueued, with {set(counts.values())} deliveries each")
            stack.start("dispatcher")
            way.receiver.wait_distinct(accepted * hooks)
            stack.wait_drained()
            report, bits = way.receiver.collect()
            check_books(generator, way.receiver, bits)
            delivered.samples.append(report["distinct"] / max(report["last_us"] - report["first_us"], 1) * 1e6)
        return [enqueued, delivered]


def enqueue(stack, expected):
    """Starts the processor -> deliveries per second from the first that is seen to the last."""
    seen = []

    def look():
        seen.append((time.monotonic(), stack.link.stream_len(DELIVERIES)))
        return seen[-1][1] >= expected

    stack.start("processor", is_waiting=False)
    wait_until(look, f"{expected} deliveries being enqueued", 120, every_s=0.002)
    if seen[-1][1] != expected:
        raise VoidRun(f"{seen[-1][1]} deliveries enqueued, {expected} expected")
    return rate_of(seen)


def rate_of(seen):
    """Of (time, count) pairs, from the last that shows the beginning's count."""
    first = max((pair for pair in seen if pair[1] == seen[0][1]), key=lambda pair: pair[0])
    if seen[-1][1] == first[1]:
        raise VoidRun("the deliveries came faster than they could be counted: more events are needed")
    return (seen[-1][1] - first[1]) / (seen[-1][0] - first[0])


def in_flight(bench, durability):
    """Memory at the most attempts that get under way at a time, at endpoints that take half a second each."""
    endpoints, count = 50, 6000
    with Way(bench, bench.folder / "in-flight", durability, count, delay_ms=500) as way:
        stack = way.stack.start()
        org, _ = stack.new_organization()
        for mod in range(endpoints):
            stack.new_endpoint(org, way.receiver.url(), f"t.{mod}")
        before_kb = stack.rss_kb("dispatcher")
        generator = stack.send(count, template("t.{mod}"), modulus=endpoints, connections=10)
        most = most_mb = 0

        def look():
            nonlocal most, most_mb
            progress = way.receiver.progress.read()
            most = max(most, progress["in_flight"])
            most_mb = max(most_mb, stack.rss_kb("dispatcher") / 1024)
            return progress["distinct"] >= count

        wait_until(look, f"{count} deliveries", 60, every_s=0.005)
        generator.result()
        stack.wait_drained()
        _, bits = way.receiver.collect()
        check_books(generator, way.receiver, bits)
        return [Figure(f"dispatcher, memory with {most} attempts under way", "MB", [most_mb], durability, bar=Bar("≤ 150 MB", 150),
                       note=f"{before_kb / 1024:.0f} MB before")]
