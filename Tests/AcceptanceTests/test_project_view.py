"""What a researcher's token sees over DICOMweb: the objects that an export would give, and never an original."""

import json

import part10
import pydicom
import pytest
import requests
from archive import ANY_INSTANCE, Archive, first
from research_study import Study
from test_export import OPTIONS, PLANTED, exported, manifest, withdraw

ROOT = "/projects/LIVER/dicomweb"


class Researcher:
    """A client with the token of one researcher."""

    def __init__(self, archive, token):
        self.url = archive.url
        self.headers = {"Authorization": f"Bearer {token}"}

    def get(self, path, accept="*/*"):
        return requests.get(self.url + path, headers=self.headers | {"Accept": accept}, timeout=120)

    def search(self, path):
        answer = self.get(ROOT + path, "application/dicom+json")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def objects(self, path):
        answer = self.get(ROOT + path, ANY_INSTANCE)
        assert answer.status_code == 200, answer.text
        return [file for _, file in part10.parts(answer.content, answer.headers["content-type"])]


def post(archive, path, body):
    answer = requests.post(archive.url + path, json=body, headers=archive.headers, timeout=60)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


@pytest.fixture(scope="module")
def research(tmp_path_factory):
    """An archive with three patients of two studies each, and a project."""
    folder = tmp_path_factory.mktemp("view")
    archive = Archive(folder / "archive").start()
    for number in range(1, 7):
        Study(number, PatientID=f"MRN-77{(number + 1) // 2:04}").write(folder / "in")
    archive.command("import", folder / "in", check=0)
    for name in ("LIVER", "OTHER"):
        post(archive, "/api/projects", {"name": name, "query": "StudyDate=*", "options": OPTIONS, "consent": "waiver", "dates": "shifted"})
    yield archive
    archive.stop()


@pytest.fixture(scope="module")
def alice(research):
    made = post(research, "/api/projects/LIVER/researchers", {"name": "alice", "days": 30})
    return Researcher(research, made["token"])


@pytest.fixture(scope="module")
def export(research, tmp_path_factory):
    place = tmp_path_factory.mktemp("export") / "all"
    assert exported(research, place)["state"] == "done"
    return place


def test_the_objects_of_the_view_are_those_of_an_export_byte_for_byte(alice, export):
    rows = manifest(export)
    for study in sorted({row["study_instance_uid"] for row in rows}):
        wanted = sorted((export / row["path"]).read_bytes() for row in rows if row["study_instance_uid"] == study)

        assert sorted(alice.objects(f"/studies/{study}")) == wanted
    one = rows[0]
    path = f"/studies/{one['study_instance_uid']}/series/{one['series_instance_uid']}"
    instance = f"{path}/instances/{one['sop_instance_uid']}"
    assert alice.objects(instance) == [(export / one["path"]).read_bytes()]
    assert alice.get(ROOT + instance, "application/dicom; transfer-syntax=*").content == alice.objects(instance)[0]


def test_the_cohort_is_searched_by_new_uids(alice, export):
    rows = manifest(export)
    studies = alice.search("/studies")

    assert {first(study, "0020000D") for study in studies} == {row["study_instance_uid"] for row in rows}
    assert {first(study, "00100020") for study in studies} == {row["path"].split("/")[0] for row in rows}
    assert sum(first(study, "00201208") for study in studies) == len(rows)
    study = first(studies[0], "0020000D")
    series = alice.search(f"/studies/{study}/series")
    assert {first(one, "0020000E") for one in series} == {
        row["series_instance_uid"] for row in rows if row["study_instance_uid"] == study
    }
    instances = alice.search(f"/studies/{study}/instances")
    assert len(instances) == sum(row["study_instance_uid"] == study for row in rows)
    modality = first(series[0], "00080060")
    assert [first(one, "00080060") for one in alice.search(f"/studies/{study}/series?Modality={modality}")] == [modality] * sum(
        first(one, "00080060") == modality for one in series
    )
    assert len(alice.search("/studies?limit=2&offset=1")) == 2
    assert alice.search("/studies?PatientID=MRN-770001") == []
    assert studies[0]["00081190"]["Value"][0].endswith(f"{ROOT}/studies/{study}")


def test_metadata_is_the_header_of_the_new_object(alice, export):
    row = manifest(export)[0]
    path = f"/studies/{row['study_instance_uid']}/series/{row['series_instance_uid']}/instances/{row['sop_instance_uid']}"
    (shown,) = alice.search(path + "/metadata")
    exported_object = pydicom.dcmread(export / row["path"])

    for element in exported_object:
        key = f"{element.tag.group:04X}{element.tag.element:04X}"
        if element.tag.group != 0x7FE0 and element.VR not in ("OB", "OW", "UN"):
            assert key in shown, element.tag
            assert shown[key]["vr"] == element.VR


def test_nothing_of_the_patients_is_in_any_answer(alice):
    told = b""
    for study in alice.search("/studies"):
        uid = first(study, "0020000D")
        for path in ("", "/metadata", "/series", "/instances"):
            answer = alice.get(f"{ROOT}/studies/{uid}{path}", ANY_INSTANCE if not path else "application/dicom+json")
            told += answer.content + str(answer.headers).encode()

    assert [word for word in PLANTED if word.lower() in told.lower()] == []


def test_originals_and_other_projects_are_closed(alice, research):
    study = "1.2.826.0.1.3680043.8.498.1"
    for path in ("/dicomweb/studies", f"/dicomweb/studies/{study}", "/api/exports", "/api/trash", "/api/jobs"):
        assert alice.get(path).status_code in (403, 404), path
    assert alice.get("/projects/OTHER/dicomweb/studies").status_code == 404
    assert alice.get("/projects/NONE/dicomweb/studies").status_code == 404
    assert alice.get(ROOT + "/studies?PatientName=Kestrelby*").status_code == 400
    assert alice.get(ROOT + f"/studies/{study}").status_code == 404
    assert requests.get(research.url + ROOT + "/studies", timeout=60).status_code == 401


def test_who_has_withdrawn_is_not_in_the_view_any_more(alice, research, export):
    before = {first(study, "00100020") for study in alice.search("/studies")}

    withdraw(research, "MRN-770002")

    after = {first(study, "00100020") for study in alice.search("/studies")}
    assert len(before - after) == 1 and after < before
    (gone,) = before - after
    study = next(row["study_instance_uid"] for row in manifest(export) if row["path"].startswith(gone + "/"))
    assert alice.get(f"{ROOT}/studies/{study}", ANY_INSTANCE).status_code == 404
    assert json.dumps(alice.search("/studies")).find(gone) == -1
