"""Signatures verified by an implementation that is not ours: the npm package "standardwebhooks"."""
import base64
import json
import os
import random
import subprocess

from processes import ROOT

COUNT = 1000
FORGERIES = 6
NODE_MODULES = ROOT / "build/node/node_modules"
SCRIPT = ROOT / "tests/system/verify_webhooks.mjs"
SPECIAL = ["{}", '""', "[]", "null", "0", '{"":""}', r'"\u0000"', '"' + "x" * 300_000 + '"', '"' + "ň" * 100_000 + '"',
           "[" * 60 + "]" * 60, r'"\ud83e\udd84"', '"🦄"', '"\u007f\u0080\u2028"', "{ }", '"\\"\\\\"']


def random_char(random):
    """Any character that JSON may hold as it is, but U+FFFD, which stands for many different bytes when it is decoded."""
    while True:
        char = chr(random.choice([random.randint(0x20, 0x7E), random.randint(0x80, 0x2FFF), random.randint(0x10000, 0x10FFFF)]))
        if char not in '"\\\ufffd':
            return char


def random_text(random):
    escapes = [r"\"", r"\\", r"\/", r"\b", r"\f", r"\n", r"\r", r"\t"]
    pieces = [random.choice([random_char(random), f"\\u{random.randint(0, 0x1F):04x}", random.choice(escapes)])
              for _ in range(random.choice([0, 1, 5, 40, 400]))]
    return '"' + "".join(pieces) + '"'


def random_number(random):
    whole = "0" if random.random() < 0.2 else str(random.randint(1, 10 ** random.randint(1, 40)))
    return (random.choice(["", "-"]) + whole + random.choice(["", f".{random.randint(0, 10 ** 20)}"])
            + random.choice(["", f"e{random.randint(-400, 400)}", "E+7"]))


def random_json(random, depth=0):
    kind = random.choice(["text", "text", "number", "word"] + (["list", "object"] * 2 if depth < 4 else []))
    space = random.choice(["", "", " ", "\t", "\r\n "])
    if kind == "text":
        return random_text(random)
    if kind == "number":
        return random_number(random)
    if kind == "word":
        return random.choice(["true", "false", "null"])
    values = [random_json(random, depth + 1) for _ in range(random.randint(0, 4))]
    if kind == "list":
        return f"[{space}" + f"{space},{space}".join(values) + f"{space}]"
    return f"{{{space}" + f",{space}".join(f'"{i}"{space}:{value}' for i, value in enumerate(values)) + f"{space}}}"


def verify(webhooks, secret):
    lines = [json.dumps({"secret": secret, "body": base64.b64encode(one.body).decode(), "headers": dict(one.headers)})
             for one in webhooks]
    done = subprocess.run(["node", SCRIPT, NODE_MODULES], input="\n".join(lines), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_random_bodies_are_verified_elsewhere(organization, receiver):
    seed = int(os.environ.get("SEED", random.randrange(2 ** 32)))
    print("SEED", seed)
    source = random.Random(seed)
    endpoint = organization.new_endpoint(receiver.url("/hook"))
    sent = {}
    for number in range(COUNT):
        data = SPECIAL[number] if number < len(SPECIAL) else random_json(source)
        sent[organization.client.publish_text("a", data)] = data
    webhooks = receiver.wait_events("/hook", sent)
    assert len(webhooks) == len(sent) == COUNT
    for one in webhooks:
        assert one.body.endswith(b'"data":' + sent[one.event_id].encode() + b"}"), one.event_id
    assert verify(webhooks, endpoint["secret"]) == {"verified": COUNT, "refused": COUNT * FORGERIES, "problems": []}
