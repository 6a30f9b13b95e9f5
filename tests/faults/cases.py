"""The table of cases. What each stands for is in the sentence of its function."""

from dataclasses import dataclass
from typing import Callable

import cases_clients as clients
import cases_crash as crash
import cases_receivers as receivers
import cases_redis as redis
import cases_self as itself


@dataclass(frozen=True)
class Case:
    id: str
    title: str
    run: Callable
    quick: bool = False


@dataclass(frozen=True)
class Context:
    folder: str
    seed: int
    quick: bool

    def rounds(self, whole, quick):
        return quick if self.quick else whole


CASES = (
    Case("F01", "kill -9 of ingest", crash.kill_ingest, quick=True),
    Case("F02", "kill -9 of the processor", crash.kill_processor, quick=True),
    Case("F03", "kill -9 of the dispatcher", crash.kill_dispatcher, quick=True),
    Case("F04", "rolling SIGTERM", crash.rolling_restart),
    Case("F05", "a dispatcher stopped for two leases", crash.stop_dispatcher, quick=True),
    Case("F06", "an ingest stopped", crash.stop_ingest),
    Case("F07", "kill -9 of Redis, fsync always", redis.kill_redis_always, quick=True),
    Case("F08", "kill -9 of Redis, fsync everysec", redis.kill_redis_everysec),
    Case("F10", "power loss, fsync everysec", redis.power_loss_everysec),
    Case("F11", "Redis's file cut at its end", redis.torn_tail),
    Case("F13", "Redis comes back empty", redis.emptied_redis),
    Case("F14", "Redis full", redis.full_redis),
    Case("F19", "Redis stopped for 20 s", redis.paused_redis),
    Case("F27a", "SCRIPT FLUSH", redis.flushed_scripts, quick=True),
    Case("F27b", "keys of the wrong type", redis.wrong_types),
    Case("F30", "receivers down, then up", receivers.receivers_down),
    Case("F31", "a receiver hangs", receivers.hanging_receiver),
    Case("F32", "evil receivers", receivers.evil_receivers),
    Case("F44a", "a storm of one dedup id", clients.storm, quick=True),
    Case("F44b", "endpoints that never say yes", clients.poison),
)

# What shows that the scorecard can turn red.
SELF_TESTS = (
    Case("CHECK", "the checker, fed with broken histories", itself.checker_tests, quick=True),
    Case("M01", "a run that is tampered with", itself.tampered_run),
)
