"""A whole Millrace on this machine: its own Redis, and some instances of each service, to be killed at will."""

import glob
import http.client
import json
import os
import signal
import subprocess

from processes import START_WITHIN_S, end_with_parent, free_port, wait_for_end, wait_until
from redis_server import RedisServer

SERVICES = ("ingest", "processor", "dispatcher")
GRACE_S = 10
ADMIN_TOKEN = "faults-admin-token-0123456789"
SECRET_KEY = "ZmF1bHRzLWZhdWx0cy1mYXVsdHMtZmF1bHRzLTAxMjM="
SANITIZER = "halt_on_error=1:abort_on_error=1:print_stacktrace=1:log_exe_name=1"
# Freed memory is kept by the sanitizer to catch its use; a small share of it, or its growth would hide a leak's.
QUARANTINE = "detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1:quarantine_size_mb=8"


class Service:
    def __init__(self, name, index, settings, folder):
        self.name, self.label = name, f"{name}-{index}"
        self.admin_port, self.port = free_port(), free_port()
        self.log_path = os.path.join(folder, f"{self.label}.log")
        self.starts = 0
        self.crashes = []  # exit codes nobody had asked for
        self._process, self._is_ending = None, False
        self._environment = _environment(settings, folder) | {"MILLRACE_ADMIN_LISTEN": f"127.0.0.1:{self.admin_port}"}
        if name == "ingest":
            self._environment["MILLRACE_LISTEN"] = f"127.0.0.1:{self.port}"

    @property
    def pid(self):
        return self._process.pid

    def start(self):
        self.starts += 1
        self._is_ending = False
        with open(self.log_path, "a", encoding="utf-8") as log:
            self._process = subprocess.Popen([os.path.join(binaries(), f"millrace-{self.name}")], stdout=log, stderr=log,
                                             env=self._environment, preexec_fn=end_with_parent)

    def is_running(self):
        return self._process is not None and self._process.poll() is None

    def note_crash(self):
        """Of a process that should run."""
        if self._process and not self._is_ending and self._process.poll() is not None:
            self.crashes.append(f"{self.label} ended by itself with {self._process.returncode}")
            self._process = None

    def get(self, path):
        """Status and body of an answer of the admin port; status 0: none."""
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()

    def is_ready(self):
        self.note_crash()
        return bool(self.crashes) or self.get("/health/ready")[0] == 200

    def kill(self):
        self.note_crash()
        if self._process:
            self._process.kill()
            self._process.wait()
        self._process = None

    def signal(self, number):
        self.note_crash()
        if self._process:
            self._process.send_signal(number)

    def terminate(self):
        """SIGTERM, once: a second one means at once."""
        self.note_crash()
        if self._process and not self._is_ending:
            # In this order: a SIGCONT later would undo the SIGSTOP with which the leak check holds its own process at the end.
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(signal.SIGTERM)
        self._is_ending = True

    def end(self):
        """SIGTERM; an end that is late, or not with 0, counts as a crash."""
        self.terminate()
        if not self._process:
            return
        code = wait_for_end(self._process, GRACE_S + 5)
        self._process = None
        if code != 0:
            self.crashes.append(f"{self.label} {'did not end in time' if code is None else f'ended with {code}'} on SIGTERM")

    def metric(self, name):
        """The sum over its labels."""
        _, page = self.get("/metrics")
        lines = [line for line in page.splitlines() if line.startswith((name + " ", name + "{"))]
        return sum(float(line.rpartition(" ")[2]) for line in lines)

    def log_count(self, event):
        with open(self.log_path, encoding="utf-8", errors="replace") as lines:
            return sum(f" msg={event} " in line for line in lines)

    def sizes(self):
        """Resident megabytes and open files."""
        with open(f"/proc/{self.pid}/statm", encoding="ascii") as statm:
            resident = int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE") / (1 << 20)
        return resident, len(os.listdir(f"/proc/{self.pid}/fd"))


class Cluster:
    def __init__(self, folder, instances=2, fsync="always", **settings):
        """settings: of all services, in small letters; those of one service as ingest={…}."""
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self.redis = RedisServer(os.path.join(folder, "redis"), fsync)
        own = {name: settings.pop(name, {}) for name in SERVICES}
        common = {"redis_url": self.redis.url, "secret_key": SECRET_KEY, "drain_grace": f"{GRACE_S}s"} | settings
        own["ingest"] = {"admin_token": ADMIN_TOKEN} | own["ingest"]
        self.services = [Service(name, index, common | own[name], folder) for name in SERVICES for index in range(instances)]

    def of(self, name):
        return [service for service in self.services if service.name == name]

    def start(self):
        self.redis.start()
        for service in self.services:
            service.start()
        self.wait_ready()

    def wait_ready(self, within_s=START_WITHIN_S):
        for service in self.services:
            wait_until(service.is_ready, within_s, f"{service.label} did not become ready")

    def crashes(self):
        for service in self.services:
            service.note_crash()
        return [crash for service in self.services for crash in service.crashes]

    def sanitizer_reports(self):
        return sorted(glob.glob(os.path.join(self.folder, "sanitizer.*")))

    def post(self, path, body, key=ADMIN_TOKEN):
        """An answer of the API that must be good."""
        connection = http.client.HTTPConnection("127.0.0.1", self.of("ingest")[0].port, timeout=30)
        try:
            connection.request("POST", path, json.dumps(body),
                               {"Authorization": f"Bearer {key}", "Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status not in (200, 201, 202):
            raise RuntimeError(f"POST {path}: {answer.status} {text}")
        return json.loads(text)

    def end_services(self):
        for service in self.services:
            service.end()

    def close(self):
        for service in self.services:
            service.kill()
        self.redis.close()


def binaries():
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return os.environ.get("MILLRACE_BIN") or os.path.join(root, "build", "test", "bin")


def _environment(settings, folder):
    """What is set for the harness is not for the services: they refuse names that they do not know."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MILLRACE_")}
    own = {f"MILLRACE_{name.upper()}": str(value) for name, value in settings.items()}
    reports = os.path.join(folder, "sanitizer")
    return kept | own | {"ASAN_OPTIONS": f"{SANITIZER}:{QUARANTINE}:log_path={reports}.asan",
                         "UBSAN_OPTIONS": f"{SANITIZER}:log_path={reports}.ubsan"}
