"""Hostile bodies, paths, queries and fields of HTTP requests: the table of bad inputs by its numbers."""

import json
import socket

import part10
import pydicom
import pytest
import requests
import synthetic_images
from aftermath import assert_unharmed, processor_ticks
from archive import ANY_FRAME, ANY_INSTANCE, failed, stored
from hostile_http import exchange, get, head

STUDIES = "/dicomweb/studies"
FILES = [synthetic_images.ct_instance(7, number, size=64) for number in (1, 2)]


@pytest.fixture(scope="module")
def filled(archive):
    assert archive.store(FILES).status_code == 200
    return archive


@pytest.fixture(autouse=True)
def aftermath(archive):
    yield
    assert_unharmed(archive)


def path_of(file):
    dataset = pydicom.dcmread(pydicom.filebase.DicomBytesIO(file), stop_before_pixels=True)
    return f"/studies/{dataset.StudyInstanceUID}/series/{dataset.SeriesInstanceUID}/instances/{dataset.SOPInstanceUID}"


# 82: multipart


def post(archive, body, boundary="b", content_type=None):
    content_type = content_type or f'multipart/related; type="application/dicom"; boundary={boundary}'
    headers = dict(archive.headers, **{"Content-Type": content_type})
    return requests.post(archive.dicomweb + "/studies", data=body, headers=headers, timeout=120)


@pytest.mark.parametrize(
    "boundary", ["", "x" * 71, "x" * 1000, '"a b "', '"a\x01b"'], ids=["none", "71", "1000", "blank", "control"]
)
def test_line_82_a_boundary_that_is_none_is_refused(archive, boundary):
    assert post(archive, b"--b--", boundary).status_code in (400, 415)


def test_line_82_a_boundary_of_seventy_is_taken(archive):
    boundary = "x" * 70
    part = f"--{boundary}\r\n\r\n".encode() + synthetic_images.ct_instance(9, 1, size=16)

    assert post(archive, part + f"\r\n--{boundary}--".encode(), boundary).status_code == 200


def test_line_82_what_looks_like_a_boundary_inside_an_object_is_content(archive):
    dataset = synthetic_images.small_image(4711)
    pixels = (b"\r\n--bX\r\n--\r\n--b" + b"\r\n-" * 300)[: 32 * 32]
    # Behind CR LF "--b" must come what ends a line: in content it is an error, so the content avoids just that.
    dataset.PixelData = (pixels.replace(b"--b", b"--c") + bytes(2048))[:2048]
    file = synthetic_images.part10(dataset, "1.2.840.10008.1.2.1")

    response = archive.store([file])

    assert response.status_code == 200
    assert list(archive.instances_of(f"/studies/{dataset.StudyInstanceUID}").values())[0].endswith(dataset.PixelData)


def test_line_82_a_true_boundary_inside_an_object_cuts_it_and_stores_nothing_of_it(archive):
    file = synthetic_images.ct_instance(10, 1, size=16)
    cut = file[:-100] + b"\r\n--b\r\n\r\n" + file[-100:]

    response = post(archive, b"--b\r\n\r\n" + cut + b"\r\n--b--")

    assert response.status_code == 409
    assert archive.search("/instances", PatientID="CT-00010") == []


def test_line_82_without_the_last_boundary_the_request_is_bad(archive):
    assert post(archive, b"--b\r\n\r\n" + synthetic_images.ct_instance(11, 1, size=16)).status_code == 400


def test_line_82_a_million_parts_are_refused_at_the_limit(archive):
    response = post(archive, (b"--b\r\n\r\n\r\n" * 1000 for _ in range(1000)))

    assert response.status_code == 413
    assert "limits.multipart.parts" in response.json()["detail"]


def test_line_82_a_multipart_in_a_part_is_no_object(archive):
    inner = b"--c\r\n\r\n" + synthetic_images.ct_instance(12, 1, size=16) + b"\r\n--c--"
    part = b"--b\r\nContent-Type: multipart/related; boundary=c\r\n\r\n" + inner

    assert post(archive, part + b"\r\n--b--").status_code == 409
    assert archive.search("/instances", PatientID="CT-00012") == []


def test_line_82_the_header_of_a_part_is_limited(archive):
    assert post(archive, b"--b\r\nX: " + b"a" * 9000 + b"\r\n\r\n\r\n--b--").status_code == 400
    assert post(archive, b"--b" + b" " * 9000 + b"\r\n\r\n\r\n--b--").status_code == 400
    assert post(archive, b"--b\r\nX\r\n\r\n\r\n--b--").status_code == 400


FLOODS = {
    "in front of the first boundary": (b"", b"\r\n--boundar"),
    "in a part": (b"--boundary\r\n\r\n", b"\r\n--boundar"),
    "carriage returns": (b"--boundary\r\n\r\n", b"\r\r\r\r\r\r\r\r"),
    "hyphens": (b"--boundary\r\n\r\n", b"\r\n--------"),
}


@pytest.mark.parametrize("opening,filling", FLOODS.values(), ids=FLOODS.keys())
def test_line_82_a_flood_of_near_boundaries_takes_linear_time(archive, capsys, opening, filling):
    def ticks(megabytes):
        piece = filling * ((1 << 20) // len(filling))
        before = processor_ticks(archive)
        body = (piece if number else opening for number in range(megabytes + 1))
        assert post(archive, body, "boundary").status_code in (400, 409)
        return processor_ticks(archive) - before

    once, twice = ticks(8), ticks(16)

    with capsys.disabled():
        print(f"\n8 MiB: {once} ticks, 16 MiB: {twice} ticks")


# 83 to 86: bodies


def test_line_83_objects_are_refused_one_by_one(archive):
    good = synthetic_images.ct_instance(83, 1, size=16)
    foreign = synthetic_images.ct_instance(84, 1, size=16)
    nameless = pydicom.dcmread(pydicom.filebase.DicomBytesIO(synthetic_images.ct_instance(83, 2, size=16)))
    del nameless.SOPInstanceUID
    stream = pydicom.filebase.DicomBytesIO()
    nameless.save_as(stream, enforce_file_format=False)

    response = archive.store([good, foreign, stream.getvalue()], study=synthetic_images.uid("ct", 83))

    assert response.status_code == 202
    assert stored(response) == [part10.split(good).sop_instance_uid]
    assert failed(response) == {part10.split(foreign).sop_instance_uid: 0xA900}
    assert len(response.json()["0008119A"]["Value"]) == 1


@pytest.fixture
def listener():
    """A server on this machine that nothing may call."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.settimeout(0.5)
        yield listening


def test_line_84_a_reference_to_bulk_data_elsewhere_is_never_followed(archive, listener):
    port = listener.getsockname()[1]
    for uri in (f"http://127.0.0.1:{port}/x", "file:///etc/passwd", "http://169.254.169.254/", "../../etc/passwd"):
        metadata = [{"00080018": {"vr": "UI", "Value": ["1.2.3"]}, "7FE00010": {"vr": "OW", "BulkDataURI": uri}}]
        texts = {"application/dicom+json": json.dumps(metadata), "application/dicom+xml": f"<a>{uri}</a>"}
        for type, text in texts.items():
            whole = f"--b\r\nContent-Type: {type}\r\n\r\n{text}\r\n--b--".encode()
            response = post(archive, whole, content_type=f'multipart/related; type="{type}"; boundary=b')
            assert response.status_code == 415
            assert post(archive, whole).status_code == 409

    with pytest.raises(TimeoutError):
        listener.accept()


HOSTILE_TEXTS = {
    "DOCTYPE": '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
    "laughs": '<!DOCTYPE a [<!ENTITY b "ha">' + '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">' * 20 + "]><a>&c;</a>",
    "XInclude": '<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file:///etc/passwd"/></a>',
    "UTF-7": '<?xml version="1.0" encoding="UTF-7"?>+ADw-a+AD4-',
    "deep JSON": "[" * 100_000,
    "long number": '{"00200013": {"vr": "IS", "Value": [' + "9" * 1_000_000 + "]}}",
    "double keys": '[{"00100020": {"vr": "LO"}, "00100020": {"vr": "LO"}}]',
    "bad base64": '[{"00420011": {"vr": "OB", "InlineBinary": "====%%"}}]',
}


@pytest.mark.parametrize("text", HOSTILE_TEXTS.values(), ids=HOSTILE_TEXTS.keys())
@pytest.mark.parametrize("type", ["application/dicom+json", "application/json", "application/dicom+xml", "text/xml"])
def test_lines_85_and_86_bodies_of_json_and_xml_are_not_even_read(archive, text, type):
    assert post(archive, text.encode(), content_type=type).status_code == 415


# 87 to 89: paths and queries


@pytest.mark.parametrize(
    "path",
    [
        "/studies/%2e%2e%2f%2e%2e/etc/passwd",
        "/studies/..%2f..%2fetc",
        "/studies/%252e%252e",
        "/studies/1.2%00",
        "/studies/%C0%AE%C0%AE/x",
        "/studies/%E0%80%AE",
        "/studies/1.2;x=y",
        "/studies;x=y",
        "/studies/1.2/series/1.3/instances/1.4/bulkdata/../../x",
        "/studies/%zz",
        "/studies/1.2%",
        "/studies/" + "1" * 65,
        "//studies",
    ],
)
def test_line_87_a_path_that_is_none_of_ours_is_refused(archive, path):
    answer = get(archive, "/dicomweb" + path)

    assert answer.status == 400
    assert b"root:" not in answer.text


def test_line_87_a_path_is_decoded_once(filled):
    study = synthetic_images.uid("ct", 7)

    assert get(filled, f"{STUDIES}/{study.replace('.', '%2e')}/metadata").status == 200
    assert get(filled, f"{STUDIES}/{study.replace('.', '%252e')}/metadata").status == 400


@pytest.mark.parametrize(
    "frames", ["0", "-1", "99999999999", "1-", "1-2", "1,,1", ",1", "1,", "+1", "%31%2c0", "1.0", "x", "1,\u0661"]
)
def test_line_88_a_list_of_frames_that_is_none_is_refused(filled, frames):
    response = filled.get(f"{path_of(FILES[0])}/frames/{frames}", ANY_FRAME)

    assert response.status_code == 400


def test_line_88_a_frame_that_is_named_again_and_again_comes_once(filled):
    response = filled.get(f"{path_of(FILES[0])}/frames/" + "1," * 12_000 + "1", ANY_FRAME)

    assert response.status_code == 200
    assert len(part10.parts(response.content, response.headers["Content-Type"])) == 1


def test_line_88_a_million_frames_do_not_fit_into_a_request(filled):
    answer = get(filled, f"/dicomweb{path_of(FILES[0])}/frames/" + "1," * 1_000_000 + "1")

    assert answer.status == 431


@pytest.mark.parametrize(
    "query",
    [
        "limit=-1",
        "limit=1e9",
        "limit=",
        "limit=0x10",
        "limit=18446744073709551616",
        "offset=9223372036854775808",
        "offset=-1",
        "Nonsense=1",
        "00100020x=1",
        "PatientID=%ff%fe",
        "PatientID=%00",
        "StudyDate=20260230-x",
        "StudyInstanceUID=x%2Cy",
        "fuzzymatching=perhaps",
        "includefield=Nonsense",
    ],
)
def test_line_89_a_query_that_makes_no_sense_is_refused(filled, query):
    answer = get(filled, f"{STUDIES}?{query}")

    assert answer.status == 400
    assert b"Nonsense" not in answer.text


def test_line_89_great_numbers_are_clamped(filled):
    assert len(filled.search("/instances", limit=1_000_000_000, PatientID="CT-00007")) == 2
    assert filled.search("/instances", offset=999_999_999_999) == []
    assert filled.search("/instances", limit=0) == []


def test_line_89_a_thousand_fields_are_as_good_as_one(filled):
    answer = get(filled, f"{STUDIES}?" + "&".join(["includefield=all"] * 1000))

    assert answer.status == 200
    assert len(answer.text) < 1 << 20


def test_line_89_thousands_of_odd_keys_make_few_warnings(filled):
    answer = get(filled, f"{STUDIES}?" + "&".join(f"0009{number:04X}=a" for number in range(2000)))

    assert answer.status == 200
    assert answer.text.lower().count(b"\r\nwarning:") <= 16


def test_line_89_quotes_and_percent_signs_are_letters(filled):
    for value in ("' OR 1=1 --", "%", "_", "'; DROP TABLE instance; --", "\\'", "[A-Z]"):
        assert filled.search("/studies", PatientID=value) == []


def test_line_90_what_is_not_there_is_told_in_one_way(filled):
    # There is one tenant yet: all that can be compared are UIDs that nobody has.
    paths = [f"{STUDIES}/{uid}" for uid in ("1.2.3", "2.25.4711", "1.2.840.10008.1.1")]

    answers = [get(filled, path) for path in paths]

    assert {answer.status for answer in answers} == {404}
    assert len({answer.text.partition(b"\r\n\r\n")[2] for answer in answers}) == 1
    headers = [{name: value for name, value in answer.headers.items() if name != "date"} for answer in answers]
    assert headers[0] == headers[1] == headers[2]


# 91 to 94, 98: headers that ask for something


def test_line_91_no_more_than_a_few_types_are_looked_at(filled):
    types = [f"a/b{number};q=0.{number % 10}" for number in range(10_000)]
    lines = [b"Accept: " + ",".join(types[start : start + 200]).encode() for start in range(0, 1_400, 200)]

    assert get(filled, STUDIES, *lines).status == 406
    assert get(filled, STUDIES, b"Accept: */*", *lines).status == 200
    assert get(filled, STUDIES, b"Accept: " + ",".join(types).encode()).status == 431


@pytest.mark.parametrize("accept", ["*/*;q=NaN", "*/*;q=1e999", "*/*;q=-1", "/", ";;;", "a/b;c", 'a/b;c="', '"', "a/"])
def test_line_91_types_that_are_none_accept_nothing(filled, accept):
    assert get(filled, STUDIES, b"Accept: " + accept.encode()).status in (200, 406)


@pytest.mark.parametrize("ranges", ["0-0", "0-," * 5_000 + "0-", "-1", "5-1", "a-b"])
def test_line_92_ranges_are_ignored(filled, ranges):
    path = f"/dicomweb{path_of(FILES[0])}/frames/1"
    whole = get(filled, path, b"Accept: application/octet-stream")

    answer = get(filled, path, b"Accept: application/octet-stream", b"Range: bytes=" + ranges.encode())

    assert answer.status == whole.status == 200
    assert answer.text.partition(b"\r\n\r\n")[2] == whole.text.partition(b"\r\n\r\n")[2]
    assert "accept-ranges" not in answer.headers


@pytest.mark.parametrize(
    "target",
    [
        "/studies?filename=a%0d%0aSet-Cookie:%20x=y",
        "/studies?PatientID=a%0d%0aSet-Cookie:%20x=y",
        "/studies/1.2%0d%0aSet-Cookie:%20x=y",
        "/studies?accept=application/dicom%2Bjson%0d%0aSet-Cookie:%20x=y",
        "/studies?%0d%0aSet-Cookie:%20x=y",
    ],
)
def test_line_93_nothing_of_a_request_becomes_a_header(filled, target):
    answer = get(filled, "/dicomweb" + target)

    assert answer.status in (200, 400, 406)
    assert "set-cookie" not in answer.headers
    assert b"Set-Cookie" not in answer.text.partition(b"\r\n\r\n")[0]


def test_line_93_every_object_has_a_neutral_name(filled):
    for accept in (ANY_INSTANCE, "application/dicom"):
        response = filled.get(path_of(FILES[0]) + "?filename=evil.html", accept)
        assert response.status_code == 200
        name = response.headers["Content-Disposition"].removeprefix("attachment; filename=")
        assert name in ('"object"', '"objects"')
        assert response.headers["X-Content-Type-Options"] == "nosniff"


SPOOFS = [b"X-Forwarded-Host: evil.example", b"X-Forwarded-Proto: ftp", b"Forwarded: host=evil.example"]


def test_line_94_links_are_never_built_from_what_a_request_claims(filled):
    text = head(filled, "GET", f"/dicomweb{path_of(FILES[0])}/metadata", b"Connection: close", *SPOOFS)

    plain = get(filled, f"/dicomweb{path_of(FILES[0])}/metadata")
    spoofed = exchange(filled.http_port, text.replace(b"Host: archive", b"Host: evil.example"))
    absolute = get(filled, f"http://evil.example/dicomweb{path_of(FILES[0])}/metadata")

    for answer in (plain, spoofed, absolute):
        assert answer.status == 200
        assert f"http://127.0.0.1:{filled.http_port}/".encode() in answer.text
        assert b"evil" not in answer.text


@pytest.mark.parametrize("origin", ["null", "https://evil.example", "http://127.0.0.1:1", "*"])
@pytest.mark.parametrize("method", ["GET", "OPTIONS", "POST"])
def test_line_98_no_other_origin_is_let_in(filled, origin, method):
    headers = dict(filled.headers, **{"Origin": origin, "Access-Control-Request-Method": "POST"})
    for path in ("", "/studies"):
        response = requests.request(method, filled.dicomweb + path, headers=headers, timeout=30)
        assert not [name for name in response.headers if name.lower().startswith("access-control-")]
