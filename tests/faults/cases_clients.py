"""Clients that post too much of the same, and events that nobody takes."""

import json
import time

import events
import store
import tenants
from checker import Bounds
from client import Connection
from scenario import Scenario

STORM = 1000
STORM_WITHIN_S = 30


def storm(context):
    """A thousand clients post the same dedup id at the same moment: one event, one id, one 202."""
    with Scenario(context.folder, context.seed) as run:
        run.begin()
        event = events.make(context.seed + 1_000_000, 0, 1, 100)
        tenant = tenants.create_empty(run.cluster, "storm")
        endpoint = tenants.add_endpoint(run.cluster, run.receiver, tenant, "/ok/storm/0", ("order.*",))
        answers = _post_at_once(run.cluster, tenant.key, event.request())
        statuses = [status for status, _ in answers]
        run.outcome.counts["storm_202"] = statuses.count(202)
        run.outcome.expect(statuses.count(202) == 1, f"{statuses.count(202)} answers say 202")
        run.outcome.expect(statuses.count(200) == STORM - 1, f"{statuses.count(200)} answers say 200, of {STORM - 1}")
        ids = {answer.get("id") for _, answer in answers}
        run.outcome.expect(len(ids) == 1, f"{len(ids)} ids for one event")
        run.stop_load()
        run.finish(Bounds(), ignored_seeds=(context.seed + 1_000_000,))
        seen = [receipt for receipt in run.receiver.receipts() if receipt[1] == endpoint.path]
        run.outcome.expect(len(seen) == 1, f"{len(seen)} deliveries of one event")
    return run.outcome


def _post_at_once(cluster, key, text):
    """All connect, then all send, then all read."""
    ports = [service.port for service in cluster.of("ingest")]
    body = text.encode()
    headers = [("Authorization", f"Bearer {key}"), ("Content-Type", "application/json")]
    connections = [Connection(ports[index % len(ports)], STORM_WITHIN_S) for index in range(STORM)]
    for connection in connections:
        connection.open()
    for connection in connections:
        connection.send("POST", "/api/events", headers, body)
    answers = [connection.read() for connection in connections]
    for connection in connections:
        connection.close()
    return [(status, json.loads(answer)) for status, answer in answers]


def poison(context):
    """Endpoints that never say yes: their deliveries end among the dead letters, after every try, and their neighbours do not notice."""
    with Scenario(context.folder, context.seed) as run:
        run.make_tenants()
        schedule = ["100ms", "150ms", "200ms"]
        poisoned = tenants.add_endpoint(run.cluster, run.receiver, run.tenants[0], "/fail/tenant-0", ("order.*",), must_fail=True,
                                        retry_schedule=schedule)
        run.begin(make_tenants=False)
        time.sleep(context.rounds(4, 1))
        run.healed([time.time()], "receiver")
        run.stop_load()
        _, _, state = run.finish(Bounds())
        letters = [letter for letter in state.dead if letter["endpoint"] == poisoned.id]
        run.outcome.expect(letters, "there are no dead letters")
        wrong = [letter for letter in letters if letter["attempts"] != str(len(schedule) + 1)
                 or letter["reason"] != "retries_exhausted" or letter["status"] != "500"]
        run.outcome.expect(not wrong, f"{len(wrong)} dead letters do not say why: {wrong[:1]}")
        run.outcome.expect(not store.left(run.cluster.redis.connect())["waiting"], "something of them still waits")
    return run.outcome
