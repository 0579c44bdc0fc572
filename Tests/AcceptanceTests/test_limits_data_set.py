"""Hostile and broken objects: each line of the table of bad inputs, by its number, against the running server."""

import json
import struct
import zlib

import pytest
import requests
from aftermath import assert_unharmed
from hostile_objects import (
    BIG_ENDIAN,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    ITEM_END,
    JPEG,
    SECONDARY_CAPTURE,
    SEQUENCE_END,
    UNDEFINED,
    HostileObject,
    assert_kept,
    assert_refused,
    explicit,
    implicit,
    item,
    metadata,
    nested,
    padded,
    stow_reason,
    text,
)
from raw_association import PeerGone, RawAssociation

CANNOT_UNDERSTAND = 0xC000
DOES_NOT_MATCH = 0xA900
OUT_OF_RESOURCES = 0xA700
OBJECTS = "multipart/related; type=application/dicom; transfer-syntax=*"


@pytest.fixture(autouse=True)
def aftermath(archive):
    yield
    assert_unharmed(archive)


# 53 to 56: what stands in front


PREAMBLES = {
    "program of Windows": b"MZ\x90\0",
    "program of Linux": b"\x7fELF",
    "script": b"#!/bin/sh\n",
    "archive": b"PK\3\4",
    "page": b"<html><script>alert(1)</script>",
    "picture": b"II*\0",
    "noise": bytes(range(1, 129)),
}


@pytest.mark.parametrize("name", PREAMBLES)
def test_line_53_a_preamble_is_kept_and_served_as_a_download_of_a_neutral_kind(archive, name):
    hostile = HostileObject("preamble " + name)
    hostile.preamble = PREAMBLES[name].ljust(128, b"\0")

    assert hostile.by_stow(archive) == 0

    assert hostile.served(archive) == hostile.file
    for accept in (OBJECTS, "application/dicom"):
        response = archive.get(hostile.path, accept)
        assert response.status_code == 200
        assert hostile.file in response.content
        assert response.headers["Content-Type"].startswith(("application/dicom", "multipart/related"))
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Content-Disposition"].startswith('attachment; filename="object')
        assert "sandbox" in response.headers["Content-Security-Policy"]


def test_line_53_a_preamble_that_other_software_would_run_is_told_in_the_log(archive):
    hostile = HostileObject("preamble that is logged")
    hostile.preamble = b"MZ".ljust(128, b"\0")
    before = archive.log.read_text().count("foreignPreamble")

    assert hostile.by_stow(archive) == 0

    assert archive.log.read_text().count("foreignPreamble") == before + 1


@pytest.mark.parametrize("length", [0, 1, 127, 128, 131, 132])
def test_line_53_a_file_too_short_to_be_one_is_refused(archive, length):
    file = (bytes(128) + b"DICM")[:length]

    response = archive.store([file])

    assert response.status_code == 409
    assert stow_reason(response) == CANNOT_UNDERSTAND


def test_line_53_a_file_without_prefix_is_read_by_its_elements(archive):
    hostile = HostileObject("no prefix")

    assert stow_reason(archive.store([hostile.data_set])) == 0
    assert hostile.served(archive).endswith(hostile.data_set)


@pytest.mark.parametrize(
    "lie", [lambda n: n + 1, lambda n: n - 1, lambda n: 0, lambda n: 0xFFFFFFFF], ids=["+1", "-1", "0", "max"]
)
def test_line_54_a_wrong_length_of_the_file_meta_information_does_no_harm(archive, lie):
    hostile = HostileObject(f"meta length {lie(1000)}")
    meta = hostile.meta()
    length = explicit(0x00020000, "UL", struct.pack("<I", lie(len(meta))))
    file = bytes(128) + b"DICM" + length + meta + hostile.data_set

    assert stow_reason(archive.store([file])) == 0
    assert hostile.served(archive) == file


@pytest.mark.parametrize("length", [0xFFFF, 0xFFFFFFFF, 0x00100001])
def test_line_54_an_element_of_the_file_meta_information_longer_than_any_is_refused(archive, length):
    meta = explicit(0x00020001, "OB", b"\0\1", length=length)

    assert stow_reason(archive.store([bytes(128) + b"DICM" + meta])) == CANNOT_UNDERSTAND


def test_line_55_a_transfer_syntax_other_than_the_negotiated_is_refused(archive):
    hostile = HostileObject("other transfer syntax")
    hostile.data_set = text(0x00020010, "UI", IMPLICIT) + hostile.data_set

    assert hostile.by_c_store(archive) == DOES_NOT_MATCH
    assert not hostile.is_stored(archive)


def test_line_55_a_transfer_syntax_other_than_the_announced_is_refused(archive):
    hostile = HostileObject("other transfer syntax announced")
    for announced, reason in ((JPEG, DOES_NOT_MATCH), (EXPLICIT, 0)):
        part = f"--b\r\nContent-Type: application/dicom; transfer-syntax={announced}\r\n\r\n".encode()
        headers = dict(archive.headers, **{"Content-Type": 'multipart/related; type="application/dicom"; boundary=b'})
        response = requests.post(
            archive.dicomweb + "/studies", data=part + hostile.file + b"\r\n--b--", headers=headers, timeout=30
        )
        assert stow_reason(response) == reason


WRONG_VRS = ["??", "\0\0", "ui", "  ", "\xff\xff"]


@pytest.mark.parametrize("vr", WRONG_VRS)
def test_line_56_letters_that_are_no_vr_are_refused_in_the_file_meta_information(archive, vr):
    hostile = HostileObject(f"vr {vr!r} in meta")
    meta = explicit(0x00020010, vr, padded(EXPLICIT, "UI"))

    response = archive.store([bytes(128) + b"DICM" + meta + hostile.data_set])

    assert stow_reason(response) == CANNOT_UNDERSTAND


@pytest.mark.parametrize("vr", WRONG_VRS)
def test_line_56_letters_that_are_no_vr_are_unknown_where_the_length_fits(archive, vr):
    letters = vr.encode("latin-1")
    long = tag_and(0x00211001, letters + struct.pack("<HI", 0, 4) + b"ABCD")
    unbounded = tag_and(0x00211001, letters + struct.pack("<HI", 0, 0xFFFFFFFE) + b"ABCD")
    short_form = tag_and(0x00211001, letters + struct.pack("<H", 4) + b"ABCD")

    assert_kept(archive, HostileObject(f"vr {vr!r}", long))
    assert_refused(archive, HostileObject(f"vr {vr!r} unbounded", unbounded), CANNOT_UNDERSTAND)
    assert_refused(archive, HostileObject(f"vr {vr!r} short", short_form), CANNOT_UNDERSTAND)


def tag_and(number, rest):
    return struct.pack("<HH", number >> 16, number & 0xFFFF) + rest


# 57 to 60: lengths and nesting


LENGTHS = {
    "OB of 2^32-2": explicit(0x00420011, "OB", b"AB", length=0xFFFFFFFE),
    "UT of 2^32-2": explicit(0x0040A160, "UT", b"AB", length=0xFFFFFFFE),
    "UN of 2^31": explicit(0x00211001, "UN", b"AB", length=1 << 31),
    "UC of 17 MiB": explicit(0x00080119, "UC", b"AB", length=17 << 20),
    "LO past the end": explicit(0x00081030, "LO", b"AB", length=4),
    "LO of 65,535": explicit(0x00081030, "LO", b"AB", length=0xFFFF),
    "Pixel Data past the end": explicit(0x7FE00010, "OW", b"ABCD", length=6),
    "Pixel Data of 2^32-2": explicit(0x7FE00010, "OW", b"ABCD", length=0xFFFFFFFE),
    "sequence past the end": explicit(0x00081140, "SQ", item(), length=16),
    "item past the end": explicit(0x00081140, "SQ", item(length=1000), length=1008),
    "half a header": b"\x10\x20\x30",
    "half a long header": explicit(0x00211001, "UN")[:10],
}


@pytest.mark.parametrize("name", LENGTHS)
def test_line_57_a_length_past_the_end_is_refused_and_costs_no_memory(archive, name):
    before = archive.peak_memory()

    assert_refused(archive, HostileObject("length " + name, LENGTHS[name]), CANNOT_UNDERSTAND)

    assert archive.peak_memory() - before < 60_000_000


@pytest.mark.parametrize("length", [17 << 20, 1 << 31, 0xFFFFFFFE])
def test_line_57_a_value_that_is_kept_in_memory_is_limited_before_it_comes(archive, length):
    elements = implicit(0x00081030, b"AB", length=length)

    hostile = HostileObject(f"long value {length}", elements, transfer_syntax_uid=IMPLICIT)
    assert_refused(archive, hostile, CANNOT_UNDERSTAND)


def test_line_57_odd_lengths_are_kept_as_they_came(archive):
    odd = explicit(0x00081030, "LO", b"ABC") + explicit(0x00420011, "OB", b"ABC") + explicit(0x7FE00010, "OB", b"ABC")

    assert_kept(archive, HostileObject("odd", odd))


@pytest.mark.parametrize("vr", ["OB", "OW", "UT", "UC", "UR", "OF"])
def test_line_58_an_undefined_length_is_refused_where_no_items_can_follow(archive, vr):
    elements = explicit(0x00211001, vr, length=UNDEFINED) + item(b"AB") + SEQUENCE_END

    assert_refused(archive, HostileObject(f"undefined {vr}", elements), CANNOT_UNDERSTAND)


def test_line_58_an_undefined_length_of_text_without_vr_is_refused(archive):
    elements = implicit(0x00081030, length=UNDEFINED) + item(b"AB") + SEQUENCE_END

    assert_refused(archive, HostileObject("undefined LO", elements, transfer_syntax_uid=IMPLICIT), CANNOT_UNDERSTAND)


def test_line_58_an_unknown_element_of_undefined_length_is_a_sequence_without_vrs(archive):
    content = item(implicit(0x00100020, b"ABCD") + ITEM_END, length=UNDEFINED)

    hostile = HostileObject("undefined UN", explicit(0x00211001, "UN", length=UNDEFINED) + content + SEQUENCE_END)
    assert_kept(archive, hostile)
    assert_refused(
        archive,
        HostileObject("undefined UN with text", explicit(0x00211001, "UN", length=UNDEFINED) + b"no item here"),
        CANNOT_UNDERSTAND,
    )


@pytest.mark.parametrize("is_undefined", [True, False], ids=["undefined", "defined"])
def test_line_59_sequences_may_be_nested_64_deep_and_no_deeper(archive, is_undefined):
    kind = "undefined" if is_undefined else "defined"
    deepest = HostileObject(f"64 deep {kind}", nested(64, is_undefined))
    assert_kept(archive, deepest)
    assert "0040A730" in metadata(archive, deepest)
    for depth in (65, 100_000):
        assert_refused(archive, HostileObject(f"{depth} deep {kind}", nested(depth, is_undefined)), CANNOT_UNDERSTAND)


SEQUENCE = explicit(0x00081140, "SQ", length=UNDEFINED)
PIXEL_DATA = explicit(0x7FE00010, "OB", length=UNDEFINED)
DELIMITERS = {
    "item delimiter in no item": ITEM_END,
    "sequence delimiter in no sequence": SEQUENCE_END,
    "item in no sequence": item(),
    "two item delimiters": SEQUENCE + item(length=UNDEFINED) + ITEM_END * 2 + SEQUENCE_END,
    "no item delimiter": SEQUENCE + item(length=UNDEFINED) + SEQUENCE_END,
    "an element in the place of an item": SEQUENCE + text(0x00100020, "LO", "AB"),
    "a sequence delimiter in an item of known length": SEQUENCE + item(SEQUENCE_END) + SEQUENCE_END,
    "a sequence shorter than its item": explicit(0x00081140, "SQ", item(text(0x00081150, "UI", "1.2.3.4")), length=12),
    "a sequence of 4 bytes": explicit(0x00081140, "SQ", bytes(4)),
    "an item longer than its sequence": explicit(0x00081140, "SQ", item(length=100), length=8),
    "an item with half an element": explicit(0x00081140, "SQ", item(b"\x10\0\x20\0")),
    "the last item is open": SEQUENCE + item(length=UNDEFINED),
    "pixel data with a foreign item": PIXEL_DATA + item() + text(0x00100020, "LO", "AB"),
    "a fragment of undefined length": PIXEL_DATA + item() + item(length=UNDEFINED) + SEQUENCE_END,
}


@pytest.mark.parametrize("name", DELIMITERS)
def test_line_60_delimiters_and_lengths_that_contradict_each_other_are_refused(archive, name):
    assert_refused(archive, HostileObject("delimiters " + name, DELIMITERS[name]), CANNOT_UNDERSTAND)


# 61 to 66: many, twice, odd


def test_line_61_ten_million_empty_elements_are_refused_at_the_limit(archive):
    head = HostileObject("ten million", transfer_syntax_uid=IMPLICIT)
    million = b"".join(
        struct.pack("<HHI", 0x0021 + 2 * (number >> 16), number & 0xFFFF, 0) for number in range(1_000_000)
    )
    head.data_set += million * 10

    assert head.by_c_store(archive) == CANNOT_UNDERSTAND
    assert stow_reason(archive.store([iter([head.file])])) == CANNOT_UNDERSTAND
    assert not head.is_stored(archive)


def test_line_61_ten_million_empty_items_are_refused_at_the_limit(archive):
    head = HostileObject("ten million items")
    head.data_set += explicit(0x00081140, "SQ", length=UNDEFINED) + item() * 10_000_000 + SEQUENCE_END

    assert head.by_c_store(archive) == CANNOT_UNDERSTAND
    assert not head.is_stored(archive)


IDENTITY_TAGS = {0x00080016: "UI", 0x00080018: "UI", 0x00100020: "LO", 0x0020000D: "UI", 0x0020000E: "UI"}


@pytest.mark.parametrize("number", IDENTITY_TAGS, ids=lambda number: f"{number:08X}")
@pytest.mark.parametrize("is_same", [True, False], ids=["same", "other"])
def test_line_62_a_second_identity_is_refused(archive, number, is_same):
    hostile = HostileObject(f"twice {number} {is_same}")
    value = {0x00080016: SECONDARY_CAPTURE, 0x00080018: hostile.sop_instance_uid}.get(number, "1.2.3.4")
    hostile.data_set += text(number, IDENTITY_TAGS[number], value if is_same else "1.2.3.4.5")

    assert_refused(archive, hostile, CANNOT_UNDERSTAND)


def test_line_62_of_other_elements_the_first_counts(archive):
    elements = [text(0x00081030, "LO", "first"), text(0x00081030, "LO", "second"), text(0x00080060, "CS", "CT")]
    hostile = HostileObject("twice", *elements)

    assert_kept(archive, hostile)

    found = metadata(archive, hostile)
    assert found["00081030"]["Value"] == ["first"]
    assert found["00080060"]["Value"] == ["OT"]
    assert "out of order or twice" in archive.log.read_text()


def test_line_62_elements_in_any_order_are_read(archive):
    hostile = HostileObject("order", identity=b"")
    hostile.data_set = b"".join(reversed(list(hostile.identifying("A^B"))))

    assert_kept(archive, hostile)
    assert metadata(archive, hostile)["00100010"]["Value"][0]["Alphabetic"] == "A^B"


def test_line_63_private_elements_are_opaque_and_kept(archive):
    elements = [
        text(0x00210010, "LO", "CREATOR A"),
        text(0x00210010, "LO", "CREATOR B"),
        text(0x00210011, "LO", "CREATOR A"),
        explicit(0x00211001, "UN", b"\0\1\2\3"),
        text(0x00211101, "LO", "text"),
        explicit(0x00010001, "UN", b"AB"),
        explicit(0xFFFF0001, "UN", b"AB"),
        explicit(0xFFFFFFFF, "OB", b"AB"),
    ]

    hostile = HostileObject("private", *elements)

    assert_kept(archive, hostile)
    assert metadata(archive, hostile)["00211001"]["vr"] == "UN"


CHARACTER_SETS = {
    "unknown": ("ISO_IR 999", b"\xc4\xd6"),
    "fifty": ("\\".join(["ISO 2022 IR 87"] * 50), b"\xc4\x1b$B"),
    "unterminated escape": ("\\ISO 2022 IR 87", b"A\x1b"),
    "unknown escape": ("\\ISO 2022 IR 87", b"A\x1b$Z\x21\x21"),
    "half a character of GB18030": ("GB18030", b"A\x81"),
    "half of four bytes of GB18030": ("GB18030", b"A\x81\x30\x81"),
    "half a character of Japanese": ("\\ISO 2022 IR 87", b"\x1b$B\x21"),
    "invalid UTF-8": ("ISO_IR 192", b"A\xff\xfe\xc0\xafB"),
    "surrogates in UTF-8": ("ISO_IR 192", b"\xed\xa0\x80"),
    "cut UTF-8": ("ISO_IR 192", b"A\xe2\x82"),
    "binary": ("\0\1\2", b"\x80\x81"),
    "empty": ("", b"\xff"),
}


@pytest.mark.parametrize("name", CHARACTER_SETS)
def test_line_64_text_that_cannot_be_decoded_is_kept_and_shown_with_replacements(archive, name):
    character_set, value = CHARACTER_SETS[name]
    elements = [explicit(0x00080005, "CS", padded(character_set)), explicit(0x00081030, "LO", padded(value))]
    hostile = HostileObject("characters " + name, *elements)

    assert_kept(archive, hostile)

    shown = metadata(archive, hostile)["00081030"].get("Value", [""])[0]
    assert shown.encode().decode() == shown
    if name not in ("unterminated escape", "unknown escape"):
        assert "\ufffd" in shown
    assert archive.search("/studies", StudyInstanceUID=hostile.study_instance_uid, includefield="StudyDescription")


NAMES = {
    "line breaks": b"A\r\nSet-Cookie: x=y\r\n\r\n^B",
    "escape sequences": b"A\x1b[2J\x1b]0;x\x07^B",
    "right to left": "A\u202eB^C".encode(),
    "64 KiB": b"A" * 65_534,
    "five carets": b"A^B^C^D^E^F^G",
    "groups": b"A=B=C=D=E",
    "page": b"<script>alert(1)</script>",
    "quotes": b"\"'\\\"\\'",
    "controls": bytes(range(1, 32)),
    "NUL": b"A\0B^C",
}


@pytest.mark.parametrize("name", NAMES)
def test_line_65_a_name_of_any_bytes_is_kept_and_told_as_text(archive, name):
    character_set = text(0x00080005, "CS", "ISO_IR 192")
    hostile = HostileObject("name " + name, patient_name=NAMES[name])
    hostile.data_set = character_set + hostile.data_set

    assert_kept(archive, hostile)

    metadata(archive, hostile)
    (found,) = archive.search("/studies", StudyInstanceUID=hostile.study_instance_uid)
    # A column of the index holds a kilobyte of each group at most.
    assert len(json.dumps(found)) < 8_000
    assert "Set-Cookie" not in archive.log.read_text()


ODD_VALUES = {
    "DS 1e9999": (0x00180050, "DS", "1e9999"),
    "DS NaN": (0x00180050, "DS", "NaN"),
    "DS inf": (0x00180050, "DS", "-Infinity"),
    "DS --1": (0x00180050, "DS", "--1"),
    "DS hexadecimal": (0x00180050, "DS", "0x10"),
    "IS 99999999999": (0x00200013, "IS", "99999999999"),
    "IS 10^40": (0x00200013, "IS", "1" + "0" * 40),
    "IS letters": (0x00200013, "IS", "eleven"),
    "DA 2026-02-30": (0x00080020, "DA", "2026-02-30"),
    "DA 20260230": (0x00080020, "DA", "20260230"),
    "TM 99": (0x00080030, "TM", "996161"),
    "AT odd": (0x00209165, "AT", b"\x10\0\x20"),
    "US odd": (0x00280010, "US", b"\x10"),
    "FD short": (0x00189087, "FD", b"\0\0\0"),
    "FD NaN": (0x00189087, "FD", struct.pack("<d", float("nan"))),
    "FL infinite": (0x00189089, "FL", struct.pack("<f", float("inf"))),
    "UI letters": (0x00081155, "UI", "not.a.uid"),
}


@pytest.mark.parametrize("name", ODD_VALUES)
def test_line_66_a_value_that_does_not_follow_its_vr_is_kept_raw_and_not_indexed(archive, name):
    number, vr, value = ODD_VALUES[name]
    hostile = HostileObject("value " + name, explicit(number, vr, value if isinstance(value, bytes) else padded(value)))

    assert_kept(archive, hostile)

    metadata(archive, hostile)
    if vr in ("DA", "TM", "IS"):
        keyword = {"DA": "StudyDate", "TM": "StudyTime", "IS": "InstanceNumber"}[vr]
        (found,) = archive.search("/instances", SOPInstanceUID=hostile.sop_instance_uid, includefield=keyword)
        assert "Value" not in found.get(f"{number:08X}", {})
        assert f"tags=({number >> 16:04X},{number & 0xFFFF:04X})" in archive.log.read_text()


# 67, 68: compression and byte order


def deflated(name, content=b"", tail=b"", cut=0):
    hostile = HostileObject(name)
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    stream = compressor.compress(hostile.data_set + content) + compressor.flush()
    hostile.data_set = stream[: len(stream) - cut] + tail
    hostile.transfer_syntax_uid = DEFLATED
    return hostile


def bomb(name, mebibytes):
    """Zeros as an unknown value, about a thousand times as long as what is sent."""
    hostile = HostileObject(name)
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = explicit(0x7FE00010, "OB", length=mebibytes << 20)
    pieces = [compressor.compress(hostile.data_set + head)]
    pieces += [compressor.compress(bytes(1 << 20)) for _ in range(mebibytes)]
    hostile.data_set = b"".join(pieces) + compressor.flush()
    hostile.transfer_syntax_uid = DEFLATED
    return hostile


def test_line_67_a_bomb_is_stopped_at_the_limit(archive):
    hostile = bomb("bomb", 1024)
    assert len(hostile.data_set) < 1_100_000
    before = archive.peak_memory()

    assert_refused(archive, hostile, OUT_OF_RESOURCES)

    assert archive.store([hostile.file]).status_code == 413
    assert archive.peak_memory() - before < 60_000_000


def test_line_67_a_stream_that_never_ends_is_refused(archive):
    hostile = HostileObject("never ending")
    # Stored blocks, none of which is the last.
    block = b"\0" + struct.pack("<HH", 65_535, 0) + bytes(65_535)
    whole = hostile.data_set + explicit(0x7FE00010, "OB", length=0x10000000)
    hostile.data_set = b"\0" + struct.pack("<HH", len(whole), len(whole) ^ 0xFFFF) + whole + block * 100
    hostile.transfer_syntax_uid = DEFLATED

    assert_refused(archive, hostile, CANNOT_UNDERSTAND)


def test_line_67_a_stream_of_empty_blocks_is_refused(archive):
    hostile = HostileObject("empty blocks")
    whole = hostile.data_set
    hostile.data_set = b"\0" + struct.pack("<HH", len(whole), len(whole) ^ 0xFFFF) + whole
    hostile.data_set += (b"\0" + struct.pack("<HH", 0, 0xFFFF)) * 1_000_000
    hostile.transfer_syntax_uid = DEFLATED

    assert_refused(archive, hostile, CANNOT_UNDERSTAND)


@pytest.mark.parametrize("cut", [1, 2, 10])
def test_line_67_a_stream_that_is_cut_off_is_refused(archive, cut):
    assert_refused(archive, deflated(f"cut by {cut}", cut=cut), CANNOT_UNDERSTAND)


def test_line_67_a_stream_that_is_none_is_refused(archive):
    hostile = HostileObject("no stream", transfer_syntax_uid=DEFLATED)
    hostile.data_set = b"\xff" * 1000

    assert_refused(archive, hostile, CANNOT_UNDERSTAND)


@pytest.mark.parametrize("tail", [b"\0", b"garbage" * 1000], ids=["a byte of padding", "garbage"])
def test_line_67_what_trails_the_stream_is_kept_and_not_read(archive, tail):
    assert_kept(archive, deflated(f"tail of {len(tail)}", tail=tail))


def test_line_68_big_endian_is_kept_in_its_order(archive):
    little = HostileObject("big endian")
    big = HostileObject("big endian", transfer_syntax_uid=BIG_ENDIAN, identity=b"")
    for element in little.identifying("A^B"):
        group, number, vr, length = struct.unpack("<HH2sH", element[:8])
        big.data_set += struct.pack(">HH2sH", group, number, vr, length) + element[8:]

    assert_kept(archive, big)
    assert metadata(archive, big)["00100010"]["Value"][0]["Alphabetic"] == "A^B"


def test_line_68_a_transfer_syntax_that_the_standard_does_not_know_is_read_as_explicit_vr(archive):
    # Deliberate: PS3.5 A.4 demands it of all new ones, and what does not follow is refused by its elements.
    assert_kept(archive, HostileObject("private syntax", transfer_syntax_uid="1.2.3.4.5"))


@pytest.mark.parametrize(
    "transfer_syntax_uid", ["1.2.840.10008.1.1", "1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.1.20", "abc", "1.2."]
)
def test_line_68_what_is_no_transfer_syntax_is_not_accepted(archive, transfer_syntax_uid):
    with pytest.raises(PeerGone, match="presentation context refused"):
        RawAssociation(archive.dicom_port, SECONDARY_CAPTURE, transfer_syntax_uid)
