"""Research projects against the real binary, as those who run them type it."""

import json

import pytest
import requests
from archive import Archive
from instance_template import InstanceTemplate
from test_backup import restored

PATIENTS = 12


def store(archive, count=PATIENTS):
    """One CT study of each patient; the Patient IDs."""
    template = InstanceTemplate(64, "projects")
    patients = []
    for study in range(1, count + 1):
        made = template.make(study, 1)
        patients.append(f"PAT{study:04}")
        assert archive.store([with_patient(made.file, patients[-1])]).status_code == 200
    return patients


def with_patient(file, patient_id):
    """The object as one of another patient: written by another program."""
    import io

    import pydicom

    data_set = pydicom.dcmread(io.BytesIO(file), force=True)
    data_set.PatientID = patient_id
    data_set.PatientName = "Canary^" + patient_id
    data_set.PatientSex = "F"
    data_set.PatientAge = "045Y"
    data_set.Modality = "CT"
    out = io.BytesIO()
    data_set.save_as(out)
    return out.getvalue()


def project(archive, *arguments, check=0):
    result = archive.command("project", *arguments, check=check)
    return result.stdout


def project_json(archive, *arguments):
    return json.loads(project(archive, *arguments, "--json"))


def create(archive, name="PROJ", consent="opt-in", *options):
    return project_json(
        archive, "create", name, "--query", "Modality=CT", "--title", "Lungs", "--patients", "numbered",
        "--consent", consent, *options,
    )  # fmt: skip


def asked(archive, token, path, method="GET", **keywords):
    headers = {"Authorization": f"Bearer {token}"}
    return requests.request(method, archive.url + path, headers=headers, timeout=60, **keywords)


@pytest.mark.parametrize("is_running", [True, False])
def test_a_project_from_its_beginning_to_its_end(fresh_archive, tmp_path, is_running):
    archive = fresh_archive
    patients = store(archive)
    if not is_running:
        archive.stop()
    made = create(archive)
    assert (made["state"], made["consent"], made["minimumCellSize"]) == ("open", "opt-in", 10)
    assert "Lungs" in project(archive, "list") and "NAME" in project(archive, "list")
    assert "Modality=CT" in project(archive, "show", "proj")
    assert project_json(archive, "counts", "PROJ")["patients"] == 0

    consents = tmp_path / "consents.csv"
    consents.write_text("PatientID,Consent\n" + "".join(f"{one},given\n" for one in patients))
    assert project_json(archive, "consent", "PROJ", "--list", consents) == {"given": PATIENTS, "withdrawn": 0}
    assert project_json(archive, "consent", "PROJ", "--withdrawn", patients[0])["withdrawn"] == 1
    counts = project_json(archive, "counts", "PROJ")
    assert (counts["patients"], counts["studies"], counts["leftOutByConsent"]) == (PATIENTS - 1, PATIENTS - 1, 1)
    assert project_json(archive, "counts", "PROJ", "--query", "PatientID=PAT0002")["patients"] == 1
    summary = project_json(archive, "summary", "PROJ")
    assert summary["smallestClass"] == PATIENTS - 1
    assert summary["classes"][0]["sex"] == "F" and summary["classes"][0]["ageBand"] == "40-49"
    assert "The smallest of 1 classes" in project(archive, "summary", "PROJ")

    assert project_json(archive, "pseudonyms", "PROJ") == {"patients": PATIENTS - 1}
    (mapped,) = project_json(archive, "lookup", "PROJ", "--patient-id", patients[3])
    assert mapped["pseudonym"].startswith("PROJ-00") and mapped["name"] == "Canary^" + patients[3]
    assert project_json(archive, "lookup", "PROJ", mapped["pseudonym"]) == [mapped]
    numbers = {project_json(archive, "lookup", "PROJ", "--patient-id", one)[0]["pseudonym"] for one in patients[1:]}
    assert len(numbers) == PATIENTS - 1
    archive.command("project", "lookup", "PROJ", "--patient-id", patients[0], check=1)
    assert project_json(archive, "pseudonyms", "PROJ") == {"patients": PATIENTS - 1}
    assert project_json(archive, "lookup", "PROJ", mapped["pseudonym"]) == [mapped]

    refused = archive.command("project", "close", "PROJ", check=1)
    assert "--yes" in refused.stderr
    assert "is closed" in project(archive, "close", "PROJ", "--yes")
    assert project_json(archive, "show", "PROJ")["state"] == "closed"
    for arguments in (["lookup", "PROJ", mapped["pseudonym"]], ["counts", "PROJ"], ["close", "PROJ", "--yes"]):
        assert "closed" in archive.command("project", *arguments, check=1).stderr
    if not is_running:
        archive.start()
    archive.command("verify", check=0)
    archive.command("keys", "verify", check=0)


def test_a_researcher_sees_the_project_and_nothing_else(fresh_archive):
    archive = fresh_archive
    patients = store(archive)
    create(archive, "PROJ", "waiver")
    create(archive, "OTHER", "waiver")
    token = project(archive, "researcher", "add", "PROJ", "alice", "--days", "30").strip()
    assert token.startswith("cst_")

    assert [one["name"] for one in asked(archive, token, "/api/projects").json()] == ["PROJ"]
    shown = asked(archive, token, "/api/projects/PROJ").json()
    assert "query" not in shown and "createdBy" not in shown
    assert asked(archive, token, "/api/projects/OTHER").status_code == 404
    counts = asked(archive, token, "/api/projects/PROJ/counts").json()
    assert counts["patients"] == PATIENTS and not counts["isSuppressed"]
    few = asked(archive, token, "/api/projects/PROJ/counts?Modality=MR")
    assert few.json() == {"minimumCellSize": 10, "isSuppressed": True}
    project(archive, "consent", "PROJ", "--withdrawn", patients[0])
    project(archive, "update", "PROJ", "--minimum-cell-size", str(PATIENTS))
    assert asked(archive, token, "/api/projects/PROJ/counts").json()["isSuppressed"]
    assert asked(archive, token, "/api/projects/PROJ/summary").json()["classes"] == []
    assert asked(archive, token, f"/api/projects/PROJ/counts?PatientID={patients[1]}").status_code == 403

    for method, path in [
        ("GET", "/dicomweb/studies"), ("GET", "/dicomweb"), ("POST", "/dicomweb/studies"), ("GET", "/metrics"),
        ("GET", "/api/keys"), ("GET", "/api/trash"), ("GET", "/api/jobs"), ("GET", "/api/holds"),
        ("POST", "/api/backups"), ("POST", "/api/projects"), ("PATCH", "/api/projects/PROJ"),
        ("POST", "/api/projects/PROJ/close"), ("POST", "/api/projects/PROJ/lookup"),
        ("GET", "/api/projects/PROJ/researchers"), ("POST", "/api/projects/PROJ/consents"),
    ]:  # fmt: skip
        assert asked(archive, token, path, method).status_code == 403, (method, path)
    archive.restart()
    assert asked(archive, token, "/api/projects/PROJ").status_code == 200
    project(archive, "researcher", "remove", "PROJ", "alice")
    assert asked(archive, token, "/api/projects/PROJ").status_code == 401
    # Whatever was asked, no patient is in the log.
    assert "PAT00" not in archive.log.read_text(errors="replace") and token not in archive.log.read_text(errors="replace")


def test_an_older_backup_brings_the_rows_of_a_closed_project_back_but_not_its_ties(fresh_archive, tmp_path):
    archive = fresh_archive
    patients = store(archive, 3)
    create(archive, "PROJ", "waiver")
    project(archive, "pseudonyms", "PROJ")
    (mapped,) = project_json(archive, "lookup", "PROJ", "--patient-id", patients[0])
    first = archive.command_json("backup", tmp_path / "place")
    living, report = restored(archive, tmp_path / "place", tmp_path / "living")
    assert report["isSound"]
    assert project_json(living, "lookup", "PROJ", mapped["pseudonym"]) == [mapped]

    project(archive, "close", "PROJ", "--yes")
    archive.command("keys", "shred", "--epoch", "--yes", check=0)
    certified = archive.command_json("keys", "shred")
    assert [one["isComplete"] for one in certified] == [True]
    assert "project PROJ closed" in certified[0]["certificate"]
    archive.command("backup", tmp_path / "place", check=0)
    listed = archive.command_json("backup", "list", tmp_path / "place")

    dead, report = restored(archive, tmp_path / "place", tmp_path / "dead", "--at", listed[0]["time"])

    assert report["number"] == first["number"] and report["isSound"]
    assert project_json(dead, "show", "PROJ")["state"] == "closed"
    for arguments in (["lookup", "PROJ", mapped["pseudonym"]], ["pseudonyms", "PROJ"]):
        assert "closed" in dead.command("project", *arguments, check=1).stderr
    dead.start()
    assert isinstance(dead, Archive) and project_json(dead, "show", "PROJ")["state"] == "closed"
    dead.stop()


def test_mistakes_are_told_with_what_to_type_next(fresh_archive):
    archive = fresh_archive
    create(archive)
    for arguments, code, words in [
        (["create", "PROJ", "--query", "Modality=CT"], 1, "choose another"),
        (["create", "NEW"], 2, "--query"),
        (["create", "NEW", "--query", "Modalty=CT"], 1, "Modality"),
        (["create", "NEW", "--query", "Modality="], 1, "write *"),
        (["create", "a b", "--query", "Modality=CT"], 2, "16 letters"),
        (["create", "NEW", "--query", "Modality=CT", "--option", "retain-long-full-dates"], 1, "dates of the project"),
        (["create", "NEW", "--query", "Modality=CT", "--expires", "2001-01-01"], 1, "over already"),
        (["show", "NONE"], 1, "cassette project list"),
        (["update", "PROJ"], 2, "what to change"),
        (["lookup", "PROJ"], 2, "either a pseudonym"),
        (["lookup", "PROJ", "PROJ-0001"], 1, "has not given"),
        (["researcher", "add", "PROJ", "alice", "--days", "400"], 2, "365"),
        (["consent", "PROJ", "--given", "A", "--withdrawn", "B"], 2, "one of"),
    ]:
        result = archive.command("project", *arguments, check=code)
        assert words in result.stderr, (arguments, result.stderr)
