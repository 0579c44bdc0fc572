"""Objects whose description of their pixels is a lie: each line of the table of bad inputs, by its number."""

import struct
import time

import pytest
from aftermath import assert_unharmed
from hostile_objects import (
    EXPLICIT,
    JPEG,
    SECONDARY_CAPTURE,
    SEQUENCE_END,
    UNDEFINED,
    HostileObject,
    assert_kept,
    explicit,
    frame_status,
    item,
    metadata,
    nested,
    short,
    text,
)
from raw_association import RawAssociation

CANNOT_UNDERSTAND = 0xC000


@pytest.fixture(autouse=True)
def aftermath(archive):
    yield
    assert_unharmed(archive)


# 69 to 71: pixels


def image(name, rows=2, columns=2, samples=1, allocated=8, frames=None, high=7, pixels=b"ABCD", extra=()):
    """An image whose description may be a lie."""
    elements = [
        short(0x00280002, samples) if isinstance(samples, int) else samples,
        text(0x00280008, "IS", frames) if frames is not None else b"",
        short(0x00280010, rows) if isinstance(rows, int) else rows,
        short(0x00280011, columns) if isinstance(columns, int) else columns,
        short(0x00280100, allocated),
        short(0x00280101, min(allocated, 8)),
        short(0x00280102, high),
        *extra,
        explicit(0x7FE00010, "OB", pixels),
    ]
    return HostileObject("image " + name, *elements)


def test_an_honest_image_has_its_frame(archive):
    hostile = image("honest")

    assert_kept(archive, hostile)
    assert frame_status(archive, hostile) == 200
    assert frame_status(archive, hostile, 2) == 404


LIES = {
    "no rows": image("no rows", rows=0),
    "no columns": image("no columns", columns=0),
    "65,535 by 65,535": image("largest", rows=65_535, columns=65_535),
    "65,535 by 65,535 by 65,535 of 65,535": image("product", 65_535, 65_535, 65_535, 65_535),
    "rows of four bytes": image("long rows", rows=explicit(0x00280010, "UL", struct.pack("<I", 1 << 31))),
    "no samples": image("no samples", samples=0),
    "five samples": image("five samples", samples=5),
    "no bits": image("no bits", allocated=0),
    "one bit": image("one bit", allocated=1),
    "twelve bits": image("twelve bits", allocated=12),
    "64 bits": image("64 bits", allocated=64),
    "no frames": image("no frames", frames="0"),
    "a frame less than none": image("-1 frames", frames="-1"),
    "2^31-1 frames": image("2^31-1 frames", frames="2147483647"),
    "2^63 frames": image("2^63 frames", frames="9223372036854775808"),
    "frames in letters": image("frames in letters", frames="many"),
    "pixels too short": image("short", pixels=b"AB"),
    "pixels too long": image("long", pixels=b"ABCDEFGH"),
    "no pixels": image("no pixels", pixels=b""),
}


@pytest.mark.parametrize("name", LIES)
def test_lines_69_and_70_an_image_that_describes_itself_wrongly_is_kept_and_has_no_frames(archive, name):
    hostile = LIES[name]
    before = archive.peak_memory()

    assert_kept(archive, hostile)

    for number in (1, 2, 2_147_483_647):
        assert frame_status(archive, hostile, number) in (404, 422)
        rendered = archive.get(f"{hostile.path}/frames/{number}/rendered")
        assert rendered.status_code in (404, 422)
    assert archive.get(hostile.path + "/rendered").status_code in (404, 422)
    assert archive.get(hostile.path + "/thumbnail").status_code in (404, 422)
    for transfer_syntax in ("1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.90"):
        wanted = f'multipart/related; type="application/dicom"; transfer-syntax={transfer_syntax}'
        assert archive.get(hostile.path, wanted).status_code in (406, 422)
    metadata(archive, hostile)
    assert archive.peak_memory() - before < 60_000_000


def test_line_69_a_high_bit_beyond_the_bits_allocated_does_not_touch_the_bytes_of_a_frame(archive):
    hostile = image("high bit", high=200)

    assert_kept(archive, hostile)
    assert archive.get(hostile.path + "/frames/1", "application/octet-stream").content == b"ABCD"


FRAGMENTS = [b"\xff\xd8AB\xff\xd9", b"\xff\xd8CDEF\xff\xd9"]


def compressed(name, offsets, fragments=FRAGMENTS, frames="2", extra=b""):
    """Two frames of JPEG with an offset table."""
    pixel_data = explicit(0x7FE00010, "OB", length=UNDEFINED) + item(offsets)
    pixel_data += b"".join(item(fragment) for fragment in fragments) + SEQUENCE_END
    elements = [text(0x00280008, "IS", frames), short(0x00280010, 2), short(0x00280011, 2), short(0x00280100, 8)]
    return HostileObject("offsets " + name, *elements, extra, pixel_data, transfer_syntax_uid=JPEG)


def offsets(*values):
    return struct.pack(f"<{len(values)}I", *values)


def extended(positions, lengths):
    return explicit(0x7FE00001, "OV", struct.pack(f"<{len(positions)}Q", *positions)) + explicit(
        0x7FE00002, "OV", struct.pack(f"<{len(lengths)}Q", *lengths)
    )


TABLES = {
    "right": compressed("right", offsets(0, 14)),
    "backwards": compressed("backwards", offsets(14, 0)),
    "overlapping": compressed("overlapping", offsets(0, 0)),
    "past the end": compressed("past the end", offsets(0, 0xFFFFFFF0)),
    "inside a fragment": compressed("inside", offsets(0, 11)),
    "too long": compressed("too long", offsets(0, 14, 28)),
    "odd": compressed("odd", offsets(0, 14)[:7] + b"\0\0\0"),
    "extended past the end": compressed("extended past", b"", extra=extended([0, 1 << 63], [6, 8])),
    "extended with wrong lengths": compressed("extended lengths", b"", extra=extended([0, 14], [0, (1 << 64) - 1])),
    "extended backwards": compressed("extended backwards", b"", extra=extended([14, 0], [8, 6])),
}


@pytest.mark.parametrize("name", TABLES)
def test_line_71_a_wrong_offset_table_does_not_change_what_a_frame_is(archive, name):
    hostile = TABLES[name]

    assert_kept(archive, hostile)

    for number, fragment in enumerate(FRAGMENTS, start=1):
        response = archive.get(f"{hostile.path}/frames/{number}", "image/jpeg")
        assert (response.status_code, response.content) == (200, fragment)
    assert frame_status(archive, hostile, 3) == 404


def test_line_71_damaged_frames_are_422_and_nothing_else(archive):
    hostile = compressed("not JPEG", offsets(0, 14))

    assert_kept(archive, hostile)

    for wanted in ("application/octet-stream", "image/dicom-rle"):
        assert archive.get(hostile.path + "/frames/1", wanted).status_code == 422
    assert archive.get(hostile.path + "/rendered").status_code == 422
    assert archive.get(hostile.path + "/thumbnail").status_code == 422


def test_line_75_video_and_documents_are_handed_out_as_attachments_only(archive):
    stream = b"\0\0\1\xb3<script>"
    video = compressed("video", b"", fragments=[stream], frames="100")
    video.transfer_syntax_uid = "1.2.840.10008.1.2.4.100"
    document = HostileObject(
        "document", text(0x00420012, "LO", "text/html"), explicit(0x00420011, "OB", b"<script>alert(1)</script> " * 100)
    )
    for hostile in (video, document):
        assert_kept(archive, hostile)
    answers = [
        archive.get(video.path + "/rendered"),
        archive.get(video.path + "/frames/1", "video/mpeg"),
        archive.get(document.path + "/bulkdata/00420011", "application/octet-stream"),
        archive.get(document.path, "application/dicom"),
    ]
    assert answers[0].content == stream
    for answer in answers:
        assert answer.status_code == 200
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
    # Video is never taken apart, documents have no pixels.
    assert archive.get(video.path + "/rendered", "image/png").status_code == 406
    assert archive.get(video.path + "/thumbnail").status_code == 404
    assert archive.get(document.path + "/rendered").status_code == 422


UNCLEAR = {
    "fewer fragments than frames": compressed("few", b"", frames="3"),
    "no fragments": compressed("none", b"", fragments=[]),
    "fragments without a beginning": compressed("unmarked", b"", fragments=[b"AB", b"CD", b"EF"]),
    "2^31-1 frames": compressed("many", b"", frames="2147483647"),
}


@pytest.mark.parametrize("name", UNCLEAR)
def test_line_71_frames_that_cannot_be_told_apart_are_not_served(archive, name):
    hostile = UNCLEAR[name]

    assert_kept(archive, hostile)
    assert frame_status(archive, hostile) == 422


def test_line_71_a_million_empty_fragments_cost_little(archive):
    hostile = compressed("a million", b"", fragments=[], frames="1")
    hostile.data_set = hostile.data_set[: -len(SEQUENCE_END)] + item() * 1_000_000 + SEQUENCE_END
    began = time.monotonic()

    assert hostile.by_c_store(archive) == 0

    response = archive.get(hostile.path + "/frames/1", "image/jpeg")
    assert (response.status_code, response.content) == (200, b"")
    assert time.monotonic() - began < 60


def test_line_71_more_fragments_than_the_limit_are_refused(archive):
    hostile = compressed("five million", b"", fragments=[], frames="1")
    hostile.data_set = hostile.data_set[: -len(SEQUENCE_END)] + item() * 5_000_000 + SEQUENCE_END

    assert hostile.by_c_store(archive) == CANNOT_UNDERSTAND
    assert not hostile.is_stored(archive)


# Bytes that end anywhere


def test_lines_57_and_60_an_object_cut_off_anywhere_is_whole_up_to_there_or_refused(archive):
    hostile = image("cut", extra=[explicit(0x00081140, "SQ", length=UNDEFINED) + item(nested(1)) + SEQUENCE_END])
    whole = hostile.data_set
    association = RawAssociation(archive.dicom_port, SECONDARY_CAPTURE, EXPLICIT)

    for length in range(len(hostile.identity), len(whole)):
        status = association.store(hostile.sop_instance_uid, whole[:length])
        # Between two elements of the outermost level a cut cannot be seen; the first such object stays.
        assert status in (0, 0x0111, CANNOT_UNDERSTAND)

    association.close()
