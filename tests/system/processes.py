"""The services as child processes: settings by environment, a log each, an end that is checked."""
import ctypes
import json
import os
import pathlib
import signal
import subprocess

from waiting import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("MILLRACE_BIN", ROOT / "build/test/bin"))
GRACE_S = 40
PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None)

# All that a test has started, for its report when it fails.
started = []


def program(name):
    return BIN / name


def environment(settings=None):
    """Ours without any setting of Millrace but these."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("MILLRACE_")}
    ours.setdefault("UBSAN_OPTIONS", "halt_on_error=1:print_stacktrace=1")
    return ours | {"MILLRACE_" + name.upper(): str(value) for name, value in (settings or {}).items()}


def die_with_parent():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def run(name, *arguments, settings=None, timeout_s=30):
    """To its end: a CompletedProcess with texts."""
    return subprocess.run([program(name), *arguments], env=environment(settings), capture_output=True, text=True,
                          timeout=timeout_s, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)


class Process:
    """A program in the background. Its output goes to a file that is kept with the test's other files."""

    def __init__(self, command, log, env=None):
        self.name = pathlib.Path(command[0]).name
        self.log = pathlib.Path(log)
        self.must_end_well = True
        self.marked_at = 0
        with open(self.log, "ab") as output:
            self.child = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                          preexec_fn=die_with_parent)
        started.append(self)

    @property
    def pid(self):
        return self.child.pid

    def is_running(self):
        return self.child.poll() is None

    def send(self, signal_number):
        self.child.send_signal(signal_number)

    def kill(self):
        self.must_end_well = False
        self.child.kill()
        self.child.wait()

    def wait(self, timeout_s=GRACE_S):
        return self.child.wait(timeout_s)

    def stop(self):
        """SIGTERM, and what it must lead to."""
        if self.is_running():
            self.child.send_signal(signal.SIGCONT)
            self.child.terminate()
        try:
            code = self.wait()
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not end within {GRACE_S} s of SIGTERM") from None
        text = self.text()
        assert "Sanitizer" not in text and "runtime error:" not in text, f"sanitizer report in {self.log}"
        assert code == 0 or not self.must_end_well, f"{self.name} ended with {code}"

    def text(self):
        return self.log.read_text(errors="replace")

    def tail(self, lines):
        """The last of what it has said since the mark."""
        with open(self.log, "rb") as log:
            log.seek(self.marked_at)
            return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])

    def mark(self):
        self.marked_at = self.log.stat().st_size

    def children(self):
        path = pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(pid) for pid in path.read_text().split()]


class Service(Process):
    """One of the three services, with its logs in JSON so that tests can ask for single lines."""

    def __init__(self, name, folder, settings):
        self.settings = settings
        super().__init__([program("millrace-" + name)], folder / f"{name}.log",
                         environment({"log_format": "json"} | settings))

    def lines(self, message=None, **fields):
        """The log's lines with this message and these fields."""
        found = []
        for line in self.text().splitlines():
            if message and message not in line:
                continue
            try:
                fact = json.loads(line)
            except ValueError:
                continue
            if message in (None, fact.get("msg")) and all(fact.get(name) == value for name, value in fields.items()):
                found.append(fact)
        return found

    def wait_line(self, message, timeout_s=30, **fields):
        return wait_until(lambda: self.lines(message, **fields), f"{self.name}: {message} {fields}", timeout_s)[-1]
