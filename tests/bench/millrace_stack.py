"""A Redis and the three services as deploy/up starts them, with an organization to measure with."""
import base64
import contextlib

from client import Client
from meter import Meter, cpu_us, rss_kb
from ports import free_port, reserved_port
from processes import ROOT, Process, environment, program
from redis_link import RedisError, RedisLink
from tools import Generator, template
from waiting import wait_until

ADMIN_TOKEN = "admin-token-of-the-benchmark"
SECRET_KEY = base64.b64encode(bytes(range(32))).decode()
# Redis's own word for when it syncs, by the durability of an accept that follows from it.
APPENDFSYNC = {"fsync": "always", "relaxed": "everysec"}
EVENTS, DELIVERIES, DUE = "mr:{0}:events", "mr:{0}:deliveries", "mr:{0}:due"
MAX_DEPTH = 100_000_000


class Redis:
    def __init__(self, folder, durability, wrapper=()):
        self.folder = folder / "redis"
        self.folder.mkdir()
        self.port = free_port()
        self.process = Process([*wrapper, "redis-server", str(ROOT / "deploy/redis.conf"), "--bind", "127.0.0.1", "--port", str(self.port),
                                "--dir", str(self.folder), "--appendfsync", APPENDFSYNC[durability]], folder / "redis.log")
        self.link = wait_until(self.connect, "redis-server")

    def connect(self):
        assert self.process.is_running(), f"redis-server has ended: {self.process.tail(5)}"
        try:
            link = RedisLink(self.port)
            link.call("PING")
            return link
        except (OSError, RedisError):
            return None

    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    def stop(self):
        self.link.close()
        self.process.stop()


class Stack:
    """Ports and data are its own. start() and stop() of single services keep them."""

    OWN = {"ingest": {"admin_token": ADMIN_TOKEN, "max_depth": MAX_DEPTH}, "processor": {},
           "dispatcher": {"allow_targets": "127.0.0.0/8"}}

    def __init__(self, bench, folder, durability="relaxed", redis_wrapper=()):
        folder.mkdir(parents=True, exist_ok=True)
        self.bench = bench
        self.folder = folder
        self.durability = durability
        self.ends = contextlib.ExitStack()
        self.redis = Redis(folder, durability, redis_wrapper)
        self.ends.callback(self.redis.stop)
        self.link = self.redis.link
        self.port = reserved_port()
        self.admin_ports = {name: reserved_port() for name in self.OWN}
        self.services = {}
        self.wrappers = {}  # what a service runs under, by its name
        self.more_settings = {}  # of a service, by its name
        self.admin = Client(self.port, ADMIN_TOKEN)
        self.key = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def settings(self, name):
        settings = {"redis_url": self.redis.url(), "secret_key": SECRET_KEY,
                    "admin_listen": f"127.0.0.1:{self.admin_ports[name]}"}
        if name == "ingest":
            settings |= {"listen": f"127.0.0.1:{self.port}", "durability": self.durability}
        return settings | self.OWN[name] | self.more_settings.get(name, {})

    def start(self, *names, is_waiting=True):
        for name in names or self.OWN:
            self.services[name] = Process([*self.wrappers.get(name, ()), str(program("millrace-" + name))],
                                          self.folder / f"{name}.log", environment(self.settings(name)))
        for name in (names or self.OWN) if is_waiting else ():
            wait_until(lambda: self.is_ready(name), f"{name} being ready")
        return self

    def is_ready(self, name):
        if not self.services[name].is_running():
            raise RuntimeError(f"{name} has ended: {self.services[name].tail(5)}")
        try:
            with Client(self.admin_ports[name]) as client:
                return client.get("/health/ready").status == 200
        except OSError:
            return False

    def stop_services(self, *names):
        for name in names or list(self.services):
            if name in self.services:
                self.services.pop(name).stop()

    def stop(self):
        self.admin.connection.close()
        with self.ends:
            self.ends.callback(self.stop_services)
        self.services = {}

    def check_alive(self):
        """A service that ended would make every figure a lie."""
        for name in self.services:
            if not self.services[name].is_running():
                raise RuntimeError(f"{name} has ended: {self.services[name].tail(5)}")

    def pids(self):
        return {"redis": self.redis.process.pid} | {name: service.pid for name, service in self.services.items()}

    def meter(self, **others):
        return Meter(self.pids() | others, self.link)

    def rss_kb(self, name):
        return rss_kb(self.services[name].pid)

    def cpu_us(self, name):
        return cpu_us(self.services[name].pid)

    def url(self, path="/api/events"):
        return f"http://127.0.0.1:{self.port}{path}"

    def new_organization(self):
        """-> (id, key); the first one's key is the one that send() uses."""
        org = self.admin.create("/api/organizations", {"name": "bench"})["id"]
        key = self.admin.create("/api/keys", {"name": "bench", "organization": org, "scopes": ["*"]})["key"]
        self.key = self.key or key
        return org, key

    def new_endpoint(self, org, url, *event_types):
        return self.admin.create("/api/endpoints", {"organization": org, "url": url, "event_types": list(event_types) or ["*"]})

    def send(self, count, body=None, name="generator", key=None, headers=(), batch=1, **options):
        """A generator under way. key may be a place."""
        if batch > 1:
            options |= {"batch": batch, "format": options.get("format", "array")}
        path = "/api/events/batch" if batch > 1 else "/api/events"
        return Generator(self.bench.bin, self.folder, self.url(path), body or template(), count,
                         headers=(f"X-API-Key: {key or self.key}", *headers), name=name, **options)

    def waiting(self):
        """Deliveries and events that Redis still holds for somebody, at fan-out 1."""
        group = self.link.group(EVENTS, "processor") or {"lag": self.link.stream_len(EVENTS), "pending": 0}
        return group["lag"] + group["pending"] + self.link.stream_len(DELIVERIES) + self.link.call("ZCARD", DUE)

    def wait_drained(self, timeout_s=300):
        wait_until(lambda: self.waiting() == 0, "an empty backlog", timeout_s, every_s=0.02)

    def forget_events(self):
        """As if none had been accepted, while nobody reads them; the group stays known, as in a store in use."""
        self.link.call("DEL", EVENTS)
        self.link.call("XGROUP", "CREATE", EVENTS, "processor", "0", "MKSTREAM")
