"""millrace: its commands in general, send and listen."""
import json
import signal
import socket
import time
from datetime import datetime, timezone

import pytest

from cli_env import (FAILED, OK, USAGE, WHSEC, Api, Background, Listener, Terminal, Unheard, api_key, cli, client_of, sign)

COMMANDS = ("send", "listen", "tail", "explain", "dlq ls", "doctor")
ACCEPTED = (202, '{"id":"evt_00000000000000000001","status":"accepted","duplicate":false,"durability":"fsync"}')
REPEATED = (200, '{"id":"evt_00000000000000000001","status":"accepted","duplicate":true,"durability":"fsync"}')


@pytest.fixture
def api():
    api = Api()
    yield api
    api.close()


def send(api, *arguments, settings=None, **options):
    return cli("send", *arguments, settings={"url": f"http://{api.address}", "api_key": api_key()} | (settings or {}),
               **options)


# -- commands in general

def test_help_names_every_command_and_each_has_its_own():
    overview = cli("--help")
    assert overview.returncode == OK
    for command in COMMANDS:
        assert f"millrace {command}" in overview.stdout
        own = cli(*command.split(), "--help")
        assert own.returncode == OK and own.stdout.startswith(f"millrace {command}") and "--json" in own.stdout


def test_version_is_one_line():
    assert cli("--version").stdout == cli("tail", "--version").stdout
    assert cli("--version").stdout.startswith("millrace ")


@pytest.mark.parametrize("words, said", [
    (["sned"], "did you mean 'millrace send'?"),
    (["explian", "evt_1"], "did you mean 'millrace explain'?"),
    (["dlq"], "did you mean 'millrace dlq ls'?"),
    (["dlq", "sl"], "did you mean 'millrace dlq ls'?"),
    (["xyzzy"], "there is no such command\n"),
    (["--json", "tail"], "the command comes before its flags"),
    (["tail", "--tpye", "x"], "did you mean --type?"),
    (["listen", "--port", "70000"], "--port"),
    (["send"], "needs TYPE"),
    (["explain", "evt_1", "evt_2"], "at most 1"),
    (["doctor", "now"], "only flags"),
])
def test_what_is_not_understood_is_a_usage_error_with_the_nearest_name(words, said):
    done = cli(*words)
    assert done.returncode == USAGE and said in done.stderr and done.stdout == ""


def test_no_command_is_a_usage_error_that_shows_them():
    done = cli()
    assert done.returncode == USAGE and "millrace send" in done.stderr


def test_variables_of_other_programs_pass_and_unknown_ones_do_not():
    assert cli("listen", "--check-config", settings={"retry_schedule": "5s", "url": "x"}).returncode == OK
    done = cli("listen", "--check-config", settings={"secrte": "x"})
    assert done.returncode == USAGE and "MILLRACE_SECRTE" in done.stderr and "MILLRACE_SECRET" in done.stderr


def test_a_configuration_is_printed_without_its_secrets():
    done = cli("send", "--print-config", settings={"api_key": api_key(), "url": "http://u:p@h"})
    assert done.returncode == OK and "api_key = (set)" in done.stdout
    assert api_key() not in done.stdout and "u:p" not in done.stdout


# -- send

def test_send_posts_the_data_as_it_is(api):
    api.answers["/api/events"] = ACCEPTED
    data = '{"big": 123456789012345678901234567890, "text":"\\u00e9 ü",\n "n":1.0e5}'
    done = send(api, "order.paid", data, "--dedup-id", 'a"b', "--key", "k1", "--delay", "5s")
    assert done.returncode == OK
    assert done.stdout == "evt_00000000000000000001  accepted, durability fsync\n"
    (method, path, headers, body), = api.requests
    assert (method, path) == ("POST", "/api/events")
    assert headers["Authorization"] == "Bearer " + api_key() and headers["Content-Type"] == "application/json"
    assert data.encode() in body
    assert json.loads(body) == {"type": "order.paid", "data": json.loads(data), "dedup_id": 'a"b', "key": "k1",
                                "delay": "5000ms"}


@pytest.mark.parametrize("arguments, input, data", [([], None, {}), (["-"], '[1,2]\n', [1, 2]), (["null"], None, None),
                                                    (["-5"], None, -5)])
def test_send_takes_data_from_the_line_or_from_standard_input(api, arguments, input, data):
    api.answers["/api/events"] = ACCEPTED
    assert send(api, "a", *arguments, input=input).returncode == OK
    assert json.loads(api.requests[0][3]) == {"type": "a", "data": data}


def test_send_tells_a_duplicate_and_sends_again_as_often_as_asked(api):
    api.answers["/api/events"] = REPEATED
    done = send(api, "a", "--count", "3", "--json")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert answers == [{"id": "evt_00000000000000000001", "status": "accepted", "duplicate": True, "durability": "fsync"}] * 3
    assert len(api.requests) == 3
    assert "duplicate of an earlier event" in send(api, "a").stdout


@pytest.mark.parametrize("data", ['1,"key":"x"', "{}}", "text", "", "{'a':1}", '{"a":1} {"b":2}', "[" * 100 + "]" * 100])
def test_send_refuses_data_that_is_no_json_before_it_is_sent(api, data):
    done = send(api, "a", "-", input=data)
    assert done.returncode == USAGE and "DATA" in done.stderr and api.requests == []


@pytest.mark.parametrize("arguments, settings, said", [
    (["a b"], {}, "TYPE must be"),
    (["a"], {"api_key": ""}, "MILLRACE_API_KEY"),
    (["a"], {"api_key": api_key()[:-1] + "!"}, "is it complete?"),
    (["a"], {"api_key": "mr_live_0123\r\nX: y"}, "control character"),
    (["a"], {"url": "ftp://x"}, "url: "),
    (["a"], {"url": "http://u:p@x"}, "url: "),
    (["a", "--count", "0"], {}, "--count"),
    (["a", "--delay", "100d"], {}, "--delay"),
])
def test_send_refuses_what_cannot_work(api, arguments, settings, said):
    done = send(api, *arguments, settings=settings)
    assert done.returncode == USAGE and said in done.stderr and api.requests == []


def test_a_refusal_is_one_sentence_that_says_what_to_do(api):
    api.answers["/api/events"] = (422, json.dumps({
        "type": "about:blank", "title": "x", "status": 422, "detail": "must be a duration", "code": "invalid_value",
        "request_id": "req_7", "errors": [{"pointer": "/delay", "detail": "must be a duration"}]}))
    done = send(api, "a")
    assert done.returncode == FAILED and done.stdout == ""
    assert done.stderr == "millrace send: refused with 422 invalid_value: /delay must be a duration (request req_7)\n"
    api.answers["/api/events"] = (401, '{"detail":"unknown key","code":"unauthorized"}')
    assert "MILLRACE_API_KEY" in send(api, "a").stderr
    api.answers["/api/events"] = (503, '{"detail":"full","code":"backlog_full"}')
    assert "do it again" in send(api, "a").stderr
    api.answers["/api/events"] = (503, '{"detail":"may have been carried out","code":"outcome_unknown"}')
    assert "nothing was accepted" not in send(api, "a").stderr


@pytest.mark.parametrize("answer", [(500, ""), (404, "<html>" * 1000), (400, "[" * 1000), (418, '{"detail":7,"errors":[]}'),
                                    (200, ""), (200, "{}"), (202, '{"id":5}'), (301, ""), (422, '{"detail":"\x1b[2J\\u001b"}')])
def test_an_answer_that_nobody_expects_is_a_failure_in_words(api, answer):
    api.answers["/api/events"] = answer
    done = send(api, "a")
    assert done.returncode == FAILED and done.stderr.count("\n") == 1 and len(done.stderr) < 500
    assert "\x1b" not in done.stderr


def test_no_answer_is_not_taken_for_a_refusal(api):
    api.answers["/api/events"] = None
    done = send(api, "a")
    assert done.returncode == FAILED and "may have been accepted or not" in done.stderr
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        done = cli("send", "a", "--url", "http://127.0.0.1:%d" % nobody.getsockname()[1], settings={"api_key": api_key()})
    assert done.returncode == FAILED and "cannot be reached" in done.stderr


def test_a_proxy_of_the_environment_is_not_used(api, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    api.answers["/api/events"] = ACCEPTED
    assert send(api, "a").returncode == OK


def test_send_to_the_real_api(stack, organization):
    settings = {"url": f"http://127.0.0.1:{stack.port}", "api_key": organization.key}
    done = cli("send", "cli.sent", '{"n":1}', "--dedup-id", "once", "--count", "2", "--json", settings=settings)
    first, second = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == OK and first["id"] == second["id"]
    assert [first["duplicate"], second["duplicate"]] == [False, True] and first["durability"] == "fsync"
    done = cli("send", "cli.sent", '{"n":2}', "--dedup-id", "once", settings=settings)
    assert done.returncode == FAILED and "refused with 422 dedup_mismatch" in done.stderr
    done = cli("send", "cli.sent", settings=settings | {"api_key": api_key()})
    assert done.returncode == FAILED and "refused with 401" in done.stderr
    done = cli("send", "cli.sent", "--delay", "1h", "--json", settings=settings)
    assert done.returncode == OK


# -- listen

def test_listen_says_where_and_prints_each_webhook():
    with Listener("--secret", WHSEC, "--count", "2") as listener:
        body = b'{"id":"evt_1","type":"order.paid","timestamp":"x","data":{"n":1}}'
        assert listener.webhook(body) == 200
        webhook = listener.json()
        received_at = datetime.fromisoformat(webhook.pop("received_at").replace("Z", "+00:00"))
        assert abs((datetime.now(timezone.utc) - received_at).total_seconds()) < 20
        assert webhook == {"id": "evt_1", "type": "order.paid", "attempt": 1, "verified": True, "body_bytes": len(body),
                           "data": {"n": 1}, "cloudevent": None}
        assert listener.child.poll() is None
        assert listener.webhook(body, id="evt_2", x_millrace_attempt="17") == 200
        assert listener.json()["attempt"] == 17
        assert listener.end() == OK


def test_listen_takes_bodies_of_all_kinds():
    bodies = [b"", b"\x00\xff\xfe", b"[1]", b'"x"', b"{", '{"data":"é€😀"}'.encode(), b'{"data":\r\n{"a":\n[1,\n2]}}',
              b'{"data":null}', b'{"data":12345678901234567890.5}', b'{"type":7}', b'{"type":"a\\nb\\u0000"}', b"[" * 5000,
              b'{"data":"' + b"x" * 2_000_000 + b'"}']
    expected = {5: "é€😀", 6: {"a": [1, 2]}}
    with Listener("--secret", WHSEC, "--count", str(len(bodies))) as listener:
        for number, body in enumerate(bodies):
            assert listener.webhook(body, id=f"evt_{number}") == 200
            line = listener.json()
            assert (line["id"], line["verified"], line["body_bytes"]) == (f"evt_{number}", True, len(body))
            if number in expected:
                assert line["data"] == expected[number]
        assert listener.end() == OK


WRONG = {
    "another secret": dict(secret=bytes(24)),
    "too old": dict(timestamp=-301),
    "in the future": dict(timestamp=+302),
    "a timestamp that is none": dict(webhook_timestamp="hello"),
    "no id": dict(webhook_id=None),
    "no timestamp": dict(webhook_timestamp=None),
    "no signature": dict(webhook_signature=None),
    "another id": dict(webhook_id="evt_2"),
    "an empty signature": dict(webhook_signature="v1,"),
    "a cut signature": dict(webhook_signature="v1,abcdefgh"),
    "another version": dict(webhook_signature=None, webhook_version="v2"),
}


@pytest.mark.parametrize("how", WRONG)
def test_a_wrong_signature_is_told_refused_and_decides_the_exit_code(how):
    given = dict(WRONG[how])
    if "timestamp" in given:
        given["timestamp"] += int(time.time())
    with Listener("--secret", WHSEC, "--count", "2") as listener:
        assert listener.webhook(**given) == 401
        assert listener.json()["verified"] is False
        assert listener.webhook() == 200
        assert listener.json()["verified"] is True
        assert listener.end() == FAILED


def test_an_altered_body_is_wrong_and_a_list_with_the_right_one_is_right():
    now = int(time.time())
    right = sign("evt_1", now, b'{"data":1}')
    with Listener("--secret", WHSEC, "--count", "2") as listener:
        junk = "v1," + "A" * 43 + "= v2," + right[3:] + " "
        assert listener.webhook(b'{"data":1}', timestamp=now, webhook_signature=junk + right + " v1,x") == 200
        assert listener.webhook(b'{"data":2}', timestamp=now, webhook_signature=right) == 401
        assert listener.end() == FAILED


def test_listen_prints_the_attributes_of_a_cloudevent():
    with Listener("--count", "1") as listener:
        assert listener.webhook(b'{"data":1,"cloudevent":{"id":"1","source":"/s"}}') == 200
        assert listener.json()["cloudevent"] == {"id": "1", "source": "/s"}


def test_without_a_secret_nothing_is_verified_and_nothing_is_wrong():
    with Listener("--count", "1", "--status", "503") as listener:
        assert listener.post(b"x", {}) == 503
        line = listener.json()
        assert (line["verified"], line["id"], line["type"], line["attempt"], line["data"]) == (None,) * 5
        assert listener.end() == OK


def test_only_posts_are_webhooks():
    with Listener("--count", "1") as listener:
        assert listener.post(None, {}, method="GET") == 405
        assert listener.webhook() == 200
        assert listener.json()["id"] == "evt_1"
        assert listener.end() == OK


@pytest.mark.parametrize("arguments, code", [([], OK), (["--count", "2"], FAILED)])
def test_listen_ends_by_signal(arguments, code):
    with Listener(*arguments) as listener:
        assert listener.webhook() == 200
        listener.child.send_signal(signal.SIGTERM)
        assert listener.end() == code


def test_listen_ends_when_nobody_reads():
    with Unheard("listen", "--json") as unheard:
        listener = client_of(json.loads(unheard.first_line())["listening"])
        unheard.stop_reading()
        listener.webhook()
        assert unheard.end() == FAILED


def test_a_secret_of_a_file_and_bad_ones(tmp_path):
    path = tmp_path / "secret"
    path.write_text(WHSEC + "\n")
    with Listener("--secret-file", path, "--count", "1") as listener:
        assert listener.webhook() == 200
        assert listener.end() == OK


@pytest.mark.parametrize("secret", ["whsec_", "whsec_AAAA", "whsec_!!!!", "no_secret"])
def test_a_secret_that_is_none_is_a_usage_error_that_does_not_repeat_it(secret):
    done = cli("listen", "--secret", secret)
    assert done.returncode == USAGE and "must be whsec_" in done.stderr
    assert secret == "whsec_" or secret not in done.stderr


def test_a_port_that_is_taken_is_a_failure_in_words():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = cli("listen", "--port", port)
    assert done.returncode == FAILED and str(port) in done.stderr
    assert cli("listen", "--host", "x" * 1000).returncode == FAILED


def test_a_person_reads_a_line_that_cannot_move_the_cursor():
    with Background("listen", "--secret", WHSEC, "--count", "1") as listener:
        client = client_of(listener.line().split(" ")[2])
        body = '{"type":"a\\u001b[2J\u202e","data":"x\x7f\u202e\u009b é"}'.encode()
        assert client.webhook(body, id="evt_1") == 200
        line = listener.line()
        assert "evt_1" in line and "attempt 1" in line and "signature right" in line and "é" in line
        assert not any(ord(char) < 32 or char in "\x7f\u202e\u009b" for char in line)
        assert listener.end() == OK


@pytest.mark.parametrize("environment, is_coloured", [({"TERM": "xterm"}, True), ({"TERM": "dumb"}, False),
                                                      ({"TERM": "xterm", "NO_COLOR": "1"}, False)])
def test_colours_are_for_terminals_that_want_them(environment, is_coloured):
    with Terminal("listen", "--secret", WHSEC, "--count", "1", environment={"NO_COLOR": ""} | environment) as terminal:
        terminal.read_until("\n")
        client_of(terminal.text.split(" ")[2].strip()).webhook()
        text = terminal.read_all()
    assert ("\x1b[32msignature right" in text) == is_coloured and "signature right" in text


def test_real_webhooks_are_verified(stack, organization):
    with Listener("--secret", WHSEC, "--count", "1") as listener:
        organization.new_endpoint(f"http://{listener.address}/", "cli.listened", secret=WHSEC)
        event = organization.publish("cli.listened", {"n": [1, 2]})
        webhook = listener.json()
        assert (webhook["id"], webhook["type"], webhook["attempt"]) == (event, "cli.listened", 1)
        assert webhook["verified"] is True and webhook["data"] == {"n": [1, 2]}
        assert listener.end() == OK
