"""Runs Millrace on this machine: Redis, the three services, and on first start an organization with a key.

Called by deploy/up, which has the options' description.
"""

import argparse
import base64
import fcntl
import os
import secrets
import shutil
import socket
import sys
import tempfile

import demo
import redis_log
from supervisor import Failed, Process, Stopped, Supervisor, say

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BIN = os.path.join(ROOT, "build", "release", "bin")
SERVICES = ("ingest", "processor", "dispatcher")
DEFAULT_LISTEN = "127.0.0.1:8080"
DEFAULT_ADMIN_PORTS = {"ingest": 9090, "processor": 9091, "dispatcher": 9092}
READY_S = 30.0
REDIS_LOADED_S = 300.0
DRAIN_S = 75.0

REDIS_CONF = """\
include "{common}"
bind 127.0.0.1
port {port}
dir "{directory}"
"""


def parse_options():
    parser = argparse.ArgumentParser(prog="deploy/up", usage="deploy/up --help lists the options",
                                     add_help=False, allow_abbrev=False)
    parser.add_argument("--listen")
    parser.add_argument("--redis-url")
    parser.add_argument("--redis-port", type=int)
    parser.add_argument("--data")
    parser.add_argument("--workers", type=int)
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    if options.redis_url and options.redis_port:
        parser.error("--redis-url starts no Redis, so --redis-port has no meaning beside it")
    if options.redis_port is not None and not 0 < options.redis_port < 65536:
        parser.error("--redis-port must be 1 to 65535")
    if options.workers is not None and options.workers < 1:
        parser.error("--workers must be 1 or more")
    return options


def split_address(text):
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise Failed(f"--listen {text}: ADDR:PORT is expected, such as {DEFAULT_LISTEN}")
    return host.strip("[]"), int(port)


def is_free(host, port):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def choose_listen(options):
    listen = options.listen or DEFAULT_LISTEN
    host, port = split_address(listen)
    if is_free(host, port):
        return listen
    if options.smoke and not options.listen:
        return f"{host}:{free_port()}"
    raise Failed(f"{listen} cannot be listened on: is something else there? Choose with --listen ADDR:PORT")


def url_of(listen):
    host, port = split_address(listen)
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def lock(data):
    file = open(os.path.join(data, "lock"), "w", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Failed(f"another deploy/up is using {data}: stop it, or choose with --data DIR") from None
    return file


def redis_answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 1.0) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
    except OSError:
        return False


def start_redis(supervisor, options, data):
    """-> its URL. It answers PING only when it has read its data."""
    port = options.redis_port or free_port()
    if not is_free("127.0.0.1", port):
        raise Failed(f"port {port} is in use: choose another with --redis-port, or use that Redis with --redis-url")
    program = shutil.which("redis-server")
    if program is None:
        raise Failed("redis-server is missing: run deploy/install")
    directory = os.path.join(data, "redis")
    os.makedirs(directory, mode=0o700, exist_ok=True)
    conf = os.path.join(data, "redis.conf")
    with open(conf, "w", encoding="utf-8") as file:
        file.write(REDIS_CONF.format(common=os.path.join(ROOT, "deploy", "redis.conf"), port=port, directory=directory))
    redis_log.mend(os.path.join(directory, "appendonlydir"))
    supervisor.start(Process("redis", [program, conf], dict(os.environ), os.path.join(data, "log", "redis.log"), DRAIN_S))
    supervisor.wait_until(lambda: redis_answers(port), "Redis had loaded its data", REDIS_LOADED_S)
    return f"redis://127.0.0.1:{port}"


def service_settings(options, data, redis_url, listen):
    """-> {service: {variable: value}}"""
    admin_token = os.environ.get("MILLRACE_ADMIN_TOKEN") or demo.kept(
        os.path.join(data, "admin_token"), lambda: secrets.token_urlsafe(32))
    secret_key = os.environ.get("MILLRACE_SECRET_KEY") or demo.kept(
        os.path.join(data, "secret_key"), lambda: base64.b64encode(secrets.token_bytes(32)).decode())
    settings = {
        "ingest": {"MILLRACE_LISTEN": listen, "MILLRACE_ADMIN_TOKEN": admin_token},
        "processor": {},
        "dispatcher": {"MILLRACE_ALLOW_TARGETS": os.environ.get("MILLRACE_ALLOW_TARGETS", "127.0.0.0/8")},
    }
    for service in SERVICES:
        port = DEFAULT_ADMIN_PORTS[service]
        port = port if is_free("127.0.0.1", port) else free_port()
        settings[service]["MILLRACE_ADMIN_LISTEN"] = f"127.0.0.1:{port}"
        settings[service]["MILLRACE_REDIS_URL"] = redis_url
        settings[service]["MILLRACE_SECRET_KEY"] = secret_key
        settings[service]["MILLRACE_ENV"] = os.environ.get("MILLRACE_ENV", "dev")
        if options.workers is not None:
            settings[service]["MILLRACE_WORKERS"] = str(options.workers)
    return settings


def is_ready(admin_listen):
    try:
        return demo.request("http://" + admin_listen, "GET", "/health/ready")[0] == 200
    except OSError:
        return False


def start_services(supervisor, data, settings):
    # What is set here for one service must not reach another, and the clients' variables none of them.
    ours = {"MILLRACE_URL", "MILLRACE_API_KEY"}.union(*settings.values())
    inherited = {name: value for name, value in os.environ.items() if name not in ours}
    for service in SERVICES:
        program = os.path.join(BIN, "millrace-" + service)
        if not os.path.exists(program):
            raise Failed(f"{program} is missing: run without --no-build")
        supervisor.start(Process(service, [program], {**inherited, **settings[service]},
                                 os.path.join(data, "log", service + ".log"), DRAIN_S))
    for service in SERVICES:
        admin_listen = settings[service]["MILLRACE_ADMIN_LISTEN"]
        supervisor.wait_until(lambda listen=admin_listen: is_ready(listen), f"{service} was ready", READY_S)


def describe(url, key, data, settings):
    say(f"the API is at {url}")
    say(f"the key of organization 'demo' is {key} (also in {os.path.join(data, 'demo.env')})")
    metrics = " ".join(f"http://{settings[service]['MILLRACE_ADMIN_LISTEN']}/metrics" for service in SERVICES)
    say(f"logs are in {os.path.join(data, 'log')}, metrics at {metrics}")
    say(f"Redis is at {settings['ingest']['MILLRACE_REDIS_URL']}")
    say("try:")
    print(f"  curl -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \\\n"
          f"       -d '{{\"type\":\"order.paid\",\"data\":{{\"total\":42}}}}' {url}/api/events", flush=True)


def run(supervisor, options, data):
    os.makedirs(os.path.join(data, "log"), mode=0o700, exist_ok=True)
    held = lock(data)
    try:
        listen = choose_listen(options)
        redis_url = options.redis_url or start_redis(supervisor, options, data)
        settings = service_settings(options, data, redis_url, listen)
        start_services(supervisor, data, settings)
        url = url_of(listen)
        key = demo.ensure_key(url, settings["ingest"]["MILLRACE_ADMIN_TOKEN"], redis_url, data)
        if options.smoke:
            took_ms = demo.smoke(url, key, os.path.join(BIN, "millrace"))
            print(f"smoke: delivered and verified in {took_ms:.1f} ms (accepted to received)", flush=True)
            return
        describe(url, key, data, settings)
        supervisor.run()
    finally:
        supervisor.stop()
        held.close()


def main():
    options = parse_options()
    # A smoke test leaves nothing behind unless told where to keep it.
    passing = options.smoke and not options.data
    data = tempfile.mkdtemp(prefix="millrace-smoke-") if passing else os.path.abspath(
        options.data or os.path.join(ROOT, "var"))
    supervisor = Supervisor()
    try:
        run(supervisor, options, data)
    except Stopped:
        say("drained and stopped")
        return 0 if not options.smoke else 1
    except (Failed, OSError) as error:
        print(f"{supervisor.log_tails()}up: {error}", file=sys.stderr)
        if passing and not supervisor.processes:
            shutil.rmtree(data)
        return 1
    if passing:
        shutil.rmtree(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
