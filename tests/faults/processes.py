"""Processes and ports of the harness: nothing that it starts outlives it, nothing else is touched."""

import ctypes
import random
import signal
import socket
import subprocess
import time

START_WITHIN_S = 30
_POLL_S = 0.02
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)
_ports_taken = set()


def end_with_parent():
    """For preexec_fn."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def free_port():
    """Below the range from which the kernel takes ports for outgoing connections: while a server is down for a moment, a client that
    connects to its port must not be given that very port, and talk to itself."""
    for _ in range(1000):
        port = random.randint(12000, 31000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in _ports_taken:
            _ports_taken.add(port)
            return port
    raise RuntimeError("no free port")


def end(process, within_s):
    process.terminate()
    return wait_for_end(process, within_s)


def wait_for_end(process, within_s):
    """The exit code; None: it had to be killed."""
    try:
        return process.wait(within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None


def wait_until(condition, within_s, failure):
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{failure} within {within_s} s")
        time.sleep(_POLL_S)
