"""`cassette transcode`: every test file in every uncompressed transfer syntax, seen by DCMTK and dicom3tools."""

import json
import re
import subprocess
from collections import Counter

import part10
import pydicom
import pytest
from archive import BINARY, ROOT
from test_roundtrip import test_files

# Keyword, the option of dcmconv, and its UID.
TARGETS = {
    "ImplicitVRLittleEndian": ("+ti", "1.2.840.10008.1.2"),
    "ExplicitVRLittleEndian": ("+te", "1.2.840.10008.1.2.1"),
    "ExplicitVRBigEndian": ("+tb", "1.2.840.10008.1.2.2"),
    "DeflatedExplicitVRLittleEndian": ("+td", "1.2.840.10008.1.2.1.99"),
}
NATIVE = {uid for _, uid in TARGETS.values()}

# Bytes of a file from which long values are not printed.
LARGE = 1_000_000

ELEMENT = re.compile(r"^( *)\(([0-9a-f]{4}),([0-9a-f]{4})\) (\S\S) (.*?) +#\s*(\S+),\s*\S+ ?\S*$", re.DOTALL)
# What has no place in the new file, or only tells how the encoding ends sequences.
LEFT_OUT = {"fffee00d", "fffee0dd", "00080001"}

# What dciodvfy may say of one file only, and why.
NOT_COMPARED = re.compile(
    "|".join(
        [
            # The File Meta Information is ours: complete, and with our name in it.
            "FileMetaInformation",
            "Metaheader",
            "Implementation (Class|Version)",
            "Dicom dataset contains invalid data values for Value Representations",
            # Group lengths are retired and not written again.
            "[Gg]roup [Ll]ength",
            "contains retired attributes",
            # Length to End is retired, too, and would be wrong.
            "Length to End",
            # Private elements get the VR of pydicom's dictionary, which is not always that of dicom3tools'.
            r"\(0x[0-9a-f]{3}[13579bdf],.*Explicit value representation doesn't match data dictionary",
            r"Value invalid for this VR - \(0x[0-9a-f]{3}[13579bdf],",
            # Private elements that came without VR are UN.
            "explicit value representation is UN",
        ]
    )
)
# Of a file that dciodvfy does not read to its end there is nothing to compare: deflated ones, which it cannot inflate,
# and broken ones, of which we write as much as there is.
NOT_READ = re.compile("read failed|giving up|assuming explicit value representation OK")


def transcode(path, target, out, *options):
    return subprocess.run(
        [BINARY, "transcode", str(path), "--to", target, "-o", str(out), "--force", *options], capture_output=True, text=True
    )


def elements(path):
    """What dcmdump sees: depth, tag, VR and value of each element; None when it reads nothing."""
    # Printing is slow; of large files the pixels are compared as bytes.
    options = ["-M"] if path.stat().st_size > LARGE else []
    result = subprocess.run(["dcmdump", "-q", "+L", *options, str(path)], capture_output=True)
    if result.returncode != 0:
        return None
    found = []
    for line in result.stdout.decode("latin-1").split("\n"):
        match = ELEMENT.match(line)
        if not match:
            continue
        indent, group, number, vr, value, _ = match.groups()
        tag = group + number
        if tag in LEFT_OUT or number == "0000" and tag != "fffee000" or group in ("0000", "0002"):
            continue
        if vr in ("na", "SQ", "pi") or value.startswith("(Sequence"):
            # The words tell how the length is told.
            value = ""
        found.append((len(indent), tag, vr, value.rstrip()))
    return found


def same(one, other):
    """Whether an element is the same for both; dcmdump shows the bytes of UN where its dictionary of vendors has no say."""
    if one == other:
        return True
    is_private = int(one[1][3], 16) % 2 == 1
    if one[:2] != other[:2] or not is_private or one[2] != "UN":
        return False
    # DCMTK has dictionaries of vendors and gives the element a VR; we keep UN, whose bytes are these.
    if not re.fullmatch(r"[0-9a-f]{2}(\\[0-9a-f]{2})*", one[3]):
        return one[3] == other[3]
    if other[2] == "OB":
        return other[3] == one[3]
    value = bytes.fromhex(one[3].replace("\\", "")).decode("latin-1").rstrip("\0 ")
    return other[3].strip("[]").rstrip("\0 ") == value


def difference(ours, theirs):
    """The first element that differs; None when there is none."""
    for one, other in zip(ours, theirs):
        if not same(one, other):
            return f"{str(one)[:120]} and not {str(other)[:120]}"
    return f"{len(ours)} elements and not {len(theirs)}" if len(ours) != len(theirs) else None


def pixels(path):
    return pydicom.dcmread(path, force=True).get("PixelData")


def verdict(path):
    """What dciodvfy says, without what tells of places in the file."""
    result = subprocess.run(["dciodvfy", str(path)], capture_output=True)
    lines = result.stderr.decode("latin-1").splitlines()
    if any(NOT_READ.search(line) for line in lines):
        return None
    return Counter(re.sub(r"0x[0-9a-f]+", "", line) for line in lines if not NOT_COMPARED.search(line))


@pytest.fixture(scope="module")
def files():
    found = []
    for path in test_files():
        content = path.read_bytes()
        try:
            dataset = pydicom.dcmread(path, force=True)
        except Exception:  # noqa: BLE001 - whatever pydicom dislikes
            continue
        # Compressed pixels become others for dcmdump: test_pixels.py and test_transcoded.py look at those.
        if getattr(dataset.file_meta.get("TransferSyntaxUID"), "is_compressed", False):
            if dataset.file_meta.TransferSyntaxUID not in NATIVE:
                continue
        # Forced, pydicom reads an element out of any text.
        if len(dataset) > 1 or content[128:132] == b"DICM":
            found.append(path)
    assert len(found) > 200, "there are too few test images: run Tools/fetch-test-images"
    return found


@pytest.mark.parametrize("target", TARGETS)
def test_other_programs_see_the_same_elements_in_every_uncompressed_transfer_syntax(files, target, tmp_path, capsys):
    option, uid = TARGETS[target]
    counts, wrong, refused = Counter(), [], []
    for path in files:
        name = str(path.relative_to(ROOT / "TestImages"))
        out, theirs, back = (tmp_path / suffix for suffix in ("ours", "theirs", "back"))
        result = transcode(path, target, out, "--json")
        if result.returncode != 0:
            refused.append((name, result.stderr.strip()[-120:]))
            continue
        assert part10.split(out.read_bytes()).transfer_syntax_uid == uid
        counts["written"] += 1
        seen = elements(out)
        converted = subprocess.run(["dcmconv", "-q", "-e", option, str(path), str(theirs)], capture_output=True)
        expected = elements(theirs) if converted.returncode == 0 else elements(path)
        if seen is None or expected is None:
            counts["not read by dcmdump before" if expected is None else "not read by dcmdump after"] += 1
            if expected is not None:
                wrong.append(f"{name}: dcmdump does not read it")
        elif difference(seen, expected):
            wrong.append(f"{name}: {difference(seen, expected)}")
        elif converted.returncode == 0 and path.stat().st_size > LARGE and pixels(out) != pixels(theirs):
            wrong.append(f"{name}: the pixels differ")
        else:
            counts["the same for dcmdump as what dcmconv writes"] += 1
        assert transcode(out, target, back).returncode == 0
        if elements(back) != seen:
            wrong.append(f"{name}: written twice it is not the same: {difference(elements(back), seen)}")
    with capsys.disabled():
        print(f"\n{target}: {dict(counts)}, {len(refused)} refused, {len(wrong)} differ")
        for line in wrong:
            print("  " + line)
    assert wrong == []


def test_the_validator_says_the_same_of_a_file_and_of_what_was_written(files, tmp_path, capsys):
    wrong, count, unread = [], 0, 0
    for path in files:
        out = tmp_path / "out"
        if transcode(path, "ExplicitVRLittleEndian", out).returncode != 0:
            continue
        before, after = verdict(path), verdict(out)
        if before is None:
            unread += 1
            continue
        count += 1
        if before != after:
            wrong.append(f"{path.name}: {before} became {after}")
    with capsys.disabled():
        print(f"\ndciodvfy: {count} files, {len(wrong)} differ, {unread} that it does not read itself")
        for line in wrong:
            print("  " + line)
    assert wrong == []


# What dciodvfy says where elements have VRs only: of those that have another one than its dictionary, and of private ones.
ONLY_WITH_VR = re.compile(r"[Ee]xplicit ([Vv]alue [Rr]epresentation|VR)|Retired Person Name form")


@pytest.mark.parametrize("target", ["ImplicitVRLittleEndian", "ExplicitVRBigEndian"])
def test_the_validator_says_the_same_of_an_object_in_any_transfer_syntax(files, target, tmp_path, capsys):
    wrong, count, unread = [], 0, 0
    for path in files:
        out, explicit = tmp_path / "out", tmp_path / "explicit"
        if transcode(path, "ExplicitVRLittleEndian", explicit).returncode != 0:
            continue
        assert transcode(explicit, target, out).returncode == 0
        before, after = verdict(explicit), verdict(out)
        # Without VRs it gives up on palettes: Pixel Representation would tell that of their descriptors, and is not there.
        if before is None or after is None:
            unread += 1
            continue
        count += 1
        different = {line for line in before | after if before[line] != after[line] and not ONLY_WITH_VR.search(line)}
        if different:
            wrong.append(f"{path.name}: {sorted(different)[:3]}")
    with capsys.disabled():
        print(f"\ndciodvfy, {target}: {count} files, {len(wrong)} differ, {unread} that it does not read itself")
        for line in wrong:
            print("  " + line)
    assert wrong == [] and unread < 20


def test_a_lossy_copy_says_of_itself_what_that_of_dcmcjpeg_says(tmp_path):
    path = ROOT / "TestImages/pydicom-data/SC_rgb.dcm"
    out, theirs = tmp_path / "ours", tmp_path / "theirs"

    written = transcode(path, "JPEGBaseline8Bit", out, "--lossy", "--quality", "90")
    converted = subprocess.run(["dcmcjpeg", "+eb", "+ua", "+q", "90", str(path), str(theirs)], capture_output=True)

    assert written.returncode == 0 and converted.returncode == 0
    ours, expected, original = pydicom.dcmread(out), pydicom.dcmread(theirs), pydicom.dcmread(path)
    for keyword in ["LossyImageCompression", "LossyImageCompressionMethod", "ImageType", "SOPClassUID"]:
        assert ours[keyword].value == expected[keyword].value, keyword
    assert ours.file_meta.TransferSyntaxUID == expected.file_meta.TransferSyntaxUID
    assert ours.PhotometricInterpretation == expected.PhotometricInterpretation
    assert ours.PlanarConfiguration == expected.PlanarConfiguration
    for data_set in ours, expected:
        assert data_set.SOPInstanceUID not in (original.SOPInstanceUID, None)
        assert data_set.file_meta.MediaStorageSOPInstanceUID == data_set.SOPInstanceUID
        code = data_set.DerivationCodeSequence[0]
        assert (code.CodeValue, code.CodingSchemeDesignator) == ("113040", "DCM")
        source = data_set.SourceImageSequence[0]
        assert source.ReferencedSOPInstanceUID == original.SOPInstanceUID
        assert source.ReferencedSOPClassUID == original.SOPClassUID
        assert source.PurposeOfReferenceCodeSequence[0].CodeValue == "121320"
        # The length of the pixels in front of and behind the compression, with the encapsulation or without.
        plain = original.Rows * original.Columns * 3
        stream = len(next(pydicom.encaps.generate_frames(data_set.PixelData, number_of_frames=1)))
        assert float(data_set.LossyImageCompressionRatio) == pytest.approx(plain / stream, rel=0.1)
        assert "JPEG" in data_set.DerivationDescription


def test_a_typing_error_gets_a_hint_and_the_list_of_those_that_can_be_written(tmp_path):
    result = transcode("x", "ExplicitVRLitleEndian", tmp_path / "out")

    assert result.returncode == 2
    assert "did you mean ExplicitVRLittleEndian?" in result.stderr
    assert all(keyword in result.stderr for keyword in TARGETS)


def test_nothing_is_lost_unless_it_is_said_so(tmp_path):
    path = next(ROOT.glob("TestImages/pydicom/**/CT_small.dcm"))
    out = tmp_path / "out.dcm"

    refused = transcode(path, "JPEG2000", out)
    written = transcode(path, "JPEG2000", out, "--lossy", "--quality", "50", "--json")

    assert refused.returncode == 2 and "--lossy" in refused.stderr
    assert written.returncode == 0
    summary = json.loads(written.stdout)
    copy, original = pydicom.dcmread(out), pydicom.dcmread(path)
    assert summary["lossy"] and summary["sopInstanceUID"] == copy.SOPInstanceUID != original.SOPInstanceUID
    assert copy.LossyImageCompression == "01" and copy.LossyImageCompressionMethod == "ISO_15444_1"
    assert copy.ImageType[0] == "DERIVED"
    assert copy.DerivationCodeSequence[0].CodeValue == "113040"
    assert verdict(out) is not None


def test_a_damaged_frame_is_named_and_nothing_is_left(tmp_path):
    path = next(ROOT.glob("TestImages/pydicom/**/SC_rgb_rle_2frame.dcm"))
    data_set = pydicom.dcmread(path)
    frames = list(pydicom.encaps.generate_frames(data_set.PixelData, number_of_frames=2))
    data_set.PixelData = pydicom.encaps.encapsulate([frames[0], frames[1][:70]])
    data_set.save_as(tmp_path / "damaged.dcm")

    result = transcode(tmp_path / "damaged.dcm", "ExplicitVRLittleEndian", tmp_path / "out")

    assert result.returncode == 1
    assert "frame 2" in result.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["damaged.dcm"]


def test_an_icon_is_taken_out_of_its_compression(tmp_path):
    path = next(ROOT.glob("TestImages/pydicom/**/MR_small_RLE.dcm"))
    data_set = pydicom.dcmread(path)
    icon = pydicom.Dataset()
    for keyword in ("Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"):
        setattr(icon, keyword, getattr(data_set, keyword))
    icon.SamplesPerPixel, icon.PhotometricInterpretation = 1, data_set.PhotometricInterpretation
    icon.PixelData = data_set.PixelData
    icon["PixelData"].VR, icon["PixelData"].is_undefined_length = "OB", True
    data_set.IconImageSequence = [icon]
    data_set.save_as(tmp_path / "icon.dcm")

    assert transcode(tmp_path / "icon.dcm", "JPEG2000Lossless", tmp_path / "out.dcm").returncode == 0

    copy = pydicom.dcmread(tmp_path / "out.dcm")
    native = pydicom.dcmread(path).pixel_array.astype("<u2").tobytes()
    assert copy.IconImageSequence[0].PixelData == native
    assert not copy.IconImageSequence[0]["PixelData"].is_undefined_length


def test_a_file_is_written_to_standard_output_and_its_summary_elsewhere():
    (path,) = ROOT.glob("TestImages/pydicom/**/CT_small.dcm")
    command = [BINARY, "transcode", str(path), "--to", "1.2.840.10008.1.2", "-o", "-", "--json"]

    result = subprocess.run(command, capture_output=True, check=True)

    assert part10.split(result.stdout).transfer_syntax_uid == "1.2.840.10008.1.2"
    assert json.loads(result.stderr)["from"] == "1.2.840.10008.1.2.1"
