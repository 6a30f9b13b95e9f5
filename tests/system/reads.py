"""What tests of the API's lists share."""
import re

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
HERE = {"X-Request-Id": "the-same-for-both"}
ID = "0" * 20
BAD_PARAMETERS = {"limit=0": "?limit", "limit=251": "?limit", "limit=x": "?limit", "limit=": None, "cursor=00": "?cursor",
                  "cursor=" + "ab" * 40: "?cursor"}


def is_time(text):
    return TIME.fullmatch(text) is not None


def delivery_id(event, endpoint):
    return "dlv_" + event[4:] + endpoint[3:]


def assert_refused(client, path, query, pointer):
    """pointer None: well, then it is not refused."""
    answer = client.get(f"{path}?{query}")
    if pointer is None:
        assert answer.status == 200, answer.body
    else:
        assert answer.status == 400 and [error["pointer"] for error in answer.json["errors"]] == [pointer], answer.body


def assert_looks_absent(client, path, absent, others, method="GET", body=None):
    """What is another organization's gets the very answer that what never was gets."""
    answers = [client.request(method, path.replace("{id}", id), body, HERE) for id in (absent, others, "nonsense", "evt_")]
    assert answers[0].status == 404 and answers[0].code == "not_found"
    assert {(answer.status, answer.body, answer.headers["Content-Type"]) for answer in answers} == \
        {(404, answers[0].body, "application/problem+json")}


def assert_cursor_is_bound(organization, other, path, query):
    """A cursor is good for the very list that it was given for."""
    page = organization.client.list(path, limit=1)
    cursor = page["next_cursor"]
    assert cursor
    assert organization.client.get(f"{path}?limit=1&cursor={cursor}").status == 200
    edited = cursor[:-1] + ("0" if cursor[-1] != "0" else "1")
    for client, text in ((other.client, f"cursor={cursor}"), (organization.client, f"cursor={cursor}&{query}"),
                         (organization.client, f"cursor={edited}")):
        answer = client.get(f"{path}?{text}")
        assert (answer.status, answer.code) == (400, "invalid_cursor"), text
