"""Runs the release binary and talks to it."""

import json
import os
import secrets
import signal
import socket
import subprocess
import time
from pathlib import Path

import part10
import requests
from dicomweb_client.api import DICOMwebClient

ROOT = Path(__file__).resolve().parent.parent.parent
BINARY = Path(os.environ.get("CASSETTE", ROOT / ".build" / "release" / "cassette")).resolve()
# How many times longer than on a quiet machine things may take: long runs in the background give more.
PATIENCE = float(os.environ.get("CASSETTE_TEST_PATIENCE", "1"))
AE_TITLE = "CASSETTE"
DICOM_JSON = "application/dicom+json"
ANY_INSTANCE = 'multipart/related; type="application/dicom"; transfer-syntax=*'
ANY_FRAME = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'


def free_port():
    """A port that nothing uses now, at any address of this machine."""
    with socket.socket() as listener:
        listener.bind(("0.0.0.0", 0))
        return listener.getsockname()[1]


class CapturingClient(DICOMwebClient):
    """dicomweb-client that also keeps the bytes of the parts that it reads."""

    def __init__(self, *arguments, **keywords):
        super().__init__(*arguments, **keywords)
        self.parts = []

    def _decode_multipart_message(self, response, stream):
        for part in super()._decode_multipart_message(response, stream):
            self.parts.append(part)
            yield part


class Archive:
    """One data folder and the server that runs on it."""

    def __init__(self, folder, *options):
        self.folder = Path(folder)
        self.options = list(options)
        self.data = self.folder / "data"
        self.log = self.folder / "server.log"
        self.dicom_port = free_port()
        self.http_port = free_port()
        self.process = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def dicomweb(self):
        return self.url + "/dicomweb"

    @property
    def token(self):
        return (self.data / "admin-token").read_text().strip()

    @property
    def headers(self):
        return {"Authorization": f"Bearer {self.token}"}

    def start(self):
        self.launch()
        self.wait_until_ready()
        return self

    def launch(self):
        """Starts the server without waiting until it serves."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [BINARY, "serve", "--data", self.data, "--bind", "127.0.0.1", "--aet", AE_TITLE]
        command += ["--dicom-port", str(self.dicom_port), "--http-port", str(self.http_port), *self.options]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder
            )

    def wait_until_ready(self, seconds=60):
        deadline = time.monotonic() + seconds * PATIENCE
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log_end()}")
            try:
                if requests.get(self.url + "/health/ready", timeout=5).status_code == 200:
                    return
            except (requests.ConnectionError, requests.Timeout):
                # Not listening yet, or a machine that is too busy: the deadline decides.
                pass
            time.sleep(0.02)
        raise AssertionError(f"the server was not ready after {seconds} s:\n{self.log_end()}")

    def log_end(self):
        return self.log.read_text(errors="replace")[-4000:]

    def stop(self):
        """Ends the server as an operator does; it has to go in good order."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60 * PATIENCE)
        assert code == 0, f"the server ended with {code} after SIGTERM:\n{self.log_end()}"

    def kill(self):
        """Ends the server as a power cut does, but for what the kernel still writes."""
        self.process.kill()
        self.process.wait()

    def restart(self):
        self.stop()
        return self.start()

    # Measures

    def peak_memory(self):
        """The peak of the resident set in bytes."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmHWM")

    def bytes_read(self):
        """The bytes that the process has read so far, from the page cache or not."""
        for line in Path(f"/proc/{self.process.pid}/io").read_text().splitlines():
            if line.startswith("rchar:"):
                return int(line.split()[1])
        raise AssertionError("no rchar")

    # HTTP

    def get(self, path, accept=None, **keywords):
        headers = dict(self.headers, **({"Accept": accept} if accept else {}))
        return requests.get(self.dicomweb + path, headers=headers, timeout=120, **keywords)

    def search(self, path, **parameters):
        """The results of a QIDO-RS request."""
        response = self.get(path, DICOM_JSON, params=parameters)
        assert response.status_code in (200, 204), f"{path} {parameters}: {response.status_code} {response.text[:500]}"
        return response.json() if response.status_code == 200 and response.content else []

    def instances_of(self, path):
        """The instances below a WADO-RS path as {SOP Instance UID: file}."""
        response = self.get(path, ANY_INSTANCE)
        assert response.status_code == 200, f"{path}: {response.status_code} {response.text[:500]}"
        files = [body for _, body in part10.parts(response.content, response.headers["Content-Type"])]
        return {part10.split(file).sop_instance_uid: file for file in files}

    def store(self, files, study=None):
        """STOW-RS of the files in one request; an iterable in place of a file's bytes is streamed."""
        boundary = secrets.token_hex(16)

        def body():
            for file in files:
                yield f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
                if isinstance(file, bytes):
                    yield file
                else:
                    yield from file
                yield b"\r\n"
            yield f"--{boundary}--\r\n".encode()

        content_type = f'multipart/related; type="application/dicom"; boundary={boundary}'
        headers = dict(self.headers, **{"Content-Type": content_type, "Accept": DICOM_JSON})
        path = f"/studies/{study}" if study else "/studies"
        return requests.post(self.dicomweb + path, data=body(), headers=headers, timeout=600 * PATIENCE)

    def client(self):
        session = requests.Session()
        session.headers.update(self.headers)
        return CapturingClient(url=self.dicomweb, session=session)

    # Commands

    def command(self, *arguments, check=None):
        """Runs `cassette ...` against this archive; `check` is the expected exit code."""
        environment = dict(
            os.environ,
            CASSETTE_DATA=str(self.data),
            CASSETTE_HTTP_PORT=str(self.http_port),
            CASSETTE_DICOM_PORT=str(self.dicom_port),
        )
        result = subprocess.run(
            [str(BINARY), *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300 * PATIENCE,
            env=environment,
            cwd=self.folder,
        )
        if check is not None:
            told = f"cassette {' '.join(map(str, arguments))}: {result.returncode}\n{result.stdout}\n{result.stderr}"
            assert result.returncode == check, told
        return result

    def command_json(self, *arguments):
        """The JSON that a command prints with `--json`: one value, or one on each line."""
        output = self.command(*arguments, "--json", check=0).stdout
        try:
            return json.loads(output)
        except json.JSONDecodeError:
            return [json.loads(line) for line in output.splitlines() if line.strip()]


def stored(response):
    """The SOP Instance UIDs that a STOW-RS response says are stored."""
    return values(response, "00081199", "00081155")


def failed(response):
    """{SOP Instance UID: failure reason} of a STOW-RS response."""
    items = response.json().get("00081198", {}).get("Value", [])
    return {first(item, "00081155"): first(item, "00081197") for item in items}


def values(response, sequence, element):
    items = response.json().get(sequence, {}).get("Value", [])
    return [first(item, element) for item in items]


def first(item, element):
    """The first value of an element in the DICOM JSON model, or None; a name's alphabetic group."""
    value = (item.get(element, {}).get("Value") or [None])[0]
    return value.get("Alphabetic") if isinstance(value, dict) else value
