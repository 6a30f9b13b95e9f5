"""The OpenAPI document: valid by OpenAPI's own schema, and true of the server, by a tool that knows nothing of it."""
import collections
import copy
import json
import os
import pathlib
import subprocess
import sys

import pytest

import api_document
from api_document import ADMIN
from api_resources import Resources
from processes import ROOT

TOOLS = pathlib.Path(os.environ.get("MILLRACE_OPENAPI", ROOT / "build/openapi"))
assert TOOLS.is_dir(), f"{TOOLS} is missing: run deploy/install --test"
sys.path.append(str(TOOLS))

import jsonschema  # noqa: E402

CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
          "response_schema_conformance")
EXAMPLES = 20

# The document says what is taken before it is decoded, of which chance would hardly make what is right when it is.
WELL_FORMED = {
    "ce-specversion": {"const": "1.0"},
    "ce-id": {"type": "string", "minLength": 1, "maxLength": 1024, "pattern": "^[!#$&-~]+$"},
    "ce-source": {"type": "string", "minLength": 1, "maxLength": 1024, "pattern": "^/[a-z0-9/]+$"},
    "ce-type": {"type": "string", "pattern": "^[A-Za-z0-9_.-]{1,256}$"},
    "ce-subject": {"type": "string", "minLength": 1, "pattern": "^[!#$&-~]+$"},
    "ce-time": {"type": "string", "format": "date-time"},
    "ce-dataschema": {"type": "string", "pattern": "^https://[a-z0-9./]+$"},
}


def run_tool(module, *arguments, folder, timeout_s):
    """In a folder of its own, for what it leaves behind."""
    return subprocess.run(["/usr/bin/python3", "-m", module, *map(str, arguments)], capture_output=True, text=True,
                          timeout=timeout_s, cwd=folder, env=os.environ | {"PYTHONPATH": str(TOOLS), "NO_COLOR": "1"})


@pytest.fixture
def document(stack):
    return api_document.read(stack.port)


def test_it_is_valid(document, tmp_path):
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    run = run_tool("openapi_spec_validator", tmp_path / "openapi.json", folder=tmp_path, timeout_s=60)
    assert run.returncode == 0, run.stdout + run.stderr


def test_it_has_what_the_table_implies(document):
    names = set()
    for operation in api_document.operations(document):
        statuses, said = set(operation.said["responses"]), operation.said
        assert said["operationId"] not in names and said["summary"], operation
        names.add(said["operationId"])
        assert {tag["name"] for tag in document["tags"]} >= set(said["tags"]), operation
        assert operation.successes and statuses >= {"400", "408", "413", "417", "431"}, operation
        assert ("401" in statuses) == (not operation.is_open), operation
        assert ("404" in statuses) >= ("{id}" in operation.path), operation
        assert ("429" in statuses) == (operation.scope is not None), operation
        if "requestBody" in said:
            assert statuses >= {"415", "422", "503"}, operation
            operation.example()


def test_it_names_all_forms_of_events(document):
    single, batch = (document["paths"][path]["post"] for path in ("/api/events", "/api/events/batch"))
    assert set(single["requestBody"]["content"]) == {
        "application/json", "application/cloudevents+json", "application/cloudevents-batch+json", "*/*"}
    assert set(batch["requestBody"]["content"]) == {
        "application/json", "application/x-ndjson", "application/msgpack", "application/cloudevents-batch+json"}
    names = {part["$ref"].split("/")[-1] for part in single["parameters"]}
    assert names == {"Idempotency-Key", "ce-specversion", "ce-id", "ce-source", "ce-type", "ce-subject", "ce-time", "ce-dataschema"}
    schemas = document["components"]["schemas"]
    assert "cloudevent" in schemas["WebhookEvent"]["properties"] and "cloudevent" not in schemas["WebhookEvent"]["required"]
    assert "cloudevent" in schemas["EventDetail"]["required"] and "cloudevent" in schemas["InboxEvent"]["required"]


CLOUDEVENT = {"specversion": "1.0", "id": "1", "source": "/s", "type": "a"}
IN_HEADERS = {f"ce-{name}": value for name, value in CLOUDEVENT.items()}


def check(document, schema, value):
    """By that schema as it stands, formats too."""
    validator = jsonschema.Draft202012Validator(schema | {"components": document["components"]},
                                                format_checker=jsonschema.FormatChecker())
    return [error.message for error in validator.iter_errors(value)]


@pytest.mark.parametrize("headers", [
    {"ce-id": "50%25 %E2%82%AC"}, {"ce-id": '"a b"'}, {"ce-id": "%41" * 1024}, {"ce-id": "a'b~"},
    {"ce-source": "urn:Shop:7?a=b#C"}, {"ce-source": "https://example.com/%2541"}, {"ce-source": "%2f" * 1024},
    {"ce-type": '"a"'}, {"ce-type": "%61" * 256}, {"ce-specversion": '"1.0"'}, {"ce-subject": "Euro %E2%82%AC"},
    {"ce-time": '"2026-01-31T09:30:00Z"'}, {"ce-dataschema": "urn:x:Y"}, {"ce-dataschema": "https://example.com/A?b=c#d"},
])
def test_it_takes_headers_of_a_cloudevent_that_the_server_takes(document, organization, headers):
    answer = organization.client.post("/api/events", b"1", {"Content-Type": "application/json"} | IN_HEADERS | headers)
    assert answer.status == 202, answer.body
    for name, value in headers.items():
        assert check(document, document["components"]["parameters"][name]["schema"], value) == []


@pytest.mark.parametrize("members", [
    *({"datacontenttype": text, "data": "x"} for text in (
        "audio/MP4", "text/vnd.3gpp; a=b", " x!#$/%&'*+-.^_`|~ ;", "application/JSON")),
    {"data": 1, "data_base64": None}, {"data_base64": "AAEC"}, {"data_base64": None}, {"data": None}])
def test_it_takes_cloudevents_that_the_server_takes(document, organization, members):
    form = "application/cloudevents+json"
    answer = organization.client.post("/api/events", CLOUDEVENT | members, {"Content-Type": form})
    assert answer.status == 202, answer.body
    schema = document["paths"]["/api/events"]["post"]["requestBody"]["content"][form]["schema"]
    assert check(document, schema, CLOUDEVENT | members) == []


@pytest.mark.parametrize("members", [
    {"data": 1, "data_base64": "AAEC"}, {"data": None, "data_base64": ""}, {"datacontenttype": "text"},
    {"datacontenttype": "text/ plain"}])
def test_it_refuses_cloudevents_that_the_server_refuses(document, organization, members):
    answer = organization.client.post("/api/events", CLOUDEVENT | members, {"Content-Type": "application/cloudevents+json"})
    assert answer.status == 422, answer.body
    assert check(document, document["components"]["schemas"]["CloudEvent"], CLOUDEVENT | members)


def test_it_names_the_webhook(document):
    webhook = document["webhooks"]["delivery"]["post"]
    names = {parameter["name"] for parameter in webhook["parameters"]}
    assert names >= {"webhook-id", "webhook-timestamp", "webhook-signature", "idempotency-key", "traceparent",
                     "x-millrace-attempt", "user-agent"}


# -- the server against it


def close_schemas(schema):
    """Answers may have no member that is not in the document. (Clients must bear new ones, so it does not say so itself.)"""
    if isinstance(schema, dict):
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
        for part in schema.values():
            close_schemas(part)
    elif isinstance(schema, list):
        for part in schema:
            close_schemas(part)


def narrow(operation, resources):
    """Ids and organizations that are there: random ones would all be answered alike."""
    for index, parameter in enumerate(operation.said["parameters"]):
        parameter = copy.deepcopy(operation.resolve(parameter))
        if parameter["name"] == "id":
            ids = resources.new(operation.resource), resources.new(operation.resource)
            parameter["schema"] = {"enum": [*ids, api_document.absent_id(ids[0])]}
        elif parameter["name"] == "organization":
            parameter["schema"] = {"const": resources.organization.id}
            parameter["required"] = resources.asks_as == ADMIN
        elif parameter["name"] in WELL_FORMED:
            parameter["schema"] = WELL_FORMED[parameter["name"]]
        operation.said["parameters"][index] = parameter
    for form in operation.said.get("requestBody", {}).get("content", {}).values():
        members = operation.resolve(form["schema"]).get("properties", {})
        if "organization" in members:
            members["organization"] = {"const": resources.organization.id}


def narrowed(document, resources, keep):
    """Only these operations, with what they need to be answered well."""
    document = copy.deepcopy(document)
    close_schemas(document["components"]["schemas"])
    operations = api_document.operations(document)
    for operation in operations:
        if not keep(operation):
            del document["paths"][operation.path][operation.method.lower()]
        elif operation.resource != "jobs":
            narrow(operation, resources)
    # From here on jobs stay as they are: there is one to cancel, and none that takes away what others ask for.
    resources.stack.services["processor"].stop()
    for operation in operations:
        if keep(operation) and operation.resource == "jobs":
            narrow(operation, resources)
    document["paths"] = {path: methods for path, methods in document["paths"].items() if methods}
    return document


def successes(har):
    """Operations, by method and number of parts of the path, that were answered well at least once."""
    found = collections.Counter()
    for entry in har["log"]["entries"]:
        path = entry["request"]["url"].split("?")[0].split("/", 3)[3]
        if entry["response"]["status"] < 400:
            found[entry["request"]["method"], "/" + path] += 1
    return found


def explore(folder, stack, document, token):
    (folder / "openapi.json").write_text(json.dumps(document))
    run = run_tool("schemathesis.cli", "run", folder / "openapi.json", "--url", f"http://127.0.0.1:{stack.port}",
                   "-H", f"Authorization: Bearer {token}", "--checks", ",".join(CHECKS),
                   "--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES, "--seed", 1, "--no-shrink",
                   "--generation-database", "none", "--report", "har", "--report-har-path", folder / "har.json",
                   folder=folder, timeout_s=300)
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
    return successes(json.loads((folder / "har.json").read_text()))


def fits(path, asked):
    parts, found = path.split("/"), asked.split("/")
    return len(parts) == len(found) and all(one == two or one == "{id}" for one, two in zip(parts, found))


@pytest.mark.slow
@pytest.mark.parametrize("asks_as", ["organization", ADMIN])
def test_the_server_does_what_it_says(new_stack, document, tmp_path, asks_as):
    stack = new_stack().start()
    organization = stack.new_organization()
    resources = Resources(stack, organization, asks_as)
    is_admin = asks_as == ADMIN
    document = narrowed(document, resources,
                        lambda operation: operation.takes_admin if is_admin else operation.scope is not None or operation.is_open)
    good = explore(tmp_path, stack, document, stack.admin.token if is_admin else organization.key)
    never = [str(operation) for operation in api_document.operations(document)
             if not any(method == operation.method and fits(operation.path, path) for method, path in good)]
    assert not never, f"never answered well: {never}"
    assert stack.services["ingest"].is_running()
