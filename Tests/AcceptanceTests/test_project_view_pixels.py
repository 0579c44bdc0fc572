"""Frames, pictures and other Transfer Syntaxes in a project's view: those of the object that an export would give."""

import io
import subprocess

import numpy
import part10
import pydicom
import pytest
from archive import BINARY, Archive, first
from PIL import Image
from pydicom.encaps import generate_frames
from pydicom.uid import ExplicitVRLittleEndian, RLELossless
from research_study import Study
from test_export import OPTIONS, PLANTED, exported, manifest, withdraw
from test_project_view import ROOT, Researcher, post

NATIVE_FRAMES = 'multipart/related; type="application/octet-stream"'
STORED_FRAMES = 'multipart/related; type="*/*"; transfer-syntax=*'


def film(study):
    """Five frames of colour, compressed."""
    dataset = study.dataset("1.2.840.10008.5.1.4.1.1.3.1", 7, f"{study.uid}.7.1", "US")
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PlanarConfiguration = 3, "RGB", 0
    dataset.Rows, dataset.Columns, dataset.NumberOfFrames = 24, 40, 5
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    dataset.FrameTime, dataset.FrameIncrementPointer = "40", 0x00181063
    dataset.BurnedInAnnotation = "NO"
    pixels = numpy.random.default_rng(7).integers(0, 256, (5, 24, 40, 3), numpy.uint8)
    dataset.compress(RLELossless, pixels, generate_instance_uid=False)
    return dataset


@pytest.fixture(scope="module")
def research(tmp_path_factory):
    folder = tmp_path_factory.mktemp("view-pixels")
    archive = Archive(folder / "archive").start()
    for number in (1, 2):
        study = Study(number)
        study.write(folder / "in")
        film(study).save_as(folder / "in" / f"{number}-film.dcm", enforce_file_format=True)
    archive.command("import", folder / "in", check=0)
    post(archive, "/api/projects", {"name": "LIVER", "query": "StudyDate=*", "options": OPTIONS, "consent": "waiver"})
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


def images(export, modality):
    """Rows of the export with images of a modality, their files and their addresses in the view."""
    for row in manifest(export):
        path = export / row["path"]
        dataset = pydicom.dcmread(path)
        if dataset.Modality == modality and "PixelData" in dataset:
            yield dataset, path, (
                f"{ROOT}/studies/{dataset.StudyInstanceUID}/series/{dataset.SeriesInstanceUID}/instances/{dataset.SOPInstanceUID}"
            )


def parts(answer):
    assert answer.status_code == 200, answer.text
    return [body for _, body in part10.parts(answer.content, answer.headers["content-type"])]


def test_frames_are_those_of_the_exported_object(alice, export):
    shown = 0
    for modality in ("CT", "US"):
        for dataset, _, address in images(export, modality):
            count = int(dataset.get("NumberOfFrames", 1))
            numbers = ",".join(str(number) for number in range(1, count + 1))
            if dataset.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian:
                stored = [dataset.PixelData[n * len(dataset.PixelData) // count :][: len(dataset.PixelData) // count] for n in range(count)]
            else:
                stored = list(generate_frames(dataset.PixelData, number_of_frames=count))

            assert parts(alice.get(f"{address}/frames/{numbers}", STORED_FRAMES)) == stored
            plain = parts(alice.get(f"{address}/frames/{numbers}", NATIVE_FRAMES))
            assert b"".join(plain) == dataset.pixel_array.tobytes()
            assert parts(alice.get(f"{address}/frames/{count}", NATIVE_FRAMES)) == plain[-1:]
            assert alice.get(f"{address}/frames/{count + 1}", NATIVE_FRAMES).status_code == 404
            shown += 1
    assert shown == 8


def test_an_object_comes_in_the_transfer_syntax_that_is_asked_for(alice, export):
    for modality, transfer_syntax in (("CT", "1.2.840.10008.1.2.4.80"), ("CT", "1.2.840.10008.1.2.4.201"), ("US", ExplicitVRLittleEndian)):
        dataset, _, address = next(images(export, modality))
        accept = f'multipart/related; type="application/dicom"; transfer-syntax={transfer_syntax}'

        (file,) = parts(alice.get(address, accept))

        made = pydicom.dcmread(io.BytesIO(file))
        assert made.file_meta.TransferSyntaxUID == transfer_syntax and made.SOPInstanceUID == dataset.SOPInstanceUID
        if transfer_syntax != "1.2.840.10008.1.2.4.201":
            assert (made.pixel_array == dataset.pixel_array).all()
        else:
            (frame,) = parts(alice.get(f"{address}/frames/1", f'multipart/related; type="image/jphc"; transfer-syntax={transfer_syntax}'))
            assert frame == next(generate_frames(made.PixelData, number_of_frames=1))
    study = address.split("/instances/")[0].split("/series/")[0]
    accept = 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.80'
    found = [pydicom.dcmread(io.BytesIO(file)) for file in parts(alice.get(study, accept))]
    assert {dataset.Modality for dataset in found} >= {"CT", "US"}
    assert {dataset.file_meta.TransferSyntaxUID for dataset in found} == {"1.2.840.10008.1.2.4.80"}


def test_pictures_are_those_of_the_exported_object(alice, export, tmp_path):
    for position, modality in enumerate(("CT", "US")):
        dataset, path, address = next(images(export, modality))
        count = int(dataset.get("NumberOfFrames", 1))
        picture = tmp_path / f"{position}.png"
        subprocess.run([BINARY, "render", path, "--frame", str(count), "-o", picture], check=True, capture_output=True)

        answer = alice.get(f"{address}/frames/{count}/rendered", "image/png")

        assert answer.status_code == 200 and answer.content == picture.read_bytes()
        whole = alice.get(f"{address}/rendered", "image/jpeg")
        assert Image.open(io.BytesIO(whole.content)).size == (dataset.Columns, dataset.Rows)
        small = alice.get(f"{address}/thumbnail?viewport=16,16", "image/jpeg")
        assert max(Image.open(io.BytesIO(small.content)).size) == 16
        study = address.split("/series/")[0]
        assert alice.get(f"{study}/thumbnail").status_code == 200
    shown = parts(alice.get(f"{study}/rendered", 'multipart/related; type="image/jpeg"'))
    assert len(shown) >= 4 and all(body.startswith(b"\xff\xd8") for body in shown)
    assert alice.get(f"{address}/rendered?window=1", "image/png").status_code == 400


def test_what_has_no_pixels_and_what_is_not_in_the_project_has_none(alice, export, research):
    report = next(row for row in manifest(export) if pydicom.dcmread(export / row["path"]).Modality == "SR")
    address = f"{ROOT}/studies/{report['study_instance_uid']}/series/{report['series_instance_uid']}/instances/{report['sop_instance_uid']}"
    for path in ("/frames/1", "/rendered", "/thumbnail"):
        assert alice.get(address + path).status_code in (404, 415, 422), path
    study = Study(1)
    original = f"/studies/{study.uid}/series/{study.uid}.1/instances/{study.images[0]}"
    for path in ("/frames/1", "/rendered", "/thumbnail"):
        assert alice.get(ROOT + original + path).status_code == 404
        assert alice.get("/dicomweb" + original + path).status_code in (403, 404)


def test_what_is_deleted_is_gone_from_the_view_at_once_and_back_when_it_is_restored(alice, export, research):
    dataset, _, address = next(images(export, "US"))
    assert alice.get(address + "/frames/1").status_code == 200
    (mapped,) = research.command_json("project", "lookup", "LIVER", dataset.PatientID)
    original = next(study for study in (Study(1), Study(2)) if study.patient_id == mapped["patientID"])

    deleted = research.command_json("delete", original.uid, "--yes")

    assert alice.get(address + "/frames/1").status_code == 404
    assert alice.get(address.split("/series/")[0], "multipart/related; type=\"application/dicom\"").status_code == 404
    assert dataset.StudyInstanceUID not in {first(study, "0020000D") for study in alice.search("/studies")}
    research.command("trash", "restore", deleted["id"], check=0)
    assert alice.get(address + "/frames/1").status_code == 200


def test_nothing_of_the_patients_is_in_an_answer_and_who_has_withdrawn_has_none(alice, export, research):
    address = next(images(export, "US"))[2]
    answers = [alice.get(address + path) for path in ("/frames/1", "/rendered", "/thumbnail")]
    for answer in answers:
        assert answer.status_code == 200
        told = answer.content + str(answer.headers).encode()
        assert [word for word in PLANTED if word.lower() in told.lower()] == []
    project = {first(study, "0020000D"): first(study, "00100020") for study in alice.search("/studies")}
    assert len(project) == 2

    for number in (1, 2):
        withdraw(research, Study(number).patient_id)

    for _, _, address in images(export, "US"):
        assert alice.get(address + "/frames/1").status_code == 404
        assert alice.get(address + "/rendered").status_code == 404
