"""Settings of the programs: where they come from, what is refused, and in which words."""
import base64
import re
import socket

import pytest

from client import Client
from ports import reserved_port
from processes import ROOT, Service, run
from stack import ADMIN_TOKEN, SECRET_KEY
from waiting import wait_until

SERVICES = ("ingest", "processor", "dispatcher")
COMMANDS = ("send", "listen", "tail", "explain", "doctor", "dlq ls", "dlq replay", "orgs ls", "keys create", "keys rotate",
            "endpoints create", "jobs ls")
NOT_VALID = 78
SECRETS = {"admin_token": "hunter2-hunter2-hunter2", "secret_key": base64.b64encode(b"s" * 32).decode(),
           "redis_url": "redis://:hunter3@127.0.0.1:6379"}


def ask(service, *arguments, **settings):
    return run("millrace-" + service, *arguments, settings=settings)


def names_of(done):
    assert done.returncode == 0, done.stderr
    return [line.split(" = ", 1)[0] for line in done.stdout.splitlines()]


def value_of(done, name):
    assert done.returncode == 0, done.stderr
    return dict(line.split(" = ", 1) for line in done.stdout.splitlines())[name]


def assert_refused(done, *words):
    assert done.returncode == NOT_VALID, done.stdout
    assert done.stdout == ""
    for word in words:
        assert word in done.stderr, done.stderr
    return done.stderr


# -- what each program says of itself


@pytest.mark.parametrize("service", SERVICES)
def test_help_names_every_setting(service):
    shown = ask(service, "--help")
    assert shown.returncode == 0 and shown.stderr == ""
    for name in names_of(ask(service, "--print-config")):
        assert f"--{name.replace('_', '-')} " in shown.stdout
    for flag in ("--config PATH", "--check-config", "--print-config", "--version", "--secret-key-file PATH"):
        assert flag in shown.stdout


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_help_and_version_answer_though_settings_are_wrong(service, flag):
    assert ask(service, flag, lease="soon", nonsense="1").returncode == 0


@pytest.mark.parametrize("service", SERVICES)
def test_version(service):
    shown = ask(service, "--version")
    assert re.fullmatch(rf"millrace-{service} \d+\.\d+\.\d+\n", shown.stdout)


@pytest.mark.parametrize("service", SERVICES)
def test_check_config(service):
    good = ask(service, "--check-config")
    assert (good.returncode, good.stdout) == (0, f"millrace-{service}: the configuration is valid\n")
    assert_refused(ask(service, "--check-config", lease="soon"), "lease")


def test_the_command_line_checks_and_prints_what_its_commands_share():
    good = run("millrace", "--check-config")
    assert (good.returncode, good.stdout, good.stderr) == (0, "millrace: the configuration is valid\n", "")
    printed = run("millrace", "--print-config", settings={"url": "http://h:1", "api_key": "hunter2"})
    assert names_of(printed) == ["json", "url", "api_key", "redis_url"]
    assert value_of(printed, "url") == "http://h:1" and "hunter2" not in printed.stdout
    for arguments, settings, word in ((["--check-config"], {"json": "perhaps"}, "json"), (["--check-config"], {"ulr": "x"}, "MILLRACE_URL"),
                                      (["--ulr=x", "--print-config"], {}, "--url"), (["--print-config", "send"], {}, "flags")):
        refused = run("millrace", *arguments, settings=settings)
        assert (refused.returncode, refused.stdout) == (2, "") and word in refused.stderr, refused.stderr
    assert run("millrace", "--url=x").returncode == 2


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_printed_can_be_read_back(service, tmp_path):
    printed = ask(service, "--print-config", lease="2500ms", workers="3", log_level="debug").stdout
    assert "lease = 2500ms\n" in printed and "workers = 3\n" in printed
    path = tmp_path / "millrace.conf"
    path.write_text("\n".join(line for line in printed.splitlines() if not line.endswith(("(set)", "(unset)"))))
    assert ask(service, "--config", str(path), "--print-config").stdout == printed


def test_every_program_knows_the_others_settings():
    source = (ROOT / "common/io/setting_names.c").read_text()
    known = re.findall(r'"([a-z_]+)"', source[source.index("setting_names[]"):])
    own = {service: set(names_of(ask(service, "--print-config"))) for service in SERVICES}
    commands = [set(names_of(run("millrace", *command.split(), "--print-config"))) for command in COMMANDS]
    assert sorted(known) == sorted(set().union(*own.values(), *commands))
    for service in SERVICES:
        others = {name: "1s" for name in known if name not in own[service]}
        assert ask(service, "--check-config", **others).returncode == 0


# -- where settings come from


def test_a_flag_counts_more_than_a_variable_and_that_more_than_the_file(tmp_path):
    path = tmp_path / "millrace.conf"
    path.write_text("# all of it\nlease = 1s\n\n  max-body=2k \nretry_schedule = 5s,5m\n")
    file = ("--config", str(path), "--print-config")
    assert value_of(ask("ingest", *file), "lease") == "1s"
    assert value_of(ask("ingest", *file), "max_body") == "2k"
    assert value_of(ask("ingest", *file, lease="2s"), "lease") == "2s"
    assert value_of(ask("ingest", *file, "--lease", "3s", lease="2s"), "lease") == "3s"
    assert value_of(ask("ingest", *file, "--lease=3s"), "lease") == "3s"
    assert value_of(ask("ingest", "--lease=3s", *file, "--lease=4s"), "lease") == "4s"
    assert value_of(ask("ingest", "--print-config", lease=""), "lease") == "30s"
    assert value_of(ask("ingest", "--print-config", config=str(path)), "lease") == "1s"


@pytest.mark.parametrize("arguments, settings, words", [
    (["--redis-ulr", "x"], {}, ['unknown flag "--redis-ulr"', "did you mean --redis-url?"]),
    (["--retry-schedule", "5s"], {}, ['unknown flag "--retry-schedule"']),
    ([], {"listne": "x"}, ['unknown variable "MILLRACE_LISTNE"', "did you mean MILLRACE_LISTEN?"]),
    ([], {"xyzzy": "x"}, ['unknown variable "MILLRACE_XYZZY"']),
    (["--admin-tokn-file", "x"], {}, ["did you mean --admin-token-file?"]),
    (["hello"], {}, ["only flags are taken"]),
    (["--lease"], {}, ["--lease", "needs a value"]),
    ([], {"lease": "5"}, ["lease", "has no unit", "MILLRACE_LEASE"]),
    ([], {"lease": "499ms"}, ["lease", "500ms"]),
    ([], {"lease": "2d"}, ["lease", "1d"]),
    ([], {"max_body": "1x"}, ["max_body"]),
    ([], {"max_body": "33m"}, ["max_body", "32m"]),
    ([], {"max_body": "2m", "max_buffered": "15m"}, ["max_buffered", "8 times max_body"]),
    ([], {"workers": "0"}, ["workers"]),
    ([], {"workers": "1.5"}, ["workers"]),
    ([], {"partitions": "99999999999999999999"}, ["partitions"]),
    ([], {"log_level": "loud"}, ["log_level", "debug, info, warn, error"]),
    ([], {"env": "prod"}, ["env", "dev, staging, production"]),
    ([], {"durability": "replicated"}, ["durability", "relaxed, fsync"]),
    ([], {"durability": "spooled"}, ["durability", "relaxed, fsync"]),
    ([], {"secret_key": "short"}, ["secret_key", "32 bytes in base64"]),
    ([], {"secret_key": base64.b64encode(b"s" * 31).decode()}, ["secret_key", "32 bytes in base64"]),
    ([], {"admin_token": "short"}, ["admin_token", "at least 16 characters"]),
    ([], {"config": "/nonexistent/millrace.conf"}, ["/nonexistent/millrace.conf", "No such file"]),
], ids=lambda value: "-".join(value) if isinstance(value, (list, dict)) else None)
def test_what_is_not_understood_is_refused(arguments, settings, words):
    assert_refused(ask("ingest", *arguments, **settings), *words)


def test_every_mistake_is_told_at_once(tmp_path):
    path = tmp_path / "millrace.conf"
    path.write_text("lisen = x\nlease = 5\nhello\nmax_body = 2k\nmax_body = 3k\n")
    told = assert_refused(ask("ingest", "--config", str(path), "--wrokers=2", env="prod"), "--workers",
                          f'{path}, line 1: unknown setting "lisen"', "did you mean listen?", "has no unit",
                          f"{path}, line 3: not of the form name = value", "max_body: given twice", "env")
    assert len(told.splitlines()) == 7


@pytest.mark.parametrize("url, word", [
    ("http://127.0.0.1", "redis://"), ("127.0.0.1:6379", "redis://"), ("rediss://127.0.0.1", "redis://"),
    ("redis://", "host"), ("redis://:6379", "host"), ("redis://a b", "host"), ("redis://[::1", "host"),
    ("redis://h:0", "port"), ("redis://h:65536", "port"), ("redis://h:x", "port"), ("redis://h/x", "database"),
    ("redis://h/-1", "database"), ("redis://user:@h", "password"), ("redis://a:%zz@h", "password"), ("unix://run/redis.sock", "path"),
    ("redis://h?db=1", "host"),
])
@pytest.mark.parametrize("service", SERVICES)
def test_a_redis_url_that_is_none(service, url, word):
    told = assert_refused(ask(service, "--check-config", redis_url=url), "redis_url", word)
    assert url == "redis://" or url not in told, "it may hold a password"


# -- secrets


@pytest.mark.parametrize("env", ["staging", "production"])
def test_without_secrets_it_only_runs_as_dev(env):
    told = assert_refused(ask("ingest", env=env), "secret_key", "MILLRACE_SECRET_KEY_FILE", "admin_token", "MILLRACE_ADMIN_TOKEN")
    assert len(told.splitlines()) == 3
    for service in ("processor", "dispatcher"):
        assert_refused(ask(service, env=env), "secret_key", "MILLRACE_SECRET_KEY")
    assert ask("ingest", "--check-config", env=env, secret_key=SECRET_KEY, admin_token=ADMIN_TOKEN).returncode == 0


def test_secrets_from_files(tmp_path):
    for name, text in SECRETS.items():
        (tmp_path / name).write_text(text + "\n")
    files = {name + "_file": tmp_path / name for name in SECRETS}
    assert ask("ingest", "--check-config", env="production", **files).returncode == 0
    flags = [f"--{name.replace('_', '-')}={path}" for name, path in files.items()]
    assert ask("ingest", "--check-config", *flags, env="production").returncode == 0
    told = assert_refused(ask("ingest", secret_key_file=tmp_path / "none"), "secret_key", "No such file")
    assert str(tmp_path / "none") in told
    assert_refused(ask("ingest", secret_key_file=tmp_path / "secret_key", secret_key=SECRET_KEY), "secret_key: given twice")
    assert_refused(ask("ingest", lease_file=tmp_path / "secret_key"), "MILLRACE_LEASE_FILE")


@pytest.mark.parametrize("arguments", [["--print-config"], ["--check-config"], ["--help"], ["--wrong"]])
def test_secrets_are_never_printed(tmp_path, arguments):
    shown = ask("ingest", *arguments, **SECRETS)
    assert not any(part in shown.stdout + shown.stderr for part in ("hunter", SECRETS["secret_key"]))
    flags = [f"--{name.replace('_', '-')}={text}" for name, text in SECRETS.items()]
    shown = ask("ingest", *arguments, *flags, max_body="x")
    assert not any(part in shown.stdout + shown.stderr for part in ("hunter", SECRETS["secret_key"]))
    path = tmp_path / "millrace.conf"
    path.write_text("admin_tokn = hunter2\nhunter2\nadmin_token = hunter2\n")
    assert "hunter" not in ask("ingest", *arguments, "--config", str(path)).stderr


# -- what only shows when it starts


@pytest.fixture
def redis(new_redis):
    return new_redis()


@pytest.fixture
def start(tmp_path, redis):
    """Starts a service with free ports."""
    services = []

    def start(name, **settings):
        ports = {"admin_listen": f"127.0.0.1:{reserved_port()}"}
        if name == "ingest":
            ports["listen"] = f"127.0.0.1:{reserved_port()}"
        services.append(Service(name, tmp_path, {"redis_url": redis.url()} | ports | settings))
        return services[-1]

    yield start
    for service in services:
        if service.is_running():
            service.stop()


@pytest.mark.parametrize("name, setting, message", [("ingest", "listen", "ingest.bind_failed"),
                                                    *((name, "admin_listen", "admin.bind_failed") for name in SERVICES)])
def test_a_port_in_use(start, name, setting, message):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        service = start(name, **{setting: address})
        assert service.wait() == NOT_VALID
    line = service.wait_line(message)
    assert (line["setting"], line["address"], line["level"]) == (setting, address, "error")
    assert "in use" in line["error"]


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("setting, message", [("listen", "ingest.bind_failed"), ("admin_listen", "admin.bind_failed")])
def test_a_port_in_use_by_another_of_us(start, setting, message, workers):
    """Sockets that want to share a port with ours are as bad as others: half of the requests would go astray."""
    first = start("ingest", workers=workers)
    first.wait_line("service.ready")
    second = start("ingest", workers=workers, **{setting: first.settings[setting]})
    assert second.wait() == NOT_VALID
    line = second.wait_line(message)
    assert (line["setting"], line["address"]) == (setting, first.settings[setting]) and "in use" in line["error"]
    assert first.is_running()


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost:1:2", "127.0.0.1:x", "127.0.0.1:70000", "256.0.0.1:80", ":"])
def test_an_address_that_is_none(start, address):
    service = start("ingest", listen=address)
    assert service.wait() == NOT_VALID
    assert "listen" in service.text() and address in service.text()


@pytest.mark.parametrize("name", SERVICES)
def test_partitions_are_fixed_when_the_store_is_first_used(start, redis, name):
    first = start(name)
    first.wait_line("service.ready")
    assert redis.client.hgetall("mr:meta")["partitions"] == "1"
    other = start(name, partitions="2")
    assert other.wait() == NOT_VALID
    reason = other.wait_line("store.refused")["reason"]
    assert "has 1 partitions" in reason and "set to 2" in reason
    assert first.is_running()


def test_a_store_of_another_format(start, redis):
    redis.client.hset("mr:meta", mapping={"partitions": "1", "format": "2"})
    service = start("processor")
    assert service.wait() == NOT_VALID
    assert "format 2" in service.wait_line("store.refused")["reason"]


def test_production_refuses_what_dev_warns_of(start, redis):
    redis.client.config_set("appendfsync", "no")
    dev = start("ingest")
    warning = dev.wait_line("store.warning")["reason"]
    assert "durability fsync cannot be kept, accepts are relaxed" in warning and "appendfsync always" in warning
    assert dev.wait_line("service.ready")["durability"] == "relaxed"
    production = start("ingest", env="production", secret_key=SECRET_KEY, admin_token=ADMIN_TOKEN)
    assert production.wait() == NOT_VALID
    assert production.wait_line("store.refused")["reason"] == warning


def test_eviction_is_warned_of(start, redis):
    redis.client.config_set("maxmemory-policy", "allkeys-lru")
    assert "maxmemory-policy is allkeys-lru" in start("processor").wait_line("store.warning")["reason"]


def test_an_ipv6_address_and_a_free_port(start):
    service = start("processor", admin_listen="[::1]:0")
    port = service.wait_line("admin.listening")["port"]
    socket.create_connection(("::1", port)).close()


def test_logs_in_both_formats(start):
    json_lines = start("processor")
    json_lines.wait_line("service.ready")
    logfmt = start("dispatcher", log_format="logfmt", log_level="debug")
    pattern = r"time=\S+ level=info service=dispatcher msg=service\.ready version=\S+ consumer=\S+ durability=relaxed"
    wait_until(lambda: re.search(pattern, logfmt.text()), "the line")
    quiet = start("ingest", log_level="error")
    with Client(int(quiet.settings["listen"].split(":")[1])) as client:
        wait_until(lambda: (answer := client.try_get("/health/ready")) and answer.status == 200, "ingest being ready")
    quiet.stop()
    assert quiet.text() == ""
