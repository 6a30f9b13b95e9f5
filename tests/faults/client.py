"""One keep-alive HTTP connection that can tell what a failure leaves open."""

import json
import socket


class Broken(Exception):
    """No whole answer came. refused: there was no connection at all; cut: it was closed before the first byte of an answer, as a server
    that ends does with connections on which it has seen no request; timed_out: patience was over."""

    def __init__(self, why, refused=False, cut=False, timed_out=False):
        super().__init__(why)
        self.refused, self.cut, self.timed_out = refused, cut, timed_out


class Connection:
    def __init__(self, port, timeout):
        self.port, self.timeout = port, timeout
        self._socket = None

    def close(self):
        if self._socket:
            self._socket.close()
        self._socket = None

    def request(self, method, path, headers=(), body=b""):
        """Status and body of the answer, or Broken."""
        received = bytearray()
        self.open()
        try:
            self.send(method, path, headers, body)
            status, answer = self.read(received)
        except OSError as error:
            self.close()
            timed_out = isinstance(error, TimeoutError)
            raise Broken(str(error), cut=not received and not timed_out, timed_out=timed_out) from error
        return status, answer

    def post_json(self, path, key, text):
        headers = [("Authorization", f"Bearer {key}"), ("Content-Type", "application/json")]
        status, body = self.request("POST", path, headers, text.encode())
        return status, json.loads(body) if body else {}

    def send(self, method, path, headers, body, held_back=0):
        """held_back: bytes of the body that send_rest brings later."""
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers]
        whole = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
        self._socket.sendall(whole[:len(whole) - held_back])

    def send_rest(self, piece):
        self._socket.sendall(piece)

    def open(self):
        if self._socket:
            return
        try:
            self._socket = socket.create_connection(("127.0.0.1", self.port), self.timeout)
        except OSError as error:
            raise Broken(str(error), refused=True) from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _receive(self, received):
        chunk = self._socket.recv(65536)
        if not chunk:
            raise ConnectionResetError("closed without a whole answer")
        received += chunk

    def read(self, received=None):
        received = bytearray() if received is None else received
        while b"\r\n\r\n" not in received:
            self._receive(received)
        head_len = received.index(b"\r\n\r\n") + 4
        head = received[:head_len].decode("latin-1").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        length = int(fields.get("content-length", "0"))
        while len(received) < head_len + length:
            self._receive(received)
        if fields.get("connection", "").lower() == "close":
            self.close()
        return int(head[0].split()[1]), bytes(received[head_len:head_len + length])
