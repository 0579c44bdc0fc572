"""Rendered resources and thumbnails of WADO-RS, seen by Pillow and dicomweb-client."""

import io

import numpy
import pydicom
import pytest
from archive import ANY_INSTANCE
from PIL import Image
from test_transcoded import Original, array, find, parts, renamed

FILES = {
    "grey": "CT_small.dcm",
    "colour": "SC_rgb_rle_2frame.dcm",
    "jpeg": "SC_rgb_jpeg_dcmtk.dcm",
    "big endian": "MR_small_bigendian.dcm",
    "film": "rtdose.dcm",
    "palette": "examples_palette.dcm",
}
DOCUMENT = "reportsi.dcm"


@pytest.fixture(scope="module")
def originals():
    return {kind: renamed(name) for kind, name in FILES.items()}


@pytest.fixture(scope="module")
def filled(archive, originals):
    for original in originals.values():
        assert archive.store([original.content]).status_code == 200
    return archive


def image(response):
    assert response.status_code == 200, response.text[:500]
    picture = Image.open(io.BytesIO(response.content))
    assert response.headers["Content-Type"] == Image.MIME[picture.format]
    return picture


@pytest.mark.parametrize("kind", FILES)
def test_an_instance_is_a_jpeg_unless_something_else_is_asked_for(filled, originals, kind):
    original = originals[kind]
    size = (original.data_set.Columns, original.data_set.Rows)

    default = image(filled.get(original.path + "/rendered"))
    png = image(filled.get(original.path + "/rendered", "image/png"))
    query = image(filled.get(original.path + "/rendered?accept=image/png", "image/jpeg"))

    assert (default.format, default.size) == ("JPEG", size)
    assert (png.format, png.size) == ("PNG", size)
    assert query.format == "PNG"
    difference = numpy.asarray(png.convert("RGB")).astype(int) - numpy.asarray(default.convert("RGB"))
    assert numpy.sqrt((difference**2).mean()) < 12


def test_colours_are_those_of_the_pixels(filled, originals):
    original = originals["colour"]

    for number in (1, 2):
        png = image(filled.get(f"{original.path}/frames/{number}/rendered", "image/png"))
        assert (numpy.asarray(png) == original.array[number - 1]).all()


def test_a_window_is_that_of_the_standard(filled, originals):
    original = originals["grey"]
    stored = array(original.content).astype(float)
    values = stored * original.data_set.RescaleSlope + original.data_set.RescaleIntercept

    png = numpy.asarray(image(filled.get(original.path + "/rendered?window=40,400,linear", "image/png"))).astype(float)
    exact = numpy.asarray(image(filled.get(original.path + "/rendered?window=40,400,linear-exact", "image/png"))).astype(float)

    # PS3.3 C.11.2.1.2
    expected = numpy.clip(((values - 39.5) / 399 + 0.5) * 255, 0, 255)
    assert numpy.abs(png - expected).max() <= 1
    assert numpy.abs(exact - numpy.clip(((values - 40) / 400 + 0.5) * 255, 0, 255)).max() <= 1


def test_a_viewport_scales_and_cuts(filled, originals):
    original = originals["grey"]

    whole = numpy.asarray(image(filled.get(original.path + "/rendered", "image/png")))
    small = image(filled.get(original.path + "/rendered?viewport=64,64", "image/png"))
    part = image(filled.get(original.path + "/rendered?viewport=32,32,16,8,32,32", "image/png"))

    assert small.size == (64, 64)
    assert part.size == (32, 32)
    assert numpy.abs(numpy.asarray(part).astype(int) - whole[8:40, 16:48]).max() <= 1


def test_quality_decides_the_length(filled, originals):
    lengths = [len(filled.get(originals["grey"].path + f"/rendered?quality={q}").content) for q in (5, 50, 100)]

    assert lengths == sorted(lengths) and lengths[0] * 2 < lengths[2]


def test_annotations_are_written_into_the_picture(filled, originals):
    path = originals["grey"].path + "/rendered"

    plain = filled.get(path, "image/png").content
    patient = filled.get(path + "?annotation=patient", "image/png").content
    both = filled.get(path + "?annotation=patient,technique", "image/png").content

    assert len({plain, patient, both}) == 3


def test_a_film_is_a_moving_gif(filled, originals):
    original = originals["film"]

    film = image(filled.get(original.path + "/rendered", "image/gif"))
    one = image(filled.get(original.path + "/frames/3/rendered", "image/gif"))

    assert film.n_frames == original.frames
    assert one.n_frames == 1


def test_frames_are_parts(filled, originals):
    original = originals["film"]

    response = filled.get(original.path + "/frames/2,5/rendered", 'multipart/related; type="image/png"')
    alone = filled.get(original.path + "/frames/5/rendered", "image/png").content

    received = parts(response)
    assert [headers["content-type"] for headers, _ in received] == ["image/png"] * 2
    assert received[1][1] == alone
    assert filled.get(original.path + "/frames/2,5/rendered", "image/png").status_code == 406


@pytest.mark.parametrize("level", ["study", "series"])
def test_a_study_or_series_comes_as_parts(filled, originals, level):
    path = getattr(originals["grey"], level) + "/rendered"

    response = filled.get(path)

    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith('multipart/related; type="image/jpeg"')
    for headers, body in parts(response):
        assert headers["content-location"].endswith("/rendered")
        assert Image.open(io.BytesIO(body)).format == "JPEG"
    assert filled.get(path, "image/jpeg").status_code == 406


@pytest.mark.parametrize("level", ["study", "series", "path"])
def test_every_level_has_a_thumbnail(filled, originals, level):
    for original in originals.values():
        path = getattr(original, level) + "/thumbnail"
        assert max(image(filled.get(path)).size) == 256
        assert max(image(filled.get(path + "?viewport=100,50", "image/png")).size) <= 100


def test_a_frame_has_a_thumbnail(filled, originals):
    original = originals["film"]

    assert max(image(filled.get(original.path + "/frames/2/thumbnail")).size) == 256
    assert filled.get(original.path + "/frames/99/thumbnail").status_code == 404
    assert filled.get(original.path + "/frames/1,2/thumbnail").status_code == 400


def test_dicomweb_client_shows_what_it_asks_for(filled, originals):
    data_set = originals["grey"].data_set
    uids = [data_set.StudyInstanceUID, data_set.SeriesInstanceUID, data_set.SOPInstanceUID]

    picture = filled.client().retrieve_instance_rendered(*uids, media_types=("image/png",))
    frames = filled.client().retrieve_instance_frames_rendered(*uids, frame_numbers=[1], media_types=("image/jpeg",))

    assert Image.open(io.BytesIO(picture)).size == (128, 128)
    assert Image.open(io.BytesIO(frames)).format == "JPEG"


@pytest.mark.parametrize(
    "query",
    [
        "window=", "window=40", "window=40,400", "window=40,0,linear", "window=a,b,linear", "window=40,400,cubic",
        "window=nan,inf,linear", "window=40,400,linear&window=1,2,linear", "viewport=", "viewport=0,0",
        "viewport=100", "viewport=-5,5", "viewport=100,100,900,900,10,10", "viewport=65535,65535",
        "viewport=99999999999,1", "quality=0", "quality=101", "quality=x", "quality=1e2", "annotation=",
        "annotation=birthday", "iccprofile=pink", "iccprofile=srgb",
    ],
)  # fmt: skip
def test_parameters_that_make_no_sense_are_400(filled, originals, query):
    response = filled.get(originals["grey"].path + "/rendered?" + query)

    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("query", ["viewport=10,10,1,1,2,2", "viewport=9999,9999", "viewport=x"])
def test_a_thumbnail_shows_the_whole_image(filled, originals, query):
    assert filled.get(originals["grey"].path + "/thumbnail?" + query).status_code == 400


def test_parameters_that_are_unknown_are_not_looked_at(filled, originals):
    assert filled.get(originals["grey"].path + "/rendered?colour=blue&charset=utf-8").status_code == 200


@pytest.mark.parametrize("accept", ["application/dicom", "text/html", "video/mp4", "image/webp"])
def test_other_media_types_are_406_with_what_there_is(filled, originals, accept):
    response = filled.get(originals["grey"].path + "/rendered", accept)

    assert response.status_code == 406
    assert "image/jpeg" in response.json()["available"]


def test_a_document_has_no_picture(filled):
    document = Original(find(DOCUMENT).read_bytes())
    assert filled.store([document.content]).status_code == 200

    for level in (document.study, document.series, document.path):
        assert filled.get(level + "/thumbnail").status_code == 404
        assert filled.get(level + "/rendered").status_code == 422
    assert filled.get(document.path, ANY_INSTANCE).status_code == 200


def test_what_is_not_there_is_404(filled):
    for end in ("/rendered", "/thumbnail"):
        assert filled.get("/studies/1.2.3" + end).status_code == 404
        assert filled.get("/studies/1.2.3/series/1.2.4" + end).status_code == 404
        assert filled.get("/studies/1.2.3/series/1.2.4/instances/1.2.5" + end).status_code == 404


def presentation_state(original, center, width):
    """A Grayscale Softcopy Presentation State with a window for one image."""
    source = original.data_set
    state = pydicom.Dataset()
    state.file_meta = pydicom.dataset.FileMetaDataset()
    state.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    state.SOPClassUID = state.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.11.1"
    state.SOPInstanceUID = state.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
    state.StudyInstanceUID, state.SeriesInstanceUID = source.StudyInstanceUID, pydicom.uid.generate_uid()
    state.PatientID, state.PatientName, state.Modality = source.PatientID, source.PatientName, "PR"
    image = pydicom.Dataset()
    image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID = source.SOPClassUID, source.SOPInstanceUID
    series = pydicom.Dataset()
    series.SeriesInstanceUID, series.ReferencedImageSequence = source.SeriesInstanceUID, [image]
    state.ReferencedSeriesSequence = [series]
    state.RescaleSlope, state.RescaleIntercept, state.RescaleType = source.RescaleSlope, source.RescaleIntercept, "HU"
    window = pydicom.Dataset()
    window.WindowCenter, window.WindowWidth = center, width
    state.SoftcopyVOILUTSequence = [window]
    state.PresentationLUTShape = "IDENTITY"
    out = io.BytesIO()
    state.save_as(out, enforce_file_format=True)
    return Original(out.getvalue())


def test_a_presentation_state_shows_its_image(filled, originals):
    state = presentation_state(originals["grey"], 40, 400)
    assert filled.store([state.content]).status_code == 200

    shown = image(filled.get(state.path + "/rendered", "image/png"))
    windowed = image(filled.get(originals["grey"].path + "/rendered?window=40,400,linear", "image/png"))

    assert (numpy.asarray(shown) == numpy.asarray(windowed)).all()
    assert filled.get(state.path + "/rendered?viewport=10,10,1,1,5,5").status_code == 400


def test_the_same_picture_is_made_once(filled, originals):
    path = originals["jpeg"].path + "/rendered?viewport=1000,1000"

    assert len({filled.get(path, "image/png").content for _ in range(3)}) == 1
