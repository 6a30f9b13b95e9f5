"""The OpenAPI document of a running service, and requests made from it."""
import json
import secrets
from dataclasses import dataclass

from client import Client

METHODS = ("get", "post", "put", "patch", "delete")
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
API_KEY, ADMIN = "apiKey", "adminToken"


@dataclass
class Operation:
    method: str
    path: str
    said: dict  # in the document
    document: dict

    def __str__(self):
        return f"{self.method} {self.path}"

    @property
    def resource(self):
        """That {id} is of: "endpoints" of /api/endpoints/{id}/pause."""
        return self.path.split("/{id}")[0].split("/")[-1] if "{id}" in self.path else None

    @property
    def is_open(self):
        return not self.said["security"]

    @property
    def scope(self):
        """Of an API key; "" when any will do, None when none will."""
        return next(("".join(one[API_KEY]) for one in self.said["security"] if API_KEY in one), None)

    @property
    def takes_admin(self):
        return any(ADMIN in one for one in self.said["security"])

    @property
    def takes_organization(self):
        return any(self.resolve(one)["name"] == "organization" for one in self.said["parameters"])

    @property
    def successes(self):
        return {int(status) for status in self.said["responses"] if status < "400"}

    def resolve(self, thing):
        while "$ref" in thing:
            found = self.document
            for name in thing["$ref"].removeprefix("#/").split("/"):
                found = found[name]
            thing = found
        return thing

    def example(self):
        """A body that is all right, as the document shows it; None when there is none."""
        if "requestBody" not in self.said:
            return None
        schema = self.resolve(self.said["requestBody"]["content"]["application/json"]["schema"])
        return json.loads(json.dumps(schema["examples"][0]))

    def ask(self, client, id=None, body=None, organization=None, headers=None):
        query = f"?organization={organization}" if organization else ""
        return client.request(self.method, self.path.replace("{id}", id or "") + query, body, headers)


def read(port):
    with Client(port) as client:
        return client.get("/api/openapi.json").json


def operations(document):
    return [Operation(method.upper(), path, said, document) for path, methods in document["paths"].items()
            for method, said in methods.items() if method in METHODS]


def absent_id(like):
    """Well-formed, and nobody's."""
    prefix, own = like.split("_")
    return f"{prefix}_" + own[:10] + "".join(secrets.choice(ALPHABET) for _ in range(len(own) - 10))
