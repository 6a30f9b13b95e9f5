"""What deploy/up does through the API: the organization of the first start, and the smoke test."""

import base64
import http.client
import json
import os
import queue
import secrets
import shlex
import subprocess
import threading
import time
import urllib.parse

from supervisor import Failed, in_child


def request(url, method, path, token=None, body=None):
    """-> (status, parsed body or None). Raises OSError when nobody answers."""
    target = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(target.hostname, target.port, timeout=30)
    headers = {"Content-Type": "application/json"} if body is not None else {}
    if token is not None:
        headers["Authorization"] = "Bearer " + token
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        text = response.read()
    except http.client.HTTPException as error:
        raise OSError(f"{url}{path}: {error!r}") from error
    finally:
        connection.close()
    try:
        return response.status, json.loads(text)
    except ValueError:
        return response.status, None


def create(url, path, token, body):
    status, answer = request(url, "POST", path, token, body)
    if status != 201:
        raise Failed(f"POST {path} was answered with {status}: {answer}")
    return answer


def write_private(path, text):
    """Whole or not at all, and readable by the owner alone."""
    temporary = path + ".new"
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def kept(path, make):
    """The text of the file; made and written when there is none."""
    if not os.path.exists(path):
        write_private(path, make() + "\n")
    with open(path, encoding="ascii") as file:
        return file.read().strip()


def kept_key(env_path):
    try:
        with open(env_path, encoding="utf-8") as file:
            words = shlex.split(file.read(), comments=True)
    except FileNotFoundError:
        return None
    return dict(word.split("=", 1) for word in words if "=" in word).get("MILLRACE_API_KEY")


def key_works(url, key):
    # An event without a type is refused, but only after the key was accepted.
    status, answer = request(url, "POST", "/api/events", key, {})
    if status >= 500:
        raise Failed(f"POST /api/events was answered with {status}: {answer}")
    return status not in (401, 403)


def new_key(url, admin_token, organization_path):
    """The organization is remembered before its key is asked for, so that a crash in between makes no second one."""
    def new_organization():
        return create(url, "/api/organizations", admin_token, {"name": "demo"})["id"]

    def ask(organization):
        return request(url, "POST", "/api/keys", admin_token,
                       {"organization": organization, "name": "demo", "scopes": ["*"]})

    status, answer = ask(kept(organization_path, new_organization))
    if status in (404, 422):
        # Another Redis than last time: the organization that was remembered is not there.
        os.unlink(organization_path)
        status, answer = ask(kept(organization_path, new_organization))
    if status != 201:
        raise Failed(f"POST /api/keys was answered with {status}: {answer}")
    return answer["key"]


def ensure_key(url, admin_token, redis_url, data):
    env_path = os.path.join(data, "demo.env")
    key = kept_key(env_path)
    if key is None or not key_works(url, key):
        key = new_key(url, admin_token, os.path.join(data, "organization"))
    values = {"MILLRACE_URL": url, "MILLRACE_API_KEY": key, "MILLRACE_ADMIN_TOKEN": admin_token,
              "MILLRACE_REDIS_URL": redis_url}
    write_private(env_path, "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items()))
    return key


class Receiver:
    """`millrace listen`, its lines read with the time at which they came."""

    def __init__(self, program, secret):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("MILLRACE_")}
        self.child = subprocess.Popen([program, "listen", "--port", "0", "--secret", secret, "--count", "1", "--json"],
                                      env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                                      preexec_fn=in_child)
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.child.stdout:
            self.lines.put((time.monotonic(), line))
        self.lines.put((time.monotonic(), ""))

    def next(self, what, timeout_s=30.0):
        try:
            at, line = self.lines.get(timeout=timeout_s)
        except queue.Empty:
            raise Failed(f"smoke: {what} did not come within {timeout_s:g} s") from None
        if not line:
            raise Failed(f"smoke: millrace listen ended before {what} came")
        try:
            return at, json.loads(line)
        except ValueError:
            raise Failed(f"smoke: millrace listen printed {line!r}") from None

    def stop(self):
        self.child.kill()
        self.child.wait()


def smoke(url, key, program):
    """One event through everything -> milliseconds from its accept to its webhook, whose signature was right."""
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
    # A type of its own, so that what an earlier smoke test left in the same data is not asked to receive it.
    event_type = "smoke." + secrets.token_hex(8)
    receiver = Receiver(program, secret)
    try:
        _, line = receiver.next("its address")
        create(url, "/api/endpoints", key, {"url": line["listening"], "event_types": [event_type], "secret": secret})
        status, event = request(url, "POST", "/api/events", key, {"type": event_type, "data": {"smoke": True}})
        accepted_at = time.monotonic()
        if status != 202:
            raise Failed(f"smoke: the event was answered with {status}: {event}")
        received_at, webhook = receiver.next("the webhook")
        if webhook.get("id") != event["id"] or webhook.get("verified") is not True:
            raise Failed(f"smoke: sent {event}, received {webhook}")
        if receiver.child.wait(10) != 0:
            raise Failed("smoke: millrace listen found the signature wrong")
    finally:
        receiver.stop()
    return max(0.0, received_at - accepted_at) * 1000.0
