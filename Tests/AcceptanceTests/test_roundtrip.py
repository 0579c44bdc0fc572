"""Every readable test image goes in and comes out with the same data set."""

import os
import re
import subprocess
from collections import Counter

import part10
import pydicom
import pytest
import synthetic_images
from archive import ROOT, Archive, failed, first, stored
from pydicom.errors import InvalidDicomError
from senders import reference_receiver, send_as_is, storescu

# A component may begin with 0, which is wrong and can be read one way only (PS3.5 9.1).
UID_FORM = r"(?=.{1,64}$)[0-9]+(\.[0-9]+)*"
IDENTIFIERS = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")


# Folders with the slices of one series each: three of them tell as much as all.
SERIES_FOLDERS = "dcm-classifier"
SLICES = 3


def test_files():
    """The files of TestImages but notes, the large synthetic sets, and the further slices of long series.

    With CASSETTE_ALL_IMAGES set, all slices.
    """
    taken = Counter()
    skipped = ("ct", "tiny", "multiframe")
    images = ROOT / "TestImages"
    for path in sorted(images.rglob("*")):
        relative = path.relative_to(images)
        hidden = any(part.startswith(".") for part in relative.parts)
        large = relative.parts[0] == "synthetic" and len(relative.parts) > 1 and relative.parts[1] in skipped
        if not path.is_file() or hidden or large or relative.name == "README.md":
            continue
        taken[path.parent] += 1
        if relative.parts[0] != SERIES_FOLDERS or taken[path.parent] <= SLICES or "CASSETTE_ALL_IMAGES" in os.environ:
            yield path


test_files.__test__ = False


class Case:
    """A test file and what two other programs make of it."""

    def __init__(self, path):
        self.path = path
        self.content = path.read_bytes()
        self.file = part10.split(self.content)
        self.identifiers = {}
        self.patient_id = ""
        self.objection = None
        try:
            dataset = pydicom.dcmread(path, force=True, stop_before_pixels=True)
            self.identifiers = {name: str(dataset.get(name, "") or "") for name in IDENTIFIERS}
            self.patient_id = str(dataset.get("PatientID", "") or "")
        except Exception as error:  # noqa: BLE001 - whatever pydicom dislikes
            self.objection = f"pydicom: {type(error).__name__}"
            return
        missing = [name for name in IDENTIFIERS if not self.identifiers[name]]
        if missing:
            self.objection = "no " + ", ".join(missing)
        elif not all(re.fullmatch(UID_FORM, value) for value in self.identifiers.values()):
            self.objection = "an identifier is no UID"
        elif 0x0010 not in self.file.meta:
            self.objection = "no File Meta Information: nothing tells the transfer syntax"
        elif subprocess.run(["dcmdump", "-q", "-M", str(path)], capture_output=True).returncode != 0:
            self.objection = "dcmdump cannot read it"

    @property
    def name(self):
        return str(self.path.relative_to(ROOT / "TestImages")) if self.path.is_relative_to(ROOT) else self.path.name

    @property
    def sop_instance_uid(self):
        return self.identifiers.get("SOPInstanceUID", "")


class Layer:
    """Files that one archive can hold together: each SOP Instance UID once, each study of one patient."""

    def __init__(self):
        self.cases = []
        self.seen = set()
        self.patients = {}

    def take(self, case):
        """Whether the case fits; it is in the layer then."""
        study = case.identifiers.get("StudyInstanceUID", "")
        if case.sop_instance_uid and case.sop_instance_uid in self.seen:
            return False
        if case.objection is None and self.patients.setdefault(study, case.patient_id) != case.patient_id:
            return False
        self.seen.add(case.sop_instance_uid)
        self.cases.append(case)
        return True


@pytest.fixture(scope="module")
def layers(tmp_path_factory):
    """All test files; variants of one object, or of one study, lie in layers of their own. Synthetic ones are made here."""
    folder = tmp_path_factory.mktemp("synthetic")
    for name, content in [*synthetic_images.encodings(), *synthetic_images.jpeg_multiframes()]:
        (folder / name).write_bytes(content)
    layers = []
    for path in [*sorted(folder.iterdir()), *test_files()]:
        case = Case(path)
        if not any(layer.take(case) for layer in layers):
            layers.append(Layer())
            assert layers[-1].take(case)
    assert len(layers[0].cases) > 100, "there are too few test images: run Tools/fetch-test-images"
    return [layer.cases for layer in layers]


@pytest.fixture(scope="module")
def cases(layers):
    """The first file of each SOP Instance UID, and those without one."""
    return layers[0]


def retrieved_data_set(client, case):
    """The data set's bytes as dicomweb-client gets them."""
    client.parts.clear()
    path = [case.identifiers[name] for name in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")]
    try:
        client.retrieve_instance(*path, media_types=(("application/dicom", "*"),))
    except InvalidDicomError:
        # A file that was stored without preamble may come back so; pydicom does not read it, the bytes are here.
        assert client.parts, "nothing came back"
    assert len(client.parts) == 1
    return part10.split(client.parts[0])


def compare(client, expected):
    """One line for each case whose data set did not come back as it went in."""
    wrong = []
    for case, data_set in expected:
        try:
            back = retrieved_data_set(client, case)
        except Exception as error:  # noqa: BLE001 - each failure is a line of the report
            wrong.append(f"{case.name}: {type(error).__name__}: {str(error)[:200]}")
            continue
        if back.data_set != data_set:
            wrong.append(f"{case.name}: {len(data_set)} bytes sent, {len(back.data_set)} back, not the same")
        elif case.file.meta.get(0x0010) and back.transfer_syntax_uid != case.file.transfer_syntax_uid:
            wrong.append(f"{case.name}: transfer syntax {back.transfer_syntax_uid}")
    return wrong


def report(title, refused):
    """Prints the table of refused files."""
    print(f"\n{title}: {len(refused)} refused")
    for case, reason in refused:
        print(f"  {case.name} | {reason} | {case.objection or 'readable'}")


def test_files_sent_by_storescu_come_back_as_they_were_sent(cases, fresh_archive, capsys):
    archive = fresh_archive
    expected, refused = [], []
    with reference_receiver() as receiver:
        for case in cases:
            data_set = receiver.received(case.path)
            reason = storescu(archive.dicom_port, case.path)
            if reason is None and data_set is not None:
                expected.append((case, data_set))
            elif reason is not None:
                refused.append((case, reason, data_set is not None))
    with capsys.disabled():
        report("C-STORE by storescu", [(case, reason) for case, reason, _ in refused])

    wrong = compare(archive.client(), expected)

    assert not wrong, "\n".join(wrong)
    # What DCMTK's own receiver takes and is a readable file, the archive takes, too.
    assert [case.name for case, _, is_sendable in refused if is_sendable and not case.objection] == []
    assert len(expected) > 60


def store_as_they_are(archive, cases, refused, how):
    """Sends each file, and returns those that were stored with what must come back."""
    expected = []
    for case in cases:
        reason = send_as_is(archive.dicom_port, case.path)
        if reason is None:
            how["C-STORE"] += 1
        else:
            response = archive.store([case.content])
            if response.status_code == 200 and stored(response):
                how["STOW-RS"] += 1
            else:
                told = failed(response) if response.headers.get("Content-Type", "").startswith("application/dicom") else ""
                refused.append((case, f"{reason}; STOW-RS {response.status_code} {told}"))
                continue
        if case.objection is None:
            expected.append((case, case.file.data_set))
    return expected


def test_files_sent_as_they_are_come_back_byte_for_byte(layers, tmp_path, capsys):
    refused, wrong, how = [], [], Counter()
    count = 0
    for number, cases in enumerate(layers):
        archive = Archive(tmp_path / str(number)).start()
        try:
            expected = store_as_they_are(archive, cases, refused, how)
            wrong += compare(archive.client(), expected)
        finally:
            archive.stop()
        count += len(expected)
    with capsys.disabled():
        print(f"\n{count} readable files in {len(layers)} archives, compared byte for byte")
        report(f"As they are ({dict(how)})", refused)

    assert not wrong, "\n".join(wrong)
    assert [case.name for case, _ in refused if case.objection is None] == []


def test_a_second_object_under_a_uid_does_not_replace_the_first(fresh_archive):
    original = synthetic_images.ct_instance(1, 1, size=64)
    changed = original[:-2] + b"\xff\x7f"
    uid = part10.split(original).sop_instance_uid
    assert stored(fresh_archive.store([original])) == [uid]

    fresh_archive.store([changed])
    fresh_archive.store([original])

    (found,) = fresh_archive.search("/instances", SOPInstanceUID=uid)
    study = first(found, "0020000D")
    kept = fresh_archive.instances_of(f"/studies/{study}")
    assert part10.split(kept[uid]).data_set == part10.split(original).data_set


def test_a_folder_goes_in_with_one_storescu(fresh_archive, tmp_path):
    folder = tmp_path / "send"
    folder.mkdir()
    for instance in range(1, 21):
        (folder / f"{instance}.dcm").write_bytes(synthetic_images.ct_instance(instance % 3 + 1, instance, size=64))

    command = ["storescu", "-aec", "CASSETTE", "+sd", "+r", "127.0.0.1", str(fresh_archive.dicom_port), str(folder)]
    subprocess.run(command, check=True, capture_output=True)

    assert len(fresh_archive.search("/instances", limit=100)) == 20
    assert len(fresh_archive.search("/studies")) == 3
