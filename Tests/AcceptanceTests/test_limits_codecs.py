"""Frames made to harm codecs: lines 72 to 74 of the table of bad inputs, and what becomes of the processes that decode."""

import concurrent.futures
import contextlib
import io
import os
import signal
import struct
import time
from pathlib import Path

import pytest
from aftermath import assert_unharmed
from archive import Archive
from hostile_objects import (
    SEQUENCE_END,
    UNDEFINED,
    HostileObject,
    explicit,
    item,
    short,
    text,
)
from hostile_peer import limited
from PIL import Image

RLE = "1.2.840.10008.1.2.5"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"
JPEG_LOSSLESS = "1.2.840.10008.1.2.4.70"
JPEG_LS = "1.2.840.10008.1.2.4.80"
JPEG_2000 = "1.2.840.10008.1.2.4.90"
HTJ2K = "1.2.840.10008.1.2.4.201"
DECODED = "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1"
# No codec may keep a request for longer; the machine of the tests may be slow.
SECONDS = 20


@pytest.fixture(autouse=True)
def aftermath(request):
    yield
    if "archive" in request.fixturenames:
        assert_unharmed(request.getfixturevalue("archive"))


def compressed(name, transfer_syntax_uid, stream, rows=16, columns=16):
    """A grey image of 8 bits whose one frame is a stream."""
    stream += bytes(len(stream) % 2)
    pixel_data = explicit(0x7FE00010, "OB", length=UNDEFINED) + item() + item(stream) + SEQUENCE_END
    elements = [short(0x00280002, 1), text(0x00280004, "CS", "MONOCHROME2"), short(0x00280010, rows)]
    elements += [short(0x00280011, columns), short(0x00280100, 8), short(0x00280101, 8), short(0x00280102, 7)]
    elements += [short(0x00280103, 0)]
    return HostileObject("codec " + name, *elements, pixel_data, transfer_syntax_uid=transfer_syntax_uid)


def decoded(archive, hostile, seconds=SECONDS):
    """The answer to who asks for the one frame without compression; it must come in time."""
    start = time.monotonic()
    response = archive.get(hostile.path + "/frames/1", DECODED)
    assert time.monotonic() - start < seconds
    return response


def workers(archive):
    """The processes that decode, by number."""
    found = []
    for task in Path(f"/proc/{archive.process.pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


# Streams by hand


def rle(*offsets, body=b"", count=None):
    count = len(offsets) if count is None else count
    return struct.pack("<16I", count, *offsets, *[0] * (15 - len(offsets))) + body


def marker(code, body=b""):
    """A marker of JPEG or JPEG 2000 with a segment."""
    return struct.pack(">HH", code, len(body) + 2) + body


def start_of_frame(code=0xFFC0, rows=16, columns=16, precision=8, components=1, sampling=0x11):
    parts = b"".join(bytes([number + 1, sampling, 0]) for number in range(components))
    return marker(code, struct.pack(">BHHB", precision, rows, columns, components) + parts)


QUANTIZATION = marker(0xFFDB, b"\0" + b"\1" * 64)
# One code of one bit for the category 0, for DC and AC.
HUFFMAN = marker(0xFFC4, b"\0" + b"\1" + bytes(15) + b"\0") + marker(0xFFC4, b"\x10" + b"\1" + bytes(15) + b"\0")


def scan(first=0, last=63, approximation=0, components=1, body=b""):
    parts = b"".join(bytes([number + 1, 0]) for number in range(components))
    return marker(0xFFDA, bytes([components]) + parts + bytes([first, last, approximation])) + body


def jpeg(*segments):
    return b"\xff\xd8" + b"".join(segments) + b"\xff\xd9"


JPEG_STREAMS = {
    "FF01 without end": (JPEG_BASELINE, b"\xff\xd8" + b"\xff\x01" * 500_000),
    "fill bytes without end": (JPEG_BASELINE, b"\xff\xd8" + b"\xff" * 1_000_000),
    "category of Huffman table beyond 15": (
        JPEG_BASELINE,
        jpeg(QUANTIZATION, start_of_frame(), marker(0xFFC4, b"\0" + b"\1" + bytes(15) + b"\xff"), scan(body=b"\0" * 64)),
    ),
    "Huffman table of 4,080 codes": (
        JPEG_BASELINE,
        jpeg(QUANTIZATION, start_of_frame(), marker(0xFFC4, b"\0" + b"\xff" * 16 + bytes(4_080)), scan()),
    ),
    "frame of 0 by 0": (JPEG_BASELINE, jpeg(QUANTIZATION, start_of_frame(rows=0, columns=0), HUFFMAN, scan())),
    "frame of 65,535 by 65,535": (
        JPEG_BASELINE,
        jpeg(QUANTIZATION, start_of_frame(rows=65_535, columns=65_535), HUFFMAN, scan()),
    ),
    "255 components": (
        JPEG_BASELINE,
        jpeg(QUANTIZATION, start_of_frame(components=255), HUFFMAN, scan(components=4)),
    ),
    "no scan": (JPEG_BASELINE, jpeg(QUANTIZATION, start_of_frame(), HUFFMAN)),
    "no table": (JPEG_BASELINE, jpeg(start_of_frame(), scan(body=b"\0" * 64))),
    "restart after each unit, none there": (
        JPEG_BASELINE,
        jpeg(QUANTIZATION, start_of_frame(), HUFFMAN, marker(0xFFDD, b"\0\1"), scan(body=b"\xff\xd0\xff\xd5" * 100_000)),
    ),
    "1,000 scans of a progressive frame": (
        JPEG_EXTENDED,
        jpeg(
            QUANTIZATION,
            start_of_frame(0xFFC2),
            HUFFMAN,
            scan(0, 0, 0x01, body=b"\0" * 8),
            *[scan(0, 0, 0x10, body=b"\0" * 8)] * 1_000,
        ),
    ),
    "lossless with predictor 255": (
        JPEG_LOSSLESS,
        jpeg(start_of_frame(0xFFC3), HUFFMAN, scan(255, 0, 0, body=b"\0" * 64)),
    ),
    "lossless with point transform 15": (
        JPEG_LOSSLESS,
        jpeg(start_of_frame(0xFFC3), HUFFMAN, scan(1, 0, 0x0F, body=b"\0" * 64)),
    ),
}


def size(rows=16, columns=16, tile_rows=None, tile_columns=None, components=1, depth=7, capabilities=0):
    """The SIZ segment of a codestream."""
    head = struct.pack(">HIIIIIIII", capabilities, columns, rows, 0, 0, tile_columns or columns, tile_rows or rows, 0, 0)
    return marker(0xFF51, head + struct.pack(">H", components) + bytes([depth, 1, 1]) * components)


CODING = marker(0xFF52, bytes([0, 0, 0, 1, 0, 1, 4, 4, 0, 1]))
QUANTIZATION_2000 = marker(0xFF5C, bytes([0x40] + [0x48] * 4))


def codestream(*segments, body=b""):
    tile = struct.pack(">HHHIBB", 0xFF90, 10, 0, 14 + len(body), 0, 1) + b"\xff\x93" + body
    return b"\xff\x4f" + b"".join(segments) + tile + b"\xff\xd9"


HT_CODING = marker(0xFF52, bytes([0, 2, 0, 1, 0, 1, 4, 4, 0x40, 1]))
HT_CAPABILITIES = marker(0xFF50, struct.pack(">IH", 0x00020000, 0))
OTHER_STREAMS = {
    "JPEG-LS with NEAR 255": (JPEG_LS, jpeg(start_of_frame(0xFFF7), scan(255, 0, 0, body=b"\x55" * 64))),
    "JPEG-LS with MAXVAL 0": (
        JPEG_LS,
        jpeg(start_of_frame(0xFFF7), marker(0xFFF8, b"\1" + bytes(10)), scan(0, 0, 0, body=b"\x55" * 64)),
    ),
    "JPEG-LS with MAXVAL and thresholds of 65,535": (
        JPEG_LS,
        jpeg(start_of_frame(0xFFF7), marker(0xFFF8, b"\1" + b"\xff" * 10), scan(0, 0, 0, body=b"\x55" * 64)),
    ),
    "JPEG-LS with a mapping table": (
        JPEG_LS,
        jpeg(start_of_frame(0xFFF7), marker(0xFFF8, b"\2\1\2" + bytes(250)), scan(0, 0, 0, body=b"\x55" * 64)),
    ),
    "2^40 tiles": (
        JPEG_2000,
        codestream(size(1 << 20, 1 << 20, 1, 1), CODING, QUANTIZATION_2000, body=b"\0" * 16),
    ),
    "256 tiles of one pixel, and one given": (
        JPEG_2000,
        codestream(size(tile_rows=1, tile_columns=1), CODING, QUANTIZATION_2000, body=b"\0" * 16),
    ),
    "16,384 components": (JPEG_2000, codestream(size(components=16_384), CODING, QUANTIZATION_2000)),
    "region of interest shifted by 255": (
        JPEG_2000,
        codestream(size(), CODING, QUANTIZATION_2000, marker(0xFF5E, bytes([0, 0, 255])), body=b"\xc7\xd4" * 64),
    ),
    "33 levels of decomposition": (
        JPEG_2000,
        codestream(size(), marker(0xFF52, bytes([0, 0, 0, 1, 0, 33, 4, 4, 0, 1])), QUANTIZATION_2000),
    ),
    "code blocks of 2^17": (
        JPEG_2000,
        codestream(size(), marker(0xFF52, bytes([0, 0, 0, 1, 0, 1, 15, 15, 0, 1])), QUANTIZATION_2000),
    ),
    "65,535 layers of nothing": (
        JPEG_2000,
        codestream(size(), marker(0xFF52, bytes([0, 0, 255, 255, 0, 1, 4, 4, 0, 1])), QUANTIZATION_2000, body=b"\x80" * 99),
    ),
    "HTJ2K of noise": (
        HTJ2K,
        codestream(size(capabilities=0x4000), HT_CAPABILITIES, HT_CODING, QUANTIZATION_2000, body=b"\xc7\xd4\x55" * 200),
    ),
    "HTJ2K of nothing": (HTJ2K, codestream(size(capabilities=0x4000), HT_CAPABILITIES, HT_CODING, QUANTIZATION_2000)),
    "HTJ2K without its capabilities": (
        HTJ2K,
        codestream(size(), HT_CODING, QUANTIZATION_2000, body=b"\xff" * 64),
    ),
}
RLE_STREAMS = {
    "no segment": rle(),
    "16 segments": rle(64, body=bytes(64), count=16),
    "2^32-1 segments": rle(64, body=bytes(64), count=0xFFFFFFFF),
    "an offset past the end": rle(1 << 20, body=b"\x7f" * 64),
    "an offset into the header": rle(4, body=b"\x7f" * 64),
    "offsets backwards": rle(96, 64, body=bytes(64)),
    "63 bytes": rle(64)[:63],
    "nothing": b"",
    "a segment that ends too early": rle(64, body=b"\x05\1\2\3\4\5\6"),
    "a run that has no byte": rle(64, body=b"\x81\0\x80\x81"),
}


@pytest.mark.parametrize("name", RLE_STREAMS)
def test_line_72_a_frame_of_damaged_rle_is_refused(archive, name):
    hostile = compressed("RLE " + name, RLE, RLE_STREAMS[name])
    assert hostile.by_stow(archive) == 0

    # An object without any byte of pixels has no frame at all.
    assert decoded(archive, hostile).status_code in ((422, 404) if name == "nothing" else (422,))


@pytest.mark.parametrize("name", JPEG_STREAMS)
def test_line_73_a_frame_of_jpeg_that_would_harm_a_decoder_is_refused_in_time(archive, name):
    hostile = compressed(name, *JPEG_STREAMS[name])
    assert hostile.by_stow(archive) == 0

    assert decoded(archive, hostile).status_code == 422


@pytest.mark.parametrize("name", OTHER_STREAMS)
def test_line_74_a_frame_of_jpeg_ls_or_jpeg_2000_that_would_harm_a_decoder_is_refused_in_time(archive, name):
    hostile = compressed(name, *OTHER_STREAMS[name])
    assert hostile.by_stow(archive) == 0

    assert decoded(archive, hostile).status_code == 422


# The processes that decode


@contextlib.contextmanager
def running(archive):
    archive.start()
    try:
        yield archive
    finally:
        archive.stop()


def noise(side):
    """An image of noise, for which a decoder takes its time, in JPEG 2000."""
    stream = io.BytesIO()
    image = Image.frombytes("L", (side, side), os.urandom(side * side))
    image.save(stream, "JPEG2000", no_jp2=True, irreversible=False)
    return compressed(f"noise {side}", JPEG_2000, stream.getvalue(), side, side), image.tobytes()


def test_a_frame_for_which_the_codec_takes_too_long_costs_its_request_alone(tmp_path):
    with running(limited(tmp_path / "archive", **{"pixels.time": "1s"})) as archive:
        slow, _ = noise(6_000)
        quick, pixels = noise(64)
        for image in (slow, quick):
            assert image.by_stow(archive) == 0

        response = decoded(archive, slow, 60)

        assert response.status_code == 422
        assert pixels in decoded(archive, quick).content


def test_a_codec_that_is_killed_at_work_costs_one_request(tmp_path):
    with running(Archive(tmp_path / "archive")) as archive:
        slow, _ = noise(6_000)
        quick, pixels = noise(64)
        for image in (slow, quick):
            assert image.by_stow(archive) == 0
        assert decoded(archive, quick).status_code == 200
        (worker,) = workers(archive)
        with concurrent.futures.ThreadPoolExecutor() as threads:
            answer = threads.submit(decoded, archive, slow, 60)
            is_at_work(worker)
            os.kill(worker, signal.SIGKILL)

            assert answer.result().status_code == 422
        assert pixels in decoded(archive, quick).content
        assert worker not in workers(archive)


def test_a_codec_may_not_take_more_memory_than_the_limit(tmp_path):
    with running(limited(tmp_path / "archive", **{"pixels.memory": "256MiB"})) as archive:
        large, _ = noise(6_000)
        small, pixels = noise(64)
        for image in (large, small):
            assert image.by_stow(archive) == 0

        assert decoded(archive, large, 60).status_code == 422
        assert pixels in decoded(archive, small).content


def test_no_codec_outlives_an_archive_that_is_stopped_or_killed(tmp_path):
    for end in (Archive.stop, Archive.kill):
        archive = Archive(tmp_path / end.__name__).start()
        image, _ = noise(64)
        assert image.by_stow(archive) == 0
        assert decoded(archive, image).status_code == 200
        (worker,) = workers(archive)

        end(archive)

        deadline = time.monotonic() + 10
        while is_alive(worker) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not is_alive(worker)


def is_alive(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def is_at_work(worker):
    """Waits until a process has used processor time of its own: a tenth of a second."""
    def ticks():
        return int(Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[11])

    start = ticks()
    while ticks() < start + 10:
        time.sleep(0.01)
