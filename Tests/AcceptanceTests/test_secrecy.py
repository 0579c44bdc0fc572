"""No marker of a patient in any file below the data folder, nor in the log."""

import base64

import synthetic_images
from archive import stored
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage
from senders import Association

NAME = "Quxmarkername"
PATIENT_ID = "IDMARKER7391"
ACCESSION = "ACMARKER5518"
DESCRIPTION = "Description marker 66411"
UID_PART = "19283746556473829101"
PIXELS = b"PIXELMARKER-0123456789-PIXELMARKER"
MARKERS = [NAME, PATIENT_ID, ACCESSION, DESCRIPTION, UID_PART, PIXELS.decode()]


def instance(number):
    dataset = synthetic_images.identified(SecondaryCaptureImageStorage, "secrecy", number % 5, 1, number)
    dataset.PatientName = f"{NAME}^Anna"
    dataset.PatientID = f"{PATIENT_ID}-{number % 5}"
    dataset.AccessionNumber = ACCESSION
    dataset.StudyDescription = DESCRIPTION
    dataset.StudyInstanceUID = f"2.25.{UID_PART}1{number % 5}"
    dataset.SeriesInstanceUID = f"2.25.{UID_PART}2{number % 5}"
    dataset.SOPInstanceUID = f"2.25.{UID_PART}3{number:03d}"
    synthetic_images.describe_pixels(dataset, 34, 34, 8)
    dataset.PixelData = PIXELS * 34
    dataset["PixelData"].VR = "OW"
    return synthetic_images.part10(dataset, ExplicitVRLittleEndian)


def spellings(marker):
    """The marker in the encodings in which it might lie in a file."""
    for text in {marker, marker.upper(), marker.lower()}:
        yield text.encode()
        yield text.encode("utf-16-le")
        yield text.encode("utf-16-be")
        yield text.encode().hex().encode()
        for shift in range(3):
            # The characters that depend on the marker alone, at each of the three alignments.
            encoded = base64.b64encode(b"\0" * shift + text.encode())
            yield encoded[4 if shift else 0 : len(encoded) // 4 * 4 - 4]


NEEDLES = sorted({needle for marker in MARKERS for needle in spellings(marker)})


def found_in(folder):
    """The paths below the folder with a marker in name or content."""
    places = []
    for path in folder.rglob("*"):
        if any(needle in str(path.relative_to(folder)).encode() for needle in NEEDLES):
            places.append(f"{path.name} (name)")
        if path.is_file():
            content = path.read_bytes()
            places += [f"{path.relative_to(folder)}: {needle!r}" for needle in NEEDLES if needle in content]
    return places


def test_the_search_finds_a_marker(tmp_path):
    (tmp_path / "plain").write_bytes(b"x" * 100 + NAME.lower().encode() + b"x")
    (tmp_path / "base64").write_bytes(base64.b64encode(b"ab" + PATIENT_ID.encode() + b"cd"))
    (tmp_path / "wide").write_bytes(DESCRIPTION.encode("utf-16-le"))
    (tmp_path / UID_PART).write_bytes(b"")

    assert {place.split(":")[0].split(" ")[0] for place in found_in(tmp_path)} == {"plain", "base64", "wide", UID_PART}


def test_nothing_of_a_patient_lies_in_clear(fresh_archive, tmp_path):
    files = [instance(number) for number in range(100)]
    assert len(stored(fresh_archive.store(files[:50]))) == 50
    association = Association(fresh_archive.dicom_port, [(SecondaryCaptureImageStorage, ExplicitVRLittleEndian)])
    for number, file in enumerate(files[50:]):
        path = tmp_path / f"{number}.dcm"
        path.write_bytes(file)
        assert association.send(path) == 0
        path.unlink()
    association.close()
    # Reads, searches, refusals and bad requests leave nothing behind either.
    assert len(fresh_archive.search("/instances", PatientName=NAME + "*", limit=200)) == 100
    assert len(fresh_archive.instances_of(f"/studies/2.25.{UID_PART}10")) == 20
    fresh_archive.get(f"/studies/2.25.{UID_PART}999")
    fresh_archive.get("/studies", params={"NoSuchAttribute": NAME})
    fresh_archive.store([files[0][:-500]])

    running = found_in(fresh_archive.folder)
    fresh_archive.kill()
    killed = found_in(fresh_archive.folder)
    fresh_archive.start()
    fresh_archive.stop()
    stopped = found_in(fresh_archive.folder)

    assert (running, killed, stopped) == ([], [], [])


def test_the_root_key_lies_outside_the_data_folder(fresh_archive):
    keys = fresh_archive.data.with_name(fresh_archive.data.name + ".keys")
    root_key = keys / "root.key"

    assert root_key.stat().st_mode & 0o777 == 0o600
    assert (fresh_archive.data / "admin-token").stat().st_mode & 0o777 == 0o600
    content = root_key.read_bytes().strip()
    assert not [path for path in fresh_archive.data.rglob("*") if path.is_file() and content in path.read_bytes()]
