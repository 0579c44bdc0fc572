"""`cassette check`: what is odd in files, without what is in them."""

import json
import subprocess

import pydicom
from archive import BINARY, ROOT

IMAGES = ROOT / "TestImages" / "pydicom" / "test_files"


def check(*arguments):
    return subprocess.run([BINARY, "check", *map(str, arguments)], capture_output=True, text=True)


def kinds(path):
    lines = check("--json", path).stdout.splitlines()
    return {finding["kind"] for finding in json.loads(lines[0])["findings"]}


def test_a_sound_file_has_no_findings():
    result = check(IMAGES / "MR_small.dcm")

    assert result.returncode == 0
    assert result.stdout == f"{IMAGES}/MR_small.dcm: nothing odd, Explicit VR Little Endian\n"


def test_known_oddities_are_found():
    assert "pixelDataLength" in kinds(IMAGES / "MR_small_padded.dcm")
    assert "missingIdentity" in kinds(IMAGES / "rtplan.dcm") | kinds(IMAGES / "nested_priv_SQ.dcm")
    assert "guessedTransferSyntax" in kinds(IMAGES / "meta_missing_tsyntax.dcm")


def test_findings_have_place_and_rule(tmp_path):
    path = tmp_path / "odd.dcm"
    data_set = pydicom.dcmread(IMAGES / "MR_small.dcm")
    content = (IMAGES / "MR_small.dcm").read_bytes()
    date = data_set.StudyDate.encode()
    path.write_bytes(content.replace(b"DA\x08\x00" + date, b"DA\x08\x00" + b"2004-1-1", 1))

    findings = json.loads(check("--json", path).stdout.splitlines()[0])["findings"]

    assert [finding["kind"] for finding in findings] == ["badDate"]
    place = findings[0]["offset"]
    assert path.read_bytes()[place + 4 : place + 6] == b"DA"
    assert findings[0]["rule"] == "PS3.5 6.2" and findings[0]["severity"] == "warning"


def test_a_folder_has_a_summary_and_shows_no_values():
    result = check(IMAGES)

    assert result.returncode == 0
    assert "objects readable" in result.stdout.splitlines()[-1]
    detailed = check("--details", IMAGES).stdout
    for path in IMAGES.rglob("*.dcm"):
        try:
            name = str(pydicom.dcmread(path, stop_before_pixels=True).get("PatientName", ""))
        except Exception:
            continue
        if len(name) > 5:
            assert name not in detailed


def test_the_output_is_the_same_each_time():
    assert check("--json", IMAGES).stdout == check("--json", IMAGES).stdout


def test_what_cannot_be_read_fails(tmp_path):
    no_object = tmp_path / "text.txt"
    no_object.write_text("nothing of the kind\n" * 20)

    assert check(no_object).returncode == 1
    assert check(tmp_path).returncode == 0
    assert check(tmp_path / "absent").returncode == 1
    assert check().returncode == 2


def test_every_object_that_pydicom_reads_is_readable():
    result = check("--json", ROOT / "TestImages")
    reports = [json.loads(line) for line in result.stdout.splitlines()]
    summary = reports.pop()["summary"]

    unreadable = [report["file"] for report in reports if report["outcome"] == "unreadable"]
    print(json.dumps(summary, indent=1))
    assert unreadable == []
    assert summary["readable"] == sum(report["outcome"] == "readable" for report in reports)
