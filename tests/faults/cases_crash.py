"""Crashes, pauses and restarts of our own processes."""

import time

import events
import nemesis
from checker import Bounds
from client import Broken, Connection
from processes import wait_until
from scenario import IN_FLIGHT, Scenario

LEASE_S = 2
ANSWER_WITHIN_S = 5
SHORT_LEASE = {"lease": f"{LEASE_S}s"}


def kill_ingest(context):
    """Clients post again with the same dedup id: nothing is lost, nothing is there twice."""
    with Scenario(context.folder, context.seed) as run:
        run.begin()
        run.healed(nemesis.kill_loop(run.cluster, "ingest", context.rounds(20, 5), run.chance))
        run.stop_load()
        run.finish(Bounds(duplicates=0))
        run.expect_recovery(2)
    return run.outcome


def kill_processor(context):
    """Events of the dead are adopted; the fan-out happens once."""
    with Scenario(context.folder, context.seed, processor=SHORT_LEASE) as run:
        run.begin()
        run.healed(nemesis.kill_loop(run.cluster, "processor", context.rounds(20, 5), run.chance), "receiver")
        run.stop_load()
        run.finish(Bounds(duplicates=0))
        run.expect_recovery(LEASE_S + 2)
    return run.outcome


def kill_dispatcher(context):
    """Deliveries of the dead are adopted; what was under way may arrive twice, nothing else."""
    rounds = context.rounds(20, 5)
    with Scenario(context.folder, context.seed, up_to_ms=60, dispatcher=SHORT_LEASE) as run:
        run.begin()
        run.healed(nemesis.kill_loop(run.cluster, "dispatcher", rounds, run.chance), "receiver")
        run.stop_load()
        run.finish(Bounds(duplicates=rounds * IN_FLIGHT))
        run.expect_recovery(LEASE_S + 2)
    return run.outcome


def rolling_restart(context):
    """SIGTERM to all in turn under load: each ends with 0, what it had begun is answered, no client sees worse than a closed connection or
    a 503 of one that starts."""
    with Scenario(context.folder, context.seed) as run:
        run.begin()
        answers = []

        def post_around_the_signal(service):
            if service.name == "ingest":
                answers.append(_post_around_the_signal(service, run.tenants[0].key, context.seed + 1_000_000, len(answers)))

        starts = nemesis.rolling_restart(run.cluster, context.rounds(10, 1), run.chance, post_around_the_signal)
        run.healed([ready for _, ready in starts])
        run.stop_load()
        history, _, _ = run.finish(Bounds(duplicates=0), ignored_seeds=(context.seed + 1_000_000,))
        run.outcome.counts["around_the_signal"] = len(answers)
        run.outcome.expect(answers and set(answers) == {202}, f"posts begun before SIGTERM were answered {sorted(set(answers))}")
        bad = [f"{kind}: {what}" for _, kind, what, _, _, begin, end in history if kind in ("unknown", "error")
               or kind == "refused" and what.startswith("503") and not any(end >= started and begin <= ready for started, ready in starts)]
        run.outcome.expect(not bad, f"{len(bad)} calls failed: {sorted(set(bad))}")
    return run.outcome


def _post_around_the_signal(service, key, seed, number):
    """Half of a request, SIGTERM, and when nobody is let in any more the other half. The status of the answer."""
    body = events.make(seed, number, 1, 100).request().encode()
    connection = Connection(service.port, ANSWER_WITHIN_S)
    connection.open()
    try:
        connection.send("POST", "/api/events", [("Authorization", f"Bearer {key}"), ("Content-Type", "application/json")], body, held_back=20)
        # Once a first byte of it is read, the request is the server's; a health check behind it on the same loop says so.
        wait_until(service.is_ready, ANSWER_WITHIN_S, f"{service.label} did not answer")
        service.terminate()
        wait_until(lambda: _is_closed(service.port), ANSWER_WITHIN_S, f"{service.label} still lets clients in")
        connection.send_rest(body[-20:])
        return connection.read()[0]
    except OSError as error:
        return str(error)
    finally:
        connection.close()


def _is_closed(port):
    probe = Connection(port, ANSWER_WITHIN_S)
    try:
        probe.open()
    except Broken as broken:
        return broken.refused
    probe.close()
    return False


def stop_dispatcher(context):
    """A dispatcher that sleeps for two leases in the middle of its deliveries, and wakes up."""
    rounds = context.rounds(3, 1)
    with Scenario(context.folder, context.seed, up_to_ms=300, dispatcher=SHORT_LEASE) as run:
        run.begin()
        healed = []
        for _ in range(rounds):
            healed += nemesis.pause(run.chance.choice(run.cluster.of("dispatcher")), 2 * LEASE_S)
            time.sleep(run.chance.uniform(0.2, 0.6))
        run.healed(healed, "receiver")
        run.stop_load()
        run.finish(Bounds(duplicates=rounds * IN_FLIGHT))
        run.outcome.counts["refused"] = run.refusals()
        run.outcome.expect(run.refusals() > 0, "the sleeper was never told that its deliveries are another's")
    return run.outcome


def stop_ingest(context):
    """An ingest that sleeps: its clients get no answer and post to the other one; what it does when it wakes up is a repeat."""
    with Scenario(context.folder, context.seed, plan={"timeout_s": 1.5}) as run:
        run.begin()
        accepted = run.loads[0].acked
        run.healed(nemesis.pause(run.cluster.of("ingest")[0], 6))
        run.outcome.expect(run.loads[0].acked > accepted + 100, "the other instance did not serve")
        run.stop_load()
        history, _, _ = run.finish(Bounds(duplicates=0))
        run.outcome.expect(any(record[1] == "unknown" for record in history), "no client ran out of patience")
    return run.outcome
