"""What shows that this scorecard can turn red: the checker's own tests, and a run in which work is tampered with."""

import os
import signal
import unittest

import events
import store
from checker import Bounds
from client import Connection
from processes import wait_until
from scenario import Outcome, Scenario


def checker_tests(context):
    """The checker, fed with histories that are wrong."""
    del context
    suite = unittest.defaultTestLoader.discover(os.path.dirname(os.path.abspath(__file__)), "test_checker.py")
    result = unittest.TestResult()
    suite.run(result)
    outcome = Outcome(counts={"tests": result.testsRun})
    outcome.expect(result.testsRun > 0, "no test was found")
    outcome.failures += [f"{test.id()}: {text.splitlines()[-1]}" for test, text in result.failures + result.errors]
    return outcome


def tampered_run(context):
    """A delivery taken out, one put in twice, one that nobody posted: each must be found."""
    with Scenario(context.folder, context.seed) as run:
        run.begin()
        for dispatcher in run.cluster.of("dispatcher"):
            dispatcher.signal(signal.SIGSTOP)
        connection = run.cluster.redis.connect()
        wait_until(lambda: store.left(connection)["dispatcher_unread"] > 5, 10, "nothing waits for the dispatchers")
        run.loads[0].stop()
        wait_until(lambda: not store.left(connection)["processor_unread"] + store.left(connection)["processor_pending"], 10,
                   "the processors did not finish")
        (taken, _), (_, copied) = connection.xrevrange(store.DELIVERIES, count=2)
        connection.xdel(store.DELIVERIES, taken)
        connection.xadd(store.DELIVERIES, copied)
        for dispatcher in run.cluster.of("dispatcher"):
            dispatcher.signal(signal.SIGCONT)
        stranger = events.make(context.seed, 999_999, len(run.tenants), 100)
        Connection(run.receiver.port, 10).request("POST", run.tenants[0].endpoints[0].path, (), stranger.data.encode())
        run.finish(Bounds())
    found, outcome = run.outcome.failures, Outcome(counts=run.outcome.counts)
    for sign in ("accepted and lost: 1 ", "fanned out twice: 1 ", "duplicate POSTs beyond", "unexpected deliveries: 1 "):
        outcome.expect(any(failure.startswith(sign) for failure in found), f"not found: {sign.strip()} (found: {found})")
    return outcome
