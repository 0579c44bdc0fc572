"""Pictures as numbers: of `cassette render`, of DCMTK, and by the equations of the standard."""

import subprocess

import numpy as np
import pydicom
from archive import BINARY, ROOT
from PIL import Image
from pydicom.pixels import apply_modality_lut

IMAGES = ROOT / "TestImages"


def render(path, out, *options):
    return subprocess.run([BINARY, "render", str(path), "-o", str(out), *options], capture_output=True, text=True)


def samples(path):
    """The picture as integers, grey or RGB."""
    with Image.open(path) as image:
        image.load()
        return np.array(image.convert("RGB") if image.mode == "P" else image).astype(np.int64)


def ours(path, out, *options):
    result = render(path, out, *options)
    assert result.returncode == 0, result.stderr
    return samples(out)


def dcmtk(path, out, *options):
    """The picture of dcmj2pnm, which writes PNG or PNM as the options say."""
    subprocess.run(["dcmj2pnm", str(path), str(out), *options], capture_output=True, check=True)
    return samples(out)


def values(path, frame=0):
    """What comes out of the Modality LUT, by pydicom."""
    dataset = pydicom.dcmread(path)
    pixels = dataset.pixel_array
    if int(dataset.get("NumberOfFrames", 1) or 1) > 1:
        pixels = pixels[frame]
    return np.asarray(apply_modality_lut(pixels, dataset), dtype=np.float64), dataset


def linear(numbers, center, width, top=255):
    """LINEAR of PS3.3 C.11.2.1.2.1, without rounding."""
    low, high = center - 0.5 - (width - 1) / 2, center - 0.5 + (width - 1) / 2
    levels = ((numbers - (center - 0.5)) / max(width - 1, 1e-9) + 0.5) * top
    return np.where(numbers <= low, 0, np.where(numbers > high, top, levels))


def first(value):
    return float(value[0] if isinstance(value, pydicom.multival.MultiValue) else value)


def difference(left, right):
    """Largest difference, root of the mean square, part of samples that differ."""
    if left.ndim != right.ndim:
        # Grey in three channels.
        left, right = (part if part.ndim == 3 else np.stack([part] * 3, -1) for part in (left, right))
    assert left.shape == right.shape
    delta = np.abs(left - right)
    return int(delta.max()), float(np.sqrt((delta**2).mean())), float((delta > 0).mean())
