"""One run: cluster, receiver, tenants and load, from the start to the verdict. A case says what goes wrong in between."""

import os
import random
import time
from dataclasses import dataclass, field

import checker
import store
import tenants
from cluster import Cluster
from load import Load, Plan, read_history
from processes import wait_until
from receiver import Receiver

IN_FLIGHT = 64
DRAIN_WITHIN_S = 60
UNDER_WAY = 60             # accepts before the fault begins
UNDER_WAY_WITHIN_S = 20
SILENT_WITHIN_S = 5
RESIDENT_GROWTH_MB = 40    # sanitizers keep freed memory for a while
FILES_GROWTH = 2 * IN_FLIGHT + 16  # connections that rest in the dispatcher's pool
ALARMS = ("stream.entries_lost", "due.orphans_removed", "delivery.unreadable", "endpoint.unreadable")

SETTINGS = {
    "log_level": "info",
    "lease": "10s",
    "dispatcher": {
        "allow_targets": "127.0.0.0/8", "max_in_flight": IN_FLIGHT, "max_in_flight_per_endpoint": IN_FLIGHT // 2,
        "retry_schedule": "200ms,400ms,800ms,1s,1s,1s,2s,2s,2s,2s,2s,2s",
        "connect_timeout": "2s", "response_timeout": "4s", "total_timeout": "8s",
    },
}


@dataclass
class Outcome:
    """What a case has found: the numbers of the scorecard, and what is wrong."""
    counts: dict = field(default_factory=dict)
    failures: list = field(default_factory=list)

    def expect(self, holds, failure):
        if not holds:
            self.failures.append(failure)


class Scenario:
    """with Scenario(folder, seed, …) as run: run.begin(); …; run.healed(times); run.finish(bounds). settings: see Cluster."""

    def __init__(self, folder, seed, up_to_ms=20, fsync="always", instances=2, plan=None, **settings):
        self.folder, self.seed = folder, seed
        self.chance = random.Random(f"nemesis {seed}")
        self.outcome = Outcome()
        merged = SETTINGS | settings
        merged["dispatcher"] = SETTINGS["dispatcher"] | settings.get("dispatcher", {})
        self.cluster = Cluster(folder, instances, fsync, **merged)
        self.receiver = Receiver(os.path.join(folder, "receiver.log"), seed, up_to_ms)
        self.plan_changes = plan or {}
        self.tenants, self.loads, self.heals = [], [], []
        self.heals_seen_by = "client"

    def __enter__(self):
        try:
            self.cluster.start()
            self.receiver.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for load in self.loads:
            load.abandon()
        self.cluster.close()
        self.receiver.close()

    def make_tenants(self):
        self.tenants = tenants.create(self.cluster, self.receiver)

    def start_load(self, **changes):
        """Another generator needs another seed: its events are others."""
        ports = [service.port for service in self.cluster.of("ingest")]
        own = {"seed": self.seed, "keys": [tenant.key for tenant in self.tenants]}
        plan = Plan(ports=ports, **(own | self.plan_changes | changes))
        load = Load(plan, os.path.join(self.folder, f"history-{plan.seed}.log"))
        load.start()
        self.loads.append(load)
        return load

    def begin(self, make_tenants=True):
        """Everything runs, and events flow."""
        if make_tenants:
            self.make_tenants()
        load = self.start_load()
        self.outcome.expect(load.wait_acked(UNDER_WAY, UNDER_WAY_WITHIN_S), "the load did not get under way")
        self.before = {service.label: (service.starts, service.sizes()) for service in self.cluster.services}

    def healed(self, times, seen_by="client"):
        """Recovery is the time from there to the next accept, or to the next delivery (seen_by="receiver")."""
        self.heals, self.heals_seen_by = times, seen_by

    def stop_load(self, of=None, after_more=50):
        """Some more events after the fault, so that what comes after it is tested too."""
        for load in of or self.loads:
            self.outcome.expect(load.wait_acked(after_more, UNDER_WAY_WITHIN_S), "accepting did not go on after the fault")
            load.stop()

    def drain(self, within_s=DRAIN_WITHIN_S):
        start, connection = time.monotonic(), self.cluster.redis.connect()
        try:
            wait_until(lambda: store.is_drained(connection) or self.cluster.crashes(), within_s, "")
        except TimeoutError:
            self.outcome.failures.append(f"not drained within {within_s} s: {store.left(connection)}")
        self.outcome.counts["t_drained"] = round(time.monotonic() - start, 2)

    def finish(self, bounds=None, padding=Plan.padding, ignored_seeds=()):
        """After stop_load: drain, judge, and end the services well."""
        self.drain()
        self.note_services()
        self.cluster.end_services()
        wants = tenants.Wants(self.tenants, padding)
        state = store.read_state(self.cluster.redis.connect())
        history, receipts = read_history(self.loads[0].path), self.receipts_of(self.loads[0], ignored_seeds)
        verdict = checker.check(history, receipts, state, wants, bounds or checker.Bounds())
        self.outcome.counts |= verdict.counts
        self.outcome.failures += verdict.failures
        self.note_recovery(history, receipts)
        self.note_crashes()
        return history, receipts, state

    def receipts_of(self, load, ignored_seeds):
        """All but those of other generators: what nobody posted stays in."""
        seeds = {other.plan.seed for other in self.loads if other is not load} | set(ignored_seeds)
        others = tuple(f"{seed}-" for seed in seeds)
        return [receipt for receipt in self.receiver.receipts() if not receipt[4].startswith(others)]

    def refused_by_memory(self):
        """How often Redis has turned a command down for lack of memory."""
        return "errorstat_OOM" in self.cluster.redis.connect().info("errorstats")

    def note_recovery(self, history, receipts):
        good = sorted(record[6] for record in history if record[1] == "ack") if self.heals_seen_by == "client" \
            else sorted(receipt[0] for receipt in receipts)
        waits = [next((at - heal for at in good if at >= heal), None) for heal in self.heals]
        known = [wait for wait in waits if wait is not None]
        self.outcome.expect(len(known) == len(waits), "nothing went on after the fault")
        self.outcome.counts["t_first_after_fault"] = round(max(known, default=0.0), 3)

    def expect_recovery(self, within_s):
        took = self.outcome.counts["t_first_after_fault"]
        self.outcome.expect(took <= within_s, f"the first success came {took} s after the fault, the bound is {within_s} s")

    def note_services(self):
        """Alarms that must be silent, and growth of those that nobody restarted."""
        resident, files = 0.0, 0
        for service in self.cluster.services:
            for alarm in ALARMS:
                self.outcome.expect(not service.log_count(alarm), f"{service.label} says {alarm}")
            starts, (resident_before, files_before) = self.before[service.label]
            if service.is_running() and service.starts == starts:
                self.outcome.expect(service.metric("millrace_lost_entries_total") == 0, f"{service.label} lost entries")
                resident_now, files_now = service.sizes()
                resident, files = max(resident, resident_now - resident_before), max(files, files_now - files_before)
        self.outcome.counts |= {"rss_delta": round(resident, 1), "fd_delta": files}
        self.outcome.expect(resident <= RESIDENT_GROWTH_MB, f"a service grew by {resident:.0f} MB")
        self.outcome.expect(files <= FILES_GROWTH, f"a service holds {files} more files than before")

    def note_crashes(self):
        found = self.cluster.crashes()
        for report in self.cluster.sanitizer_reports():
            with open(report, encoding="utf-8", errors="replace") as lines:
                found.append(f"{os.path.basename(report)}: " + " ".join(lines.read(600).split()))
        self.outcome.counts["crashes"] = len(found)
        self.outcome.failures += found

    def refusals(self):
        """Outcomes of a process that had lost its deliveries, turned down."""
        return sum(service.log_count("delivery.refused") + service.log_count("delivery.lost") for service in self.cluster.of("dispatcher"))
