"""WADO-RS in other Transfer Syntaxes: what we send, decoded by pydicom, is what pydicom decodes of the original."""

import io
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy
import part10
import pydicom
import pytest
from archive import ANY_FRAME, ANY_INSTANCE, ROOT, Archive
from pydicom.pixels import pixel_array
from test_pixels import EXACT

EXPLICIT = "1.2.840.10008.1.2.1"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
RLE = "1.2.840.10008.1.2.5"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
JPEG_LOSSLESS = "1.2.840.10008.1.2.4.70"
JPEG_LS = "1.2.840.10008.1.2.4.80"
JPEG_2000 = "1.2.840.10008.1.2.4.90"
HTJ2K = "1.2.840.10008.1.2.4.201"

# One file of each kind.
FILES = [
    "CT_small.dcm",
    "MR_small_RLE.dcm",
    "MR_small_bigendian.dcm",
    "image_dfl.dcm",
    "JPEG2000.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "SC_rgb_jpeg_gdcm.dcm",
    "SC_rgb_rle_2frame.dcm",
    "ExplVR_BigEnd.dcm",
    "examples_ybr_color.dcm",
    "rtdose.dcm",
    "examples_palette.dcm",
    "SC_rgb_jpeg_dcmtk.dcm",
    "JPEGLSNearLossless_16.dcm",
]


def accept(media_type, transfer_syntax=None, multipart=True):
    text = f'multipart/related; type="{media_type}"' if multipart else media_type
    return text + (f"; transfer-syntax={transfer_syntax}" if transfer_syntax else "")


def array(content):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = pixel_array(pydicom.dcmread(io.BytesIO(content)), raw=False)
    return found.astype(found.dtype.newbyteorder("="))


def parts(response):
    """The parts of a multipart answer, the fields of each by their names in lower case."""
    found = []
    for header, body in part10.parts(response.content, response.headers["Content-Type"]):
        lines = (line.partition(":") for line in header.splitlines())
        found.append(({name.lower(): value.strip() for name, _, value in lines}, body))
    return found


class Original:
    def __init__(self, content):
        self.content = content
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.data_set = pydicom.dcmread(io.BytesIO(content))
        data_set = self.data_set
        self.study = f"/studies/{data_set.StudyInstanceUID}"
        self.series = f"{self.study}/series/{data_set.SeriesInstanceUID}"
        self.path = f"{self.series}/instances/{data_set.SOPInstanceUID}"
        self.transfer_syntax = str(data_set.file_meta.TransferSyntaxUID)
        self.frames = int(data_set.get("NumberOfFrames") or 1)

    @property
    def array(self):
        return array(self.content)


def find(name):
    return next((ROOT / "TestImages").rglob(name), None)


def renamed(name):
    """A test file as an object of a study of its own: several of them are one object in other encodings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data_set = pydicom.dcmread(find(name))
        data_set.StudyInstanceUID, data_set.SeriesInstanceUID = pydicom.uid.generate_uid(), pydicom.uid.generate_uid()
        data_set.SOPInstanceUID = data_set.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
        out = io.BytesIO()
        data_set.save_as(out)
    return Original(out.getvalue())


@pytest.fixture(scope="module")
def originals():
    found = {name: find(name) for name in FILES}
    missing = [name for name, path in found.items() if path is None]
    assert not missing, f"run Tools/fetch-test-images: {missing}"
    return {name: renamed(name) for name in FILES}


@pytest.fixture(scope="module")
def filled(archive, originals):
    for original in originals.values():
        assert archive.store([original.content]).status_code == 200
    return archive


def only_part(response):
    assert response.status_code == 200, response.text[:500]
    ((headers, body),) = parts(response)
    return headers, body


def tolerance(original):
    return 0 if original.transfer_syntax in EXACT or not original.data_set.file_meta.TransferSyntaxUID.is_compressed else 1


@pytest.mark.parametrize("name", FILES)
def test_every_original_comes_in_explicit_little_endian(filled, originals, name):
    original = originals[name]

    headers, body = only_part(filled.get(original.path, accept("application/dicom", EXPLICIT)))

    assert EXPLICIT in headers["content-type"]
    received = pydicom.dcmread(io.BytesIO(body))
    assert received.file_meta.TransferSyntaxUID == EXPLICIT
    assert received.SOPInstanceUID == original.data_set.SOPInstanceUID
    ours, theirs = array(body), original.array
    assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
    assert numpy.abs(ours.astype(int) - theirs.astype(int)).max() <= tolerance(original)
    for element in original.data_set:
        if element.tag.group not in (0x0028, 0x7FE0, 0xFFFC) and element.tag.element != 0:
            assert received[element.tag] == element, element.tag


def test_without_a_transfer_syntax_it_is_explicit_little_endian_but_for_what_has_lost(filled, originals):
    expected = {
        "CT_small.dcm": EXPLICIT,
        "MR_small_bigendian.dcm": EXPLICIT,
        "image_dfl.dcm": EXPLICIT,
        "MR_small_RLE.dcm": EXPLICIT,
        "SC_rgb_jpeg_dcmtk.dcm": JPEG_BASELINE,
    }
    for name, transfer_syntax in expected.items():
        for multipart in (True, False):
            response = filled.get(originals[name].path, accept("application/dicom", multipart=multipart))
            body = only_part(response)[1] if multipart else response.content
            assert part10.split(body).transfer_syntax_uid == transfer_syntax


@pytest.mark.parametrize("name", FILES)
def test_who_takes_anything_gets_the_stored_bytes(filled, originals, name):
    original = originals[name]
    for wanted in (ANY_INSTANCE, None):
        _, body = only_part(filled.get(original.path, wanted))
        assert part10.split(body).data_set == part10.split(original.content).data_set


@pytest.mark.parametrize("transfer_syntax", [RLE, JPEG_LOSSLESS, JPEG_LS, JPEG_2000, HTJ2K])
def test_lossless_transfer_syntaxes_keep_every_pixel(filled, originals, transfer_syntax, capsys):
    refused = []
    for name, original in originals.items():
        response = filled.get(original.path, accept("application/dicom", transfer_syntax))
        if response.status_code == 406:
            refused.append(name)
            continue
        _, body = only_part(response)
        received = pydicom.dcmread(io.BytesIO(body))
        assert received.file_meta.TransferSyntaxUID == transfer_syntax
        assert received.SOPInstanceUID == original.data_set.SOPInstanceUID
        ours, theirs = array(body), original.array
        assert ours.shape == theirs.shape, name
        assert numpy.abs(ours.astype(int) - theirs.astype(int)).max() <= tolerance(original), name
    with capsys.disabled():
        print(f"\n{transfer_syntax}: {len(originals) - len(refused)} files, no form for {refused}")
    assert len(refused) <= 2


def test_a_lossy_copy_is_another_object_and_only_for_who_names_it(filled, originals):
    original = originals["SC_rgb_rle_2frame.dcm"]

    assert part10.split(only_part(filled.get(original.path, accept("application/dicom")))[1]).transfer_syntax_uid == EXPLICIT
    _, body = only_part(filled.get(original.path, accept("application/dicom", JPEG_BASELINE)))

    received = pydicom.dcmread(io.BytesIO(body))
    assert received.SOPInstanceUID != original.data_set.SOPInstanceUID
    assert received.file_meta.MediaStorageSOPInstanceUID == received.SOPInstanceUID
    assert received.LossyImageCompression == "01"
    assert received.LossyImageCompressionMethod == "ISO_10918_1"
    assert float(received.LossyImageCompressionRatio) > 1
    assert received.ImageType[0] == "DERIVED"
    assert received.SourceImageSequence[0].ReferencedSOPInstanceUID == original.data_set.SOPInstanceUID
    assert array(body).shape == original.array.shape


@pytest.mark.parametrize("name", FILES)
def test_frames_come_decoded(filled, originals, name):
    original = originals[name]
    numbers = ",".join(str(number) for number in range(1, original.frames + 1))

    response = filled.get(f"{original.path}/frames/{numbers}", accept("application/octet-stream"))

    assert response.status_code == 200, response.text[:500]
    received = parts(response)
    theirs = original.array.reshape((original.frames, -1)).astype(int)
    assert len(received) == original.frames
    for (headers, body), frame in zip(received, theirs):
        assert EXPLICIT in headers["content-type"]
        dtype = original.array.dtype.newbyteorder("<")
        ours = numpy.frombuffer(body[: frame.size * dtype.itemsize], dtype)
        if original.data_set.get("PlanarConfiguration") == 1 and not original.data_set.file_meta.TransferSyntaxUID.is_compressed:
            ours = ours.reshape((3, -1)).T.reshape(-1)
        if str(original.data_set.PhotometricInterpretation).startswith("YBR_FULL") and original.transfer_syntax in EXACT | {EXPLICIT: 0}:
            continue
        assert numpy.abs(ours.astype(int) - frame).max() <= tolerance(original)


@pytest.mark.parametrize(
    "media_type,transfer_syntax",
    [
        ("image/dicom-rle", RLE),
        ("image/jpeg", JPEG_LOSSLESS),
        ("image/jls", JPEG_LS),
        ("image/jp2", JPEG_2000),
        ("image/jphc", HTJ2K),
    ],
)
def test_a_media_type_has_a_lossless_default(filled, originals, media_type, transfer_syntax):
    original = originals["CT_small.dcm"]

    for demand in (None, transfer_syntax):
        headers, body = only_part(filled.get(original.path + "/frames/1", accept(media_type, demand)))
        assert headers["content-type"] == f"{media_type}; transfer-syntax={transfer_syntax}"
        single = filled.get(original.path + "/frames/1", accept(media_type, demand, multipart=False))
        assert single.content == body


def test_the_best_of_what_can_be_made_is_sent(filled, originals):
    sixteen_bits = originals["CT_small.dcm"].path + "/frames/1"

    baseline = accept("image/jpeg", JPEG_BASELINE)
    response = filled.get(sixteen_bits, f"{baseline}, {accept('image/jls')}; q=0.5")
    refused = filled.get(sixteen_bits, baseline)

    assert only_part(response)[0]["content-type"].startswith("image/jls")
    assert refused.status_code == 406
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert any(JPEG_2000 in available for available in refused.json()["available"])


def test_a_study_comes_in_one_transfer_syntax(filled, originals, archive):
    original = originals["CT_small.dcm"]

    response = filled.get(original.series, accept("application/dicom", HTJ2K))

    assert response.status_code == 200
    for _, body in parts(response):
        assert part10.split(body).transfer_syntax_uid == HTJ2K


def test_dicomweb_client_reads_what_it_asks_for(filled, originals):
    original = originals["MR_small_RLE.dcm"]
    uids = [original.data_set.StudyInstanceUID, original.data_set.SeriesInstanceUID, original.data_set.SOPInstanceUID]
    client = filled.client()

    received = client.retrieve_instance(*uids, media_types=(("application/dicom", EXPLICIT),))
    (frame,) = client.retrieve_instance_frames(*uids, frame_numbers=[1], media_types=(("application/octet-stream", EXPLICIT),))

    assert received.file_meta.TransferSyntaxUID == EXPLICIT
    assert (received.pixel_array == original.array).all()
    assert frame == original.array.astype("<i2").tobytes()


def damaged(original, cut):
    """Another object of the series, its frame cut off."""
    data_set = pydicom.dcmread(io.BytesIO(original.content))
    data_set.SOPInstanceUID = data_set.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
    frame = next(pydicom.encaps.generate_frames(data_set.PixelData, number_of_frames=1))
    data_set.PixelData = pydicom.encaps.encapsulate([frame[:cut]])
    out = io.BytesIO()
    data_set.save_as(out)
    return Original(out.getvalue())


def test_what_cannot_be_decoded_is_422_and_stays_as_it_is(filled, originals):
    original = damaged(originals["MR_small_RLE.dcm"], 100)
    assert filled.store([original.content]).status_code == 200

    for path in (original.path, original.path + "/frames/1"):
        kind = "application/dicom" if path == original.path else "application/octet-stream"
        response = filled.get(path, accept(kind, EXPLICIT))
        assert response.status_code == 422
        assert "frame 1" in response.json()["detail"]
        assert filled.get(path, ANY_INSTANCE if path == original.path else ANY_FRAME).status_code == 200
    # The others of its series are sent all the same; that one is missing is told.
    response = filled.get(original.series, accept("application/dicom", EXPLICIT))
    assert response.status_code in (200, 206)
    received = parts(response)
    assert [part10.split(body).sop_instance_uid for _, body in received] == [originals["MR_small_RLE.dcm"].data_set.SOPInstanceUID]


def test_bulk_data_stays_as_it_is_stored(filled, originals):
    original = originals["MR_small_RLE.dcm"]

    response = filled.get(original.path + "/bulkdata/7FE00010", accept("application/octet-stream", EXPLICIT))
    stored = filled.get(original.path + "/bulkdata/7FE00010", accept("image/dicom-rle"))

    assert response.status_code == 406
    assert stored.status_code == 200


def test_50_clients_with_large_frames_do_not_take_all_memory(tmp_path, capsys):
    archive = Archive(tmp_path / "archive").start()
    try:
        rows, columns, count = 3_000, 4_000, 4
        originals = []
        for number in range(count):
            data_set = pydicom.dcmread(find("CT_small.dcm"))
            data_set.Rows, data_set.Columns = rows, columns
            data_set.SOPInstanceUID = data_set.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
            pixels = (numpy.arange(rows * columns, dtype="<u4") // 7 + number).astype("<u2") & 0x0FFF
            data_set.PixelData = pixels.tobytes()
            out = io.BytesIO()
            data_set.save_as(out)
            originals.append(Original(out.getvalue()))
            assert archive.store([out.getvalue()]).status_code == 200

        def fetch(number):
            original = originals[number % count]
            wanted = accept("image/dicom-rle") if number % 2 else accept("image/jls")
            return archive.get(original.path + "/frames/1", wanted).status_code

        before = archive.peak_memory()
        with ThreadPoolExecutor(50) as pool:
            statuses = Counter(pool.map(fetch, range(50)))
        with capsys.disabled():
            print(f"\n50 clients: {(archive.peak_memory() - before) / 1e6:.0f} MB more")

        assert statuses == {200: 50}
        # The budget of frames that are made (256 MiB), the cache (128 MiB), and what the allocator keeps.
        assert archive.peak_memory() - before < 700_000_000
    finally:
        archive.stop()
