"""The load: clients that post seeded events at a rate, and write down what each call came to.

A process of its own, so that the timing of faults is not its business. Each event is posted until a 2xx says that it is accepted,
always with the same dedup id; what is still open when patience ends stays unknown. One line of history per answer:
    [value, "ack", event id, is duplicate, durability, start, end]
    [value, "refused" | "cut" | "unknown" | "error", what, null, null, start, end]
"""

import json
import multiprocessing
import os
import random
import threading
import time
import traceback
from dataclasses import dataclass, field

import events
from client import Broken, Connection

PROGRESS_STEP_S = 0.01
AVOID_S = 3.0


@dataclass
class Plan:
    seed: int
    ports: list            # of the ingest instances
    keys: list             # an API key per organization
    rate: float = 250.0    # events per second
    clients: int = 12
    padding: int = 200
    timeout_s: float = 10.0
    patience_s: float = 20.0    # how long one event is posted again
    batch_share: float = 0.2    # of the blocks of ten
    repeat_share: float = 0.02  # of the accepted events, posted once more
    limit: int = 0              # events in all; 0: until stopped


@dataclass
class Load:
    plan: Plan
    path: str
    _context: object = field(default_factory=lambda: multiprocessing.get_context("fork"))

    def start(self):
        self._stop = self._context.Event()
        self._acked = self._context.Value("i", 0)
        self._process = self._context.Process(target=_run, args=(self.plan, self.path, self._stop, self._acked), daemon=True)
        self._process.start()

    @property
    def acked(self):
        return self._acked.value

    def wait_acked(self, more, within_s):
        """Until that many more have been accepted."""
        wanted, deadline = self.acked + more, time.monotonic() + within_s
        while self.acked < wanted and self._process.is_alive() and time.monotonic() < deadline:
            time.sleep(PROGRESS_STEP_S)
        return self.acked >= wanted

    def stop(self):
        self._stop.set()
        self.finish(within_s=self.plan.patience_s + self.plan.timeout_s + 5)

    def finish(self, within_s):
        self._process.join(within_s)
        if self._process.exitcode != 0:
            self.abandon()
            raise RuntimeError("the load generator did not end well")

    def abandon(self):
        if self._process.is_alive():
            self._process.kill()
        self._process.join()


def read_history(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _run(plan, path, stop, acked):
    threading.excepthook = _end_process
    with open(path, "a", encoding="utf-8") as out:
        shared = _Shared(plan, out, stop, acked)
        threads = [threading.Thread(target=_Client(shared, index).run) for index in range(plan.clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def _end_process(problem):
    """A client that fails is a fault of this generator: a history with holes must not be judged."""
    traceback.print_exception(problem.exc_type, problem.exc_value, problem.exc_traceback)
    os._exit(1)


class _Shared:
    def __init__(self, plan, out, stop, acked):
        self.plan, self.stop = plan, stop
        self._out, self._acked, self._lock = out, acked, threading.Lock()
        self._next_block, self._started = 0, time.monotonic()

    def take_block(self):
        """The numbers of the next ten events, when their time has come; none at the end."""
        with self._lock:
            block, self._next_block = self._next_block, self._next_block + 1
        first = block * events.BLOCK
        if self.plan.limit and first >= self.plan.limit:
            return range(0)
        pause = self._started + first / self.plan.rate - time.monotonic()
        stopped = self.stop.wait(pause) if pause > 0 else self.stop.is_set()
        return range(0) if stopped else range(first, first + events.BLOCK)

    def write(self, records):
        text = "".join(json.dumps(record) + "\n" for record in records)
        with self._lock:
            self._out.write(text)
            self._out.flush()
            self._acked.value += sum(record[1] == "ack" for record in records)


class _Client:
    def __init__(self, shared, index):
        self.shared, self.plan = shared, shared.plan
        self.chance = random.Random(f"client {shared.plan.seed} {index}")
        self.connections = [Connection(port, shared.plan.timeout_s) for port in shared.plan.ports]
        self.avoided = {}  # connection -> until when: its server let us wait in vain

    def run(self):
        while numbers := self.shared.take_block():
            batch = [events.make(self.plan.seed, number, len(self.plan.keys), self.plan.padding) for number in numbers]
            if self.chance.random() < self.plan.batch_share:
                self._post_until_accepted(batch)
            else:
                for event in batch:
                    if not self.shared.stop.is_set():
                        self._post_until_accepted([event])
        for connection in self.connections:
            connection.close()

    def _post_until_accepted(self, batch):
        deadline = time.monotonic() + self.plan.patience_s
        pause = 0.02
        while batch:
            records = self._post(batch)
            self.shared.write(records)
            accepted = {record[0] for record in records if record[1] == "ack"}
            if len(batch) == 1 and accepted and self.chance.random() < self.plan.repeat_share:
                self.shared.write(self._post(batch))
            batch = [event for event in batch if event.value not in accepted]
            if not batch or time.monotonic() > deadline or any(record[1] == "error" for record in records):
                return
            time.sleep(pause)
            pause = min(2 * pause, 0.5)

    def _choose(self):
        now = time.monotonic()
        willing = [connection for connection in self.connections if self.avoided.get(connection, 0) < now]
        return self.chance.choice(willing or self.connections)

    def _post(self, batch):
        connection = self._choose()
        key = self.plan.keys[batch[0].org]
        is_single = len(batch) == 1
        path = "/api/events" if is_single else "/api/events/batch"
        text = batch[0].request() if is_single else "[" + ",".join(event.request() for event in batch) + "]"
        start = time.time()
        try:
            status, answer = connection.post_json(path, key, text)
        except Broken as broken:
            # A call that never got a connection was not sent; of all others nothing is known.
            kind = "refused" if broken.refused else "cut" if broken.cut else "unknown"
            if broken.timed_out:
                self.avoided[connection] = time.monotonic() + AVOID_S
            return [[event.value, kind, str(broken), None, None, start, time.time()] for event in batch]
        end = time.time()
        if status not in (200, 202):
            kind = "refused" if status in (429, 503) else "error"
            return [[event.value, kind, f"{status} {answer.get('code')}", None, None, start, end] for event in batch]
        results = [answer] if is_single else answer["results"]
        return [_record(event, result, answer["durability"], start, end) for event, result in zip(batch, results, strict=True)]


def _record(event, result, durability, start, end):
    if "error" in result:
        code = result["error"]["code"]
        retriable = code in ("store_unavailable", "outcome_unknown", "backlog_full")
        return [event.value, "refused" if retriable else "error", code, None, None, start, end]
    return [event.value, "ack", result["id"], result["duplicate"], durability, start, end]
