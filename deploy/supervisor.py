"""Keeps processes running: starts them, restarts with backoff what dies, stops them in order.

Children run in sessions of their own, so that Ctrl-C reaches only the supervisor, which then drains them one after the
other; and they get SIGTERM from the kernel should the supervisor itself be killed.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time

SIGNALS = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
PR_SET_PDEATHSIG = 1
BACKOFF_FIRST_S = 0.2
BACKOFF_MAX_S = 10.0
STEADY_AFTER_S = 30.0
LOG_KEPT_BYTES = 16 << 20

libc = ctypes.CDLL(None)


class Stopped(Exception):
    """SIGTERM, SIGINT or SIGHUP came."""


class Failed(Exception):
    """What a person must read; the text says what to do."""


def say(text):
    print("up: " + text, flush=True)


def in_child():
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def ending(code):
    return f"signal {-code}" if code < 0 else f"exit status {code}"


class Process:
    """One program that is to run. `grace_s` is how long it may take to end after SIGTERM."""

    def __init__(self, name, argv, env, log_path, grace_s):
        self.name, self.argv, self.env = name, argv, env
        self.log_path, self.grace_s = log_path, grace_s
        self.child = None
        self.started_at = 0.0
        self.backoff_s = BACKOFF_FIRST_S
        self.restart_at = None

    def start(self):
        if os.path.exists(self.log_path) and os.path.getsize(self.log_path) > LOG_KEPT_BYTES:
            os.replace(self.log_path, self.log_path + ".1")
        with open(self.log_path, "ab") as log:
            self.child = subprocess.Popen(self.argv, env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          start_new_session=True, preexec_fn=in_child)
        self.started_at = time.monotonic()
        self.restart_at = None

    def is_running(self):
        return self.child is not None and self.child.poll() is None

    def schedule_restart(self):
        now = time.monotonic()
        if now - self.started_at > STEADY_AFTER_S:
            self.backoff_s = BACKOFF_FIRST_S
        self.restart_at = now + self.backoff_s
        say(f"{self.name} ended ({ending(self.child.returncode)}), again in {self.backoff_s:g} s; log: {self.log_path}")
        self.backoff_s = min(2 * self.backoff_s, BACKOFF_MAX_S)

    def stop(self):
        if not self.is_running():
            return
        self.child.terminate()
        try:
            self.child.wait(self.grace_s)
        except subprocess.TimeoutExpired:
            say(f"{self.name} did not end within {self.grace_s:g} s: killing it")
            self.child.kill()
            self.child.wait()

    def log_tail(self, lines=15):
        with open(self.log_path, "rb") as log:
            log.seek(max(0, os.path.getsize(self.log_path) - 16384))
            return b"\n".join(log.read().splitlines()[-lines:]).decode(errors="replace")


class Supervisor:
    def __init__(self):
        self.processes = []
        self.restarting = False
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)

    def start(self, process):
        process.start()
        self.processes.append(process)

    def pump(self, timeout_s):
        """Waits for a signal for at most that long; then restarts what is due."""
        due = [p.restart_at for p in self.processes if p.restart_at is not None]
        if due:
            timeout_s = max(0.0, min(timeout_s, min(due) - time.monotonic()))
        info = signal.sigtimedwait(SIGNALS, timeout_s)
        if info is not None and info.si_signo != signal.SIGCHLD:
            raise Stopped()
        for process in self.processes:
            if process.restart_at is not None:
                if process.restart_at <= time.monotonic():
                    process.start()
                    say(f"{process.name} started again")
            elif not process.is_running():
                self.on_death(process)

    def on_death(self, process):
        if not self.restarting:
            raise Failed(f"{process.name} ended at start ({ending(process.child.returncode)})")
        process.schedule_restart()

    def wait_until(self, is_true, what, timeout_s):
        deadline = time.monotonic() + timeout_s
        while not is_true():
            if time.monotonic() > deadline:
                raise Failed(f"waited {timeout_s:g} s in vain until {what}")
            self.pump(0.02)

    def log_tails(self):
        return "".join(f"--- {process.name}: {process.log_path}\n{process.log_tail()}\n" for process in self.processes)

    def run(self):
        """Returns never; Stopped ends it."""
        self.restarting = True
        while True:
            self.pump(3600.0)

    def stop(self):
        """In the order of the path of an event, Redis last: what was taken in can still be handed on."""
        self.restarting = False
        # A second Ctrl-C does not wait for the drain; the children then get SIGTERM all at once.
        signal.signal(signal.SIGINT, lambda *_: sys.exit(130))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        for process in sorted(self.processes, key=lambda p: p.name == "redis"):
            process.stop()
