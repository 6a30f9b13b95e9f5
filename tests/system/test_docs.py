"""The documentation page: what it is made of, and what it may load."""
import contextlib
import gzip
import pathlib
import re
import shutil
import subprocess

import pytest

import api_document
from client import Client
from raw_http import RawConnection

PAGE = "/api/docs"
POLICY = {"default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "connect-src": "'self'",
          "img-src": "'self' data:", "base-uri": "'none'", "form-action": "'none'", "frame-ancestors": "'none'"}
GZIP = {"Accept-Encoding": "gzip, deflate, br"}
READERS = 100
CHROMIUM = shutil.which("chromium")
CHROMIUM_OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                    "--disable-background-networking", "--disable-component-update", "--disable-sync",
                    "--enable-logging=stderr", "--virtual-time-budget=10000", "--dump-dom")


@pytest.fixture
def client(stack):
    with Client(stack.port) as client:
        yield client


def links(html):
    return re.findall(r'(?:src|href)="([^"]*)"', html)


def assets(client):
    return ["/api/" + link for link in links(client.get(PAGE).body.decode())]


def test_the_page_loads_nothing_of_others(client):
    answer = client.get(PAGE)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    html = answer.body.decode()
    assert len(links(html)) >= 5 and not [link for link in links(html) if ":" in link or link.startswith("/")]
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]* src=)", html)


def test_every_asset_is_there(client):
    for path in assets(client):
        answer = client.get(path)
        assert answer.status == 200 and answer.body, path


def test_the_policy_is_strict_everywhere(client):
    for path in (PAGE, "/api/openapi.json", *assets(client)):
        headers = client.get(path).headers
        policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
        assert policy == POLICY, path
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "public, max-age=300"
        assert headers["X-Request-Id"]


@pytest.mark.parametrize("accepted,is_gzip", [
    ("gzip", True), ("GZIP", True), ("*", True), ("br;q=1.0, gzip;q=0.8, *;q=0.1", True), ("gzip;q=0.5", True),
    ("identity", False), ("", False), ("gzip;q=0", False), ("gzip; q=0.000", False), ("*;q=0", False), ("*, gzip;q=0", False)])
def test_large_files_are_compressed_for_who_takes_it(client, accepted, is_gzip):
    plain = client.get("/api/docs/swagger-ui.css", {"Accept-Encoding": "identity"})
    answer = client.get("/api/docs/swagger-ui.css", {"Accept-Encoding": accepted})
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers["Content-Encoding"] == ("gzip" if is_gzip else None)
    assert (gzip.decompress(answer.body) if is_gzip else answer.body) == plain.body


@pytest.mark.parametrize("name", ["index.html", "nothing.js", "components.json", "swagger-ui.css.gz", "a/b", "%00", "%2e%2e"])
def test_nothing_else_is_served(client, name):
    assert client.get(f"{PAGE}/{name}").status in (400, 404)


def test_head_has_the_length_alone(client):
    answer = client.request("HEAD", PAGE)
    assert answer.status == 200 and not answer.body
    assert int(answer.headers["Content-Length"]) == len(client.get(PAGE).body)


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium (apt-get install chromium)")
def test_a_browser_shows_every_operation(stack, tmp_path):
    run = subprocess.run([CHROMIUM, *CHROMIUM_OPTIONS, f"--user-data-dir={tmp_path}", f"http://127.0.0.1:{stack.port}{PAGE}"],
                         capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    complaints = [line for line in run.stderr.splitlines() if "CONSOLE" in line]
    assert not complaints
    for operation in api_document.operations(api_document.read(stack.port)):
        assert f'data-path="{operation.path}"' in run.stdout, operation


def rss(pid):
    """Bytes of memory that the process has."""
    return 1024 * int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1))


def test_slow_readers_take_no_memory(stack, client):
    """Each would otherwise hold a copy of a file of more than a megabyte."""
    pid, body = stack.services["ingest"].pid, client.get("/api/docs/swagger-ui-bundle.js").body
    asked = b"".join(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % path for path in
                     (b"/health/live", b"/api/docs/swagger-ui-bundle.js", b"/api/docs", b"/health/live"))
    with contextlib.ExitStack() as ends:
        readers = [ends.enter_context(RawConnection(stack.port)) for _ in range(READERS)]
        before = rss(pid)
        for reader in readers:
            reader.send(asked)
        for reader in readers:
            assert reader.answer().status == 200
        assert client.get("/health/live").status == 200  # what came before it is answered
        assert rss(pid) - before < READERS * len(body) / 4
        for reader in readers:
            answers = [reader.answer() for _ in range(3)]
            assert answers[0].body == body and answers[1].body.startswith(b"<!doctype") and answers[2].body.startswith(b"{")
