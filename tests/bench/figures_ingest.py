"""Taking events in, with nobody reading them: ingest and Redis alone beside nginx and beside a bare Redis."""
import msgpack

from books import VoidRun
from figures import Bar, Figure
from meter import Meter
from millrace_stack import DELIVERIES, EVENTS, Stack
from processes import ROOT
from tools import Generator, Nginx, redis_benchmark, template

CONNECTIONS = 50
BATCH = 100
BATCH_CONNECTIONS = 8
# Calls under way on the one connection of the bare publishers.
PIPELINE = 4


def publish_script():
    """lua/publish.lua as the build compiles it in."""
    lines = []
    for line in (ROOT / "lua/publish.lua").read_text().splitlines():
        part = line.removeprefix("--@include ")
        lines.append(line if part == line else (ROOT / f"lua/lib/{part}.lua").read_text().rstrip("\n"))
    return "\n".join(lines) + "\n"


def bare_publish_command(link, org):
    """An event's fields, and EVALSHA with the batch of it that ingest would send, into streams of its own."""
    sha = link.call("SCRIPT", "LOAD", publish_script()).decode()
    data = template().split('"data":', 1)[1][:-1].replace("{seq}", "1000000").replace("{sent}", "1700000000000000")
    event = {"org": org, "type": "bench.event", "trace": "00-" + "1" * 32 + "-" + "2" * 16 + "-01", "data": data}
    item = [5, event["org"], event["type"], event["trace"], "", ""]
    return event, ["EVALSHA", sha, "3", EVENTS, DELIVERIES, EVENTS + ":", "100000000", "86400000", "processor", "", "0",
                   b"".join(map(msgpack.packb, item * BATCH)), *[event["data"]] * BATCH]  # lua/lib/packed.lua


def bare_xadd_command(link, org):
    event, _ = bare_publish_command(link, org)
    return ["XADD", EVENTS, "*", *[text for pair in event.items() for text in pair]]


def check_log(stack, result):
    """Of a run without readers: what was accepted is in the log, no less and no more."""
    have = stack.link.stream_len(EVENTS)
    if have != result["accepted"]:
        raise VoidRun(f"the ledger does not balance: {result['accepted'] - have} of {result['accepted']} accepted events missing")


def send_measured(stack, count, **options):
    stack.forget_events()
    meter = stack.meter()
    before = meter.read()
    result = stack.send(count, **options).result()
    used = meter.since(before)
    check_log(stack, result)
    return result, used


def single(bench, stack, count):
    """CPU of ingest per POST beside nginx's with the same requests.

    The bar is held against nginx at the rate that ours reached: what a request costs depends on how many come in a turn, and on how often who
    waits must be woken. Flat out, with a processor of its own, nginx does a request for 0.5 to 0.8 of that, and would mostly miss the bar itself.
    """
    nginx = Nginx(stack.folder) if Nginx.find() else None
    if not nginx:
        bench.say("nginx is not installed (deploy/install --test): ingest is measured without it")
    name = f"ingest, CPU per single POST, {CONNECTIONS} connections"
    ours = Figure(name, "µs", [], stack.durability, "nginx return 202 at the same rate" if nginx else "",
                  bar=Bar("≤ 1.5 ×", 1.5, of="ratio"))
    flat_out = Figure("the same, nginx flat out", "µs", ours.samples, stack.durability, "nginx return 202" if nginx else "", floor=8.0)
    redis = Figure("Redis, CPU per single POST", "µs", [], stack.durability)
    rate = Figure("single POSTs answered", "/s", [], stack.durability, "nginx return 202" if nginx else "")
    try:
        for _ in bench.rounds(warm=lambda: send_measured(stack, count // 4, connections=CONNECTIONS)):
            result, used = send_measured(stack, count, connections=CONNECTIONS)
            ours.samples.append(used["cpu_us"]["ingest"] / result["sent"])
            redis.samples.append(used["cpu_us"]["redis"] / result["sent"])
            rate.samples.append(result["rate"])
            ours.detail = {"write_calls_per_post": used["io"]["ingest"][1] / result["sent"],
                           "commands_per_post": {n: c / result["sent"] for n, (c, _) in used["commands"].items()}}
            if nginx:
                theirs, cpu_us = send_to_nginx(bench, nginx, stack, count)
                flat_out.beside.append(cpu_us / count)
                rate.beside.append(theirs["rate"])
                ours.beside.append(send_to_nginx(bench, nginx, stack, count, rate=int(result["rate"]))[1] / count)
    finally:
        if nginx:
            nginx.stop()
    return [ours, flat_out, redis, rate]


def send_to_nginx(bench, nginx, stack, count, **options):
    meter = Meter({"nginx": nginx.worker})
    before = meter.read()
    result = Generator(bench.bin, stack.folder, nginx.url, template(), count, headers=(f"X-API-Key: {stack.key}",),
                       connections=CONNECTIONS, **options).result()
    return result, meter.since(before)["cpu_us"]["nginx"]


def bare_rate(stack, count, pipeline, per_call, command):
    """Events per second and CPU of Redis per event."""
    stack.forget_events()
    meter = stack.meter()
    before = meter.read()
    rate = redis_benchmark(stack.redis.port, pipeline, count // per_call, *command) * per_call
    cpu_us = meter.since(before)["cpu_us"]["redis"] / count
    if stack.link.stream_len(EVENTS) != count:
        raise VoidRun(f"the bare publisher wrote {stack.link.stream_len(EVENTS)} of {count} events")
    return rate, cpu_us


def batch(bench, stack, org, count):
    """Rate of batches beside the bare script with the same batches on one connection, and beside plain XADD."""
    (_, script), xadd = bare_publish_command(stack.link, org), bare_xadd_command(stack.link, org)
    beside_script = Figure(f"batch ingest, {BATCH} per POST, events accepted", "/s", [], stack.durability,
                           f"EVALSHA publish, {PIPELINE} calls of {BATCH} under way", bar=Bar("≥ 80 %", 0.8, False, "ratio"))
    beside_xadd = Figure("the same", "/s", beside_script.samples, stack.durability, f"plain XADD, {BATCH} under way")
    ingest = Figure("ingest, CPU per event in batches", "µs", [], stack.durability)
    redis = Figure("Redis, CPU per event in batches", "µs", [], stack.durability, "EVALSHA publish")
    options = {"batch": BATCH, "connections": BATCH_CONNECTIONS}
    for _ in bench.rounds(warm=lambda: send_measured(stack, count // 4, **options)):
        result, used = send_measured(stack, count, **options)
        beside_script.samples.append(result["rate"])
        ingest.samples.append(used["cpu_us"]["ingest"] / count)
        redis.samples.append(used["cpu_us"]["redis"] / count)
        rate, cpu_us = bare_rate(stack, count, PIPELINE, BATCH, script)
        beside_script.beside.append(rate)
        redis.beside.append(cpu_us)
        beside_xadd.beside.append(bare_rate(stack, count, BATCH, 1, xadd)[0])
    stack.forget_events()
    return [beside_script, beside_xadd, ingest, redis]


def connections(bench, stack, count):
    """Memory of ingest while it holds so many connections, each of which has posted."""
    before_kb = stack.rss_kb("ingest")
    # Ours would be one too many for the default of max_connections.
    stack.admin.connection.close()
    generator = stack.send(count, connections=count, hold=True)
    try:
        result = generator.held_result()
        if result["accepted"] != count:
            raise VoidRun(f"{result['accepted']} of {count} connections were served: {result['first_refusal']}")
        held_mb = stack.rss_kb("ingest") / 1024
    finally:
        generator.stop()
    stack.forget_events()
    return [Figure(f"ingest, memory at {count:,} connections", "MB", [held_mb], stack.durability, bar=Bar("≤ 150 MB", 150),
                   note=f"{before_kb / 1024:.0f} MB before")]


def figures(bench, durability):
    with Stack(bench, bench.folder / f"ingest-{durability}", durability) as stack:
        stack.start("ingest")
        org, _ = stack.new_organization()
        stack.forget_events()
        found = single(bench, stack, bench.size(60_000, 8_000))
        found += batch(bench, stack, org, bench.size(300_000, 40_000))
        if durability == bench.durabilities[0]:
            found += connections(bench, stack, bench.size(10_000, 2_000))
        stack.check_alive()
    return found
