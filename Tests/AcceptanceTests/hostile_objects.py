"""Data Sets written by hand, because toolkits refuse to write what they ought not to be sent."""

import json
import struct

import synthetic_images
from aftermath import PATIENT_ID, PATIENT_NAME
from archive import ANY_FRAME, DICOM_JSON, failed, stored
from raw_association import RawAssociation

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
JPEG = "1.2.840.10008.1.2.4.50"
RLE = "1.2.840.10008.1.2.5"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
UNDEFINED = 0xFFFFFFFF
LONG_VRS = {"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"}


def padded(value, vr="LO"):
    value = value if isinstance(value, bytes) else value.encode()
    return value + (b"\0" if vr in ("UI", "OB") else b" ") * (len(value) % 2)


def tag(number):
    return struct.pack("<HH", number >> 16, number & 0xFFFF)


def explicit(number, vr, value=b"", length=None):
    """An element in Explicit VR Little Endian with the bytes given, and their length unless another is given."""
    length = len(value) if length is None else length
    letters = vr.encode("latin-1")
    if vr in LONG_VRS:
        return tag(number) + letters + struct.pack("<HI", 0, length) + value
    return tag(number) + letters + struct.pack("<H", length & 0xFFFF) + value


def implicit(number, value=b"", length=None):
    return tag(number) + struct.pack("<I", len(value) if length is None else length) + value


def text(number, vr, value):
    return explicit(number, vr, padded(value, vr))


def short(number, value):
    return explicit(number, "US", struct.pack("<H", value))


def item(content=b"", length=None):
    return implicit(0xFFFEE000, content, length)


ITEM_END = implicit(0xFFFEE00D)
SEQUENCE_END = implicit(0xFFFEE0DD)


def nested(depth, is_undefined=True):
    """Sequences inside sequences."""
    if is_undefined:
        opening = explicit(0x0040A730, "SQ", length=UNDEFINED) + item(length=UNDEFINED)
        return opening * depth + (ITEM_END + SEQUENCE_END) * depth
    pieces = []
    for inner in range(depth - 1, -1, -1):
        pieces += [explicit(0x0040A730, "SQ", length=inner * 20 + 8), item(length=inner * 20)]
    return b"".join(pieces)


class HostileObject:
    """An object with a proper identity and something hostile behind it."""

    def __init__(self, name, *elements, transfer_syntax_uid=EXPLICIT, identity=None, patient_name=PATIENT_NAME):
        self.study_instance_uid = synthetic_images.uid("hostile", name, "study")
        self.series_instance_uid = synthetic_images.uid("hostile", name, "series")
        self.sop_instance_uid = synthetic_images.uid("hostile", name, "instance")
        self.transfer_syntax_uid = transfer_syntax_uid
        self.identity = b"".join(self.identifying(patient_name)) if identity is None else identity
        self.data_set = self.identity + b"".join(elements)
        self.preamble = bytes(128)

    def identifying(self, patient_name):
        elements = [
            (0x00080016, "UI", SECONDARY_CAPTURE),
            (0x00080018, "UI", self.sop_instance_uid),
            (0x00080060, "CS", "OT"),
            (0x00100010, "PN", patient_name),
            (0x00100020, "LO", PATIENT_ID),
            (0x0020000D, "UI", self.study_instance_uid),
            (0x0020000E, "UI", self.series_instance_uid),
        ]
        for number, vr, value in elements:
            if self.transfer_syntax_uid == IMPLICIT:
                yield implicit(number, padded(value, vr))
            else:
                yield text(number, vr, value)

    @property
    def path(self):
        return (
            f"/studies/{self.study_instance_uid}/series/{self.series_instance_uid}/instances/{self.sop_instance_uid}"
        )

    def meta(self, transfer_syntax_uid=None):
        return b"".join(
            [
                explicit(0x00020001, "OB", b"\0\1"),
                text(0x00020002, "UI", SECONDARY_CAPTURE),
                text(0x00020003, "UI", self.sop_instance_uid),
                text(0x00020010, "UI", transfer_syntax_uid or self.transfer_syntax_uid),
            ]
        )

    @property
    def file(self):
        meta = self.meta()
        length = explicit(0x00020000, "UL", struct.pack("<I", len(meta)))
        return self.preamble + b"DICM" + length + meta + self.data_set

    def by_c_store(self, archive):
        """The status of C-STORE."""
        association = RawAssociation(archive.dicom_port, SECONDARY_CAPTURE, self.transfer_syntax_uid)
        status = association.store(self.sop_instance_uid, self.data_set)
        association.close()
        return status

    def by_stow(self, archive):
        """0 when STOW-RS stored the object, otherwise its Failure Reason."""
        return stow_reason(archive.store([self.file]))

    def is_stored(self, archive):
        return bool(archive.search("/instances", SOPInstanceUID=self.sop_instance_uid))

    def served(self, archive):
        """The object's file as the archive hands it out."""
        return archive.instances_of(self.path)[self.sop_instance_uid]


def stow_reason(response):
    """0 when the one object of a STOW-RS request was stored, otherwise its Failure Reason."""
    assert response.headers["Content-Type"].startswith("application/dicom+json"), response.text[:500]
    if stored(response):
        return 0
    reasons = list(failed(response).values())
    reasons += [entry["00081197"]["Value"][0] for entry in response.json().get("0008119A", {}).get("Value", [])]
    (reason,) = reasons
    return reason


def assert_refused(archive, hostile, status):
    """Both doors refuse the object with this status, and nothing of it is there."""
    assert hostile.by_c_store(archive) == status
    assert hostile.by_stow(archive) == status
    assert not hostile.is_stored(archive)


def assert_kept(archive, hostile):
    """Both doors take the object, and its bytes come out again."""
    assert hostile.by_c_store(archive) == 0
    assert hostile.by_stow(archive) == 0
    assert hostile.served(archive).endswith(hostile.data_set)


def metadata(archive, hostile):
    """The metadata of an object, which must be JSON as the standard of JSON has it."""

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    response = archive.get(hostile.path + "/metadata", DICOM_JSON)
    assert response.status_code == 200, response.text[:500]
    return json.loads(response.content, parse_constant=refuse)[0]


def frame_status(archive, hostile, number=1):
    return archive.get(f"{hostile.path}/frames/{number}", ANY_FRAME).status_code
