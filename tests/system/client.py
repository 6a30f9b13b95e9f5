"""A client of the API on one kept connection, and what tests make with it."""
import http.client
import json
import select
import urllib.parse
from dataclasses import dataclass

TIMEOUT_S = 60


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """Of a problem."""
        return self.json["code"]


class Client:
    """For one thread. Connects again when the server has closed, as it does with connections that are idle for long."""

    def __init__(self, port, token=None):
        self.port = port
        self.token = token
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def request(self, method, path, body=None, headers=None):
        """body: bytes as they are, text, or anything that JSON can say."""
        sent = {}
        if self.token:
            sent["Authorization"] = "Bearer " + self.token
        if body is not None:
            sent["Content-Type"] = "application/json"
            if not isinstance(body, (bytes, str)):
                body = json.dumps(body)
            if isinstance(body, str):
                body = body.encode()
        self.drop_if_closed()
        try:
            self.connection.request(method, path, body, sent | (headers or {}))
            response = self.connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        except (OSError, http.client.HTTPException):
            self.connection.close()
            raise

    def drop_if_closed(self):
        """Between two requests there is nothing to read, unless it is the end."""
        if self.connection.sock and select.select([self.connection.sock], [], [], 0)[0]:
            self.connection.close()

    def get(self, path, headers=None):
        return self.request("GET", path, None, headers)

    def try_get(self, path):
        """None when nobody answers."""
        try:
            return self.get(path)
        except (OSError, http.client.HTTPException):
            return None

    def post(self, path, body, headers=None):
        return self.request("POST", path, body, headers)

    def patch(self, path, body, headers=None):
        return self.request("PATCH", path, body, headers)

    def delete(self, path, headers=None):
        return self.request("DELETE", path, None, headers)

    def pages(self, path, **parameters):
        """Each page's items, as a client walks a list."""
        while True:
            answer = self.get(f"{path}?{urllib.parse.urlencode(parameters)}")
            assert answer.status == 200, f"GET {path}: {answer.status} {answer.body}"
            assert list(answer.json) == ["data", "next_cursor"] and len(answer.json["data"]) <= int(parameters.get("limit", 50))
            yield answer.json["data"]
            if not (cursor := answer.json["next_cursor"]):
                return
            parameters["cursor"] = cursor

    def walk(self, path, **parameters):
        """All items of a list."""
        return [item for page in self.pages(path, **parameters) for item in page]

    def create(self, path, body):
        answer = self.post(path, body)
        assert answer.status == 201, f"POST {path}: {answer.status} {answer.body}"
        return answer.json

    def list(self, path, **parameters):
        """One page."""
        answer = self.get(f"{path}?{urllib.parse.urlencode(parameters)}")
        assert answer.status == 200, f"GET {path}: {answer.status} {answer.body}"
        return answer.json

    def publish(self, type, data=None, headers=None, **members):
        """An event -> the answer."""
        return self.post("/api/events", {"type": type, "data": data, **members}, headers)

    def publish_text(self, type, data, headers=None):
        """An event whose data is this JSON text, byte for byte -> its id."""
        answer = self.post("/api/events", f'{{"type":"{type}","data":{data}}}', headers)
        assert answer.status == 202, f"{answer.status} {answer.body}"
        return answer.json["id"]


class Organization:
    """A fresh organization with a key that may do everything."""

    def __init__(self, admin, port, name="test"):
        self.admin = admin
        self.port = port
        self.id = admin.create("/api/organizations", {"name": name})["id"]
        self.key = self.new_key()["key"]
        self.client = self.new_client()

    def new_key(self, scopes=("*",), **members):
        return self.admin.create("/api/keys", {"name": "test", "organization": self.id, "scopes": list(scopes), **members})

    def new_client(self, key=None, port=None):
        return Client(port or self.port, key or self.key)

    def new_endpoint(self, url, *event_types, **members):
        """Everything when no types are named."""
        return self.client.create("/api/endpoints", {"url": url, "event_types": list(event_types) or ["*"], **members})

    def publish(self, *arguments, **members):
        """-> the event's id."""
        answer = self.client.publish(*arguments, **members)
        assert answer.status == 202, f"{answer.status} {answer.body}"
        return answer.json["id"]
