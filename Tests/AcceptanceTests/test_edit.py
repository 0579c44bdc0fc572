"""`cassette edit`: what changes is what was asked for, as pydicom and DCMTK see it; all other bytes stay."""

import json
import re
import subprocess

import pydicom
import pytest
from archive import BINARY, ROOT
from test_roundtrip import test_files

MR = ROOT / "TestImages" / "pydicom" / "test_files" / "MR_small.dcm"
DEFLATED = ROOT / "TestImages" / "pydicom" / "test_files" / "image_dfl.dcm"


def edit(path, out, *options):
    return subprocess.run([BINARY, "edit", str(path), "-o", str(out), "--force", *options], capture_output=True, text=True)


def outline(data_set, depth=0):
    """Every element that can be told apart: depth, tag, VR, and the value as it was read."""
    found = []
    for element in data_set:
        # Group lengths, and the Length to End of ACR-NEMA, follow what changes.
        if element.tag.element == 0 or element.tag == 0x00080001:
            continue
        if element.VR == "SQ":
            found.append((depth, element.tag, "SQ", len(element.value)))
            for item in element.value:
                found += outline(item, depth + 1)
        else:
            found.append((depth, element.tag, element.VR, repr(element.value)))
    return found


def read(path):
    return pydicom.dcmread(path, force=True)


def test_edited_files_are_what_pydicom_makes_of_them(tmp_path):
    """All test files: one attribute set, one added, one removed, one emptied; everything else as it was."""
    options = [
        *("--set", "StudyID=EDITED", "--set", "AccessionNumber=1", "--remove", "PatientID", "--empty", "StudyDate"),
        *("--set", "RequestAttributesSequence[0].ScheduledProcedureStepID=9"),
    ]
    compared, refused, wrong = 0, [], []
    for path in test_files():
        try:
            expected = read(path)
            before = outline(expected)
        except Exception:
            continue
        if not before:
            continue
        out = tmp_path / "edited.dcm"
        result = edit(path, out, *options)
        if result.returncode != 0:
            refused.append(f"{path}: {result.stderr}")
            continue
        kept = [each for each in before if not (each[0] == 0 and changed(each[1]))]
        kept = without_request(kept)
        edited = read(out)
        after = outline(edited)
        if without_request([each for each in after if not (each[0] == 0 and changed(each[1]))]) != kept:
            wrong.append(str(path))
        elif (
            edited.StudyID != "EDITED"
            or edited.AccessionNumber != "1"
            or "PatientID" in edited
            or edited.get("StudyDate")
            or edited.RequestAttributesSequence[0].ScheduledProcedureStepID != "9"
        ):
            wrong.append(f"{path}: not edited")
        compared += 1
        out.unlink()
    print(f"{compared} files edited, {len(refused)} refused")
    assert wrong == []
    assert compared > 100
    # What is no DICOM object, is cut off, or contradicts itself cannot be edited.
    assert [each for each in refused if not re.search("notDICOM|truncated|lengthExceedsParent|no DICOM object", each)] == []


def changed(tag):
    return tag in (0x00200010, 0x00080050, 0x00100020, 0x00080020)


def without_request(elements):
    """Without Request Attributes Sequence of the outermost Data Set and what is in it."""
    kept, inside = [], False
    for each in elements:
        if each[0] == 0:
            inside = each[1] == 0x00400275
        if not inside:
            kept.append(each)
    return kept


def test_bytes_of_other_elements_stay(tmp_path):
    out = tmp_path / "edited.dcm"
    before = MR.read_bytes()
    name = read(MR).PatientName.original_string

    result = edit(MR, out, "--set", "PatientName=" + "X" * len(name))

    assert result.returncode == 0, result.stderr
    assert out.read_bytes() == before.replace(name, b"X" * len(name))
    assert result.stdout == f"{out}: 1 change\n"


def test_a_deflated_file_stays_deflated(tmp_path):
    out = tmp_path / "edited.dcm"

    result = edit(DEFLATED, out, "--set", "PatientName=A^B")

    assert result.returncode == 0, result.stderr
    edited = read(out)
    assert edited.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1.99"
    assert edited.PatientName == "A^B"
    assert edited.PixelData == read(DEFLATED).PixelData
    assert subprocess.run(["dcmdump", "-q", out], capture_output=True).returncode == 0


def test_the_file_meta_information_follows_the_identity(tmp_path):
    out = tmp_path / "edited.dcm"

    result = edit(MR, out, "--set", "SOPInstanceUID=1.2.3.4.5")

    assert result.returncode == 0, result.stderr
    edited = read(out)
    assert edited.SOPInstanceUID == "1.2.3.4.5"
    assert edited.file_meta.MediaStorageSOPInstanceUID == "1.2.3.4.5"
    assert edited.file_meta.TransferSyntaxUID == read(MR).file_meta.TransferSyntaxUID


def test_previous_values_are_noted(tmp_path):
    out = tmp_path / "edited.dcm"
    options = ["--note-originals", "correct", "--set", "PatientName=New^Name", "--set", "StudyComments=new"]

    result = edit(MR, out, *options)

    assert result.returncode == 0, result.stderr
    item = read(out).OriginalAttributesSequence[0]
    assert item.ReasonForTheAttributeModification == "CORRECT"
    assert item.ModifyingSystem.startswith("CASSETTE")
    assert len(str(item.AttributeModificationDateTime)) == 19
    assert [element.keyword for element in item.ModifiedAttributesSequence[0]] == ["PatientName"]
    assert item.ModifiedAttributesSequence[0].PatientName == read(MR).PatientName
    assert subprocess.run(["dcmdump", "-q", out], capture_output=True).returncode == 0


def test_text_beyond_the_character_set_needs_utf8(tmp_path):
    out = tmp_path / "edited.dcm"
    path = ROOT / "TestImages" / "pydicom" / "charset_files" / "chrGerm.dcm"

    refused = edit(path, out, "--set", "PatientName=山田^太郎")
    assert refused.returncode == 1
    assert "Specific Character Set" in refused.stderr and "山" not in refused.stderr
    assert not out.exists()

    result = edit(path, out, "--utf8", "--set", "StudyDescription=山田")
    assert result.returncode == 0, result.stderr
    edited = read(out)
    assert edited.SpecificCharacterSet == "ISO_IR 192"
    assert edited.StudyDescription == "山田"
    assert str(edited.PatientName) == str(read(path).PatientName) == "Äneas^Rüdiger"


@pytest.mark.parametrize("name", [path.name for path in (ROOT / "TestImages/pydicom/charset_files").glob("*.dcm")])
def test_charset_files_say_the_same_in_utf8(tmp_path, name):
    path = ROOT / "TestImages" / "pydicom" / "charset_files" / name
    out = tmp_path / "edited.dcm"
    expected = read(path)
    expected.decode()

    result = edit(path, out, "--utf8", "--set", "StudyID=1")

    if result.returncode != 0:
        # Only what pydicom cannot decode either.
        assert "cannot be turned into UTF-8" in result.stderr
        assert name in {"chrSQEncoding1.dcm", "chrKoreanMulti.dcm", "FileInfo.txt"}, result.stderr
        return
    edited = read(out)
    edited.decode()
    # The text of items, too: some of the files have names there only.
    names = [[str(element.value) for element in each.iterall() if element.VR == "PN"] for each in (edited, expected)]
    assert names[0] == names[1] != []


def test_edits_come_from_a_file_too(tmp_path):
    out, edits = tmp_path / "edited.dcm", tmp_path / "edits.json"
    edits.write_text(
        json.dumps([{"op": "set", "path": "PatientName", "value": {"Alphabetic": "A^B"}}, {"op": "remove", "path": "PatientID"}])
    )

    result = edit(MR, out, "--edits", str(edits), "--json")

    assert result.returncode == 0, result.stderr
    assert [each["changes"] for each in json.loads(result.stdout)["edits"]] == [1, 1]
    assert read(out).PatientName == "A^B" and "PatientID" not in read(out)


def test_mistakes_are_told(tmp_path):
    out = tmp_path / "edited.dcm"

    assert edit(MR, out).returncode == 2
    misspelt = edit(MR, out, "--set", "PatientNme=x")
    assert misspelt.returncode == 2 and "did you mean PatientName?" in misspelt.stderr
    assert edit(MR, out, "--set", "Rows=many").returncode == 1
    assert edit(MR, out, "--set", "TransferSyntaxUID=1.2").returncode == 2
    assert edit(ROOT / "README.md", out, "--set", "PatientID=1").returncode == 1
    assert not out.exists()


def test_a_long_file_is_edited_in_constant_memory(tmp_path):
    """A file of 600 MB, with the value in front of its Pixel Data made longer."""
    path, out = tmp_path / "long.dcm", tmp_path / "edited.dcm"
    data_set = read(MR)
    data_set.PixelData = b""
    data_set.save_as(path)
    length = 600 << 20
    with open(path, "r+b") as file:
        content = file.read()
        place = content.rindex(b"\xe0\x7f\x10\x00OW\0\0") + 8
        file.seek(place)
        file.write(length.to_bytes(4, "little"))
        file.truncate(place + 4 + length)

    script = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    command = ["python3", "-c", script, BINARY, "edit", path, "-o", out, "--set", "PatientName=A^much^longer^name"]
    result = subprocess.run([str(each) for each in command], capture_output=True, text=True)

    assert result.returncode == 0, result.stderr
    assert int(result.stdout.split()[-1]) < 100_000, "KiB of memory"
    edited = pydicom.dcmread(out, stop_before_pixels=True)
    assert edited.PatientName == "A^much^longer^name"
    with open(out, "rb") as file:
        content = file.read(1 << 16)
    place = content.rindex(b"\xe0\x7f\x10\x00OW\0\0") + 8
    assert int.from_bytes(content[place : place + 4], "little") == length
    assert out.stat().st_size == place + 4 + length
