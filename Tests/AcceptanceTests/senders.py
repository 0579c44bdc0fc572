"""Senders that this project did not write: DCMTK's tools and pynetdicom."""

import contextlib
import re
import subprocess
import tempfile
import time
from pathlib import Path

import part10
import pydicom
from archive import AE_TITLE, free_port
from pynetdicom import AE, _config

# Files are sent as they are: no decoding and encoding on the way.
_config.STORE_SEND_CHUNKED_DATASET = True

# What storescu has to be told to propose a file's own transfer syntax.
STORESCU_OPTIONS = {
    "1.2.840.10008.1.2": "-xi",
    "1.2.840.10008.1.2.1": "-xe",
    "1.2.840.10008.1.2.1.99": "-xd",
    "1.2.840.10008.1.2.2": "-xb",
    "1.2.840.10008.1.2.4.50": "-xy",
    "1.2.840.10008.1.2.4.51": "-xx",
    "1.2.840.10008.1.2.4.70": "-xs",
    "1.2.840.10008.1.2.4.80": "-xt",
    "1.2.840.10008.1.2.4.81": "-xu",
    "1.2.840.10008.1.2.4.90": "-xv",
    "1.2.840.10008.1.2.4.91": "-xw",
    "1.2.840.10008.1.2.4.100": "-xm",
    "1.2.840.10008.1.2.4.101": "-xh",
    "1.2.840.10008.1.2.4.102": "-xn",
    "1.2.840.10008.1.2.5": "-xr",
}


def storescu(port, path, called=AE_TITLE):
    """Sends one file with DCMTK in its own transfer syntax; returns None or why it was not stored."""
    transfer_syntax_uid = part10.split(Path(path).read_bytes()[:65536]).transfer_syntax_uid
    option = STORESCU_OPTIONS.get(transfer_syntax_uid)
    if option is None:
        return f"storescu cannot propose {transfer_syntax_uid}"
    command = ["storescu", "-v", "-R", option, "-aec", called, "127.0.0.1", str(port), str(path)]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    output = result.stdout + result.stderr
    status = re.search(r"Received Store Response \((.*?)\)", output)
    if result.returncode == 0 and status and status.group(1) == "Success":
        return None
    if status:
        return f"C-STORE status: {status.group(1)}"
    told = [line for line in output.splitlines() if line.startswith(("E:", "W:", "F:"))]
    return told[0][2:].strip() if told else f"storescu ended with {result.returncode}"


@contextlib.contextmanager
def reference_receiver():
    """DCMTK's storescp, which writes down data sets as they came: what storescu really sends."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        command = ["storescp", "+B", "+xa", "-aet", AE_TITLE, "-od", folder, "-fe", ".dcm", str(port)]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            yield Receiver(port, Path(folder), process)
        finally:
            process.terminate()
            process.wait()


class Receiver:
    """A running storescp."""

    def __init__(self, port, folder, process):
        self.port = port
        self.folder = folder
        self.process = process
        deadline = time.monotonic() + 10
        while subprocess.run(["echoscu", "127.0.0.1", str(port)], capture_output=True).returncode != 0:
            assert time.monotonic() < deadline, "storescp does not answer"

    def received(self, path):
        """The data set as storescu sends it, or None when storescu cannot send the file."""
        if storescu(self.port, path) is not None:
            return None
        files = list(self.folder.iterdir())
        try:
            return part10.split(files[0].read_bytes()).data_set if len(files) == 1 else None
        finally:
            for file in files:
                file.unlink()


class Association:
    """A pynetdicom association that sends files byte by byte as they are."""

    def __init__(self, port, contexts, calling="PYNETDICOM"):
        entity = AE(ae_title=calling)
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 15
        for sop_class_uid, transfer_syntax_uid in sorted(set(contexts)):
            entity.add_requested_context(sop_class_uid, transfer_syntax_uid)
        self.association = entity.associate("127.0.0.1", port, ae_title=AE_TITLE)

    @property
    def is_open(self):
        return self.association.is_established

    def send(self, path):
        """The C-STORE status, or None when no response came."""
        status = self.association.send_c_store(str(path))
        return status.Status if "Status" in status else None

    def close(self):
        if self.association.is_established:
            self.association.release()


def send_as_is(port, path):
    """Sends one file with pynetdicom; returns None or why it was not stored."""
    try:
        meta = pydicom.filereader.read_file_meta_info(path)
        association = Association(port, [(meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID)])
        if not association.is_open:
            return "association refused"
        try:
            status = association.send(path)
        finally:
            association.close()
        return None if status == 0 else "no response" if status is None else f"C-STORE status {status:04X}"
    except Exception as error:  # noqa: BLE001 - whatever the toolkit dislikes is a reason to tell
        return f"pynetdicom: {type(error).__name__}: {error}".splitlines()[0]


def findscu(port, model, keys, called=AE_TITLE):
    """The responses of a C-FIND by DCMTK as Data Sets; `model` is -P or -S."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["findscu", model, "-X", "-od", folder, "-aec", called, "127.0.0.1", str(port)]
        for key in keys:
            command += ["-k", key]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
        assert result.returncode == 0, f"findscu {keys}: {result.stdout}{result.stderr}"
        return [pydicom.dcmread(path, force=True) for path in sorted(Path(folder).iterdir())]
