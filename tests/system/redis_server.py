"""A real redis-server on a free port, with all its data in a folder of the test's."""
import signal

import redis

from ports import free_port
from processes import Process
from waiting import wait_until

DURABLE = ("--appendonly", "yes", "--appendfsync", "always")
ATTEMPTS = 5


class RedisServer:
    def __init__(self, folder, options=DURABLE, password=None, is_started=True):
        self.folder = folder / "redis"
        self.folder.mkdir()
        self.options = options
        self.password = password
        self.port = free_port()
        self.process = None
        if is_started:
            self.start()

    def command(self):
        protection = ("--requirepass", self.password) if self.password else ()
        return ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder), "--save", "",
                "--maxmemory-policy", "noeviction", *self.options, *protection]

    def start(self):
        """Until it answers, its data loaded. The first time only, the port may turn out to be taken."""
        is_first = self.process is None
        for _ in range(ATTEMPTS if is_first else 1):
            self.process = Process(self.command(), self.folder / "redis.log")
            self.client = self.client_with(self.password)
            if wait_until(lambda: self.answers() or not self.process.is_running(), "redis-server") and self.answers():
                return
            self.port = free_port()
        raise AssertionError(f"redis-server does not start: {self.process.tail(5)}")

    def client_with(self, password):
        return redis.Redis(port=self.port, password=password, decode_responses=True, encoding_errors="replace")

    def raw_client(self):
        """Whose answers are bytes."""
        return redis.Redis(port=self.port, password=self.password)

    def answers(self):
        try:
            return self.client.ping()
        except (redis.ConnectionError, redis.BusyLoadingError):
            return False

    def url(self, password=None):
        password = password or self.password
        return f"redis://{':' + password + '@' if password else ''}127.0.0.1:{self.port}"

    def kill(self):
        self.process.kill()

    def pause(self):
        self.process.send(signal.SIGSTOP)

    def resume(self):
        self.process.send(signal.SIGCONT)

    def stop(self):
        if self.process and self.process.is_running():
            self.process.stop()

    def calls(self, command):
        """How often a command was called since the server started or CONFIG RESETSTAT."""
        return self.client.info("commandstats").get("cmdstat_" + command, {"calls": 0})["calls"]
