"""HTTP on a bare socket: sends what no client library would, and tells what came back and how the connection ended."""

import contextlib
import socket
import time
from dataclasses import dataclass, field

MULTIPART = b'Content-Type: multipart/related; type="application/dicom"; boundary=b\r\n'


@dataclass
class Answer:
    """What the server sent; `is_closed` when it ended the connection by itself."""

    text: bytes
    is_closed: bool
    sent: int
    seconds: float
    headers: dict = field(default_factory=dict)

    def __post_init__(self):
        for line in self.text.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            self.headers[name.strip().lower().decode("latin-1")] = value.strip().decode("latin-1")

    @property
    def statuses(self):
        """The statuses of all answers, interim ones included."""
        return [int(piece[:3]) for piece in self.text.split(b"HTTP/1.1 ")[1:]]

    @property
    def status(self):
        return self.statuses[-1] if self.statuses else None


def exchange(port, pieces, seconds=10, ends=False):
    """Sends the pieces and reads until the server closes, or for so many seconds.

    `ends` closes our half behind the last piece, as `shutdown` does.
    """
    begin = time.monotonic()
    text, sent, is_closed = b"", 0, False
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        try:
            for piece in [pieces] if isinstance(pieces, bytes) else pieces:
                connection.sendall(piece)
                sent += len(piece)
            if ends:
                connection.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            is_closed = True
        except TimeoutError:
            pass
        with contextlib.suppress(TimeoutError):
            try:
                while data := connection.recv(65536):
                    text += data
                is_closed = True
            except ConnectionResetError:
                is_closed = True
    return Answer(text, is_closed, sent, time.monotonic() - begin)


def request_line(method, target):
    return f"{method} {target} HTTP/1.1\r\nHost: archive\r\n".encode()


def head(archive, method, target, *fields, token=True):
    """A request's head, with the empty line."""
    text = request_line(method, target)
    if token:
        text += f"Authorization: Bearer {archive.token}\r\n".encode()
    for line in fields:
        text += line if line.endswith(b"\r\n") else line + b"\r\n"
    return text + b"\r\n"


def get(archive, target, *fields, seconds=5):
    """One GET on a connection of its own, which the server is asked to close."""
    return exchange(archive.http_port, head(archive, "GET", target, b"Connection: close", *fields), seconds)
