"""A receiver of webhooks that answers each path by its script and remembers all that it got."""
import socket
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field

REASONS = {200: "OK", 204: "No Content", 410: "Gone", 429: "Too Many Requests", 500: "Internal Server Error",
           503: "Service Unavailable"}


@dataclass
class Step:
    """One answer. It waits for the time, and for the event when there is one."""
    status: int = 200
    delay_s: float = 0
    until: threading.Event = None
    headers: dict = field(default_factory=dict)
    body: bytes = b""

    def answer(self):
        lines = [f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'Status')}", f"Content-Length: {len(self.body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


@dataclass
class Received:
    method: str
    path: str
    headers: list  # of (name in lower case, value), in the order they came
    body: bytes
    at: float      # seconds since 1970
    mono: float
    connection: int

    def header(self, name):
        """The only one of that name."""
        values = [value for key, value in self.headers if key == name]
        assert len(values) == 1, f"{name}: {values}"
        return values[0]

    @property
    def event_id(self):
        return self.header("webhook-id")


class Receiver:
    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self.listener.getsockname()[1]
        self.changed = threading.Condition()
        self.received = defaultdict(list)
        self.scripts = {}
        self.releases = []
        self.connections = set()
        self.connections_count = 0
        self.is_closed = False
        threading.Thread(target=self.accept, daemon=True).start()

    # -- what tests say and ask

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def script(self, path, *steps):
        """Statuses or Steps; the last one repeats. Without a script a path answers 200."""
        self.scripts[path] = [step if isinstance(step, Step) else Step(step) for step in steps]

    def hold(self, path, status=200):
        """Answers nothing on that path until the event that is returned is set."""
        release = threading.Event()
        self.releases.append(release)
        self.script(path, Step(status, until=release))
        return release

    def on(self, path):
        with self.changed:
            return list(self.received[path])

    def events(self, path):
        return [one.event_id for one in self.on(path)]

    def wait(self, path, count=1, timeout_s=30):
        """All on that path, once there are that many."""
        with self.changed:
            has_come = self.changed.wait_for(lambda: len(self.received[path]) >= count, timeout_s)
            got = list(self.received[path])
        assert has_come, f"{len(got)} of {count} webhooks came to {path} within {timeout_s} s"
        return got

    def wait_events(self, path, ids, timeout_s=60):
        """All on that path, once each of these events has come."""
        missing, seen = set(ids), 0
        deadline = time.monotonic() + timeout_s
        with self.changed:
            while missing:
                missing.difference_update(one.event_id for one in self.received[path][seen:])
                seen = len(self.received[path])
                left = deadline - time.monotonic()
                assert not missing or left > 0, f"{len(missing)} events did not come to {path}, such as {next(iter(missing))}"
                if missing:
                    self.changed.wait(left)
            return list(self.received[path])

    def close(self):
        """Nothing waits longer; connections end."""
        self.is_closed = True
        for release in self.releases:
            release.set()
        self.listener.shutdown(socket.SHUT_RDWR)  # ends the accept that waits; closing alone would not
        self.listener.close()
        with self.changed:
            for connection in self.connections:
                connection.close()

    # -- how it is done

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.changed:
                self.connections.add(connection)
                self.connections_count += 1
                number = self.connections_count
            threading.Thread(target=self.serve, args=(connection, number), daemon=True).start()

    def serve(self, connection, number):
        try:
            with connection.makefile("rb") as stream:
                while self.serve_one(connection, stream, number):
                    pass
        except (OSError, ValueError):
            pass
        with self.changed:
            self.connections.discard(connection)
        connection.close()

    def serve_one(self, connection, stream, number):
        request_line = stream.readline()
        if not request_line:
            return False
        at, mono = time.time(), time.monotonic()
        method, path, _ = request_line.decode("latin-1").split(" ", 2)
        headers = []
        while (line := stream.readline()) not in (b"\r\n", b""):
            name, value = line.decode("latin-1").rstrip("\r\n").split(":", 1)
            headers.append((name.lower(), value.strip()))
        length = int(dict(headers).get("content-length", 0))
        body = stream.read(length)
        if len(body) < length:
            return False
        with self.changed:
            self.received[path].append(Received(method, path, headers, body, at, mono, number))
            step = self.next_step(path)
            self.changed.notify_all()
        if step.until:
            step.until.wait()
        if step.delay_s:
            time.sleep(step.delay_s)
        connection.sendall(step.answer())
        return True

    def next_step(self, path):
        steps = self.scripts.get(path)
        if not steps:
            return Step()
        return steps.pop(0) if len(steps) > 1 else steps[0]
