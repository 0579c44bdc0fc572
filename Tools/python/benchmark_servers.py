"""The servers that the benchmark compares: how they are started, reached and looked at."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from archive import Archive, free_port
from http_connection import RawHTTP

ORTHANC_PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


class Server:
    """A server process with a data folder of its own."""

    name = ""
    prefix = ""
    token = None

    def http(self):
        return RawHTTP(self.http_port, self.token, self.prefix, timeout=300)

    def peak_memory(self):
        """The peak of the resident set in bytes."""
        for line in Path(f"/proc/{self.process_id}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmHWM")

    def cpu_seconds(self):
        fields = Path(f"/proc/{self.process_id}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def bytes_written(self):
        """What the process made the system write to disks."""
        for line in Path(f"/proc/{self.process_id}/io").read_text().splitlines():
            if line.startswith("write_bytes:"):
                return int(line.split()[1])
        raise AssertionError("no write_bytes")


class Cassette(Server):
    name = "Cassette"
    prefix = "/dicomweb"

    def start(self, folder):
        self.archive = Archive(folder, "--free-space-floor", "0").start()
        self.dicom_port, self.http_port = self.archive.dicom_port, self.archive.http_port
        self.token = self.archive.token
        self.process_id = self.archive.process.pid

    def stop(self):
        self.archive.stop()


class Orthanc(Server):
    """Debian's Orthanc with SQLite and its DICOMweb plug-in, as it is installed, but for ports and folders."""

    name = "Orthanc"
    prefix = "/dicom-web"

    @staticmethod
    def is_there():
        return shutil.which("Orthanc") is not None and ORTHANC_PLUGIN.exists()

    def start(self, folder):
        folder.mkdir(parents=True)
        self.dicom_port, self.http_port = free_port(), free_port()
        settings = {
            "Name": "benchmark",
            "StorageDirectory": str(folder / "storage"),
            "IndexDirectory": str(folder / "index"),
            "DicomAet": "ORTHANC",
            "DicomPort": self.dicom_port,
            "HttpPort": self.http_port,
            "DicomAlwaysAllowStore": True,
            "DicomAlwaysAllowFind": True,
            "DicomCheckCalledAet": False,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            # Both archives answer after the bytes are on stable storage.
            "SyncStorageArea": True,
            "Plugins": [str(ORTHANC_PLUGIN)],
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        }
        configuration = folder / "orthanc.json"
        configuration.write_text(json.dumps(settings))
        with open(folder / "server.log", "wb") as log:
            self.process = subprocess.Popen(
                ["Orthanc", str(configuration)], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder
            )
        self.process_id = self.process.pid
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if RawHTTP(self.http_port, prefix="").get("/system")[0] == 200:
                    return
            except (OSError, ValueError):
                time.sleep(0.05)
            assert self.process.poll() is None, (folder / "server.log").read_text()[-2000:]
        raise AssertionError("Orthanc is not ready after 60 s")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=120)
