"""A real redis-server for all tests of a run, empty for each test."""
import contextlib
import socket
import subprocess
import time

import pytest
import redis

from store import Store


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def connect(process, port):
    deadline = time.monotonic() + 20
    while True:
        try:
            client = redis.Redis(port=port, decode_responses=True)
            client.ping()
            return client
        except (redis.ConnectionError, redis.BusyLoadingError):
            assert process.poll() is None, "redis-server ended"
            assert time.monotonic() < deadline, "redis-server does not answer"
            time.sleep(0.02)


@contextlib.contextmanager
def redis_server(folder, *options):
    port = free_port()
    command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder),
               "--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction", *options]
    with open(folder / "redis.log", "wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield connect(process, port)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with redis_server(tmp_path_factory.mktemp("redis")) as client:
        yield client


@pytest.fixture
def store(server):
    server.flushall()
    return Store(server)
