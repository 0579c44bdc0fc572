"""`cassette deidentify`: real files become objects that other programs read, and that are as valid as they were."""

import json
import re
import subprocess
from collections import Counter

import part10
import pydicom
import pytest
from archive import BINARY
from test_roundtrip import test_files

# What a validator may say of the new object only, and why.
EXPECTED = re.compile(
    "|".join(
        [
            # Defined terms and codes of attributes that the profile demands, newer than dicom3tools.
            "DeidentificationMethodCodeSequence",
            # Content without its items: a report that tells nothing has no template.
            "Template",
            # Table E.1-1 removes who is responsible for an animal, whatever its type.
            r"Missing attribute Type 2C Conditional Element=<Responsible(Person|Organization)>",
            # Table E.1-1 empties Source Image Sequence where it is of type 2 (X/Z/U*); the list of series stays.
            "ReferencedSeriesSequence present but Instance does not reference Instances",
        ]
    )
)
OPTIONS = (
    *("clean-descriptors", "clean-structured-content", "clean-graphics", "retain-long-modified-dates"),
    *("retain-patient-characteristics", "retain-device", "retain-institution", "retain-safe-private"),
)


def deidentify(*arguments):
    return subprocess.run(
        [BINARY, "deidentify", *(str(argument) for argument in arguments)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=800,
    )


def option_arguments(options):
    return [word for option in options for word in ("--option", option)]


def complaints(path):
    """The errors of dciodvfy without values and places; None for what it does not read."""
    result = subprocess.run(["dciodvfy", str(path)], capture_output=True, timeout=60)
    lines = (result.stdout + result.stderr).decode("latin-1").splitlines()
    if any("read failed" in line or "giving up" in line for line in lines):
        return None
    errors = [line for line in lines if line.startswith("Error") and not EXPECTED.search(line)]
    return Counter(re.sub(r"<[^<>]*>|\[\d+\]|0x[0-9a-f]+|= .*$|[\d.]{5,}$", "", line) for line in errors)


def study(folder, **values):
    """A file with a name in many places."""
    folder.mkdir(parents=True, exist_ok=True)
    dataset = pydicom.Dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4.5"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2.3", "1.2.3.4"
    dataset.PatientName, dataset.PatientID = "Habegger^Anneliese", "PID-90817"
    dataset.StudyDate, dataset.StudyDescription = "20240229", "Thorax Habegger"
    dataset.Modality, dataset.Manufacturer = "OT", "ACME"
    for name, value in values.items():
        setattr(dataset, name, value)
    dataset.save_as(folder / "Habegger.dcm", enforce_file_format=True)
    return folder / "Habegger.dcm"


def only(folder):
    (path,) = folder.rglob("*.dcm")
    return path


def test_the_new_file_is_named_by_its_new_uids_and_tells_nobody(tmp_path):
    source = study(tmp_path / "in")
    result = deidentify(source, "--output", tmp_path / "out", "--option", "clean-descriptors")

    assert result.returncode == 0, result.stderr
    path = only(tmp_path / "out")
    dataset = pydicom.dcmread(path)
    uids = (dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID + ".dcm")
    assert path.relative_to(tmp_path / "out").parts == uids
    assert all(uid.startswith("2.25.") for uid in uids)
    assert dataset.file_meta.MediaStorageSOPInstanceUID == dataset.SOPInstanceUID
    assert dataset.PatientID == dataset.PatientName and dataset.PatientID.startswith("PROJ-")
    assert dataset.StudyDate == "" and "Thorax" in dataset.StudyDescription
    content = path.read_bytes().lower()
    assert not any(word in content for word in (b"habegger", b"anneliese", b"90817", b"20240229"))
    assert [found.name for found in (tmp_path / "out").rglob("*") if found.is_file()] == [path.name]


def test_the_same_key_gives_the_same_bytes_and_no_key_others(tmp_path):
    source = study(tmp_path / "in")
    for name, options in (("a", ("--key-file", tmp_path / "key")), ("b", ("--key-file", tmp_path / "key")), ("c", ())):
        assert deidentify(source, "--output", tmp_path / name, *options).returncode == 0

    assert only(tmp_path / "a").read_bytes() == only(tmp_path / "b").read_bytes()
    assert only(tmp_path / "a").name != only(tmp_path / "c").name
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0
    (tmp_path / "bad").write_text("no key")
    result = deidentify(source, "--output", tmp_path / "d", "--key-file", tmp_path / "bad")
    assert result.returncode == 1 and "64 hexadecimal digits" in result.stderr


def test_a_file_that_is_there_stays_until_asked_otherwise(tmp_path):
    source = study(tmp_path / "in")
    arguments = (source, "--output", tmp_path / "out", "--key-file", tmp_path / "key", "--json")
    assert json.loads(deidentify(*arguments).stdout)["written"] == 1
    again = deidentify(*arguments)
    assert json.loads(again.stdout) | {"written": 0, "present": 1} == json.loads(again.stdout)
    assert "--force" in again.stderr
    assert json.loads(deidentify(*arguments, "--force").stdout)["written"] == 1


def test_objects_that_cannot_leave_say_why_and_leave_nothing_behind(tmp_path):
    source = study(tmp_path / "in", BurnedInAnnotation="YES")
    result = deidentify(tmp_path / "in", "--output", tmp_path / "out", "--report", tmp_path / "report")

    assert result.returncode == 1
    assert str(source) in result.stderr and "--option" not in result.stdout
    assert "clean-pixel-data" in result.stderr
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []
    report = json.loads((tmp_path / "report").read_text())
    assert report["refused"][0]["code"] == "burned-in-annotation"
    assert "Habegger" not in (tmp_path / "report").read_text()


def test_the_report_has_every_action(tmp_path):
    study(tmp_path / "in")
    assert deidentify(tmp_path / "in", "--output", tmp_path / "out", "--report", tmp_path / "report").returncode == 0

    report = json.loads((tmp_path / "report").read_text())
    actions = {row["name"]: row["action"] for row in report["actions"]}
    assert actions["PatientName"] == "Z" and actions["SOPInstanceUID"] == "U" and actions["StudyDescription"] == "X"
    assert actions["SOPClassUID"] == "K" and actions["PatientIdentityRemoved"] == "D"
    assert report["written"] == 1 and len(report["objects"]) == 1


@pytest.mark.parametrize(
    "arguments, code, words",
    [
        ([], 2, "Missing expected argument"),
        (["IN", "--output", "OUT", "--option", "clean-descriptor"], 2, "did you mean clean-descriptors"),
        (["IN", "--output", "OUT", "--profile", "full"], 2, "it is basic"),
        (
            ["IN", "--output", "OUT", *option_arguments(["retain-long-full-dates", "retain-long-modified-dates"])],
            2,
            "contradict each other",
        ),
        (["IN", "--output", "OUT", "--keep-weekdays"], 2, "retain-long-modified-dates"),
        (["IN", "--output", "IN/out"], 1, "choose a folder beside it"),
        (["IN", "--output", "IN/Habegger.dcm"], 1, "choose another with --output"),
        (["NONE", "--output", "OUT"], 1, "There is no file or folder"),
    ],
)
def test_wrong_arguments_say_what_to_type(tmp_path, arguments, code, words):
    study(tmp_path / "in")
    names = {"IN": str(tmp_path / "in"), "OUT": str(tmp_path / "out"), "NONE": str(tmp_path / "none")}
    typed = [re.sub(r"^(IN|OUT|NONE)", lambda match: names[match.group()], argument) for argument in arguments]
    result = deidentify(*typed)

    assert result.returncode == code, result.stderr
    assert words in result.stderr


def test_links_in_the_output_lead_nowhere(tmp_path):
    source = study(tmp_path / "in")
    arguments = (source, "--key-file", tmp_path / "key", "--output")
    assert deidentify(*arguments, tmp_path / "first").returncode == 0
    (folder,) = (tmp_path / "first").iterdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / folder.name).symlink_to(tmp_path / "elsewhere")

    assert deidentify(*arguments, tmp_path / "out").returncode == 1
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.fixture(scope="module")
def readable():
    found = []
    for path in test_files():
        try:
            dataset = pydicom.dcmread(path, stop_before_pixels=True)
        except Exception:  # noqa: BLE001 - whatever pydicom dislikes
            continue
        if "SOPInstanceUID" in dataset and "SOPClassUID" in dataset and path.stat().st_size < 20_000_000:
            found.append(path)
    return found


# Reports that refer to the UID "0" without listing it as evidence: dciodvfy sees that only once it is a real one.
REFER_TO_ZERO = {
    name: "Error - Referenced SOP Instance is not listed in CurrentRequestedProcedureEvidenceSequence"
    for name in ("reportsi.dcm", "reportsi_with_empty_number_tags.dcm")
}


@pytest.mark.parametrize("options", [(), OPTIONS], ids=["basic", "options"])
def test_real_objects_are_read_by_others_and_as_valid_as_they_were(readable, options, tmp_path, capsys):
    worse, count, unread = {}, 0, 0
    reasons = Counter()
    for number, path in enumerate(readable):
        out = tmp_path / str(number)
        result = deidentify(path, "--output", out, "--json", *option_arguments(options))
        answer = json.loads(result.stdout)
        if answer["written"] == 0:
            reasons.update(refusal["code"] for refusal in answer["refused"])
            continue
        new = only(out)
        dataset = pydicom.dcmread(new)
        assert dataset.PatientIdentityRemoved == "YES"
        assert part10.split(new.read_bytes())
        before, after = complaints(path), complaints(new)
        if before is None or after is None:
            unread += 1
            continue
        count += 1
        explained = REFER_TO_ZERO.get(path.name)
        more = {line for line in set(after) - set(before) if not (explained and line.startswith(explained))}
        if more:
            worse[path.name] = sorted(more)[:4]
    with capsys.disabled():
        print(f"\ndciodvfy: {count} objects, {len(worse)} worse, {unread} not read; not written: {dict(reasons)}")
        for name, lines in worse.items():
            print("  ", name, lines)
    assert worse == {}
    assert count > 60
