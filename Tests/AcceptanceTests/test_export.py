"""`cassette export`: the cohort of a project leaves without what identifies patients, whole or not at all."""

import csv
import json
import os
import signal
import subprocess
import time
import zipfile
from collections import Counter

import duckdb
import leak_corpus
import leak_scan
import pydicom
import pytest
import requests
from archive import BINARY, PATIENCE, Archive
from research_study import Study, references
from senders import reference_receiver

OPTIONS = ["clean-structured-content", "clean-descriptors", "retain-patient-characteristics", "retain-device"]
DOCUMENTS = {"manifest.csv", "quarantine.csv", "report.json", "report.html"}
# What stands in the originals and must stand nowhere else; more than a few letters, so that chance makes none.
PLANTED = [b"Kestrelby", b"Orwen", b"Quillfeather", b"MRN-77", b"ACC-90", b"19610312", b"20240229", b"1.2.826.0.1"]


def make_project(archive, name="LIVER", **settings):
    settings = {"name": name, "query": "StudyDate=*", "options": OPTIONS, "consent": "waiver", "dates": "shifted", **settings}
    response = requests.post(archive.url + "/api/projects", json=settings, headers=archive.headers, timeout=60)
    assert response.status_code in (200, 201), response.text


def withdraw(archive, patient_id, name="LIVER"):
    body = {"patientID": patient_id, "consent": "withdrawn"}
    url = f"{archive.url}/api/projects/{name}/consents"
    response = requests.post(url, json=body, headers=archive.headers, timeout=60)
    assert response.status_code == 200, response.text


def exported(archive, place, *arguments, project="LIVER"):
    return archive.command_json("export", "--project", project, "--to", place, *arguments)


def contents(folder):
    """The objects and tables of an export; the report tells the time."""
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in files.items() if not name.startswith("report.")}


def manifest(folder):
    with open(folder / "manifest.csv", newline="") as file:
        return list(csv.DictReader(file))


def statement(folder):
    return json.loads((folder / "report.json").read_text())["statement"]


@pytest.fixture(scope="module")
def research(tmp_path_factory):
    """An archive with three patients of two studies each, and a project."""
    folder = tmp_path_factory.mktemp("research")
    archive = Archive(folder / "archive").start()
    try:
        for number in range(1, 7):
            Study(number, PatientID=f"MRN-77{(number + 1) // 2:04}").write(folder / "in")
        archive.command("import", folder / "in", check=0)
        make_project(archive)
        yield archive
    finally:
        archive.stop()


@pytest.fixture(scope="module")
def first(research, tmp_path_factory):
    place = tmp_path_factory.mktemp("first") / "export"
    job = exported(research, place)
    assert job["state"] == "done" and job["failures"] == 0 and job["done"] == 36
    return place


def test_files_are_named_by_pseudonym_and_new_uids_and_listed_with_their_digests(first):
    rows = manifest(first)

    assert len(rows) == 36
    assert {path.name for path in first.iterdir() if path.is_file()} == DOCUMENTS
    for row in rows:
        dataset = pydicom.dcmread(first / row["path"])
        uids = (dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID)
        assert row["path"] == "/".join([dataset.PatientID, *uids]) + ".dcm"
        assert all(uid.startswith("2.25.") for uid in uids)
        assert dataset.ClinicalTrialSubjectID == dataset.PatientID and dataset.PatientID.startswith("LIVER-")
        assert dataset.PatientIdentityRemoved == "YES"
    assert len({row["path"].split("/")[0] for row in rows}) == 3
    assert len({row["study_instance_uid"] for row in rows}) == 6


def test_nothing_of_the_patients_is_in_any_file_nor_in_any_name(first):
    for path in first.rglob("*"):
        told = str(path.relative_to(first)).encode() + (path.read_bytes() if path.is_file() else b"")
        assert [word for word in PLANTED if word.lower() in told.lower()] == [], path


def test_all_references_between_objects_resolve(first):
    datasets = [pydicom.dcmread(path) for path in first.rglob("*.dcm")]
    known = {
        "ReferencedSOPInstanceUID": {d.SOPInstanceUID for d in datasets} | {d.StudyInstanceUID for d in datasets},
        "SeriesInstanceUID": {d.SeriesInstanceUID for d in datasets},
        "StudyInstanceUID": {d.StudyInstanceUID for d in datasets},
        "FrameOfReferenceUID": {d.FrameOfReferenceUID for d in datasets if d.Modality == "CT"},
    }
    known["ReferencedFrameOfReferenceUID"] = known["FrameOfReferenceUID"]
    found = {modality: 0 for modality in ("RTSTRUCT", "SEG", "SR")}
    for dataset in datasets:
        for keyword, uid in references(dataset):
            assert uid in known[keyword], f"{keyword} of {dataset.Modality} points to nothing"
            if keyword == "ReferencedSOPInstanceUID" and dataset.Modality in found:
                found[dataset.Modality] += 1
    assert all(found.values()), found


def test_a_second_export_gives_the_same_bytes(research, first, tmp_path):
    exported(research, tmp_path / "second")

    assert contents(tmp_path / "second") == contents(first)


def test_an_export_is_checked_with_its_signature_and_every_byte(research, first, tmp_path):
    key = research.command_json("keys", "status")["certificateKey"]
    checked = research.command_json("export", "verify", first, "--public-key", key)
    assert checked["sound"] and checked["files"] == 36

    subprocess.run(["cp", "-r", first, tmp_path / "copy"], check=True)
    path = next((tmp_path / "copy").rglob("*.dcm"))
    path.write_bytes(path.read_bytes()[:-1] + b"\x07")
    (tmp_path / "copy" / "stranger").write_text("x")
    report = (tmp_path / "copy" / "report.json").read_text()
    (tmp_path / "copy" / "report.json").write_text(report.replace('"patients":3', '"patients":4'))
    result = research.command("export", "verify", tmp_path / "copy")
    assert result.returncode == 1
    for word in (path.name, "stranger", "report.json: the signature does not fit", "report.html"):
        assert word in result.stderr


def test_a_zip_file_holds_the_same_and_python_reads_it(research, first, tmp_path):
    exported(research, tmp_path / "out.zip")

    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.testzip() is None
        held = {name: archive.read(name) for name in archive.namelist() if not name.startswith("report.")}
    assert held == contents(first)
    assert subprocess.run(["unzip", "-tq", tmp_path / "out.zip"], capture_output=True).returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["out.zip"]


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_duckdb_reads_the_headers_as_pydicom_reads_the_objects(research, tmp_path, form):
    exported(research, tmp_path / "out", "--headers", form)
    read = {"ndjson": "read_json", "csv": "read_csv"}[form]
    pattern = tmp_path / "out" / "headers" / "*" / f"*.{form}"
    with duckdb.connect() as database:
        rows = database.sql(f"SELECT * FROM {read}('{pattern}', hive_partitioning=true, union_by_name=true)")
        table = [dict(zip(rows.columns, row)) for row in rows.fetchall()]
        counts = database.sql(f"SELECT modality_key, count(*) FROM {read}('{pattern}', hive_partitioning=true) GROUP BY ALL")
        counts = dict(counts.fetchall())

    datasets = {row["path"]: pydicom.dcmread(tmp_path / "out" / row["path"]) for row in manifest(tmp_path / "out")}
    assert {row["path"] for row in table} == set(datasets) and len(table) == 36
    assert counts == {m: n for m, n in Counter(d.Modality.lower() for d in datasets.values()).items()}
    for row in table:
        dataset = datasets[row["path"]]
        assert row["modality_key"] == dataset.Modality.lower()
        assert row["TransferSyntaxUID"] == dataset.file_meta.TransferSyntaxUID
        for keyword in ("PatientID", "Modality", "StudyInstanceUID", "SOPInstanceUID", "SOPClassUID"):
            assert row[keyword] == str(dataset[keyword].value)
        for keyword in ("Rows", "Columns", "RescaleSlope", "SliceThickness", "InstanceNumber"):
            assert row.get(keyword) == (None if keyword not in dataset else pytest.approx(float(dataset[keyword].value)))
        if form == "ndjson" and "ImagePositionPatient" in dataset:
            assert row["ImagePositionPatient"] == pytest.approx([float(v) for v in dataset.ImagePositionPatient])
    assert any(row["Rows"] for row in table)
    assert research.command_json("export", "verify", tmp_path / "out")["sound"]
    for path in (tmp_path / "out" / "headers").rglob("*.*"):
        assert [word for word in PLANTED if word.lower() in path.read_bytes().lower()] == [], path


def test_a_table_of_headers_is_refused_where_only_objects_go(research):
    result = research.command("export", "--project", "LIVER", "--to", "dicom://X@127.0.0.1:1", "--headers", "csv")

    assert result.returncode == 1 and "a folder, a ZIP file or a store" in result.stderr
    result = research.command("export", "--project", "LIVER", "--to", "/tmp/x", "--headers", "parquet")
    assert result.returncode == 2 and "ndjson" in result.stderr


def test_a_query_chooses_within_the_cohort(research, tmp_path):
    exported(research, tmp_path / "one", "--query", "StudyInstanceUID=1.2.826.0.1.3680043.8.498.2")

    assert len({row["study_instance_uid"] for row in manifest(tmp_path / "one")}) == 1
    result = research.command("export", "--project", "LIVER", "--to", tmp_path / "x", "--query", "Nonsense=1")
    assert result.returncode == 1 and "keyword" in result.stderr
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("{data}/out", "outside of"),
        ("{folder}", "is there and is no export"),
        ("{folder}/nowhere/out", "make it first"),
        ("s3://bucket/x", "stores"),
        ("dicom://host", "dicom://AET@host:port"),
    ],
)
def test_a_place_that_cannot_be_is_told_at_once(research, tmp_path, place, told):
    (tmp_path / "notes.txt").write_text("mine")
    result = research.command(
        "export", "--project", "LIVER", "--to", place.format(data=research.data, folder=tmp_path)
    )
    assert result.returncode == 1 and told in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_only_an_administrator_exports(research):
    for method, path in (("GET", "/api/exports"), ("POST", "/api/exports?project=LIVER&to=/tmp/x")):
        response = requests.request(method, research.url + path, timeout=60)
        assert response.status_code == 401
    response = requests.post(research.url + "/api/exports", headers=research.headers, timeout=60)
    assert response.status_code == 400 and "project" in response.text


def test_documents_of_an_export_stay_with_the_archive(research, first):
    (export,) = [job for job in research.command_json("export", "list") if job["to"] == str(first)]
    told = research.command("export", "report", export["id"], "--document", "manifest.csv", check=0).stdout

    assert told.encode() == (first / "manifest.csv").read_bytes().replace(b"\r\n", b"\n")
    assert research.command_json("export", "show", export["id"])["state"] == "done"


def test_a_peer_gets_the_objects_and_the_second_time_nothing_unless_asked(research, first):
    with reference_receiver() as receiver:
        place = f"dicom://CASSETTE@127.0.0.1:{receiver.port}"
        job = exported(research, place)
        assert job["state"] == "done" and job["failures"] == 0
        received = {pydicom.dcmread(path, force=True).SOPInstanceUID for path in receiver.folder.iterdir()}
        assert received == {row["sop_instance_uid"] for row in manifest(first)}
        for path in receiver.folder.iterdir():
            path.unlink()

        exported(research, place)
        assert list(receiver.folder.iterdir()) == []

        again = exported(research, place, "--again")
        assert again["failures"] == 0
        assert {pydicom.dcmread(path, force=True).SOPInstanceUID for path in receiver.folder.iterdir()} == received


def test_who_chooses_nothing_or_verifies_a_zip_file_is_told_what_to_do(research, tmp_path):
    result = research.command(
        "export", "--project", "LIVER", "--query", "Modality=XA", "--to", tmp_path / "none.zip", check=0
    )
    assert "cassette project counts LIVER" in result.stderr

    result = research.command("export", "verify", tmp_path / "none.zip")
    assert result.returncode == 1 and "unzip -d DIR" in result.stderr


def test_another_archive_gets_the_objects_over_dicomweb(research, first, tmp_path):
    other = Archive(tmp_path / "other", "--open").start()
    try:
        job = exported(research, other.dicomweb)
        assert job["state"] == "done" and job["failures"] == 0, job
        found = other.search("/instances", limit=100)
        assert {entry["00080018"]["Value"][0] for entry in found} == {row["sop_instance_uid"] for row in manifest(first)}
    finally:
        other.stop()


def test_withdrawn_patients_are_not_in_the_next_export_and_told_by_pseudonym(tmp_path):
    archive = Archive(tmp_path / "archive").start()
    try:
        for number in (1, 2):
            Study(number).write(tmp_path / "in")
        archive.command("import", tmp_path / "in", check=0)
        make_project(archive)
        exported(archive, tmp_path / "out")
        before = {row["path"].split("/")[0] for row in manifest(tmp_path / "out")}
        withdraw(archive, "MRN-770001")
        exported(archive, tmp_path / "out")

        after = {row["path"].split("/")[0] for row in manifest(tmp_path / "out")}
        assert len(before) == 2 and len(after) == 1 and after < before
        assert {path.name for path in (tmp_path / "out").iterdir()} == after | DOCUMENTS
        told = statement(tmp_path / "out")
        assert told["withdrawn"] == list(before - after) and told["studiesLeftOutByConsent"] == 1
        assert archive.command("export", "verify", tmp_path / "out").returncode == 0
    finally:
        archive.stop()


def test_an_object_that_cannot_leave_is_named_by_what_it_would_have_been(tmp_path):
    archive = Archive(tmp_path / "archive").start()
    try:
        Study(1).write(tmp_path / "in")
        Study(2, BurnedInAnnotation="YES").write(tmp_path / "in")
        archive.command("import", tmp_path / "in", check=0)
        make_project(archive)
        job = exported(archive, tmp_path / "out")

        assert job["failures"] == 6 and len(manifest(tmp_path / "out")) == 6
        with open(tmp_path / "out" / "quarantine.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        assert {row["code"] for row in rows} == {"burned-in-annotation"} and len(rows) == 6
        assert all(row["sop_instance_uid"].startswith("2.25.") for row in rows)
        assert statement(tmp_path / "out")["quarantinedByReason"] == {"burned-in-annotation": 6}
        for path in (tmp_path / "out").iterdir():
            if path.is_file():
                assert [word for word in PLANTED if word in path.read_bytes()] == [], path
    finally:
        archive.stop()


@pytest.mark.parametrize("kind", ["folder", "zip"])
@pytest.mark.parametrize("runs_on", ["server", "folder"])
def test_a_killed_export_goes_on_and_ends_with_the_same_bytes(tmp_path, kind, runs_on):
    archive = Archive(tmp_path / "archive").start()
    try:
        for number in range(1, 13):
            Study(number, slices=8, size=64).write(tmp_path / "in")
        archive.command("import", tmp_path / "in", check=0)
        make_project(archive)
        name = "out" if kind == "folder" else "out.zip"
        place, whole = tmp_path / name, tmp_path / ("whole-" + name)
        exported(archive, whole)
        partial = tmp_path / f".{name}.partial"
        if runs_on == "folder":
            archive.stop()
        begun = begin_and_kill(archive, place, partial, runs_on)
        assert not place.exists() and begun
        if runs_on == "server":
            archive.start()
        job = exported(archive, place)

        assert job["state"] == "done", job
        assert not partial.exists()
        assert objects(place) == objects(whole)
    finally:
        archive.stop()


def objects(place):
    if place.is_dir():
        return contents(place)
    with zipfile.ZipFile(place) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.startswith("report.")}


def begin_and_kill(archive, place, partial, runs_on):
    """Kills the process that exports as soon as some objects are written; whether it was under way."""
    environment = dict(os.environ, CASSETTE_DATA=str(archive.data))
    command = [str(BINARY), "export", "--project", "LIVER", "--to", str(place)]
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 120 * PATIENCE

    def written():
        if partial.is_dir():
            return sum(1 for path in partial.rglob("*.dcm"))
        return partial.stat().st_size // 10_000 if partial.exists() else 0

    while written() < 12 and process.poll() is None:
        assert time.monotonic() < deadline, "the export writes nothing"
        time.sleep(0.005)
    if runs_on == "server":
        archive.kill()
    else:
        process.send_signal(signal.SIGKILL)
    process.wait(timeout=60 * PATIENCE)
    return partial.exists()


def test_a_cancelled_export_leaves_nothing_and_the_earlier_one(tmp_path):
    archive = Archive(tmp_path / "archive").start()
    try:
        for number in range(1, 7):
            Study(number, slices=8, size=64).write(tmp_path / "in")
        archive.command("import", tmp_path / "in", check=0)
        make_project(archive)
        exported(archive, tmp_path / "out", "--query", "StudyInstanceUID=1.2.826.0.1.3680043.8.498.2")
        before = contents(tmp_path / "out")
        job = exported(archive, tmp_path / "out", "--detach")
        archive.command("export", "cancel", job["id"], check=0)
        deadline = time.monotonic() + 60 * PATIENCE
        while (tmp_path / ".out.partial").exists() and time.monotonic() < deadline:
            time.sleep(0.05)

        assert archive.command_json("export", "show", job["id"])["state"] == "cancelled"
        assert not (tmp_path / ".out.partial").exists()
        assert contents(tmp_path / "out") == before
    finally:
        archive.stop()


def test_nothing_of_the_leak_corpus_is_in_a_whole_export_of_it(tmp_path):
    leak_corpus.write(tmp_path / "corpus", 7)
    options = ["clean-pixel-data"]
    archive = Archive(tmp_path / "archive").start()
    try:
        archive.command("import", tmp_path / "corpus" / "objects")
        make_project(archive, "LEAKS", options=options, dates="removed")
        job = exported(archive, tmp_path / "out", project="LEAKS")
        assert job["state"] == "done" and job["done"] - job["failures"] > 30, job
        for name in DOCUMENTS:
            (tmp_path / name).write_bytes((tmp_path / "out" / name).read_bytes())
            (tmp_path / "out" / name).unlink()
        told = b"".join((tmp_path / name).read_bytes() for name in DOCUMENTS)
        scan = leak_scan.scan_folder(tmp_path / "corpus", tmp_path / "out", options, ocr=False)
        leaks = [(leak["kind"], leak["place"]) for leak in scan.leaks if leak["kind"] != "hard picture"]
        assert leaks == []
        entries = json.loads((tmp_path / "corpus" / "manifest.json").read_text())["objects"]
        for entry in entries:
            for _, planted in leak_scan.forbidden(entry, options):
                text = planted["text"].encode()
                assert len(text) < 5 or text not in told, "a document tells what was planted"
    finally:
        archive.stop()
