"""Samples of a byte in the words of Explicit VR Big Endian: as frames, as pictures, and in another Transfer Syntax."""

import numpy as np
import pydicom
import pytest
from pictures import IMAGES, difference, ours, samples
from test_dicomweb import one_part, path_of

# OW with 8 bits: one frame, two frames, and frames of odd length in one word with their neighbour.
FILES = [
    "pydicom-data/OBXXXX1A_expb.dcm",
    "pydicom-data/OBXXXX1A_expb_2frame.dcm",
    "pydicom/test_files/SC_rgb_small_odd_big_endian.dcm",
]


def odd_frames(path):
    """Three frames of 3 × 3 bytes, the second between two words."""
    dataset = pydicom.dcmread(IMAGES / FILES[2])
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.NumberOfFrames = 1, "MONOCHROME2", "3"
    del dataset.PlanarConfiguration
    pixels = bytes(range(10, 37)) + b"\0"
    dataset.SOPInstanceUID = pydicom.uid.generate_uid()
    dataset["PixelData"].value = bytes(np.frombuffer(pixels, "<u2").byteswap().tobytes())
    dataset.save_as(path)
    return np.arange(10, 37).reshape(3, 3, 3)


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """By file: its path, and its samples by pydicom or by hand."""
    folder = tmp_path_factory.mktemp("words")
    made = {"odd.dcm": (folder / "odd.dcm", odd_frames(folder / "odd.dcm"))}
    for number, name in enumerate(FILES):
        dataset = pydicom.dcmread(IMAGES / name)
        made[name] = (folder / f"{number}.dcm", dataset.pixel_array)
        # Some have the identifier of the file that they were made of.
        dataset.SOPInstanceUID = pydicom.uid.generate_uid()
        dataset.save_as(made[name][0])
    return made


@pytest.mark.parametrize("name", [*FILES, "odd.dcm"])
def test_frames_are_in_order(name, archive, expected):
    path, pixels = expected[name]
    content = path.read_bytes()
    archive.store([content])
    count = int(pydicom.dcmread(path, stop_before_pixels=True).get("NumberOfFrames") or 1)
    accept = 'multipart/related; type="application/octet-stream"; transfer-syntax=1.2.840.10008.1.2.1'

    for number in range(1, count + 1):
        _, body = one_part(archive.get(f"{path_of(content)}/frames/{number}", accept))
        frame = pixels[number - 1] if count > 1 else pixels
        assert body == frame.astype(np.uint8).tobytes()


@pytest.mark.parametrize("name", FILES[1:] + ["odd.dcm"])
def test_pictures_over_the_web_are_those_of_the_command(name, archive, expected, tmp_path):
    path, _ = expected[name]
    content = path.read_bytes()
    archive.store([content])

    response = archive.get(f"{path_of(content)}/frames/1/rendered", "image/png")

    assert response.status_code == 200, response.text
    (tmp_path / "web.png").write_bytes(response.content)
    assert difference(samples(tmp_path / "web.png"), ours(path, tmp_path / "ours.png"))[0] == 0


def test_frames_of_odd_length_have_their_own_bytes(expected, tmp_path):
    path, pixels = expected["odd.dcm"]

    for number in (1, 2, 3):
        picture = ours(path, tmp_path / "a.png", "--frame", str(number), "--force")
        assert (picture == pixels[number - 1]).all()
