"""The recording receiver: what arrived, told by nobody but itself.

One process and one loop, good for some thousand requests a second. The first part of the path says how it answers:
/ok (200), /fail (500), /hang (never), /evil/KIND (evil.py); with a text, unless the path ends with /0. A request is written down, whole and before it is answered, as a line
    [time, path, webhook-id, attempt, value, hash of the body, requests of this path under way]
in a file opened for appending: a kill -9 of this process loses nothing of it.
"""

import asyncio
import json
import os
import random
import re
import subprocess
import sys
import time
from collections import Counter

import evil
from events import body_hash
from processes import end_with_parent, end, free_port

VALUE = re.compile(rb'"n":"([^"]{1,64})"')
START_WITHIN_S = 10


class Receiver:
    """The process, seen from the harness. up_to_ms: each good answer takes a random time up to it."""

    def __init__(self, log_path, seed, up_to_ms):
        self.port = free_port()
        self.log_path = log_path
        self._args = [str(self.port), log_path, str(seed), str(up_to_ms)]
        self._process = None

    def start(self):
        self._process = subprocess.Popen(
            [sys.executable, __file__, *self._args], stdout=subprocess.PIPE, preexec_fn=end_with_parent)
        if self._process.stdout.readline() != b"ready\n":
            raise RuntimeError("the receiver did not start")

    def kill(self):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def close(self):
        if self._process and self._process.poll() is None:
            end(self._process, START_WITHIN_S)
            self._process.stdout.close()

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def receipts(self):
        with open(self.log_path, encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]


class _Recorder:
    def __init__(self, log_path, seed, up_to_ms):
        self.log = os.open(log_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self.chance = random.Random(seed)
        self.up_to_s = up_to_ms / 1000
        self.under_way = Counter()

    def record(self, path, fields, body):
        found = VALUE.search(body)
        entry = [time.time(), path, fields.get(b"webhook-id", b"").decode("latin-1"),
                 int(fields.get(b"x-millrace-attempt", b"0")), found.group(1).decode("latin-1") if found else "",
                 body_hash(body), self.under_way[path]]
        os.write(self.log, json.dumps(entry).encode() + b"\n")

    def delay_s(self):
        return self.chance.uniform(0, self.up_to_s)


class _Exchange(asyncio.Protocol):
    def __init__(self, recorder):
        self.recorder = recorder
        self.received = bytearray()
        self.path = None  # of the request that waits for its answer

    def connection_made(self, transport):
        self.transport = transport

    def connection_lost(self, error):
        self._ended()

    def _ended(self):
        if self.path is not None:
            self.recorder.under_way[self.path] -= 1
        self.path = None

    def data_received(self, data):
        self.received += data
        head_len = self.received.find(b"\r\n\r\n") + 4
        if head_len < 4 or self.path is not None:
            return
        lines = bytes(self.received[:head_len]).split(b"\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines[1:])}
        end = head_len + int(fields.get(b"content-length", b"0"))
        if len(self.received) < end:
            return
        body = bytes(self.received[head_len:end])
        del self.received[:end]
        self._take(lines[0].split(b" ")[1].decode("latin-1"), fields, body)

    def _take(self, path, fields, body):
        self.path = path
        self.recorder.under_way[path] += 1
        self.recorder.record(path, fields, body)
        manner, _, rest = path.strip("/").partition("/")
        if manner == "ok":
            asyncio.get_running_loop().call_later(self.recorder.delay_s(), self._answer, b"200 OK")
        elif manner == "fail":
            self._answer(b"500 Internal Server Error")
        elif manner == "evil":
            evil.answer(rest.split("/")[0], self.transport).add_done_callback(lambda _: self._ended())

    def _answer(self, status):
        if self.path is None:
            return  # the sender has gone
        is_silent = self.path.endswith("/0")
        self._ended()
        # Most with a text: such an attempt has an entry of its own, by which the checker tells what was settled twice.
        text = b"" if is_silent else b"took"
        self.transport.write(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(text), text))


async def _serve(port, log_path, seed, up_to_ms):
    recorder = _Recorder(log_path, seed, up_to_ms)
    server = await asyncio.get_running_loop().create_server(
        lambda: _Exchange(recorder), "127.0.0.1", port, backlog=1024)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), sys.argv[2], sys.argv[3], float(sys.argv[4])))
