"""A dispatcher with all it needs: a real Redis, deliveries written by the scripts, receivers that do as they are told."""
import base64
import contextlib
import ctypes
import ctypes.util
import hashlib
import hmac
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

import redis

import records

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lua"))
import store  # noqa: E402

BIN = pathlib.Path(os.environ.get("MILLRACE_BIN", ROOT / "build" / "test" / "bin"))
KEY = bytes(range(32))
SECRET = bytes(range(100, 124))
TRACE = store.TRACE
BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"


def wait_for(what, condition, seconds=10):
    """The first true value of the condition."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.01)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def seal(context, plain):
    """What secret_box.h describes, by OpenSSL's own calls."""
    crypto = ctypes.CDLL(ctypes.util.find_library("crypto"))
    for name in ("EVP_CIPHER_CTX_new", "EVP_aes_256_gcm"):
        getattr(crypto, name).restype = ctypes.c_void_p
    ctx = ctypes.c_void_p(crypto.EVP_CIPHER_CTX_new())
    nonce, done = os.urandom(12), ctypes.c_int()
    out, tag = ctypes.create_string_buffer(len(plain) + 16), ctypes.create_string_buffer(16)
    ok = crypto.EVP_EncryptInit_ex(ctx, ctypes.c_void_p(crypto.EVP_aes_256_gcm()), None, KEY, nonce)
    ok &= crypto.EVP_EncryptUpdate(ctx, None, ctypes.byref(done), context, len(context))
    ok &= crypto.EVP_EncryptUpdate(ctx, out, ctypes.byref(done), plain, len(plain))
    ok &= crypto.EVP_EncryptFinal_ex(ctx, None, ctypes.byref(ctypes.c_int()))
    ok &= crypto.EVP_CIPHER_CTX_ctrl(ctx, 0x10, 16, tag)
    crypto.EVP_CIPHER_CTX_free(ctx)
    assert ok == 1
    return b"v1:" + base64.b64encode(nonce + out.raw[:len(plain)] + tag.raw)


def event_id(entry, partition=0):
    """As ids.h spells (partition, stream id)."""
    ms, seq = (int(part) for part in entry.split("-"))

    def text(value, chars):
        return "".join(BASE32[value >> 5 * i & 31] for i in reversed(range(chars)))
    return "evt_" + text(ms, 10) + text(seq, 7) + text(partition, 3)


def signature(event, timestamp, body):
    return "v1," + base64.b64encode(
        hmac.new(SECRET, f"{event}.{timestamp}.".encode() + body, hashlib.sha256).digest()).decode()


class Receiver:
    """Answers each request with the next part of its script, the last one for ever. A part is a status, raw bytes, or a function
    of the connection. What came is in .requests: (time, path, headers, body)."""

    def __init__(self, *script, tls=None):
        self.tls = tls
        self.script = list(script) or [200]
        self.requests = []
        self.connections = 0
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}/hook"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                with self.lock:
                    self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError), connection:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            file = connection.makefile("rb")
            while True:
                line = file.readline().decode("latin-1")
                if not line:
                    return
                headers = []
                while (header := file.readline().decode("latin-1").rstrip("\r\n")):
                    headers.append(tuple(header.split(": ", 1)) if ": " in header else (header.rstrip(":"), ""))
                body = file.read(int({k.lower(): v for k, v in headers}.get("content-length", 0)))
                with self.lock:
                    part = self.script.pop(0) if len(self.script) > 1 else self.script[0]
                    self.requests.append((time.time(), (line.split() + ["", ""])[1], headers, body))
                if callable(part):
                    part(connection)
                elif isinstance(part, bytes):
                    connection.sendall(part)
                else:
                    connection.sendall(f"HTTP/1.1 {part} Word\r\nContent-Length: 2\r\n\r\nok".encode())

    def header(self, index, name):
        """The one header of that name."""
        values = [value for key, value in self.requests[index][2] if key.lower() == name]
        assert len(values) == 1, (name, values)
        return values[0]


def hang(connection):
    """Until the other side goes away."""
    connection.settimeout(60)
    while connection.recv(4096):
        pass


class Dispatcher:
    def __init__(self, folder, redis_port, **settings):
        self.admin_port = free_port()
        self.log = open(folder / f"dispatcher-{self.admin_port}.log", "w+b")
        values = dict(redis_url=f"redis://127.0.0.1:{redis_port}", admin_listen=f"127.0.0.1:{self.admin_port}",
                      secret_key=base64.b64encode(KEY).decode(), allow_targets="127.0.0.0/8", lease="2s",
                      retry_schedule="50ms,50ms,50ms", log_level="debug")
        values.update(settings)
        flags = [f"--{name.replace('_', '-')}={value}" for name, value in values.items()]
        env = {name: value for name, value in os.environ.items() if not name.startswith("MILLRACE_")}
        self.process = subprocess.Popen([BIN / "millrace-dispatcher", *flags], stderr=self.log, env=env)

    def logs(self):
        self.log.flush()
        return pathlib.Path(self.log.name).read_text(errors="replace")

    def metrics(self):
        with socket.create_connection(("127.0.0.1", self.admin_port), timeout=5) as connection:
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            text = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith("millrace_")}

    def stop(self, sig=signal.SIGTERM, seconds=30):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(sig)
        return self.process.wait(seconds)


class World:
    def __init__(self, folder):
        self.folder = folder
        self.redis_port = free_port()
        self.stack = contextlib.ExitStack()
        self.start_redis()
        self.store = store.Store(self.r)
        self.endpoints = 0

    def start_redis(self):
        self.redis = subprocess.Popen(
            ["redis-server", "--port", str(self.redis_port), "--bind", "127.0.0.1", "--dir", str(self.folder), "--save", "",
             "--appendonly", "yes", "--appendfsync", "always"], stdout=subprocess.DEVNULL)
        self.r = redis.Redis(port=self.redis_port, decode_responses=True, encoding_errors="replace")
        wait_for("redis", self._redis_answers)

    def _redis_answers(self):
        with contextlib.suppress(redis.ConnectionError):
            return self.r.ping()

    def close(self):
        self.stack.close()
        self.redis.kill()
        self.redis.wait()

    def receiver(self, *script, tls=None):
        receiver = Receiver(*script, tls=tls)
        self.stack.callback(receiver.close)
        return receiver

    def certificate(self, names="IP:127.0.0.1", days=1):
        """A server context with a certificate that signs itself, and the file to trust it by."""
        key, cert = self.folder / "key.pem", self.folder / "cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", key, "-out", cert, "-days", str(days), "-subj", "/CN=receiver", "-addext",
                        f"subjectAltName={names}"], check=True, stderr=subprocess.DEVNULL)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        return context, cert

    def dispatcher(self, **settings):
        dispatcher = Dispatcher(self.folder, self.redis_port, **settings)
        self.stack.callback(dispatcher.stop, signal.SIGKILL)
        return dispatcher

    def endpoint(self, url, **given):
        self.endpoints += 1
        id = store.endpoint_id(self.endpoints)
        record = dict(id=id, org=store.ORG, url=url, event_types='["*"]', filter="", headers="{}", description="",
                      secret=seal(f"{store.ORG}|{id}|secret".encode(), b"whsec_" + base64.b64encode(SECRET)),
                      old_secrets="", disabled="0", disabled_reason="", paused="0", max_in_flight="", retry_schedule="", timeout_ms="",
                      created_at="1700000000000", updated_at="1700000000000")
        record.update(given)
        self.r.hset(f"mr:{{0}}:endpoint:{id}", mapping=record)
        return id

    def send(self, *endpoints, data='{"n":1}', inline=True, count=1):
        """count events to these endpoints: their ids. As publish and fan-out write them."""
        self.store.publish([store.new_event(data=data, time="2026-01-31T09:30:00.123Z", request=f"req_{i}") for i in range(count)],
                           max_depth=10**9)
        parts, ids = [], []
        for entry, _ in self.store.read_events(count=count):
            ids.append(event_id(entry))
            body = self.body(ids[-1], data) if inline else ""
            parts.append(store.part(entry, ids[-1], endpoints, body=body, request=f"req_{len(ids) - 1}"))
        for i in range(0, len(parts), 100):
            self.store.fanout("p1", parts[i:i + 100])
        return ids

    @staticmethod
    def body(event, data):
        return f'{{"id":"{event}","type":"order.created","timestamp":"2026-01-31T09:30:00.123Z","data":{data}}}'

    def state(self, event, endpoint):
        """The words of the record: state, attempts, status, ms, history; those of one that waits as they are."""
        word, *rest = (self.r.hget(store.RECORD + event, endpoint) or "").split(" ")
        return [word, *(rest[1:] if word == "dead" else rest)]  # its letter is read in dlq()

    def wait_state(self, event, endpoint, state, seconds=10):
        return wait_for(f"{state} of {event}, {endpoint}", lambda: self.state(event, endpoint)[0] == state, seconds) and \
            self.state(event, endpoint)

    def attempts(self):
        return records.attempts(self.r)

    def dlq(self):
        return [fields for _, fields in self.r.xrange(store.DLQ)]

    def is_settled(self):
        """Nothing ready, claimed or waiting."""
        return self.r.xlen(store.DELIVERIES) == 0 and self.r.zcard(store.DUE) == 0
