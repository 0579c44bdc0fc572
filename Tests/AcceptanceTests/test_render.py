"""`cassette render`: pictures beside DCMTK's and beside the equations of the standard."""

import re
import subprocess

import numpy as np
import pydicom
import pytest
from archive import BINARY
from PIL import Image
from pictures import IMAGES, dcmtk, difference, first, linear, ours, render, samples, values

PYDICOM = "pydicom/test_files/"
JPEG_LS = ("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81")

# Files with a window of their own: signed and not, 8 to 16 bits, MONOCHROME1, overlays, rescale with and without fractions,
# Implicit, Explicit, Big Endian, RLE.
WINDOWED = [
    "deid-data/animals/cat.dcm",
    "deid-data/ultrasounds/GREYSCALE_CINE/GREYSCALE_CINE.dcm",
    "deid-data/ultrasounds/GREYSCALE_IMAGE.dcm",
    "dicompyler-core/ct.0.dcm",
    "heudiconv/01-anat-scout/0001.dcm",
    "heudiconv/Phoenix/01+AA/01+AA+00001.dcm",
    "heudiconv/axasc35.dcm",
    "heudiconv/b0dwiForFmap/b0dwi_for_fmap+00001.dcm",
    "heudiconv/phantom.dcm",
    "nibabel/0.dcm",
    "nibabel/siemens_dwi_1000.dcm",
    "pydicom-data/693_UNCR.dcm",
    "pydicom-data/MR2_UNCR.dcm",
    "pydicom-data/RG1_UNCR.dcm",
    "pydicom-data/RG3_UNCR.dcm",
    PYDICOM + "MR_small.dcm",
    PYDICOM + "MR_small_bigendian.dcm",
    PYDICOM + "MR_small_RLE.dcm",
    PYDICOM + "dicomdirtests/77654033/CR1/6154",
    PYDICOM + "dicomdirtests/98892001/CT2N/6293",
]
# Without: enhanced with functional groups, one bit, 32 bits, Modality LUT, deflated, padding.
UNWINDOWED = [
    "dicompyler-core/rtdose.dcm",
    "pydicom-data/JPEG2000_UNC.dcm",
    "pydicom-data/emri_small.dcm",
    "pydicom-data/liver.dcm",
    "pydicom-data/mlut_18.dcm",
    "pynetdicom/RTImageStorage.dcm",
    "pynetdicom/SCImageStorage_Deflated.dcm",
    PYDICOM + "CT_small.dcm",
    PYDICOM + "rtdose_1frame.dcm",
    PYDICOM + "image_dfl.dcm",
]
# Colour, and how far DCMTK may be: it takes the middle of chrominance to be 127.5, where the standard has 128; times 1.772
# that is 0.9, and each side rounds by half a level.
COLOUR = {
    "deid-data/ultrasounds/RGB_CINE/RGB_CINE.dcm": 0,
    "pydicom-data/OBXXXX1A.dcm": 0,
    "pydicom-data/OBXXXX1A_expb.dcm": 0,
    "pydicom-data/OBXXXX1A_rle.dcm": 0,
    "pydicom-data/SC_rgb_16bit.dcm": 0,
    "pydicom-data/SC_rgb_expb_16bit_2frame.dcm": 0,
    "pydicom-data/SC_ybr_full_uncompressed.dcm": 2,
    "pydicom-data/US1_UNCR.dcm": 0,
    "pydicom-data/color-pl.dcm": 0,
    "pydicom-data/color-px.dcm": 0,
    PYDICOM + "ExplVR_BigEnd.dcm": 0,
    PYDICOM + "SC_rgb_rle.dcm": 0,
    PYDICOM + "SC_rgb_small_odd_big_endian.dcm": 0,
    PYDICOM + "SC_ybr_full_422_uncompressed.dcm": 2,
    PYDICOM + "examples_palette.dcm": 0,
    PYDICOM + "examples_rgb_color.dcm": 0,
}


def inverted(dataset):
    return dataset.PhotometricInterpretation == "MONOCHROME1" or dataset.get("PresentationLUTShape") == "INVERSE"


def by_the_standard(numbers, dataset, center, width, top=255):
    levels = linear(numbers, center, width, top)
    return np.floor((top - levels if inverted(dataset) else levels) + 0.5).astype(np.int64)


def told(name, found):
    largest, root, part = found
    print(f"{name}: max {largest}, RMS {root:.3f}, {part:.1%} of samples")


def compare(name, tmp_path, ours_options, dcmtk_options, window):
    """Ours is what the standard says; DCMTK's is one level below at most.

    DCMTK cuts fractions of levels off where we take the nearest, and fractions of rescaled values too: for those a further
    level for each value that a step of the window is.
    """
    path = IMAGES / name
    numbers, dataset = values(path)
    center, width = window(numbers, dataset)
    picture = ours(path, tmp_path / "ours.png", "--no-overlays", *ours_options(center, width))
    expected = by_the_standard(numbers, dataset, center, width)

    assert difference(picture, expected)[0] == 0, "not the equation of the standard"

    found = difference(
        picture, dcmtk(path, tmp_path / "dcmtk.ppm", "-O", *dcmtk_options(center, width))
    )
    told(name, found)
    fractions = np.any(numbers != np.floor(numbers))
    assert found[0] <= 1 + (int(np.ceil(255 / max(width - 1, 1))) if fractions else 0)


@pytest.mark.parametrize("name", WINDOWED)
def test_the_window_of_the_object_is_applied_as_the_standard_says_and_dcmtk_does(name, tmp_path):
    compare(
        name,
        tmp_path,
        lambda center, width: [],
        lambda center, width: ["+Wi", "1"],
        lambda numbers, dataset: (first(dataset.WindowCenter), first(dataset.WindowWidth)),
    )


@pytest.mark.parametrize("name", WINDOWED + UNWINDOWED)
def test_a_window_that_is_asked_for_is_applied(name, tmp_path):
    def window(numbers, dataset):
        center, spread = float(np.median(numbers)), float(numbers.max() - numbers.min())
        return round(center + spread / 7), max(2, round(spread / 2))

    compare(
        name,
        tmp_path,
        lambda center, width: ["--window", f"{center},{width}"],
        lambda center, width: ["+Ww", str(center), str(width)],
        window,
    )


# Of the dose DCMTK takes the lowest and highest value of all frames.
@pytest.mark.parametrize("name", UNWINDOWED[1:])
def test_the_window_from_the_lowest_to_the_highest_value_is_dcmtks(name, tmp_path):
    compare(
        name,
        tmp_path,
        lambda center, width: ["--window", f"{center},{width}"],
        lambda center, width: ["+Wm"],
        lambda numbers, dataset: ((numbers.min() + numbers.max() + 1) / 2, numbers.max() - numbers.min() + 1),
    )


@pytest.mark.parametrize("name", COLOUR)
def test_colours_are_dcmtks(name, tmp_path):
    found = difference(ours(IMAGES / name, tmp_path / "ours.png"), dcmtk(IMAGES / name, tmp_path / "dcmtk.ppm"))

    told(name, found)
    assert found[0] <= COLOUR[name]


# JPEG of 8 and 12 bits with and without losses, JPEG-LS: colour to the last bit, grey to the level that DCMTK cuts off.
COMPRESSED = {
    "deid-data/dicom-cookies/image1.dcm": 0,
    "deid-data/humans/ctbrain1.dcm": 0,
    "pydicom-data/JPEG-LL.dcm": 1,
    "pydicom-data/JPGLosslessP14SV1_1s_1f_8b.dcm": 1,
    "pydicom-data/color3d_jpeg_baseline.dcm": 0,
    "pydicom-data/emri_small_jpeg_ls_lossless.dcm": 1,
    PYDICOM + "JPGExtended.dcm": 1,
    PYDICOM + "MR_small_jpeg_ls_lossless.dcm": 1,
    PYDICOM + "SC_rgb_jls_lossy_sample.dcm": 0,
    PYDICOM + "SC_rgb_small_odd_jpeg.dcm": 0,
    PYDICOM + "examples_ybr_color.dcm": 0,
}


@pytest.mark.parametrize("name", COMPRESSED)
def test_compressed_frames_look_as_dcmtks(name, tmp_path):
    path = IMAGES / name
    dataset = pydicom.dcmread(path, stop_before_pixels=True)
    ours_options, theirs = [], []
    if dataset.PhotometricInterpretation == "MONOCHROME2":
        ours_options, theirs = ["--window", "100,300"], ["+Ww", "100", "300"]
    tool = "dcml2pnm" if dataset.file_meta.TransferSyntaxUID in JPEG_LS else "dcmj2pnm"

    picture = ours(path, tmp_path / "ours.png", *ours_options)

    subprocess.run([tool, str(path), str(tmp_path / "dcmtk.ppm"), *theirs], check=True, capture_output=True)
    found = difference(picture, samples(tmp_path / "dcmtk.ppm"))
    told(name, found)
    assert found[0] <= COMPRESSED[name]


@pytest.mark.parametrize(
    "name", ["pydicom-data/693_J2KR.dcm", "pydicom-data/RG1_J2KR.dcm", PYDICOM + "MR_small_jp2klossless.dcm"]
)
def test_jpeg_2000_looks_as_the_same_image_without_compression(name, tmp_path):
    numbers, dataset = values(IMAGES / name)

    picture = ours(IMAGES / name, tmp_path / "ours.png", "--window", "500,900")

    assert difference(picture, by_the_standard(numbers, dataset, 500, 900))[0] == 0


@pytest.mark.parametrize("name", ["dicompyler-core/ct.0.dcm", PYDICOM + "examples_rgb_color.dcm"])
def test_jpeg_is_near_the_picture_and_nearer_with_more_quality(name, tmp_path):
    path = IMAGES / name
    picture = ours(path, tmp_path / "a.png")

    good = difference(ours(path, tmp_path / "good.jpg", "--quality", "98"), picture)[1]
    small = difference(ours(path, tmp_path / "small.jpg", "--quality", "20"), picture)[1]

    print(f"{name}: RMS {good:.2f} and {small:.2f}")
    assert good < 5 and good < small
    assert (tmp_path / "small.jpg").stat().st_size * 2 < (tmp_path / "good.jpg").stat().st_size


@pytest.mark.parametrize("name", ["pydicom-data/vlut_04.dcm", "pydicom-data/MR-SIEMENS-DICOM-WithOverlays.dcm"])
def test_tables_and_overlays_are_shown_as_by_dcmtk(name, tmp_path):
    options = ["+Wl", "1"] if "vlut" in name else ["+Wi", "1"]

    found = difference(ours(IMAGES / name, tmp_path / "ours.png"), dcmtk(IMAGES / name, tmp_path / "dcmtk.ppm", *options))

    told(name, found)
    assert found[0] <= 1


@pytest.mark.parametrize("frame", [1, 2, 10])
def test_a_frame_is_chosen_and_has_its_own_functional_groups(frame, tmp_path):
    path = IMAGES / "pydicom-data/emri_small.dcm"
    numbers, dataset = values(path, frame - 1)

    picture = ours(path, tmp_path / "ours.png", "--frame", str(frame), "--window", "600,1200")

    assert difference(picture, by_the_standard(numbers, dataset, 600, 1200))[0] == 0


@pytest.mark.parametrize("name", [PYDICOM + "CT_small.dcm", "pydicom-data/RG3_UNCR.dcm", "dicompyler-core/ct.0.dcm"])
def test_pictures_of_16_bits_keep_all_levels(name, tmp_path):
    path = IMAGES / name
    numbers, dataset = values(path)
    center, width = float(np.median(numbers)), 3000

    picture = ours(path, tmp_path / "ours.png", "--format", "png16", "--window", f"{center},{width}")

    with Image.open(tmp_path / "ours.png") as image:
        assert image.mode == "I;16"
    assert difference(picture, by_the_standard(numbers, dataset, center, width, 65535))[0] <= 1


def test_without_a_window_few_odd_pixels_do_not_count(tmp_path):
    path = IMAGES / (PYDICOM + "CT_small.dcm")
    numbers, dataset = values(path)
    ordered = np.sort(numbers.ravel())
    skipped = int(len(ordered) * 0.005)
    low, high = ordered[skipped], ordered[-1 - skipped]

    picture = ours(path, tmp_path / "ours.png")

    expected = np.floor(np.clip((numbers - low) / (high - low), 0, 1) * 255 + 0.5)
    assert difference(picture, expected.astype(np.int64))[0] == 0
    assert picture.min() == 0 and picture.max() == 255


@pytest.mark.parametrize("name", [PYDICOM + "examples_rgb_color.dcm", "pydicom-data/RG3_UNCR.dcm"])
def test_smaller_pictures_are_means_and_larger_ones_interpolated_as_pillows(name, tmp_path):
    path = IMAGES / name
    full = ours(path, tmp_path / "full.png")
    image = Image.fromarray(full.astype(np.uint8))
    height, width = full.shape[:2]

    for size, method in [
        ((width // 4, height // 4), Image.Resampling.BOX),
        ((width, height // 2), Image.Resampling.BOX),
        ((width * 2, height * 2), Image.Resampling.BILINEAR),
    ]:
        scaled = ours(path, tmp_path / "scaled.png", "--size", f"{size[0]}x{size[1]}", "--force")
        expected = np.array(image.resize((scaled.shape[1], scaled.shape[0]), method)).astype(np.int64)

        # As large as possible within what was asked for.
        assert scaled.shape[1] == size[0] or scaled.shape[0] == size[1]
        found = difference(scaled, expected)
        told(f"{name} {size}", found)
        assert found[0] <= 1


def test_a_region_is_cut_out(tmp_path):
    path = IMAGES / "dicompyler-core/ct.0.dcm"
    full = ours(path, tmp_path / "full.png")

    assert difference(ours(path, tmp_path / "a.png", "--region", "100,50,200,300"), full[50:350, 100:300])[0] == 0
    mirrored = ours(path, tmp_path / "b.png", "--region", "100,50,-200,300")
    assert difference(mirrored, full[50:350, 100:300][:, ::-1])[0] == 0


def test_profiles_are_passed_on(tmp_path):
    dataset = pydicom.dcmread(IMAGES / "pydicom-data/SC_rgb.dcm")
    dataset.ICCProfile = (IMAGES / (PYDICOM + "crayons.icc")).read_bytes()
    dataset.save_as(tmp_path / "a.dcm")

    for name in ("a.png", "a.jpg"):
        ours(tmp_path / "a.dcm", tmp_path / name)

        with Image.open(tmp_path / name) as image:
            assert image.info["icc_profile"].rstrip(b"\0") == dataset.ICCProfile.rstrip(b"\0")


def test_a_film_is_all_frames_at_the_speed_of_the_object(tmp_path):
    path = IMAGES / "deid-data/ultrasounds/GREYSCALE_CINE/GREYSCALE_CINE.dcm"
    dataset = pydicom.dcmread(path, stop_before_pixels=True)

    assert render(path, tmp_path / "film.gif").returncode == 0

    with Image.open(tmp_path / "film.gif") as film:
        assert film.n_frames == dataset.NumberOfFrames
        assert film.info["loop"] == 0
        expected = 1000 / float(dataset.RecommendedDisplayFrameRate) if "RecommendedDisplayFrameRate" in dataset else float(
            dataset.get("FrameTime") or 1000 / float(dataset.get("CineRate", 10))
        )
        assert abs(film.info["duration"] - expected) <= 10
        for frame in (0, 13, film.n_frames - 1):
            film.seek(frame)
            still = ours(path, tmp_path / "still.png", "--frame", str(frame + 1), "--force")
            # Grey is exact.
            assert difference(np.array(film.convert("L")).astype(np.int64), still)[0] == 0


def test_a_film_in_colour_is_near(tmp_path):
    path = IMAGES / "deid-data/ultrasounds/ultrasound-multiframe.dcm"

    assert render(path, tmp_path / "film.gif", "--size", "400x300").returncode == 0

    with Image.open(tmp_path / "film.gif") as film:
        assert film.n_frames == 30
        film.seek(29)
        still = ours(path, tmp_path / "still.png", "--frame", "30", "--size", "400x300")
        found = difference(np.array(film.convert("RGB")).astype(np.int64), still)
        told("256 colours", found)
        assert found[1] < 3


def test_annotations_are_written(tmp_path):
    path = IMAGES / "dicompyler-core/ct.0.dcm"
    plain = ours(path, tmp_path / "plain.png")

    written = ours(path, tmp_path / "written.png", "--annotate", "patient,technique")

    changed = np.argwhere(plain != written)
    assert len(changed) > 500
    # Above and below, nothing in the middle.
    assert not ((changed[:, 0] > 128) & (changed[:, 0] < 384)).any()


def test_what_a_picture_lacks_is_told(tmp_path):
    dataset = pydicom.dcmread(IMAGES / "dicompyler-core/ct.0.dcm")
    dataset.RecommendedViewingMode = "SUB"
    mask = pydicom.Dataset()
    mask.MaskOperation = "AVG_SUB"
    dataset.MaskSubtractionSequence = [mask]
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName = "山田^太郎"
    dataset.save_as(tmp_path / "angiography.dcm")
    color = IMAGES / "deid-data/ultrasounds/RGB_CINE/RGB_CINE.dcm"

    angiography = render(tmp_path / "angiography.dcm", tmp_path / "angiography.png", "--annotate", "patient")
    colored = render(color, tmp_path / "color.png", "--window", "40,400")
    plain = render(color, tmp_path / "plain.png")

    assert angiography.returncode == 0 and colored.returncode == 0 and plain.returncode == 0
    assert "without mask subtraction" in angiography.stderr and "the name is not written" in angiography.stderr
    assert "no effect" in colored.stderr and plain.stderr == ""


def test_the_name_of_the_picture_is_that_of_the_file_and_nothing_is_replaced(tmp_path):
    path = tmp_path / "a.dcm"
    path.write_bytes((IMAGES / (PYDICOM + "CT_small.dcm")).read_bytes())

    def run(*options):
        return subprocess.run([BINARY, "render", str(path), *options], capture_output=True)

    assert run().returncode == 0
    assert (tmp_path / "a.dcm.png").is_file()
    again = run()
    assert again.returncode == 1 and b"--force" in again.stderr
    assert run("--force").returncode == 0
    assert run("-o", "-").stdout.startswith(b"\x89PNG")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.dcm", "a.dcm.png"]


@pytest.mark.parametrize(
    "name, options, code, text",
    [
        ("dicompyler-core/ct.0.dcm", ["--frame", "2"], 1, "one frame"),
        ("pydicom-data/emri_small.dcm", ["--frame", "11"], 1, "1 to 10"),
        ("dicompyler-core/ct.0.dcm", ["--frame", "0"], 2, "from 1"),
        ("dicompyler-core/ct.0.dcm", ["--window", "40"], 2, "CENTER,WIDTH"),
        ("dicompyler-core/ct.0.dcm", ["--window-number", "99"], 1, "number 99"),
        ("dicompyler-core/ct.0.dcm", ["--window", "40,0"], 2, "above 0"),
        ("dicompyler-core/ct.0.dcm", ["--size", "0x5"], 2, "--size"),
        ("dicompyler-core/ct.0.dcm", ["--size", "70000x5"], 2, "65535"),
        ("dicompyler-core/ct.0.dcm", ["--region", "600,0,5,5"], 1, "outside"),
        ("dicompyler-core/rtplan.dcm", [], 1, "no image"),
        ("README.md", [], 1, "README.md"),
        ("missing.dcm", [], 1, "no file"),
    ],
)
def test_what_cannot_be_is_told(name, options, code, text, tmp_path):
    result = render(IMAGES / name, tmp_path / "a.png", *options)

    assert result.returncode == code, result.stderr
    assert text in result.stderr
    assert not any(tmp_path.iterdir())


def attribute_cases():
    """LIMITS 69, 70 and 76: what becomes of an image of two values when an attribute is wrong."""
    grey = {"WindowWidth": "0", "WindowCenter": "5"}
    yield "window-width-0", grey, None
    yield "rows-0", {"Rows": 0}, "badDescription|does not fit"
    yield "bits-12-in-8", {"BitsStored": 12}, "badDescription"
    yield "bits-allocated-64", {"BitsAllocated": 64}, "does not fit|badDescription"
    yield "high-bit", {"HighBit": 16}, "badDescription"
    yield "samples-5", {"SamplesPerPixel": 5}, "does not fit|badDescription"
    yield "frames-2", {"NumberOfFrames": "2"}, "does not fit"
    yield "frames-0", {"NumberOfFrames": "0"}, "does not fit|one frame"
    yield "frames-many", {"NumberOfFrames": "2147483647"}, "does not fit"
    yield "photometric", {"PhotometricInterpretation": "ARGB"}, "badDescription"
    yield "palette-missing", {"PhotometricInterpretation": "PALETTE COLOR"}, "badAttribute"
    palette = {"PhotometricInterpretation": "PALETTE COLOR"}
    for color in ("Red", "Green", "Blue"):
        palette[f"{color}PaletteColorLookupTableDescriptor"] = [2, 0, 16]
        palette[f"{color}PaletteColorLookupTableData"] = b"\x00\x10\x00\xf0"
    yield "palette-beyond", palette, None
    short = dict(palette)
    short["RedPaletteColorLookupTableDescriptor"] = [0, 0, 16]
    yield "palette-0-entries", short, "badAttribute"


@pytest.mark.parametrize("name, attributes, refusal", list(attribute_cases()), ids=lambda case: case if isinstance(case, str) else "")
def test_odd_attributes_are_refused_or_clamped(name, attributes, refusal, tmp_path):
    dataset = pydicom.dcmread(IMAGES / (PYDICOM + "image_dfl.dcm"))
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    dataset.Rows, dataset.Columns = 2, 2
    dataset.PixelData = bytes([0, 1, 2, 255])
    for keyword, value in attributes.items():
        if keyword.endswith("Descriptor"):
            # pydicom does not choose between US and SS.
            dataset.add_new(keyword, "US", value)
        else:
            setattr(dataset, keyword, value)
    dataset.save_as(tmp_path / "a.dcm", implicit_vr=False, little_endian=True)

    result = render(tmp_path / "a.dcm", tmp_path / "a.png")

    if refusal is None:
        assert result.returncode == 0, result.stderr
    else:
        assert result.returncode == 1, result.stdout
        assert re.search(refusal, result.stderr), result.stderr
        assert not (tmp_path / "a.png").exists()


def test_overlays_beyond_the_image_end_at_its_border(tmp_path):
    dataset = pydicom.dcmread(IMAGES / (PYDICOM + "CT_small.dcm"))
    plain = ours(IMAGES / (PYDICOM + "CT_small.dcm"), tmp_path / "plain.png")
    block = [("US", 0x10, 200), ("US", 0x11, 200), ("CS", 0x40, "G"), ("SS", 0x50, [100, 120]), ("US", 0x100, 1)]
    for vr, element, value in block + [("US", 0x102, 0), ("OW", 0x3000, b"\xff" * 5000)]:
        dataset.add_new((0x6000, element), vr, value)
    dataset.save_as(tmp_path / "a.dcm")

    picture = ours(tmp_path / "a.dcm", tmp_path / "a.png")

    assert (picture[99:, 119:] == 255).all()
    assert (picture[:99] == plain[:99]).all() and (picture[:, :119] == plain[:, :119]).all()
