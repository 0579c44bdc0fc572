"""What must hold after every attack: the server lives, serves others, stays small, and has written down nobody's name."""

import secrets
from pathlib import Path

import part10
import synthetic_images
from archive import stored
from raw_association import RawAssociation

# In the attributes of a patient in every hostile object; must be nowhere in the log.
PATIENT_NAME = "Marker^Sally"
PATIENT_ID = "MARKER-4711"
RESIDENT_LIMIT = 400_000_000


def resident(archive):
    """The resident set in bytes."""
    for line in Path(f"/proc/{archive.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")


def processor_ticks(archive):
    """Processor time of the server so far, in ticks of the kernel."""
    fields = Path(f"/proc/{archive.process.pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def assert_unharmed(archive, limit=RESIDENT_LIMIT):
    """The server lives and serves both doors, its memory is bounded, and its log tells of no patient."""
    assert archive.process.poll() is None, f"the server ended:\n{archive.log_end()}"
    study = secrets.randbelow(1 << 30) + 1000
    file = synthetic_images.ct_instance(study, 1, set_name="aftermath", size=16)
    response = archive.store([file])
    assert response.status_code == 200, response.text[:500]
    (uid,) = stored(response)
    assert archive.search("/instances", SOPInstanceUID=uid)
    split = part10.split(file)
    association = RawAssociation(archive.dicom_port, split.sop_class_uid, split.transfer_syntax_uid)
    assert association.store(uid, split.data_set) == 0
    association.close()
    assert archive.peak_memory() < limit, f"{archive.peak_memory() / 1e6:.0f} MB"
    log = archive.log.read_text(errors="replace")
    for marker in ("Marker", "Sally", PATIENT_ID):
        assert marker not in log


def has_ended(connection):
    """Whether the other side has closed the socket, told without waiting."""
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True
