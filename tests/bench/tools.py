"""The measuring programs and the floors, each as a child process that ends with us."""
import json
import pathlib
import shutil
import struct
import subprocess
import time

from books import VoidRun, balance, check_generator, read_bits
from ports import free_port
from processes import Process, die_with_parent
from waiting import wait_until

SINGLE = ('{"type":"%s","data":{"seq":{seq},"sent":{sent},"order":"ord_8f14e45fceea167a","amount":1999,"currency":"EUR",'
          '"items":[{"sku":"A-1","quantity":2},{"sku":"B-7","quantity":1}],"note":"measured"}}')
RUN_S = 3600


def template(type="bench.event"):
    """An event of about 250 bytes; the type may hold places."""
    return SINGLE % type


class Progress:
    """The counters of progress.h, while they change."""
    WORDS = ("events", "distinct", "repeats", "strays", "in_flight", "connections", "port", "reports")

    def __init__(self, path):
        self.path = pathlib.Path(path)

    def read(self):
        data = self.path.read_bytes() if self.path.exists() else b""
        return dict(zip(self.WORDS, struct.unpack("<8Q", data))) if len(data) == 64 else dict.fromkeys(self.WORDS, 0)

    def get(self, word):
        return self.read()[word]


class Receiver:
    """Answers webhooks. collect() ends one set of books and begins the next."""

    def __init__(self, bin, folder, events_max, hooks=1, delay_ms=0, name="receiver", port=0):
        self.events_max = events_max
        self.hooks = hooks
        self.report = folder / f"{name}.json"
        self.progress = Progress(folder / f"{name}.progress")
        self.process = Process([str(bin / "bench-receiver"), "--report", str(self.report), "--progress",
                                str(self.progress.path), "--events", str(events_max), "--hooks", str(hooks),
                                "--delay-ms", str(delay_ms), "--port", str(port)], folder / f"{name}.log")
        wait_until(lambda: self.progress.get("port") or not self.process.is_running(), name)
        if not self.process.is_running():
            raise RuntimeError(f"{name} did not start: {self.process.tail()}")
        self.port = self.progress.get("port")

    def url(self, hook=0):
        return f"http://127.0.0.1:{self.port}/hook/{hook}"

    def wait_distinct(self, count, quiet_s=30):
        """Until so many different deliveries came; VoidRun when none comes for so long before."""
        have, changed = -1, time.monotonic()
        while have < count:
            now = self.progress.get("distinct")
            if now != have:
                have, changed = now, time.monotonic()
            elif time.monotonic() - changed > quiet_s:
                raise VoidRun(f"the ledger does not balance: {count - have} of {count} deliveries missing, none for {quiet_s} s")
            else:
                time.sleep(0.005)

    def collect(self):
        """-> (report, bits)"""
        before = self.progress.get("reports")
        self.process.send(10)  # SIGUSR1
        wait_until(lambda: self.progress.get("reports") > before, "the receiver's report", every_s=0.002)
        return json.loads(self.report.read_text()), read_bits(f"{self.report}.bits")

    def stop(self):
        self.process.stop()


class Generator:
    """One run of bench-generator, in the background until result()."""

    def __init__(self, bin, folder, url, text, count, headers=(), name="generator", text_is="body", **options):
        """text: of the body, or of the calls. options: flags of the program by name, an underscore for each dash; True for a flag without value."""
        self.folder = folder
        self.books = folder / f"{name}.books"
        self.first = options.get("first", 0)
        text_file = folder / f"{name}.{text_is}"
        text_file.write_text(text)
        self.progress = Progress(folder / f"{name}.progress")
        self.progress.path.unlink(missing_ok=True)
        command = [str(bin / "bench-generator"), "--url", url, f"--{text_is}", str(text_file), "--count", str(count), "--books",
                   str(self.books), "--progress", str(self.progress.path)]
        for header in ("Content-Type: application/json", *headers):
            command += ["--header", header]
        for flag, value in options.items():
            command += ["--" + flag.replace("_", "-")] + ([] if value is True else [str(value)])
        self.output = open(folder / f"{name}.json", "w+", encoding="utf-8")
        self.errors = open(folder / f"{name}.log", "w+", encoding="utf-8")
        self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.errors,
                                      preexec_fn=die_with_parent)
        self.pid = self.child.pid

    def text(self, file):
        file.flush()
        return pathlib.Path(file.name).read_text()

    def result(self, is_checked=True):
        """At its end: the program's JSON, with the seconds it took and the events per second."""
        self.child.wait(RUN_S)
        result = self.take_result()
        if is_checked:
            check_generator(result)
        return result

    def take_result(self):
        text = self.text(self.output)
        if not text.endswith("}\n"):
            raise VoidRun(f"bench-generator ended with {self.child.returncode}: {self.text(self.errors)}")
        result = json.loads(text)
        result["seconds"] = max(result["ended_us"] - result["began_us"], 1) / 1e6
        result["rate"] = result["accepted"] / result["seconds"]
        return result

    def held_result(self):
        """Of a run with --hold, which goes on holding its connections."""
        wait_until(lambda: self.text(self.output).endswith("}\n") or self.child.poll() is not None, "the held connections", 120)
        return self.take_result()

    def bits(self):
        """-> (accepted, unsure): bit n is number n, as the receiver has it."""
        return read_bits(f"{self.books}.accepted") << self.first, read_bits(f"{self.books}.unsure") << self.first

    def stop(self):
        if self.child.poll() is None:
            self.child.terminate()
            self.child.wait(30)


def check_books(generator, receiver, bits, waiting=0):
    accepted, unsure = generator.bits()
    return balance(accepted, unsure, bits, receiver.events_max, receiver.hooks, waiting)


class Nginx:
    """`return 202` with one worker and no access log: the least that an HTTP server does with a request."""

    CONFIG = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx-error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off; keepalive_requests 100000000; keepalive_timeout 600s; tcp_nodelay on;
    client_body_temp_path {folder}/nginx-body; proxy_temp_path {folder}/nginx-proxy; fastcgi_temp_path {folder}/nginx-fastcgi;
    uwsgi_temp_path {folder}/nginx-uwsgi; scgi_temp_path {folder}/nginx-scgi;
    server {{ listen 127.0.0.1:{port}; location / {{ return 202; }} }}
}}
"""

    @staticmethod
    def find():
        return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")

    def __init__(self, folder):
        self.port = free_port()
        config = folder / "nginx.conf"
        config.write_text(self.CONFIG.format(folder=folder, port=self.port))
        self.process = Process([self.find(), "-c", str(config), "-p", str(folder), "-e", str(folder / "nginx-error.log")],
                               folder / "nginx.log")
        wait_until(lambda: self.process.children() or not self.process.is_running(), "nginx")
        if not self.process.is_running():
            raise RuntimeError(f"nginx did not start: {self.process.tail()}")
        self.worker = self.process.children()[0]
        self.url = f"http://127.0.0.1:{self.port}/api/events"

    def stop(self):
        self.process.stop()


def dispatch_floor(bin, url, count, concurrency=100):
    """The bare curl loop with the fields and the size of a webhook of ours -> the program's JSON."""
    body = ('{"id":"evt_00000000000000000000","type":"bench.event","timestamp":"2026-01-31T09:30:00.123Z","data":'
            + template().split('"data":', 1)[1])
    headers = ("content-type: application/json", "user-agent: Floor/0.0.0", "webhook-id: evt_00000000000000000000",
               "webhook-timestamp: 1700000000", "webhook-signature: v1," + "A" * 43 + "=",
               "idempotency-key: dlv_" + "0" * 40, "traceparent: 00-" + "1" * 32 + "-" + "2" * 16 + "-01",
               "x-millrace-attempt: 1")
    command = [str(bin / "bench-dispatch-floor"), "--url", url, "--body", body, "--count", str(count), "--concurrency",
               str(concurrency)]
    for header in headers:
        command += ["--header", header]
    result = json.loads(subprocess.run(command, capture_output=True, check=True, text=True, errors="replace", timeout=RUN_S,
                                       preexec_fn=die_with_parent).stdout)
    if result["failed"]:
        raise VoidRun(f"{result['failed']} of {result['sent']} webhooks of the bare loop failed")
    return result


def redis_benchmark(port, pipeline, calls, *command):
    """One connection -> calls per second."""
    text = subprocess.run(["redis-benchmark", "-h", "127.0.0.1", "-p", str(port), "-c", "1", "-P", str(pipeline), "-n",
                           str(calls), "--csv", *command], capture_output=True, check=True, text=True, errors="replace", timeout=RUN_S,
                          preexec_fn=die_with_parent).stdout
    rows = [line for line in text.splitlines() if line.startswith('"') and not line.startswith('"test"')]
    if not rows:
        raise VoidRun(f"redis-benchmark said: {text}")
    # The first column is the command, in which there may be anything.
    return float(rows[-1].rsplit('","', 7)[1])
