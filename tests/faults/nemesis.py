"""Faults done to a cluster, at moments that follow from the seed."""

import signal
import time

from processes import wait_until

BACK_WITHIN_S = 30


def kill_loop(cluster, name, rounds, chance, gap=(0.1, 0.7), down=(0.0, 0.3)):
    """kill -9 of one instance after the other, started again as a supervisor would. Returns the times of the starts."""
    healed = []
    for _ in range(rounds):
        time.sleep(chance.uniform(*gap))
        victim = chance.choice(cluster.of(name))
        victim.kill()
        time.sleep(chance.uniform(*down))
        victim.start()
        healed.append(time.time())
    cluster.wait_ready()
    return healed


def rolling_restart(cluster, rounds, chance, meanwhile):
    """SIGTERM to one after the other; each must end well, and its successor be ready, before the next. meanwhile(service) sends the
    SIGTERM if it wants to. Returns the spans of time in which a new process ran that was not ready yet."""
    starts = []
    for _ in range(rounds):
        for service in chance.sample(cluster.services, len(cluster.services)):
            meanwhile(service)
            service.end()
            started = time.time()
            service.start()
            wait_until(service.is_ready, BACK_WITHIN_S, f"{service.label} did not come back")
            starts.append((started, time.time()))
    return starts


def pause(service, for_s):
    """SIGSTOP, then SIGCONT: what it had begun goes on as if no time had passed."""
    service.signal(signal.SIGSTOP)
    time.sleep(for_s)
    service.signal(signal.SIGCONT)
    return [time.time()]


def kill_redis_loop(cluster, rounds, chance, gap=(0.3, 1.0), down=(0.1, 1.0), after_kill=None):
    """kill -9, a while without, start on the same data. Returns for each: killed, started again, found to answer."""
    outages = []
    for _ in range(rounds):
        time.sleep(chance.uniform(*gap))
        cluster.redis.kill()
        killed = time.time()
        if after_kill:
            after_kill()
        time.sleep(chance.uniform(*down))
        starting = time.time()
        cluster.redis.start()
        outages.append((killed, starting, time.time()))
        cluster.wait_ready(BACK_WITHIN_S)
    return outages
