"""Splits DICOM files with code of its own, so that bytes can be compared without any toolkit in between."""

import struct
from dataclasses import dataclass

LONG_VRS = {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
IMPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2"


@dataclass
class Part10:
    """File Meta Information by element number, and the data set's bytes."""

    meta: dict
    data_set: bytes

    def uid(self, element):
        return self.meta.get(element, b"").rstrip(b"\0 ").decode("ascii", "replace")

    @property
    def sop_class_uid(self):
        return self.uid(0x0002)

    @property
    def sop_instance_uid(self):
        return self.uid(0x0003)

    @property
    def transfer_syntax_uid(self):
        return self.uid(0x0010) or IMPLICIT_LITTLE_ENDIAN


def split(content):
    """The parts of a file; lenient: preamble and group length may be missing or wrong."""
    position = 132 if content[128:132] == b"DICM" else 0
    if content[position : position + 4] == b"DICM":
        position += 4
    meta = {}
    while content[position : position + 2] == b"\x02\x00" and len(content) >= position + 8:
        _, element, vr, length = struct.unpack_from("<HH2sH", content, position)
        position += 8
        if vr in LONG_VRS:
            (length,) = struct.unpack_from("<I", content, position)
            position += 4
        meta[element] = content[position : position + length]
        position += length
    return Part10(meta, content[position:])


def parts(body, content_type):
    """The bodies of a multipart message with their header blocks."""
    marker = content_type.partition("boundary=")[2].split(";")[0].strip().strip('"')
    delimiter = b"\r\n--" + marker.encode()
    found = []
    for piece in (b"\r\n" + body).split(delimiter)[1:]:
        if piece.startswith(b"--"):
            return found
        headers, separator, data = piece.partition(b"\r\n\r\n")
        assert separator, "a part without an empty line after its header"
        found.append((headers.decode("latin-1").strip(), data))
    raise AssertionError("the multipart message has no closing delimiter")
