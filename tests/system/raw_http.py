"""HTTP as bytes: what a client sends that keeps to no rule, and exactly what comes back."""
import socket
from dataclasses import dataclass

TIMEOUT_S = 30


@dataclass
class RawAnswer:
    status: int
    headers: dict  # names in lower case
    body: bytes


class RawConnection:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def end(self):
        """Nothing more is sent."""
        self.socket.shutdown(socket.SHUT_WR)

    def answer(self, is_to_head=False):
        """The next answer; None when the server has closed."""
        status_line = self.read_line()
        if status_line is None:
            return None
        version, status, _ = status_line.split(" ", 2)
        assert version == "HTTP/1.1", status_line
        headers = {}
        while (line := self.read_line()) != "":
            assert line is not None, "closed within the head"
            name, value = line.split(": ", 1)
            assert name.lower() not in headers, f"{name} twice"
            headers[name.lower()] = value
        length = 0 if is_to_head or int(status) < 200 else int(headers["content-length"])
        body = self.stream.read(length)
        assert len(body) == length
        return RawAnswer(int(status), headers, body)

    def read_line(self):
        try:
            line = self.stream.readline()
        except ConnectionResetError:
            line = b""
        if not line:
            return None
        assert line.endswith(b"\r\n"), line
        return line[:-2].decode("latin-1")

    def answers_to_end(self):
        """All of them, once the server has closed."""
        found = []
        while (answer := self.answer()) is not None:
            found.append(answer)
        return found


def exchange(port, data):
    """All that is answered to these bytes, which are all that is sent."""
    with RawConnection(port) as connection:
        connection.send(data)
        return connection.answers_to_end()
