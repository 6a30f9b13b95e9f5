"""The whole of Millrace for all tests of a run; an organization and a receiver for each."""
import contextlib
import itertools
import resource

import pytest

import processes
from redis_server import RedisServer
from stack import Stack

LINES_SHOWN = 30


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes long, left out by tests/run --quick")
    # For a thousand connections, at both ends: a service has what it is started with.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def pytest_runtest_setup():
    for process in processes.started:
        process.mark()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        for process in processes.started:
            if process.log.exists():
                report.sections.append((f"{process.log}", process.tail(LINES_SHOWN)))
    if report.when == "teardown":
        processes.started[:] = [process for process in processes.started if process.is_running()]


@pytest.fixture(scope="session")
def stack(tmp_path_factory):
    """Shared: a test may not stop it or change its settings."""
    folder = tmp_path_factory.mktemp("stack")
    with contextlib.ExitStack() as ends:
        redis = RedisServer(folder)
        ends.callback(redis.stop)
        stack = Stack(folder, redis)
        ends.callback(stack.stop)
        yield stack.start()
        stack.check_nothing_lost()


@pytest.fixture
def new_redis(tmp_path):
    """Makes a Redis of the test's own."""
    numbers = itertools.count()
    with contextlib.ExitStack() as ends:
        def make(**arguments):
            folder = tmp_path / f"store{next(numbers)}"
            folder.mkdir()
            server = RedisServer(folder, **arguments)
            ends.callback(server.stop)
            return server

        yield make


@pytest.fixture
def new_stack(tmp_path, new_redis):
    """Makes a stack of the test's own, with its settings. Nothing is started."""
    numbers = itertools.count()
    with contextlib.ExitStack() as ends:
        def make(redis=None, **settings):
            folder = tmp_path / f"stack{next(numbers)}"
            folder.mkdir()
            stack = Stack(folder, redis or new_redis(), **settings)
            ends.callback(stack.stop)
            return stack

        yield make


@pytest.fixture
def receiver(stack):
    receiver = stack.new_receiver()
    yield receiver
    receiver.close()
    stack.receivers.remove(receiver)


@pytest.fixture
def organization(stack):
    stack.check_running()
    organization = stack.new_organization()
    yield organization
    organization.client.connection.close()
