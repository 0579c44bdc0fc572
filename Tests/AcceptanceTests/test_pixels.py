"""The pixels of every compressed test file, beside what pydicom's plugins make of them; and the way back.

The plugins are pylibjpeg (libjpeg of T. Richter, OpenJPEG, RLE), GDCM, Pillow, and pydicom's own RLE.
"""

import subprocess
import warnings
from collections import defaultdict

import numpy
import pydicom
import pytest
from archive import BINARY
from pydicom.pixels import get_decoder, pixel_array
from test_roundtrip import test_files

EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
# Schemes whose decoders must agree to the last bit; of the others IDCT and upsampling may round otherwise.
EXACT = {
    "1.2.840.10008.1.2.5": "RLE Lossless",
    "1.2.840.10008.1.2.4.57": "JPEG Lossless",
    "1.2.840.10008.1.2.4.70": "JPEG Lossless SV1",
    "1.2.840.10008.1.2.4.80": "JPEG-LS Lossless",
    # Lossy for the encoder, but its decoder is exact.
    "1.2.840.10008.1.2.4.81": "JPEG-LS Near-Lossless",
    "1.2.840.10008.1.2.4.90": "JPEG 2000 Lossless",
}


def decoded_by_us(path, out):
    result = subprocess.run(
        [BINARY, "transcode", str(path), "--to", "ExplicitVRLittleEndian", "-o", str(out)],
        capture_output=True,
        text=True,
    )
    return result.stderr if result.returncode else None


def compressed_files():
    for path in test_files():
        try:
            header = pydicom.dcmread(path, force=True, specific_tags=["Rows", "PixelData"])
            transfer_syntax = header.file_meta.TransferSyntaxUID
        except Exception:
            continue
        if transfer_syntax.is_compressed and not transfer_syntax.is_deflated and "PixelData" in header:
            yield path, transfer_syntax


def decoded_by_others(path, transfer_syntax):
    """What each plugin decodes, by its name; the reasons of those that do not."""
    arrays, reasons = {}, {}
    for plugin in get_decoder(transfer_syntax).available_plugins:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                arrays[plugin] = pixel_array(path, decoding_plugin=plugin)
        except Exception as error:
            reasons[plugin] = str(error)
    return arrays, reasons


def stored_values(array, data_set):
    """The values of Bits Stored alone: above them there may be overlays, which compressed forms need not keep."""
    unused = data_set.BitsAllocated - data_set.BitsStored
    if unused == 0 or array.dtype.itemsize * 8 != data_set.BitsAllocated:
        return array
    return (array << unused) >> unused


def difference(ours, theirs):
    """The largest difference and the root of the mean square; None when shape or type differ."""
    if ours.shape != theirs.shape:
        return None
    delta = ours.astype(numpy.int64) - theirs.astype(numpy.int64)
    return int(numpy.abs(delta).max()), float(numpy.sqrt(numpy.mean(delta.astype(float) ** 2)))


def test_every_compressed_file_is_decoded_as_other_programs_decode_it(tmp_path):
    table = defaultdict(list)
    wrong, unconfirmed = [], []
    for path, transfer_syntax in compressed_files():
        out = tmp_path / "native.dcm"
        out.unlink(missing_ok=True)
        fault = decoded_by_us(path, out)
        theirs, reasons = decoded_by_others(path, transfer_syntax)
        if fault is not None:
            table[transfer_syntax.name].append(("refused", path.name))
            if theirs:
                wrong.append((path.name, transfer_syntax.name, "refused", fault.strip(), sorted(theirs)))
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ours = pixel_array(out)
        found = {plugin: difference(ours, array) for plugin, array in theirs.items()}
        table[transfer_syntax.name] += found.items()
        for plugin, row in found.items():
            # libjpeg of T. Richter makes full chrominance of subsampled otherwise than libjpeg-turbo and its relatives.
            bound = 0 if transfer_syntax in EXACT else 5 if ours.ndim > 2 else 1
            if row is None or row[0] > bound or row[1] > 0.5:
                wrong.append((path.name, transfer_syntax.name, plugin, row, (ours.shape, theirs[plugin].shape)))
        if found and not any(row and row[0] <= 1 for row in found.values()):
            unconfirmed.append((path.name, transfer_syntax.name, found))
    for name, rows in table.items():
        for plugin in sorted({plugin for plugin, _ in rows}):
            found = [row for by, row in rows if by == plugin]
            numbers = [row for row in found if isinstance(row, tuple)]
            worst = max((row[0] for row in numbers), default=0)
            root = max((row[1] for row in numbers), default=0.0)
            print(f"{name:45} {plugin:10} {len(found):3} files, max {worst}, RMS at most {root:.3f}")
    for row in wrong + unconfirmed:
        print(row)
    assert not wrong
    # For each file there is a program that agrees to one grey level.
    assert not unconfirmed
    assert sum(len(rows) for rows in table.values()) > 150


def kinds_of_native_images():
    """One native file for each kind of image: its size is small, so that every encoder can be tried on all."""
    seen = set()
    for path in test_files():
        try:
            data_set = pydicom.dcmread(path)
        except Exception:
            continue
        transfer_syntax = data_set.file_meta.get("TransferSyntaxUID")
        if transfer_syntax != EXPLICIT_LITTLE or "PixelData" not in data_set:
            continue
        elements = ("SamplesPerPixel", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation")
        kind = (
            *(data_set.get(element) for element in elements),
            data_set.get("PhotometricInterpretation"),
            data_set.get("PlanarConfiguration"),
            str(data_set.get("NumberOfFrames") or 1) > "1",
            data_set.get("Rows", 0) % 2,
            data_set.get("Columns", 0) % 2,
        )
        if kind in seen or data_set.get("Rows", 0) * data_set.get("Columns", 0) > 1_100_000:
            continue
        try:
            array = native_pixels(path)
        except Exception:
            continue
        if array.size <= 4_000_000:
            seen.add(kind)
            yield path, array


def native_pixels(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pixel_array(path)


FOREIGN_ENCODERS = {
    "dcmcrle": ["dcmcrle"],
    "dcmcjpeg, lossless SV1": ["dcmcjpeg", "+e1"],
    "dcmcjpeg, lossless, predictor 6": ["dcmcjpeg", "+el", "+sv", "6"],
    "dcmcjpls": ["dcmcjpls"],
    "gdcmconv, JPEG": ["gdcmconv", "--jpeg", "--lossless"],
    "gdcmconv, JPEG-LS": ["gdcmconv", "--jpegls"],
    "gdcmconv, JPEG 2000": ["gdcmconv", "--j2k"],
    "gdcmconv, RLE": ["gdcmconv", "--rle"],
}


@pytest.mark.parametrize("encoder", FOREIGN_ENCODERS)
def test_what_other_programs_encode_without_loss_is_decoded_to_what_it_was(encoder, tmp_path):
    count, refused, wrong = 0, 0, []
    for path, expected in kinds_of_native_images():
        if encoder == "gdcmconv, JPEG 2000" and expected.dtype.itemsize == 4:
            # Samples of 32 bits: OpenJPEG overflows, and we refuse.
            continue
        encoded, out = tmp_path / "encoded.dcm", tmp_path / "native.dcm"
        for file in (encoded, out):
            file.unlink(missing_ok=True)
        made = subprocess.run([*FOREIGN_ENCODERS[encoder], path, encoded], capture_output=True)
        if made.returncode != 0 or not encoded.exists():
            refused += 1
            continue
        if not pydicom.dcmread(encoded).file_meta.TransferSyntaxUID.is_compressed:
            refused += 1
            continue
        fault = decoded_by_us(encoded, out)
        count += 1
        if fault is not None:
            wrong.append((path.name, fault.strip()))
        elif difference(native_pixels(out), expected) != (0, 0.0):
            wrong.append((path.name, difference(native_pixels(out), expected)))
    print(f"{encoder}: {count} kinds of images, {refused} that it does not encode, {len(wrong)} differ")
    for row in wrong:
        print(row)
    assert not wrong
    assert count >= 3


OUR_ENCODERS = [
    "RLELossless",
    "JPEGLosslessSV1",
    "JPEGLossless",
    "JPEGLSLossless",
    "JPEG2000Lossless",
    "HTJ2KLossless",
    "HTJ2KLosslessRPCL",
]


@pytest.mark.parametrize("target", OUR_ENCODERS)
def test_what_is_encoded_without_loss_is_read_by_other_programs(target, tmp_path):
    count, refused, unread, wrong = 0, [], 0, []
    for path, expected in kinds_of_native_images():
        out = tmp_path / "encoded.dcm"
        out.unlink(missing_ok=True)
        result = subprocess.run(
            [BINARY, "transcode", str(path), "--to", target, "-o", str(out)], capture_output=True, text=True
        )
        if result.returncode != 0:
            refused.append((path.name, result.stderr.strip()))
            continue
        count += 1
        data_set = pydicom.dcmread(out)
        theirs, _ = decoded_by_others(out, data_set.file_meta.TransferSyntaxUID)
        unread += not theirs
        for plugin, array in theirs.items():
            found = difference(stored_values(array, data_set), stored_values(expected, data_set))
            if found != (0, 0.0):
                wrong.append((path.name, plugin, found))
    print(f"{target}: {count} kinds of images, {len(refused)} refused, {unread} nobody reads, {len(wrong)} differ")
    for row in refused + wrong:
        print(row)
    assert not wrong
    assert count >= 10
    assert unread == 0
