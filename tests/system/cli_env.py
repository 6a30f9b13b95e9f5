"""The command line as a child process, and states of Redis written through the scripts as the services do."""
import base64
import hashlib
import hmac
import http.client
import http.server
import json
import os
import pathlib
import pty
import queue
import subprocess
import sys
import threading
import time
import zlib

import processes
from waiting import wait_until

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "lua"))
import store  # noqa: E402

SECRET = bytes(range(100, 124))
WHSEC = "whsec_" + base64.b64encode(SECRET).decode()
BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"
OK, FAILED, USAGE = 0, 1, 2


def in_base(number, digits, count):
    text = ""
    for _ in range(count):
        number, digit = divmod(number, len(digits))
        text = digits[digit] + text
    return text


def api_key(text="0123456789abcdefghijABCDEFGHIJ"):
    """A key whose checksum is right."""
    return "mr_live_" + text + in_base(zlib.crc32(text.encode()), BASE62, 6)


def event_id(entry, partition=0):
    """The public id of an entry of the log."""
    ms, sequence = map(int, entry.split("-"))
    return "evt_" + in_base(ms, BASE32, 10) + in_base(sequence, BASE32, 7) + in_base(partition, BASE32, 3)


def sign(id, timestamp, body, secret=SECRET):
    text = f"{id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret, text, hashlib.sha256).digest()).decode()


def cli(*arguments, settings=None, input=None):
    """millrace to its end: a CompletedProcess with texts."""
    done = subprocess.run([processes.program("millrace"), *map(str, arguments)], env=processes.environment(settings),
                          input=input if input is not None else "", capture_output=True, text=True, timeout=60,
                          preexec_fn=processes.die_with_parent)
    assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
    assert done.returncode in (OK, FAILED, USAGE), (done.returncode, done.stderr)
    return done


class Background:
    """millrace in the background, its lines as they come."""

    def __init__(self, *arguments, settings=None):
        self.child = subprocess.Popen([processes.program("millrace"), *map(str, arguments)],
                                      env=processes.environment(settings), stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                      preexec_fn=processes.die_with_parent)
        self.lines, self.complaints = queue.Queue(), []
        self.threads = [threading.Thread(target=self.read_lines, daemon=True),
                        threading.Thread(target=self.read_complaints, daemon=True)]
        for thread in self.threads:
            thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        for thread in self.threads:
            thread.join()
        self.child.stdout.close()
        self.child.stderr.close()
        assert not any("Sanitizer" in line or "runtime error" in line for line in self.complaints), self.complaints

    def read_lines(self):
        for line in self.child.stdout:
            self.lines.put(line)

    def read_complaints(self):
        for line in self.child.stderr:
            self.complaints.append(line)

    def line(self, timeout_s=20):
        try:
            return self.lines.get(timeout=timeout_s).rstrip("\n")
        except queue.Empty:
            raise AssertionError(f"no line within {timeout_s} s; it said {self.complaints}") from None

    def json(self):
        return json.loads(self.line())

    def rest(self):
        """After its end: the lines nobody has taken."""
        self.threads[0].join()
        return [self.lines.get() for _ in range(self.lines.qsize())]

    def end(self):
        return self.child.wait(30)


class Unheard:
    """millrace in the background, whose reader goes away."""

    def __init__(self, *arguments, settings=None):
        read, write = os.pipe()
        self.child = subprocess.Popen([processes.program("millrace"), *arguments], env=processes.environment(settings),
                                      stdin=subprocess.DEVNULL, stdout=write, preexec_fn=processes.die_with_parent)
        os.close(write)
        self.reader = os.fdopen(read)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop_reading()
        self.child.kill()
        self.child.wait()

    def first_line(self):
        return self.reader.readline()

    def stop_reading(self):
        self.reader.close()

    def end(self):
        return self.child.wait(30)


class Terminal:
    """millrace with a terminal for its output."""

    def __init__(self, *arguments, environment):
        self.master, slave = pty.openpty()
        self.child = subprocess.Popen([processes.program("millrace"), *arguments], stdin=subprocess.DEVNULL, stdout=slave,
                                      env=processes.environment() | environment, preexec_fn=processes.die_with_parent)
        os.close(slave)
        self.text = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()
        os.close(self.master)

    def read(self):
        """False at the end: a terminal that nobody writes to any more is an error to read."""
        try:
            self.text += os.read(self.master, 65536).decode()
        except OSError:
            return False
        return True

    def read_until(self, what):
        while what not in self.text:
            assert self.read(), self.text

    def read_all(self):
        while self.read():
            pass
        return self.text


class Client:
    """Posts webhooks to self.address."""

    def post(self, body, headers, method="POST"):
        """-> status"""
        connection = http.client.HTTPConnection(self.address, timeout=20)
        try:
            connection.request(method, "/any/path", body, headers)
            response = connection.getresponse()
            response.read()
            return response.status
        finally:
            connection.close()

    def webhook(self, body=b'{"id":"x","type":"order.paid","data":{"n":1}}', id="evt_1", timestamp=None, secret=SECRET,
                **headers):
        """-> status. A keyword names one more header or another value of one; None leaves it out."""
        timestamp = str(int(time.time()) if timestamp is None else timestamp)
        sent = {"webhook-id": id, "webhook-timestamp": timestamp,
                "webhook-signature": sign(id, timestamp, body, secret), "x-millrace-attempt": "1"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.post(body, {name: value for name, value in sent.items() if value is not None})


def client_of(url):
    """Of a millrace listen that was started in another way."""
    client = Client()
    client.address = url.removeprefix("http://").rstrip("/")
    return client


class Listener(Background, Client):
    """millrace listen --json, and a client that posts webhooks to it."""

    def __init__(self, *arguments, settings=None):
        super().__init__("listen", "--port", "0", "--json", *arguments, settings=settings)
        self.address = self.json()["listening"].removeprefix("http://").rstrip("/")


class Api:
    """A server that remembers what it is sent and answers what it is told: (status, body), or None to hang up."""

    def __init__(self):
        self.requests, self.answers = [], {}
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                api.requests.append((self.command, self.path, dict(self.headers.items()), body))
                answer = api.answers[self.path]
                if answer is None:
                    self.close_connection = True
                    return
                status, text = answer
                self.send_response(status)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            do_GET = do_POST = handle_any

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class State(store.Store):
    """A store as the services leave it; ids are real, so that an event is found by its id."""

    def __init__(self, server, is_new=True):
        super().__init__(server.client, groups=is_new)
        self.url = server.url()
        self.r.hset("mr:meta", mapping={"partitions": 1, "format": "1"})

    def now_ms(self):
        seconds, microseconds = self.r.time()
        return seconds * 1000 + microseconds // 1000

    def new(self, **given):
        """An event in the log -> (entry, event id)."""
        (word, entry), = self.publish([store.new_event(**given)], max_depth=10**9)
        assert word == "accepted"
        return entry, event_id(entry)

    def fan_out(self, entry, endpoints, consumer="p1", **given):
        """The oldest unread event is this one."""
        read = self.read_events(consumer, 1)
        assert [id for id, _ in read] == [entry]
        _, words = self.fanout(consumer, [store.part(entry, event_id(entry), endpoints, **given)])
        return words[0][0]

    def new_deliveries(self, *endpoints, consumer="d1", **given):
        """An event whose deliveries are claimed -> (event id, [(entry, fields)])."""
        entry, event = self.new()
        assert self.fan_out(entry, sorted(endpoints), **given) == "done"
        return event, self.read_deliveries(consumer)

    def end(self, delivery, word, consumer="d1", now="", **given):
        entry, fields = delivery
        _, words = self.settle(consumer, [store.outcome(entry, fields, word, **given)], now)
        assert words == ["settled"]

    def calls(self):
        return sum(row["calls"] for row in self.r.info("commandstats").values())


def redis_settings(state):
    return {"redis_url": state.url}


def blocked(state):
    """Until a millrace tail waits for events."""
    wait_until(lambda: state.r.info("clients")["blocked_clients"] == 1, "a blocked reader")
