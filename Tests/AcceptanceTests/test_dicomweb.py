"""WADO-RS, STOW-RS and the doors around them."""

import struct

import models
import part10
import pydicom
import pytest
import requests
import synthetic_images
from archive import ANY_FRAME, ANY_INSTANCE, DICOM_JSON, failed, first, stored
from pydicom.encaps import generate_frames

CT = [synthetic_images.ct_instance(1, number, size=64) for number in (1, 2, 3)]
JPEG = dict(synthetic_images.jpeg_multiframes())
JPEG_FRAMES = list(synthetic_images.jpeg_frames())


def path_of(file):
    """The WADO-RS path of a file's instance."""
    dataset = pydicom.dcmread(pydicom.filebase.DicomBytesIO(file), stop_before_pixels=True)
    return f"/studies/{dataset.StudyInstanceUID}/series/{dataset.SeriesInstanceUID}/instances/{dataset.SOPInstanceUID}"


@pytest.fixture(scope="module")
def filled(archive):
    response = archive.store([*CT, *JPEG.values()])
    assert response.status_code == 200, response.text[:1000]
    return archive


def one_part(response):
    assert response.status_code == 200, response.text[:500]
    ((headers, body),) = part10.parts(response.content, response.headers["Content-Type"])
    return headers, body


@pytest.mark.parametrize("levels,count", [(2, 3), (4, 3), (6, 1)], ids=["study", "series", "instance"])
def test_instances_come_as_they_were_stored(filled, levels, count):
    path = "/" + "/".join(path_of(CT[0]).split("/")[1 : levels + 1])

    found = filled.instances_of(path)

    assert len(found) == count
    for file in CT[:count]:
        sent = part10.split(file)
        assert part10.split(found[sent.sop_instance_uid]).data_set == sent.data_set


def test_metadata_is_the_header_in_json(filled):
    for level in (2, 4, 6):
        path = "/" + "/".join(path_of(CT[0]).split("/")[1 : level + 1])
        response = filled.get(path + "/metadata", DICOM_JSON)
        assert response.status_code == 200
        assert response.headers["Content-Type"].startswith(DICOM_JSON)
        assert len(response.json()) == (1 if level == 6 else 3)
    item = next(i for i in response.json() if first(i, "00080018") == part10.split(CT[0]).sop_instance_uid)
    assert first(item, "00100010") == "Synthetic^Patient 0001"
    assert first(item, "00280010") == 64
    assert item["00200032"]["Value"] == [-250, -250, 1]
    assert "Value" not in item["7FE00010"] and "InlineBinary" not in item["7FE00010"]


def test_bulk_data_of_the_metadata_can_be_fetched(filled):
    item = filled.get(path_of(CT[0]) + "/metadata", DICOM_JSON).json()[0]
    uri = item["7FE00010"]["BulkDataURI"]
    if not uri.startswith("http"):
        uri = filled.url + uri if uri.startswith("/") else f"{filled.dicomweb}{path_of(CT[0])}/{uri}"

    response = requests.get(uri, headers=dict(filled.headers, Accept=ANY_FRAME), timeout=60)

    assert one_part(response)[1] == CT[0][-64 * 64 * 2 :]


DICOM_XML = 'multipart/related; type="application/dicom+xml"'


def xml_parts(response):
    assert response.status_code == 200, response.text[:500]
    assert response.headers["Content-Type"].startswith(DICOM_XML)
    parts = part10.parts(response.content, response.headers["Content-Type"])
    assert all("application/dicom+xml" in headers for headers, _ in parts)
    return [models.from_xml(body) for _, body in parts]


def in_order(data_sets):
    return sorted(data_sets, key=lambda data_set: str(data_set.get("00080018")))


@pytest.mark.parametrize("level", [2, 4, 6])
def test_metadata_in_xml_is_that_in_json(filled, level):
    path = "/" + "/".join(path_of(CT[0]).split("/")[1 : level + 1]) + "/metadata"

    found = xml_parts(filled.get(path, DICOM_XML))

    expected = [models.from_json(item) for item in filled.get(path, DICOM_JSON).json()]
    assert in_order(map(models.as_text, found)) == in_order(map(models.as_text, expected))


def test_metadata_of_one_instance_may_come_as_xml_alone(filled):
    response = filled.get(path_of(CT[0]) + "/metadata", "application/dicom+xml")

    assert response.headers["Content-Type"] == "application/dicom+xml"
    assert models.from_xml(response.content)["00280010"] == ("US", "values", ["64"])


def test_a_search_answers_in_xml(filled):
    found = xml_parts(filled.get("/instances?PatientID=CT-00001", DICOM_XML))

    expected = filled.search("/instances", PatientID="CT-00001")
    assert in_order(map(models.as_text, found)) == in_order(models.as_text(models.from_json(item)) for item in expected)
    nothing = filled.get("/studies?PatientID=nobody", DICOM_XML)
    assert (nothing.status_code, nothing.content) == (204, b"")


def test_json_is_the_default_and_wins_where_it_is_liked_more(filled):
    for accept in (None, "*/*", f"{DICOM_XML};q=0.5, {DICOM_JSON}"):
        assert filled.get("/studies", accept).headers["Content-Type"].startswith(DICOM_JSON)
    assert filled.get("/studies", f"{DICOM_JSON};q=0.5, {DICOM_XML}").headers["Content-Type"].startswith(DICOM_XML)
    assert filled.get("/studies", "text/xml").status_code == 406


def test_a_store_answers_in_xml(filled):
    headers = dict(filled.headers, Accept="application/dicom+xml", **{"Content-Type": "application/dicom"})

    response = requests.post(filled.dicomweb + "/studies", data=CT[0], headers=headers, timeout=60)

    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/dicom+xml")
    (item,) = models.from_xml(response.content)["00081199"][2]
    assert item["00081155"] == ("UI", "values", [part10.split(CT[0]).sop_instance_uid])


def test_a_native_frame(filled):
    headers, body = one_part(filled.get(path_of(CT[0]) + "/frames/1", ANY_FRAME))

    assert "application/octet-stream" in headers
    assert body == CT[0][-64 * 64 * 2 :]


@pytest.mark.parametrize("name", JPEG)
def test_encapsulated_frames_whatever_the_offset_table(filled, name):
    accept = 'multipart/related; type="image/jpeg"; transfer-syntax=*'
    for number in (1, 7, 12):
        headers, body = one_part(filled.get(f"{path_of(JPEG[name])}/frames/{number}", accept))
        # A frame's last fragment may be padded to an even length.
        assert body.rstrip(b"\0") == JPEG_FRAMES[number - 1].rstrip(b"\0")
        assert "image/jpeg" in headers


def test_several_frames_in_the_order_of_the_request(filled):
    response = filled.get(path_of(JPEG["basic-offset-table.dcm"]) + "/frames/3,1,12", "*/*")

    bodies = [body for _, body in part10.parts(response.content, response.headers["Content-Type"])]
    assert [body.rstrip(b"\0") for body in bodies] == [JPEG_FRAMES[n - 1].rstrip(b"\0") for n in (3, 1, 12)]


@pytest.mark.parametrize("frames,status", [("13", 404), ("0", 400), ("-1", 400), ("x", 400), ("1-", 400)])
def test_frames_that_are_not_there(filled, frames, status):
    response = filled.get(f"{path_of(JPEG['fragments.dcm'])}/frames/{frames}", ANY_FRAME)

    assert response.status_code == status
    assert response.headers["Content-Type"].startswith("application/problem+json")


def test_dicomweb_client_reads_all(filled):
    client = filled.client()
    studies = client.search_for_studies(search_filters={"PatientID": "CT-00001"})
    study = first(studies[0], "0020000D")

    instances = client.retrieve_study(study, media_types=(("application/dicom", "*"),))
    metadata = client.retrieve_study_metadata(study)

    assert len(instances) == len(metadata) == 3
    series = str(instances[0].SeriesInstanceUID)
    frames = client.retrieve_instance_frames(
        study, series, str(instances[0].SOPInstanceUID), [1], media_types=("application/octet-stream",)
    )
    assert frames == [instances[0].PixelData]


@pytest.mark.parametrize(
    "accept,status",
    [
        (ANY_INSTANCE, 200),
        ('multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.1', 200),
        ('multipart/related; type="application/dicom"', 200),
        ("*/*", 200),
        ("text/html", 406),
        ('multipart/related; type="video/mpeg"', 406),
        ('multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.90', 200),
        ('multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.92', 406),
    ],
)
def test_what_the_client_accepts_decides(filled, accept, status):
    assert filled.get(path_of(CT[0]), accept).status_code == status


def test_an_instance_that_is_not_there(filled):
    response = filled.get("/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.5", ANY_INSTANCE)

    assert response.status_code == 404
    assert response.headers["Content-Type"].startswith("application/problem+json")


@pytest.mark.parametrize("path", ["/studies/1.2.x", "/studies/%2e%2e%2fetc", "/studies/" + "1." * 40 + "1"])
def test_a_path_with_a_wrong_uid_is_refused(filled, path):
    assert filled.get(path, ANY_INSTANCE).status_code in (400, 404)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic YTpi"}], ids=str)
def test_without_a_valid_token_nothing_is_told(filled, headers):
    for path in ["/studies", path_of(CT[0]), path_of(CT[0]) + "/frames/1", "/studies/1.2.3", "/nowhere"]:
        response = requests.get(filled.dicomweb + path, headers=headers, timeout=60)
        assert response.status_code == 401, path
        assert "WWW-Authenticate" in response.headers
        assert "Synthetic" not in response.text
    assert requests.post(filled.dicomweb + "/studies", data=b"", headers=headers, timeout=60).status_code == 401


def test_health_needs_no_token(filled):
    for path in ["/health/live", "/health/ready"]:
        assert requests.get(filled.url + path, timeout=60).status_code == 200


def test_one_bad_part_does_not_keep_the_others_out(filled):
    good = synthetic_images.ct_instance(90, 1, size=16)
    another = synthetic_images.ct_instance(90, 2, size=16)

    response = filled.store([good, b"this is no DICOM file", another])

    assert response.status_code == 202
    assert set(stored(response)) == {part10.split(good).sop_instance_uid, part10.split(another).sop_instance_uid}
    # What has no identifiers cannot be in the Failed SOP Sequence: it is an Other Failure (PS3.18 Table 10.5.3-2).
    assert len(response.json()["0008119A"]["Value"]) == 1


def test_nothing_but_bad_parts_is_a_conflict(filled):
    response = filled.store([b"this is no DICOM file"])

    assert response.status_code == 409


def test_an_instance_of_another_study_is_refused_by_itself(filled):
    wanted = synthetic_images.ct_instance(91, 1, size=16)
    other = synthetic_images.ct_instance(92, 1, size=16)

    response = filled.store([wanted, other], study=synthetic_images.uid("ct", 91))

    assert response.status_code == 202
    assert stored(response) == [part10.split(wanted).sop_instance_uid]
    assert list(failed(response)) == [part10.split(other).sop_instance_uid]


@pytest.mark.parametrize(
    "content_type,status",
    [
        ("text/plain", 415),
        ('multipart/related; type="application/dicom"', 400),
        ('multipart/related; type="application/dicom"; boundary=' + "x" * 71, 400),
    ],
)
def test_a_request_that_is_no_store_request(filled, content_type, status):
    headers = dict(filled.headers, **{"Content-Type": content_type})

    response = requests.post(filled.dicomweb + "/studies", data=b"x", headers=headers, timeout=60)

    assert response.status_code == status


def test_a_body_that_ends_too_early_stores_only_what_is_whole(filled):
    whole = synthetic_images.ct_instance(93, 1, size=16)
    cut = synthetic_images.ct_instance(93, 2, size=16)
    head = b"--b\r\nContent-Type: application/dicom\r\n\r\n"
    body = head + whole + b"\r\n" + head + cut[:-100]
    headers = dict(filled.headers, **{"Content-Type": 'multipart/related; type="application/dicom"; boundary=b'})

    requests.post(filled.dicomweb + "/studies", data=body, headers=headers, timeout=60)

    uids = {first(item, "00080018") for item in filled.search("/instances", PatientID="CT-00093")}
    assert part10.split(cut).sop_instance_uid not in uids


def test_frames_of_pydicom_equal_ours(filled):
    # The frames of this suite are what pydicom reads, too: a check of the test data.
    dataset = pydicom.dcmread(pydicom.filebase.DicomBytesIO(JPEG["fragments.dcm"]))

    assert [frame.rstrip(b"\0") for frame in generate_frames(dataset.PixelData, number_of_frames=12)] == [
        frame.rstrip(b"\0") for frame in JPEG_FRAMES
    ]
    assert struct.unpack("<H", CT[0][-2:])[0] < 4096
