"""Writes the leak corpus: DICOM objects with synthetic identifiers in every place where one can hide.

The folder gets objects/ (some with names and numbers in their file names) and manifest.json: for each object what is
planted where, as which strings, and what must survive a de-identification. The same seed gives the same bytes.
"""

import argparse
import io
import json
import shutil
import struct
import sys
import warnings
from pathlib import Path

import leak_corpus_captures as captures
import leak_corpus_documents as documents
import leak_corpus_images as images
import leak_corpus_therapy as therapy
from leak_corpus_header import padded
from leak_corpus_people import Words, people
from leak_corpus_planting import Specimen, fill
from pydicom.charset import python_encoding
from pydicom.dataset import FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian

TARGET = Path(__file__).resolve().parent.parent.parent / "TestImages" / "leak-corpus"
VERSION = 1
# Latin-9 is younger than the package's table.
python_encoding.setdefault("ISO_IR 203", "iso8859_15")

# Numbers of people.IDENTITIES whose names a reader of Latin letters can read from a picture.
LATIN = [15, 1, 3, 4, 21, 5, 6, 19]
BURNED = [
    images.ultrasound,
    images.ultrasound_ybr,
    images.ultrasound_planar,
    images.ultrasound_palette,
    images.ultrasound_multiframe,
    images.cr,
    images.mammography,
    captures.screen_capture,
    captures.screen_capture_paper,
    captures.screen_capture_hard,
    captures.screen_capture_multiframe,
    captures.word_capture_multiframe,
    images.photo,
    images.ophthalmic,
    images.dx,
    images.ct_old,
    images.misplaced,
]
# One study of each person of another language; kinds that have no picture of words.
PLAIN = [
    images.ct_with_everything_nested,
    images.mr_private,
    images.mr_deflated,
    images.mr_big_endian,
    images.enhanced_ct,
    images.enhanced_mr,
    images.pet,
    images.nuclear,
    images.angiography,
    images.jpeg_comment,
    images.slide,
    images.ct_excess,
    documents.pdf,
    documents.cda,
    documents.electrocardiogram,
]


class Corpus:
    """Makes the specimens one after another; the order is part of the seed."""

    def __init__(self, seed):
        self.words = Words(seed)
        self.people = people(self.words)
        self.specimens = []

    def add(self, make, number, *arguments):
        """One more specimen of this person, filled by `make`."""
        count = len(self.specimens) + 1
        specimen = Specimen(
            f"{count:03d}-{make.__name__.replace('_', '-')}", self.people[number], self.words, 1000 + count
        )
        make(specimen, *arguments)
        self.specimens.append(specimen)
        return specimen

    def fill(self):
        for number, make in enumerate(BURNED):
            self.add(make, LATIN[number % len(LATIN)])
        others = [number for number in range(len(self.people)) if number not in LATIN]
        for number, make in enumerate(PLAIN):
            self.add(make, others[number % len(others)])
        for number in range(len(self.people)):
            self.add(images.ct, number, number % 4)
        # Studies whose objects refer to each other: a therapy of four people, a report of six.
        for number in (0, 7, 8, 15):
            slices = [self.add(images.ct, number, index) for index in range(2)]
            structures = self.add(therapy.structure_set, number, slices)
            treatment = self.add(therapy.plan, number, structures)
            self.add(therapy.dose, number, treatment, structures)
            self.add(therapy.segmentation, number, slices)
            self.add(images.with_references, number, slices)
        for number in (2, 9, 10, 11, 14, 16):
            slices = [self.add(images.mr, number) for _ in range(2)]
            self.add(documents.basic_text, number, slices)
            self.add(documents.comprehensive, number, slices)
            self.add(documents.dose_report, number, slices)
            self.add(documents.key_objects, number, slices)
            self.add(documents.presentation, number, slices)
        self.wrap()
        return self

    def wrap(self):
        """What is around the Data Sets: file meta, preamble, padding behind the end, group lengths, file names."""
        for count, specimen in enumerate(self.specimens):
            file_meta(specimen, count)
            if count % 5 == 1:
                preamble(specimen)
            if count % 7 == 2:
                trailing_padding(specimen)
            if count % 7 == 4:
                behind_the_end(specimen)
            specimen.group_lengths = count % 6 == 3 and specimen.transfer_syntax == ExplicitVRLittleEndian
            file_name(specimen, count)


def file_meta(specimen, count):
    """The File Meta Information; each third object has all the elements that tell where it came from."""
    meta = specimen.meta
    texts = {"MediaStorageSOPInstanceUID": "{own_uid}"}
    if count % 3 == 0:
        texts["SourceApplicationEntityTitle"] = "SRC{number}"
        texts["SendingApplicationEntityTitle"] = "SND{number}"
        texts["ReceivingApplicationEntityTitle"] = "RCV{number}"
        texts["SourcePresentationAddress"] = "dicom://{word}.example:11112"
        texts["ImplementationVersionName"] = "V{number}"
        texts["PrivateInformationCreatorUID"] = "{uid}"
    for keyword, template in texts.items():
        text, strings = fill(template, specimen)
        setattr(meta, keyword, text)
        element = meta[keyword]
        specimen.record(
            f"{element.tag.group:04X}{element.tag.element:04X}", element.VR, strings[0]["kind"], strings, "file meta"
        )
    if count % 3 == 0:
        text, strings = fill("private: {last} {first} {word}", specimen)
        meta.PrivateInformation = padded(text)
        specimen.record("00020102", "OB", "binary", strings, "file meta")


def preamble(specimen):
    """A TIFF header in the preamble, as dual-personality files have it, with a name behind it."""
    text, strings = fill("{last} {pid} {word}", specimen)
    start = b"II*\0" + struct.pack("<I", 0x8C) + b"\0" * 16
    specimen.preamble = (start + text.encode()).ljust(128, b"\0")[:128]
    specimen.record("preamble", "", "preamble", strings)


def trailing_padding(specimen):
    """Data Set Trailing Padding with what was in memory before."""
    text, strings = fill("old memory: {last}^{first} {pid} {word}", specimen)
    specimen.dataset.add_new(0xFFFCFFFC, "OB", padded(text).ljust(96, b"\0"))
    specimen.record("FFFCFFFC", "OB", "padding", strings)


def behind_the_end(specimen):
    """Bytes behind the Data Set, as block-oriented media leave them."""
    if specimen.transfer_syntax == "1.2.840.10008.1.2.1.99":
        return
    text, strings = fill("{upper_last} {ssn} {word}", specimen)
    # A private element without a creator, so that readers that go on to the end find a Data Element there.
    value = padded(text)
    if specimen.transfer_syntax == ExplicitVRBigEndian:
        header = struct.pack(">HH2sHI", 0xFFFD, 0x1001, b"OB", 0, len(value))
    elif specimen.transfer_syntax == "1.2.840.10008.1.2":
        header = struct.pack("<HHI", 0xFFFD, 0x1001, len(value))
    else:
        header = struct.pack("<HH2sHI", 0xFFFD, 0x1001, b"OB", 0, len(value))
    specimen.trailing = header + value
    specimen.record("behind the end", "", "padding", strings)


def file_name(specimen, count):
    """Each fourth file is named as people name files."""
    names = {0: "{upper_last}_{upper_first}/{birth}_{pid}", 4: "Export {last}, {first} {birth_iso}/IM{number}"}
    template = names.get(count % 8)
    if template is None:
        specimen.file_name = f"{specimen.name}.dcm"
        return
    text, strings = fill(template, specimen)
    specimen.file_name = f"{text} {specimen.name}.dcm"
    specimen.record("file name", "", "file name", strings)


def part10(specimen):
    """The bytes of the object's file."""
    dataset = specimen.dataset
    if specimen.group_lengths:
        for group in sorted({element.tag.group for element in dataset}):
            dataset.add_new((group, 0x0000), "UL", 0)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.update(specimen.meta)
    meta.TransferSyntaxUID = UID(specimen.transfer_syntax)
    meta.ImplementationClassUID = "2.25.281474976710656001"
    dataset.file_meta = meta
    dataset.preamble = specimen.preamble
    stream = io.BytesIO()
    dcmwrite(stream, dataset, enforce_file_format=True)
    return stream.getvalue() + specimen.trailing


def described(specimen):
    """The specimen's entry of the manifest."""
    return {
        "name": specimen.name,
        "file": specimen.file_name,
        "sop_class": str(specimen.dataset.SOPClassUID),
        "sop_class_name": UID(specimen.dataset.SOPClassUID).name,
        "instance_number": specimen.instance_number,
        "transfer_syntax": str(specimen.transfer_syntax),
        "character_set": specimen.person.charset,
        "person": specimen.person.number,
        "may_be_withheld": specimen.may_be_withheld,
        "faults_on_purpose": specimen.faults_on_purpose,
        "planted": [
            {"path": place.path, "vr": place.vr, "kind": place.kind, "note": place.note, "strings": place.strings}
            for place in specimen.planted
        ],
        "pictures": specimen.pictures,
        "survivors": specimen.survivors,
        "relations": specimen.relations,
    }


def tally(entries):
    """Numbers that describe the corpus."""
    places = {(entry["sop_class"], place["path"]) for entry in entries for place in entry["planted"]}
    tags = {path_without_items(place["path"]) for entry in entries for place in entry["planted"]}
    return {
        "objects": len(entries),
        "sop_classes": len({entry["sop_class"] for entry in entries}),
        "people": len({entry["person"] for entry in entries}),
        "distinct_places": len(tags),
        "distinct_places_by_class": len(places),
        "value_representations": sorted(
            {place["vr"] for entry in entries for place in entry["planted"] if place["vr"]}
        ),
        "transfer_syntaxes": len({entry["transfer_syntax"] for entry in entries}),
        "planted_places": sum(len(entry["planted"]) for entry in entries),
        "planted_strings": sum(len(place["strings"]) for entry in entries for place in entry["planted"]),
        "pictures_of_words": sum(len(entry["pictures"]) for entry in entries),
        "survivors": sum(len(entry["survivors"]) + len(entry["relations"]) for entry in entries),
    }


def path_without_items(path):
    """The path without the numbers of the items."""
    return "".join(part.split("]", 1)[-1] for part in path.split("["))


def write(folder, seed):
    """Writes objects and manifest; gives the numbers."""
    shutil.rmtree(folder, ignore_errors=True)
    entries = []
    with warnings.catch_warnings():
        # Values are made as careless software writes them: pydicom warns of each.
        warnings.simplefilter("ignore")
        for specimen in Corpus(seed).fill().specimens:
            path = folder / "objects" / specimen.file_name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(part10(specimen))
            entries.append(described(specimen))
    numbers = tally(entries)
    manifest = {"version": VERSION, "seed": seed, "numbers": numbers, "objects": entries}
    (folder / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n")
    return numbers


def main():
    parser = argparse.ArgumentParser(
        prog="Tools/make-leak-corpus", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--out", type=Path, default=TARGET, help="the folder to write to (default TestImages/leak-corpus)"
    )
    parser.add_argument("--seed", type=int, default=7, help="another seed gives other words, numbers and dates")
    arguments = parser.parse_args()
    for name, value in write(arguments.out, arguments.seed).items():
        print(f"{name.replace('_', ' ')}: {' '.join(value) if isinstance(value, list) else value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
