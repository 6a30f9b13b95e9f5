"""Redis killed, paused, full, and with keys of the wrong kind."""

import signal
import time

import nemesis
import store
from checker import Bounds
from processes import wait_until
from scenario import IN_FLIGHT, Scenario

DISPATCHERS = 2
HELD = 2 * IN_FLIGHT      # by one dispatcher: under way and queued
EVERYSEC_WINDOW_S = 2.0
ANY = 10 ** 9
RECONNECT_S = 3
LINKS_PER_SERVICE = 3     # store, configuration feed, and publisher or reader
MARK_CHARS = (11, 12, 13)  # of event ids, in histories: lua/lib/mark.lua


def expect_outages(run, history, outages):
    """While there was no Redis: answers, and none of them a yes."""
    during = [record for record in history if any(record[5] > killed and record[6] < starting for killed, starting, _ in outages)]
    run.outcome.expect(not any(record[1] == "ack" for record in during), "accepted without a Redis")
    refused = sum(record[1] == "refused" and str(record[2]).startswith(("503", "store_unavailable")) for record in during)
    run.outcome.counts["refused_503"] = refused
    run.outcome.expect(refused > 0, "nobody was told 503 while Redis was away")


def kill_redis_always(context):
    """appendfsync always: what was accepted is on disk."""
    rounds = context.rounds(10, 2)
    with Scenario(context.folder, context.seed, lease="5s") as run:
        run.begin()
        outages = nemesis.kill_redis_loop(run.cluster, rounds, run.chance)
        run.healed([back for _, _, back in outages])
        run.stop_load()
        # A new connection promises nothing until its Redis was asked what it keeps.
        doubts = tuple((killed, back + RECONNECT_S) for killed, _, back in outages)
        history, _, _ = run.finish(Bounds(duplicates=rounds * DISPATCHERS * IN_FLIGHT, in_doubt=doubts))
        run.expect_recovery(RECONNECT_S)
        expect_outages(run, history, outages)
    return run.outcome


def kill_redis_everysec(context):
    """appendfsync everysec on a Redis without WAITAOF: each accept says that it is relaxed."""
    rounds = 4
    with Scenario(context.folder, context.seed, fsync="everysec") as run:
        run.begin()
        outages = nemesis.kill_redis_loop(run.cluster, rounds, run.chance)
        run.healed([back for _, _, back in outages])
        run.stop_load()
        windows = tuple((killed - EVERYSEC_WINDOW_S, killed) for killed, _, _ in outages)
        history, _, _ = run.finish(Bounds(duplicates=rounds * DISPATCHERS * IN_FLIGHT, durability="relaxed", lost_between=windows))
        expect_outages(run, history, outages)
    return run.outcome


def power_loss_everysec(context):
    """The host dies, and with it what was written and not yet synced: the file ends at a byte of the last second."""
    rounds, torn, outages = 3, [], []
    with Scenario(context.folder, context.seed, fsync="everysec", lease="5s") as run:
        server = run.cluster.redis
        run.begin()
        for _ in range(rounds):
            synced = server.aof_size()
            time.sleep(run.chance.uniform(0.2, 0.9))

            def lose_power(synced=synced):
                torn.append(server.tear_aof(synced, run.chance))
                server.repair_aof()

            outages += nemesis.kill_redis_loop(run.cluster, 1, run.chance, gap=(0, 0.1), after_kill=lose_power)
        run.healed([back for _, _, back in outages])
        run.stop_load()
        windows = tuple((killed - EVERYSEC_WINDOW_S, killed) for killed, _, _ in outages)
        history, receipts, _ = run.finish(Bounds(duplicates=ANY, durability="relaxed", lost_between=windows))
        # What Redis has forgotten is delivered again: all of the lost seconds, and what was held then.
        forgotten = sum(any(begin <= receipt[0] <= end for begin, end in windows) for receipt in receipts)
        run.outcome.counts["torn_bytes"] = sum(torn)
        run.outcome.expect(sum(torn) > 0, "nothing was torn off")
        run.outcome.expect(run.outcome.counts["dup"] <= forgotten + rounds * DISPATCHERS * HELD,
                           f"more duplicates than the {forgotten} deliveries of the lost seconds explain")
        expect_outages(run, history, outages)
    return run.outcome


def torn_tail(context):
    """The file of a whole run, cut at bytes of its last 8 KB: each loads, and shows no half of a script."""
    with Scenario(context.folder, context.seed) as run:
        run.begin()
        run.stop_load()
        run.finish(Bounds())
        run.cluster.redis.close()
        whole = run.cluster.redis.read_aof()
        cuts = run.chance.sample(range(max(len(whole) - 8192, 1), len(whole)), 24)
        for cut in cuts:
            run.cluster.redis.write_aof(whole[:cut])
            run.cluster.redis.start()
            run.outcome.failures += [f"cut at {cut} of {len(whole)}: {what}" for what in halves(run)]
            run.cluster.redis.kill()
        run.outcome.counts["cuts"] = len(cuts)
    return run.outcome


def halves(run):
    """What a script writes together must be there together."""
    state = store.read_state(run.cluster.redis.connect())
    if set(state.dedups) != set(state.events):
        yield "dedup keys and events differ"
    for tenant in run.tenants:
        mine = [state.records.get(event_id, {}) for event_id, (org, _) in state.events.items() if org == tenant.id]
        states = [words.split(" ")[0] for record in mine for name, words in record.items() if name != "skipped"]
        made = state.deliveries(tenant.id, sum(map(bool, mine)))
        if made != len(states):
            yield f"{tenant.id} counts {made} deliveries, its records name {len(states)}"
        attempted = sum((attempt["org"], attempt["outcome"]) == (tenant.id, "delivered") for attempt in state.attempts)
        if attempted != states.count("delivered"):
            yield f"{tenant.id} has {attempted} attempts that delivered, its records name {states.count('delivered')}"
        if state.dead_of.get(tenant.id, 0) != states.count("dead"):
            yield f"{tenant.id} lists {state.dead_of.get(tenant.id)} dead letters, its records name {states.count('dead')}"
        if state.listed.get(tenant.id, set()) != {event_id for event_id, (org, _) in state.events.items() if org == tenant.id}:
            yield f"{tenant.id}'s list and the log differ"
    named = {(endpoint, event_id) for event_id, record in state.records.items() for endpoint in record if endpoint != "skipped"}
    marks = {(endpoint, mark) for endpoint, of_it in state.histories.items() for mark in of_it}
    marked = {(endpoint, event_id): {(endpoint, event_id[:chars]) for chars in MARK_CHARS} & marks for endpoint, event_id in named}
    if not all(marked.values()) or set().union(*marked.values()) != marks:
        yield "records and histories differ"


def emptied_redis(context):
    """Redis comes back without its data: an alarm, and work goes on with new organizations, without a restart."""
    with Scenario(context.folder, context.seed) as run:
        run.begin()
        run.cluster.redis.kill()
        run.cluster.redis.lose_data()
        run.cluster.redis.start()
        run.loads.pop().abandon()
        wait_until(lambda: any(service.log_count("store.emptied") for service in run.cluster.services), 15, "nobody noticed")
        run.cluster.wait_ready()
        healed = time.time()
        old, run.seed = run.seed, run.seed + 1_000_000
        run.make_tenants()
        load = run.start_load()
        run.outcome.expect(load.wait_acked(200, 20), "nothing was accepted after Redis had lost its data")
        run.healed([healed])
        run.stop_load()
        run.finish(Bounds(), ignored_seeds=(old,))
        run.expect_recovery(RECONNECT_S + 2)
    return run.outcome


def full_redis(context):
    """maxmemory reached while receivers are down: 503, and what is there still drains."""
    with Scenario(context.folder, context.seed, plan={"padding": 4000}) as run:
        run.begin()
        run.receiver.kill()
        connection = run.cluster.redis.connect()
        connection.config_set("maxmemory", connection.info("memory")["used_memory"] + (3 << 20))
        wait_until(lambda: run.refused_by_memory(), 30, "Redis did not become full")
        run.receiver.start()
        receivers_back = time.monotonic()
        run.drain()
        run.outcome.counts["t_drained_full"] = round(time.monotonic() - receivers_back, 2)
        connection.config_set("maxmemory", 0)
        run.healed([time.time()])
        run.stop_load()
        history, _, _ = run.finish(Bounds(duplicates=DISPATCHERS * IN_FLIGHT), padding=4000)
        run.outcome.counts["refused_503"] = sum(record[1] == "refused" for record in history)
        run.expect_recovery(5)
    return run.outcome


def paused_redis(context):
    """SIGSTOP for 20 s: every call is answered, nobody connects in a storm, memory stays bounded."""
    pause_s = 20
    with Scenario(context.folder, context.seed, lease="30s", plan={"timeout_s": 30, "patience_s": 60}) as run:
        run.begin()
        connection = run.cluster.redis.connect()
        before = connection.info("stats")["total_connections_received"]
        run.cluster.redis.signal(signal.SIGSTOP)
        stopped = time.time()
        time.sleep(pause_s)
        run.cluster.redis.signal(signal.SIGCONT)
        run.healed([time.time()])
        run.cluster.wait_ready()
        made = run.cluster.redis.connect().info("stats")["total_connections_received"] - before
        bound = len(run.cluster.services) * LINKS_PER_SERVICE * (pause_s + 2)
        run.outcome.counts["connections"] = made
        run.outcome.expect(made <= bound, f"{made} connections were made, the bound is {bound}")
        run.stop_load()
        history, _, _ = run.finish(Bounds(duplicates=DISPATCHERS * HELD))
        run.expect_recovery(RECONNECT_S)
        expect_outages(run, history, [(stopped + 1, stopped + pause_s, stopped + pause_s)])
    return run.outcome


def flushed_scripts(context):
    """SCRIPT FLUSH again and again: loaded again, nothing written twice or by half."""
    with Scenario(context.folder, context.seed) as run:
        run.begin()
        connection = run.cluster.redis.connect()
        flushes = context.rounds(60, 25)
        for _ in range(flushes):
            connection.script_flush()
            time.sleep(run.chance.uniform(0.01, 0.1))
        run.healed([time.time()])
        run.stop_load()
        run.finish(Bounds())
        run.outcome.counts["flushes"] = flushes
        run.expect_recovery(2)
    return run.outcome


# A record in which something waits is all that is known of how that goes on; others only tell what was.
SPOIL_RECORDS = """
local spoilt = 0
for _, key in ipairs(redis.call('KEYS', ARGV[1] .. '*')) do
    local waits = false
    for _, state in ipairs(redis.call('HVALS', key)) do
        waits = waits or string.sub(state, 1, 7) == 'waiting'
    end
    if not waits and spoilt < 100 then
        spoilt = spoilt + 1
        redis.call('SET', key, 'not a hash')
    end
end
return spoilt
"""


def wrong_types(context):
    """An organization's counter and lists and the records of many events are something else: everything goes on, nothing is
    written twice."""
    with Scenario(context.folder, context.seed) as run:
        run.begin()
        connection = run.cluster.redis.connect()
        victim = run.tenants[0]
        record = store.PREFIX + "event:"
        spoilt = [store.PREFIX + name for name in ("events:" + victim.id, "dlq:" + victim.id, "failing")]
        spoilt += list(connection.scan_iter(store.PREFIX + "history:*", count=1000))[:3]
        for key in spoilt:
            connection.set(key, "not what it should be")
        connection.hset(store.PREFIX + "stats", victim.id + ":extra", "not what it should be")
        run.receiver.kill()
        wait_until(lambda: connection.zcard(store.DUE) > 20, 10, "nothing waits to be tried again")
        run.receiver.start()
        run.outcome.expect(connection.eval(SPOIL_RECORDS, 0, record) > 0, "no record was spoilt")
        run.healed([time.time()], "receiver")
        run.stop_load()
        connection.delete(*(key for key in connection.scan_iter(store.PREFIX + "*", count=1000)
                            if (key in spoilt or key.startswith(record)) and connection.type(key) == "string"))
        run.finish(Bounds(duplicates=DISPATCHERS * IN_FLIGHT, uncounted=(victim.id,), are_records_broken=True))
    return run.outcome
