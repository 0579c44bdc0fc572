"""Looks for words that the leak corpus burned into pictures: frames, overlays, icons, unused bits.

Two ways, because each is blind where the other sees: Tesseract reads the whole picture, and the place of each word is
compared with the original, where the brightness of letters that are still there goes up and down as it did.
"""

import io
import re
import shutil
import subprocess

import numpy
from PIL import Image
from pydicom.pixels import apply_color_lut

# Above this the letters are still there: noise and black boxes stay below 0.2, paled letters above 0.9.
CORRELATION = 0.5


def gray_frames(dataset):
    """All frames as brightness, 0 is black; None where there are no pixels or they cannot be decoded."""
    if "PixelData" not in dataset:
        return None
    try:
        # Decoded to RGB where it is YBR.
        pixels = dataset.pixel_array
    except Exception:
        return None
    frames = int(dataset.get("NumberOfFrames") or 1)
    pixels = pixels if frames > 1 or pixels.ndim > 2 + (dataset.SamplesPerPixel > 1) else pixels[None]
    photometric = dataset.PhotometricInterpretation
    if photometric == "PALETTE COLOR":
        pixels = numpy.stack([apply_color_lut(frame, dataset) for frame in pixels])
    pixels = numpy.asarray(pixels, dtype=numpy.float64)
    if dataset.SamplesPerPixel == 1 and photometric != "PALETTE COLOR":
        stored = dataset.BitsStored
        if not dataset.PixelRepresentation:
            pixels = pixels % (1 << stored)
    if pixels.ndim == 4:
        pixels = pixels.mean(axis=-1)
    return pixels.max() - pixels if photometric == "MONOCHROME1" else pixels


def high_bits(dataset):
    """The bits above Bits Stored of native pixels of 16 bits."""
    if "PixelData" not in dataset or dataset.BitsAllocated != 16 or dataset.BitsStored == 16:
        return None
    if dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        return None
    data = dataset.PixelData[: 2 * dataset.Rows * dataset.Columns]
    if len(data) < 2 * dataset.Rows * dataset.Columns:
        return None
    return (numpy.frombuffer(data, "<u2") >> dataset.BitsStored).reshape(1, dataset.Rows, dataset.Columns)


def overlay_plane(dataset, group):
    if (group, 0x3000) not in dataset or (group, 0x0010) not in dataset:
        return None
    rows, columns = dataset[group, 0x0010].value, dataset[group, 0x0011].value
    bits = numpy.unpackbits(numpy.frombuffer(dataset[group, 0x3000].value, numpy.uint8), bitorder="little")
    return bits[: rows * columns].reshape(1, rows, columns) if bits.size >= rows * columns else None


def icon_frame(dataset):
    icons = dataset.get("IconImageSequence")
    if not icons or "PixelData" not in icons[0]:
        return None
    icon = icons[0]
    data = numpy.frombuffer(icon.PixelData, numpy.uint8)[: icon.Rows * icon.Columns]
    return data.reshape(1, icon.Rows, icon.Columns)


def picture(dataset, where):
    """The frames of the picture with this name in the manifest."""
    if where == "pixels":
        return gray_frames(dataset)
    if where == "high bits":
        return high_bits(dataset)
    if where.startswith("overlay"):
        return overlay_plane(dataset, int(where.split()[1], 16))
    return icon_frame(dataset)


def correlation(before, now):
    before, now = before - before.mean(), now - now.mean()
    norm = numpy.sqrt((before**2).sum() * (now**2).sum())
    return float((before * now).sum() / norm) if norm > 0 else 0.0


def left(entry, before, now, ocr):
    """(picture of the manifest, how it was found) of all words that are still in the pictures."""
    read = {}
    for wanted in entry["pictures"]:
        where, frame = wanted["where"], wanted["frame"]
        then, frames = picture(before, where), picture(now, where)
        if frames is None or frame >= len(frames):
            continue
        x0, y0, x1, y1 = wanted["box"]
        if frames[frame].shape == then[frame].shape:
            old, new = then[frame][y0:y1, x0:x1].astype(float), frames[frame][y0:y1, x0:x1].astype(float)
            if abs(correlation(old, new)) > CORRELATION:
                yield wanted, "seen at its place"
                continue
        if ocr:
            if (where, frame) not in read:
                read[where, frame] = words_in(frames[frame])
            if any(reads(read[where, frame], string["text"]) for string in wanted["strings"]):
                yield wanted, "read"


def words_in(gray):
    """What Tesseract reads in a picture, as letters and digits alone."""
    if not shutil.which("tesseract"):
        raise RuntimeError("no tesseract: run Tools/setup --for-tests")
    low, high = float(gray.min()), float(gray.max())
    if high - low < 1:
        return ""
    scaled = ((gray - low) / (high - low) * 255).astype(numpy.uint8)
    dark = scaled.mean() < 128
    if dark:
        scaled = 255 - scaled
    # Once as it is, once with all but the strongest ink taken away: letters above tissue are read only then.
    return plain(" ".join(recognized(page) for page in (scaled, numpy.where(scaled < 80, scaled, 255).astype("u1"))))


def recognized(page):
    image = Image.fromarray(page)
    image = image.resize((image.width * 3, image.height * 3), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    image.save(stream, "PNG")
    command = ["tesseract", "-", "-", "--psm", "11", "-l", "eng"]
    environment = {"OMP_THREAD_LIMIT": "1", "PATH": "/usr/bin:/bin:/usr/local/bin"}
    result = subprocess.run(command, input=stream.getvalue(), capture_output=True, timeout=120, env=environment)
    return result.stdout.decode("utf-8", "replace")


def plain(text):
    return re.sub(r"[\W_]", "", text).casefold()


def reads(text, wanted):
    """Whether the text holds the word with at most one wrong letter of four."""
    wanted = plain(wanted)
    if len(wanted) < 4:
        return False
    # Sellers' algorithm: the smallest number of edits between the word and any part of the text.
    column = list(range(len(wanted) + 1))
    best = column[-1]
    for letter in text:
        previous, column[0] = column[0], 0
        for row in range(1, len(wanted) + 1):
            cost = min(previous + (wanted[row - 1] != letter), column[row] + 1, column[row - 1] + 1)
            previous, column[row] = column[row], cost
        best = min(best, column[-1])
    return best <= len(wanted) // 4


def changed_outside(entry, before, now):
    """What happened to the pixels outside of the planted words, as parts of all pixels.

    Returns the part that is something else now, and the part that was made black: in each frame one value, which is the
    darkest there. Pixels that are gone or of another size count as changed.
    """
    then = gray_frames(before)
    if then is None:
        return 0.0, 0.0
    frames = gray_frames(now)
    if frames is None or frames.shape != then.shape:
        return 1.0, 0.0
    tolerance = 3.0 if before.get("SamplesPerPixel", 1) > 1 else 1.5
    changed = numpy.abs(then - frames) > tolerance
    for wanted in entry["pictures"]:
        if wanted["where"] == "pixels":
            x0, y0, x1, y1 = wanted["box"]
            changed[wanted["frame"], max(y0 - 6, 0) : y1 + 6, max(x0 - 6, 0) : x1 + 6] = False
    black = changed & (frames == frames.min(axis=(1, 2), keepdims=True))
    return float((changed & ~black).mean()), float(black.mean())
