"""A Redis of our own, to be killed, stopped, emptied and cut short."""

import glob
import os
import shutil
import signal
import subprocess

import redis

from processes import START_WITHIN_S, end, end_with_parent, free_port, wait_until


class RedisServer:
    def __init__(self, folder, fsync="always"):
        self.folder, self.fsync, self.port = folder, fsync, free_port()
        self._process = None
        os.makedirs(folder, exist_ok=True)

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    @property
    def aof_folder(self):
        return os.path.join(self.folder, "appendonlydir")

    def connect(self):
        return redis.Redis(port=self.port, decode_responses=True, encoding_errors="replace", socket_timeout=10)

    def start(self):
        """Returns when it has loaded its data."""
        options = {"port": self.port, "bind": "127.0.0.1", "dir": self.folder, "save": "", "appendonly": "yes",
                   "appendfsync": self.fsync, "no-appendfsync-on-rewrite": "no", "maxmemory-policy": "noeviction"}
        command = ["redis-server"]
        for name, value in options.items():
            command += [f"--{name}", str(value)]
        with open(os.path.join(self.folder, "redis.log"), "a", encoding="utf-8") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, preexec_fn=end_with_parent)
        wait_until(self._answers, START_WITHIN_S, "Redis did not start")

    def _answers(self):
        if self._process.poll() is not None:
            raise RuntimeError(f"Redis ended with {self._process.returncode} (see {self.folder}/redis.log)")
        try:
            return self.connect().ping()
        except redis.RedisError:
            return False

    def kill(self):
        self._process.kill()
        self._process.wait()

    def signal(self, number):
        self._process.send_signal(number)

    def _aof(self):
        """The file that commands are appended to."""
        return max(glob.glob(os.path.join(self.aof_folder, "*.incr.aof")), key=os.path.getmtime)

    def aof_size(self):
        return os.path.getsize(self._aof())

    def read_aof(self):
        with open(self._aof(), "rb") as aof:
            return aof.read()

    def write_aof(self, data):
        with open(self._aof(), "wb") as aof:
            aof.write(data)

    def tear_aof(self, synced, chance):
        """As a loss of power leaves it: up to somewhere past what was synced. Returns how many bytes went."""
        size = self.aof_size()
        kept = chance.randint(min(synced, size), size)
        os.truncate(self._aof(), kept)
        return size - kept

    def repair_aof(self):
        """Before a start after a loss of power. Redis itself cuts a torn command off, but leaves the transaction open in which it stood:
        its first half would be carried out at the start after the next."""
        manifest = os.path.join(self.aof_folder, "appendonly.aof.manifest")
        subprocess.run(["redis-check-aof", "--fix", manifest], input=b"y\n", stdout=subprocess.DEVNULL, check=True)

    def lose_data(self):
        shutil.rmtree(self.aof_folder)

    def close(self):
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            end(self._process, START_WITHIN_S)
