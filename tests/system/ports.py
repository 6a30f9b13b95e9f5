"""Ports of this machine that nobody else takes.

They are below the range from which the kernel takes the ports of clients: a service that tries to reach a server that is
down must not get that server's port itself and talk to its own reflection.
"""
import random
import socket

LOWEST, HIGHEST = 15000, 32000
reservations = {}


def bind(port, is_shared):
    probe = socket.socket()
    if is_shared:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind(("127.0.0.1", port))
    except OSError:
        probe.close()
        return None
    return probe


def free_port():
    """For a server that wants the port for itself. It may still be lost to another process: start again with another."""
    while True:
        port = random.randint(LOWEST, HIGHEST)
        probe = bind(port, is_shared=False)
        if probe:
            probe.close()
            return port


def reserved_port():
    """For the services, which share their ports: a socket that is bound and never listens keeps others away."""
    while True:
        port = free_port()
        probe = bind(port, is_shared=True)
        if probe:
            reservations[port] = probe
            return port


def give_back(port):
    reservations.pop(port).close()
