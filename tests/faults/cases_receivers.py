"""Receivers that are down, hang, or mean harm."""

import os
import time
from contextlib import closing

import evil
import tenants
from checker import Bounds
from receiver import Receiver
from scenario import IN_FLIGHT, Scenario

DISPATCHERS = 2
PER_ENDPOINT = IN_FLIGHT // 2
HUNG_RATE, HUNG_EVENTS = 30.0, 120
P99_FACTOR, P99_SLACK_S = 1.5, 0.1   # slack: for the noise of a small machine with sanitizers
EVIL_RATE, EVIL_EVENTS = 10.0, 20
# What each answer may come to: delivered, or dead after a last attempt with one of these errors.
EXPECTED = {
    "endless_body": {"delivered"},
    "endless_headers": {"headers_too_large"},
    "one_megabyte_header": {"headers_too_large", "bad_response"},
    "interim_flood": {"headers_too_large", "total_timeout", "response_timeout", "bad_response"},
    "gzip_bomb": {"delivered"},
    "reset_in_body": {"server_error", "connection_reset", "bad_response"},
    "drip": {"total_timeout", "response_timeout", "headers_too_large"},
    "no_http": {"bad_response"},
    "two_lengths": {"server_error", "bad_response"},
    "nul_in_reason": {"server_error", "bad_response"},
    "retry_after_huge": {"unavailable"},
    "retry_after_nan": {"unavailable"},
    "retry_after_negative": {"unavailable"},
    "redirect_to_metadata": {"redirect"},
    "redirect_to_canary": {"redirect"},
}


def receivers_down(context):
    """All receivers away, then back: nothing is lost or given up, and nobody is overrun."""
    with Scenario(context.folder, context.seed) as run:
        run.begin()
        run.receiver.kill()
        time.sleep(context.rounds(5, 2))
        run.receiver.start()
        run.healed([time.time()], "receiver")
        run.stop_load()
        _, receipts, _ = run.finish(Bounds(duplicates=DISPATCHERS * IN_FLIGHT))
        most = max(receipt[6] for receipt in receipts)
        run.outcome.counts["most_at_once"] = most
        run.outcome.expect(most <= DISPATCHERS * PER_ENDPOINT, f"{most} requests at a time to one endpoint")
    return run.outcome


def _p99(history, receipts, begin, end):
    """Of the time from the call that was accepted to the first delivery."""
    posted = {record[0]: record[5] for record in reversed(history) if record[1] == "ack" and begin <= record[5] <= end}
    took = {}
    for receipt in receipts:
        value = receipt[4]
        if value in posted:
            took[value] = min(took.get(value, 60.0), receipt[0] - posted[value])
    ordered = sorted(took.values())
    return ordered[int(len(ordered) * 0.99)] if ordered else 60.0


def hanging_receiver(context):
    """One organization's receiver takes requests and never answers: the others do not notice."""
    with Scenario(context.folder, context.seed) as run:
        run.begin()
        hung = tenants.create_empty(run.cluster, "hung")
        tenants.add_endpoint(run.cluster, run.receiver, hung, "/hang/0", ("order.*",), retry_schedule=["100ms"], timeout="500ms")
        calm_from = time.time()
        time.sleep(4)
        calm_to = time.time()
        load = run.start_load(seed=context.seed + 1_000_000, keys=[hung.key], rate=HUNG_RATE, limit=HUNG_EVENTS)
        load.wait_acked(PER_ENDPOINT, 10)
        hang_from = time.time()
        time.sleep(4)
        hang_to = time.time()
        files = max(service.sizes()[1] for service in run.cluster.of("dispatcher"))
        load.finish(10)
        run.stop_load(of=run.loads[:1])
        history, receipts, _ = run.finish(Bounds())
        calm, with_it = _p99(history, receipts, calm_from, calm_to), _p99(history, receipts, hang_from, hang_to)
        run.outcome.counts |= {"p99_calm_s": round(calm, 3), "p99_s": round(with_it, 3), "files": files}
        run.outcome.expect(with_it <= P99_FACTOR * calm + P99_SLACK_S, f"p99 of the others went from {calm:.3f} s to {with_it:.3f} s")
    return run.outcome


def evil_receivers(context):
    """Each answer of evil.py ends as its kind deserves, and costs nobody anything. Its process is its own: it is busy with harm."""
    with Scenario(context.folder, context.seed) as run:
        run.begin()
        with closing(Receiver(os.path.join(context.folder, "evil.log"), context.seed, up_to_ms=0)) as harm:
            harm.start()
            victim = tenants.create_empty(run.cluster, "evil")
            kinds = {}
            for kind in evil.KINDS:
                endpoint = tenants.add_endpoint(run.cluster, harm, victim, f"/evil/{kind}", ("order.*",),
                                                retry_schedule=["100ms"], timeout="1500ms")
                kinds[endpoint.id] = kind
            load = run.start_load(seed=context.seed + 1_000_000, keys=[victim.key], rate=EVIL_RATE, limit=EVIL_EVENTS)
            load.finish(30)
            run.stop_load(of=run.loads[:1])
            _, _, state = run.finish(Bounds())
            ends = _ends(state, kinds)
            for kind, words in ends.items():
                run.outcome.expect(words <= EXPECTED[kind], f"{kind} ended as {sorted(words)}")
            run.outcome.expect(len(ends) == len(evil.KINDS), "a kind of answer was never seen")
            canary = [receipt for receipt in harm.receipts() if receipt[1] == evil.CANARY_PATH]
            run.outcome.expect(not canary, "a redirect was followed")
    return run.outcome


def _ends(state, kinds):
    """Per kind, the words its deliveries ended with."""
    ends = {}
    for record in state.records.values():
        for endpoint, words in record.items():
            if endpoint in kinds and not words.startswith("dead"):
                ends.setdefault(kinds[endpoint], set()).add(words.split(" ")[0])
    for attempt in state.attempts:
        if attempt["endpoint"] in kinds and attempt["outcome"] == "dead":
            ends.setdefault(kinds[attempt["endpoint"]], set()).add(attempt["error"])
    return ends
