"""The load-test matrix: a base rate, twice and five times as much, a burst, and whether all is as before afterwards.

Its criteria: nothing is lost and nothing refused (else the run is void, see books.py), what is due comes in time, a burst is gone soon
and leaves nothing behind.
"""
from figures import Bar, Figure
from figures_path import BATCH, CONNECTIONS, ENDPOINTS, Way, cores_note
from tools import template

BASE = 2000  # events per second
STEPS = ((1, 10), (2, 20), (5, 100))  # how much of it, and the p99 in ms that it may have
BURST_CONNECTIONS = 8


def late_ms(report, name):
    return report["late_us"][name] / 1000


def new_figures(durability, burst):
    late = {times: Figure(f"load {times}× ({times * BASE:,}/s), from due to delivered, p99", "ms", [], durability,
                          bar=Bar(f"≤ {limit} ms", limit)) for times, limit in STEPS}
    gone = Figure(f"load, a burst of {burst:,} as fast as they are accepted, delivered at", "/s", [], durability,
                  f"base rate of {BASE:,}", bar=Bar("≥ 3 ×", 3, False, "ratio"))
    after = Figure("load 1× after the burst, p99", "ms", [], durability, "before it", bar=Bar("≤ 2 ×", 2, of="ratio"))
    return late, gone, after


def figures(bench, durability):
    seconds, burst = bench.size(10, 2), bench.size(60_000, 5_000)
    late, gone, after = new_figures(durability, burst)
    turn = {"body": template("t.{mod}"), "modulus": ENDPOINTS}
    with Way(bench, bench.folder / f"load-{durability}", durability, max(BASE * STEPS[-1][0] * seconds, burst)) as way:
        stack = way.stack.start()
        org, _ = stack.new_organization()
        for mod in range(ENDPOINTS):
            stack.new_endpoint(org, way.receiver.url(), f"t.{mod}")

        def steady(times):
            rate = times * BASE
            _, report, used = way.run(rate * seconds, rate=rate, connections=CONNECTIONS, **turn)
            late[times].note = f"p50 {late_ms(report, 'p50'):.2f}; {cores_note(used, report['seconds'])}"
            return late_ms(report, "p99")

        for _ in bench.rounds(warm=lambda: way.run(BASE, rate=BASE, connections=CONNECTIONS, **turn)):
            for times, _ in STEPS:
                late[times].samples.append(steady(times))
            _, report, _ = way.run(burst, batch=BATCH, connections=BURST_CONNECTIONS, **turn)
            gone.samples.append(report["rate"])
            gone.beside.append(BASE)
            after.samples.append(steady(1))
            after.beside.append(late[1].samples[-1])
    return [*late.values(), gone, after]
