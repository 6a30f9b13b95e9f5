"""The three services on one Redis, as a user would run them."""
import base64
import contextlib
import time

import metrics_text
from client import Client, Organization
from ports import give_back, reserved_port
from processes import Service
from receiver import Receiver
from waiting import wait_until

ADMIN_TOKEN = "admin-token-of-the-system-tests"
SECRET_KEY = base64.b64encode(bytes(range(32))).decode()
SERVICES = ("ingest", "processor", "dispatcher")
COMMON = {"secret_key": SECRET_KEY}
OWN = {
    "ingest": {"admin_token": ADMIN_TOKEN},
    "processor": {},
    "dispatcher": {"allow_targets": "127.0.0.0/8", "retry_schedule": "100ms,100ms,100ms,100ms"},
}


class Stack:
    """Ports are the stack's: a service that is started again has the same ones."""

    def __init__(self, folder, redis, **settings):
        """settings: of all services, and per service as ingest={…}. Redis is its maker's to stop."""
        self.folder = folder
        self.redis = redis
        self.own = {name: OWN[name] | settings.pop(name, {}) for name in SERVICES}
        self.common = COMMON | settings
        self.services = {}
        self.all_started = []
        self.receivers = []
        self.admin_ports = {name: reserved_port() for name in SERVICES}
        self.port = reserved_port()
        self.admin = Client(self.port, ADMIN_TOKEN)

    def settings(self, name):
        found = self.common | self.own[name]
        found.setdefault("redis_url", self.redis.url())
        found["admin_listen"] = f"127.0.0.1:{self.admin_ports[name]}"
        if name == "ingest":
            found["listen"] = f"127.0.0.1:{self.port}"
        return found

    def start(self, *names, is_waiting=True, **settings):
        for name in names or SERVICES:
            self.services[name] = Service(name, self.folder, self.settings(name) | settings)
            self.all_started.append(self.services[name])
        if is_waiting:
            self.wait_ready(*names)
        return self

    def restart(self, name, **settings):
        self.services[name].stop()
        self.start(name, **settings)

    def health(self, name, path="/health/ready"):
        """Answer of a service's admin port, None when nobody answers."""
        with Client(self.admin_ports[name]) as client:
            return client.try_get(path)

    def is_ready(self, name):
        if not self.services[name].is_running():
            raise RuntimeError(f"{name} has ended: {self.services[name].tail(5)}")
        answer = self.health(name)
        return answer is not None and answer.status == 200

    def wait_ready(self, *names, timeout_s=30):
        for name in names or SERVICES:
            wait_until(lambda: self.is_ready(name), f"{name} being ready", timeout_s)

    def wait_not_ready(self, *names):
        for name in names or SERVICES:
            wait_until(lambda: not self.is_ready(name), f"{name} being not ready")

    def check_running(self):
        """Fails at once where a test would otherwise wait for what a dead service does not do."""
        for name, service in self.services.items():
            assert service.is_running(), f"{name} has ended"

    def metrics(self, name):
        """Text of /metrics."""
        answer = self.health(name, "/metrics")
        assert answer and answer.status == 200
        return answer.body.decode()

    def new_organization(self):
        return Organization(self.admin, self.port)

    def new_receiver(self):
        self.receivers.append(Receiver())
        return self.receivers[-1]

    def wait_drained(self, partition=0, timeout_s=60):
        """Until nothing is unprocessed, sendable or about to be, and nothing is pending.

        What others of the same stack have posted for a later time does not count.
        """
        def is_drained():
            client, prefix = self.redis.client, f"mr:{{{partition}}}:"
            groups = [*client.xinfo_groups(prefix + "events"), *client.xinfo_groups(prefix + "deliveries")]
            assert not any(group["pending"] or group["lag"] for group in groups), groups
            return client.xlen(prefix + "deliveries") == 0 and \
                client.zcount(prefix + "due", "-inf", (time.time() + timeout_s) * 1000) == 0
        wait_until(is_drained, "an empty backlog", timeout_s, every_s=0.05)

    def check_nothing_lost(self):
        for name in ("processor", "dispatcher"):
            lost = metrics_text.value(metrics_text.parse(self.metrics(name)), "millrace_lost_entries_total")
            assert lost == 0, f"{name}: {lost} entries were pending and gone"

    def stop(self):
        """Every service that was started must end well, whatever became of the others."""
        with contextlib.ExitStack() as ends:
            ends.callback(lambda: [give_back(port) for port in (self.port, *self.admin_ports.values())])
            for service in self.all_started:
                ends.callback(service.stop)
            for receiver in self.receivers:  # before the services: nothing waits for an answer any more
                ends.callback(receiver.close)
            self.admin.connection.close()
