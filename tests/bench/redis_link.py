"""A Redis connection of our own: commands one by one, answers as bytes, numbers and lists."""
import collections
import socket

# Commands that Redis counts by their first argument.
CONTAINERS = ("CLIENT", "CONFIG", "SCRIPT", "XGROUP", "XINFO")


class RedisError(Exception):
    """What Redis answered with a minus."""


class RedisLink:
    def __init__(self, port, timeout_s=120):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout_s)
        self.file = self.socket.makefile("rb")
        self.own = collections.Counter()

    def close(self):
        self.file.close()
        self.socket.close()

    @staticmethod
    def encode(arguments):
        parts = [part if isinstance(part, bytes) else str(part).encode() for part in arguments]
        return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)

    def read(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("Redis has closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest
        if kind == b"-":
            raise RedisError(rest.decode(errors="replace"))
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self.file.read(int(rest) + 2)[:-2]
        return None if rest == b"-1" else [self.read() for _ in range(int(rest))]

    def call(self, *arguments):
        self.own["|".join(arguments[:2]).lower() if arguments[0] in CONTAINERS else arguments[0].lower()] += 1
        self.socket.sendall(self.encode(arguments))
        return self.read()

    def info(self, section):
        """{name: text}"""
        lines = self.call("INFO", section).decode().split("\r\n")
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def command_counts(self):
        """{command: (calls, µs)}, commands within scripts included, our own calls left out."""
        counts = {}
        for name, text in self.info("commandstats").items():
            fields = dict(field.split("=") for field in text.split(","))
            name = name.removeprefix("cmdstat_")
            counts[name] = (int(fields["calls"]) - self.own[name], int(fields["usec"]))
        return counts

    def children_us(self):
        """CPU of the processes that rewrote the log, those that have ended."""
        used = self.info("cpu")
        return (float(used["used_cpu_user_children"]) + float(used["used_cpu_sys_children"])) * 1e6

    def stream_len(self, name):
        return self.call("XLEN", name)

    def group(self, stream, name):
        """{"lag", "pending"} of a group; None when there is none."""
        try:
            rows = self.call("XINFO", "GROUPS", stream)
        except RedisError:
            return None
        for row in rows:
            fields = dict(zip(row[::2], row[1::2]))
            if fields[b"name"] == name.encode():
                return {"lag": fields.get(b"lag") or 0, "pending": fields[b"pending"]}
        return None
