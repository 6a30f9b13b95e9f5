"""The receiver of the benchmark: webhooks by the thousand per second, each counted by the number in its data."""
import struct

from processes import BIN, Process
from waiting import wait_until


class Sink:
    def __init__(self, folder, events_max, delay_ms=0):
        self.progress = folder / "sink.progress"
        self.process = Process([BIN.parent / "bench" / "bench-receiver", "--report", folder / "sink.json", "--progress",
                                self.progress, "--events", str(events_max), "--delay-ms", str(delay_ms)], folder / "sink.log")
        self.port = wait_until(lambda: self.counts()["port"], "the receiver's port")

    def counts(self):
        """distinct: numbers seen; repeats: of those seen before."""
        words = ("events", "distinct", "repeats", "strays", "in_flight", "connections", "port", "reports")
        data = self.progress.read_bytes() if self.progress.exists() else b""
        return dict(zip(words, struct.unpack("<8Q", data))) if len(data) == 64 else dict.fromkeys(words, 0)

    def url(self):
        return f"http://127.0.0.1:{self.port}/hook/0"
