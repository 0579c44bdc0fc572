"""A real S3 server with a counter in front of it."""

import base64
import hashlib
import http.client
import http.server
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import requests
from archive import free_port

ACCESS_KEY = "cassette"
SECRET = "secret-of-the-tests"


class ObjectServer:
    """`rclone serve s3` on a folder, reached through a proxy that counts requests by method and what they are about."""

    def __init__(self, folder):
        self.folder = Path(folder)
        (self.folder / "archive").mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.requests = []
        self.process = subprocess.Popen(
            [Path(sys.executable).parent / self.command()[0], *self.command()[1:]],
            stdin=subprocess.DEVNULL,
            stdout=open(f"{self.folder}.log", "wb"),
            stderr=subprocess.STDOUT,
            env=dict(os.environ, RCLONE_CONFIG="/dev/null"),
        )
        self._wait()
        self.proxy = self._proxy()
        threading.Thread(target=self.proxy.serve_forever, daemon=True).start()

    def command(self):
        return ["rclone", "serve", "s3", "--addr", f"127.0.0.1:{self.port}", "--auth-key", f"{ACCESS_KEY},{SECRET}", self.folder]

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.proxy.server_address[1]}"

    def settings(self, secret_file, is_counted=True):
        """The store as a configuration names it; without the counter where only speed counts."""
        endpoint = self.endpoint if is_counted else f"http://127.0.0.1:{self.port}"
        secret_file.write_text(f"{ACCESS_KEY}\n{SECRET}\n")
        secret_file.chmod(0o600)
        return f'{{kind: s3, endpoint: "{endpoint}", bucket: archive, path-style: true, access-key-file: {secret_file}}}'

    def takes(self, method, headers, body):
        """Whether the request reaches the server behind."""
        return True

    def packs(self):
        return sorted(path for path in (self.folder / "archive").glob("packs/??/*.pack"))

    def count(self, since=0):
        """The requests since then, by method, and `GET range` for those of a range."""
        return Counter(self.requests[since:])

    def stop(self):
        self.proxy.shutdown()
        self.proxy.server_close()
        self.process.terminate()
        self.process.wait(timeout=30)

    def _wait(self):
        deadline = time.monotonic() + 60
        while True:
            try:
                requests.get(f"http://127.0.0.1:{self.port}/", timeout=5)
                return
            except requests.ConnectionError:
                assert self.process.poll() is None, "rclone has ended"
                assert time.monotonic() < deadline, "rclone does not answer"
                time.sleep(0.05)

    def _proxy(self):
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def forward(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                about = " range" if self.headers.get("Range") else " restore" if "restore" in self.path else ""
                server.requests.append(self.command + about)
                if not server.takes(self.command, self.headers, body):
                    self.send_response_only(400)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
                connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    connection.putheader(name, value)
                connection.endheaders(body)
                answer = connection.getresponse()
                content = answer.read()
                self.send_response_only(answer.status, answer.reason)
                for name, value in answer.getheaders():
                    if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                        self.send_header(name, value)
                told = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(content))
                self.send_header("Content-Length", told or "0")
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)
                connection.close()

            do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = forward

            def log_message(self, *arguments):
                pass

        return http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)


class FreezingServer(ObjectServer):
    """moto's S3, which refuses objects of a frozen storage class until they were restored."""

    def __init__(self, folder):
        super().__init__(folder)
        assert requests.put(f"http://127.0.0.1:{self.port}/archive", timeout=60).status_code == 200

    def command(self):
        return ["moto_server", "-H", "127.0.0.1", "-p", str(self.port)]

    def settings(self, secret_file):
        return super().settings(secret_file)[:-1] + ", storage-class: GLACIER}"

    def takes(self, method, headers, body):
        """What moto leaves out: a body that is not what its digest says is refused, as S3 does."""
        digest = headers.get("x-amz-checksum-sha256")
        return method != "PUT" or digest is None or base64.b64decode(digest) == hashlib.sha256(body).digest()

    def packs(self):
        listing = requests.get(f"http://127.0.0.1:{self.port}/archive?list-type=2&prefix=packs/", timeout=60).text
        return re.findall(r"<Key>([^<]*[.]pack)</Key>", listing)
