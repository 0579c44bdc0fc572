"""An HTTP/1.1 client on a bare socket: one connection that is kept, cheap enough to put a server under load."""

import socket

from archive import PATIENCE


class RawHTTP:
    """A connection to the archive's DICOMweb; made anew when the server has closed it."""

    def __init__(self, port, token=None, prefix="/dicomweb", timeout=60):
        self.port = port
        self.prefix = prefix
        self.timeout = timeout
        self.common = f" HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        if token:
            self.common += f"Authorization: Bearer {token}\r\n"
        self.socket = None
        self.pending = b""

    def connect(self):
        self.pending = b""
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=self.timeout * PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket = None

    def get(self, path, accept="*/*"):
        """Status, headers (names in lower case) and body."""
        return self.exchange(f"GET {self.prefix}{path}{self.common}Accept: {accept}\r\n\r\n".encode())

    def post(self, path, content_type, body, accept="*/*"):
        head = f"POST {self.prefix}{path}{self.common}Accept: {accept}\r\nContent-Type: {content_type}\r\n"
        return self.exchange(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    def store(self, files, accept="application/dicom+json"):
        """STOW-RS of the files in one request."""
        boundary = "cassette-raw-http-boundary-5bd1e995"
        start = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        body = b"".join(start + file + b"\r\n" for file in files) + f"--{boundary}--\r\n".encode()
        return self.post(
            "/studies", f'multipart/related; type="application/dicom"; boundary={boundary}', body, accept
        )

    def exchange(self, request):
        """Sends a whole request and reads the whole answer."""
        if self.socket is None:
            self.connect()
        try:
            self.socket.sendall(request)
            return self.answer()
        except BaseException:
            self.close()
            raise

    def answer(self):
        while (end := self.pending.find(b"\r\n\r\n")) < 0:
            self.fill()
        lines = self.pending[:end].decode("latin-1").split("\r\n")
        self.pending = self.pending[end + 4 :]
        status = int(lines[0].split(" ", 2)[1])
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        if status in (204, 304):
            body = b""
        elif headers.get("transfer-encoding", "").lower() == "chunked":
            body = self.chunks()
        elif "content-length" in headers:
            body = self.take(int(headers["content-length"]))
        else:
            return status, headers, self.rest()
        if headers.get("connection", "").lower() == "close":
            self.close()
        return status, headers, body

    def chunks(self):
        pieces = []
        while True:
            while (end := self.pending.find(b"\r\n")) < 0:
                self.fill()
            length = int(self.pending[:end].split(b";")[0], 16)
            self.pending = self.pending[end + 2 :]
            piece = self.take(length + 2)
            if length == 0:
                return b"".join(pieces)
            pieces.append(piece[:-2])

    def rest(self):
        """All that comes until the peer closes the connection."""
        pieces = [self.pending]
        while piece := self.socket.recv(1 << 20):
            pieces.append(piece)
        self.close()
        return b"".join(pieces)

    def take(self, count):
        if len(self.pending) >= count:
            taken, self.pending = self.pending[:count], self.pending[count:]
            return taken
        taken = bytearray(self.pending)
        self.pending = b""
        while len(taken) < count:
            piece = self.socket.recv(min(count - len(taken), 1 << 20))
            if not piece:
                raise ConnectionError("the connection ended inside an answer")
            taken += piece
        return bytes(taken)

    def fill(self):
        piece = self.socket.recv(1 << 18)
        if not piece:
            raise ConnectionError("the connection ended")
        self.pending += piece
