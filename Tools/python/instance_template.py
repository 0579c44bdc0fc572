"""Many instances from one: a synthetic CT slice whose UIDs and first pixels are exchanged, fast enough for load."""

import hashlib
import io
import re
import struct

import pydicom
import synthetic_images

UID_LENGTH = 44
"""Each UID that is exchanged has this length, so that no length in the file changes."""

PIXEL_STAMP = 16
"""So many bytes at the beginning of Pixel Data differ from instance to instance."""

STUDY, SERIES, INSTANCE, PATIENT_ID, PATIENT_NAME, STAMP = range(6)
"""What is exchanged."""


def fixed_uid(*labels):
    """A UID below 2.25 of always the same length, which depends on the labels alone."""
    digest = hashlib.sha256("/".join(str(label) for label in labels).encode()).digest()
    return f"2.25.1{int.from_bytes(digest[:15], 'big'):038d}"


class Instance:
    """One instance: its UIDs and its bytes as a file."""

    __slots__ = ("study", "series", "uid", "file", "start")

    def __init__(self, study, series, uid, file, start):
        self.study = study
        self.series = series
        self.uid = uid
        self.file = file
        self.start = start

    @property
    def data_set(self):
        """The bytes behind the File Meta Information."""
        return self.file[self.start :]

    @property
    def path(self):
        return f"/studies/{self.study}/series/{self.series}/instances/{self.uid}"


class InstanceTemplate:
    """Makes CT slices of `size` x `size` pixels with UIDs of their own."""

    def __init__(self, size=32, set_name="template"):
        self.set_name = set_name
        file = self.marked(synthetic_images.ct_instance(1, 1, set_name, size))
        pixels = file.rindex(struct.pack("<HH2sH", 0x7FE0, 0x0010, b"OW", 0)) + 12
        markers = {level: self.marker(level) for level in (STUDY, SERIES, INSTANCE)}
        markers[PATIENT_ID] = self.patient_id(1)
        markers[PATIENT_NAME] = self.patient_name(1)
        cuts = [
            (match.span(), what)
            for what, marker in markers.items()
            for match in re.finditer(re.escape(marker), file)
        ]
        self.pieces = []
        position = 0
        for (start, end), what in sorted(cuts):
            self.pieces += [file[position:start], what]
            position = end
        self.pieces += [file[position:pixels], STAMP, file[pixels + PIXEL_STAMP :]]
        (group_length,) = struct.unpack_from("<I", file, 140)
        self.start = 144 + group_length

    @staticmethod
    def patient_id_of(set_name, study):
        return f"{set_name.upper()}-{study % 100_000:05d}".encode()

    def patient_id(self, study):
        return self.patient_id_of(self.set_name, study)

    @staticmethod
    def patient_name(study):
        return f"Synthetic^Patient {study % 10_000:04d}".encode()

    @staticmethod
    def marker(level):
        return fixed_uid("marker", level).encode()

    @classmethod
    def marked(cls, file):
        """The file with UIDs of the fixed length, in the File Meta Information, too."""
        dataset = pydicom.dcmread(io.BytesIO(file))
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID = (
            cls.marker(level).decode() for level in range(3)
        )
        return synthetic_images.part10(dataset, dataset.file_meta.TransferSyntaxUID)

    def make(self, study, instance, series=1):
        """The instance of these numbers: the same bytes each time."""
        uids = [
            fixed_uid(self.set_name, study),
            fixed_uid(self.set_name, study, series),
            fixed_uid(self.set_name, study, series, instance),
        ]
        stamp = struct.pack("<IIII", study & 0xFFFFFFFF, series, instance, 0)
        values = [uid.encode() for uid in uids] + [self.patient_id(study), self.patient_name(study), stamp]
        file = b"".join(values[piece] if isinstance(piece, int) else piece for piece in self.pieces)
        return Instance(*uids, file, self.start)
