"""`cassette render --presentation-state`: beside DCMTK's dcmp2pgm, and beside the same steps in numpy."""

import subprocess

import numpy as np
import pydicom
import pytest
from pictures import IMAGES, difference, linear, ours, render, samples, values
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

GRAYSCALE = "1.2.840.10008.5.1.4.1.1.11.1"
IMAGE = IMAGES / "dicompyler-core/ct.0.dcm"
OBLONG = IMAGES / "pydicom/test_files/examples_overlay.dcm"


def item(**attributes):
    dataset = Dataset()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def presentation_state(path, image, **attributes):
    """A file with a state that shows the whole image without rotation, but for what is given."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = GRAYSCALE
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    state = FileDataset(str(path), {}, file_meta=meta, preamble=bytes(128))
    reference = item(ReferencedSOPClassUID=image.SOPClassUID, ReferencedSOPInstanceUID=image.SOPInstanceUID)
    defaults = {
        "SOPClassUID": GRAYSCALE,
        "SOPInstanceUID": meta.MediaStorageSOPInstanceUID,
        "StudyInstanceUID": image.StudyInstanceUID,
        "SeriesInstanceUID": generate_uid(),
        "PatientName": "A^B",
        "PatientID": "1",
        "Modality": "PR",
        "SeriesNumber": "1",
        "InstanceNumber": "1",
        "ContentLabel": "LABEL",
        "PresentationCreationDate": "20260101",
        "PresentationCreationTime": "000000",
        "ReferencedSeriesSequence": [
            item(SeriesInstanceUID=image.SeriesInstanceUID, ReferencedImageSequence=[reference])
        ],
        "DisplayedAreaSelectionSequence": [
            item(
                DisplayedAreaTopLeftHandCorner=[1, 1],
                DisplayedAreaBottomRightHandCorner=[int(image.Columns), int(image.Rows)],
                PresentationSizeMode="SCALE TO FIT",
                PresentationPixelAspectRatio=[1, 1],
            )
        ],
        "RescaleSlope": "1",
        "RescaleIntercept": str(image.get("RescaleIntercept", 0)),
        "RescaleType": "HU",
        "PresentationLUTShape": "IDENTITY",
    }
    empty = "StudyDate StudyTime ReferringPhysicianName StudyID AccessionNumber PatientBirthDate PatientSex Manufacturer"
    for keyword in empty.split() + ["ContentDescription", "ContentCreatorName"]:
        setattr(state, keyword, "")
    for keyword, value in (defaults | attributes).items():
        # None leaves an attribute out.
        if value is not None:
            setattr(state, keyword, value)
    state.save_as(path, enforce_file_format=True)
    return path


def window(center, width):
    return [item(WindowCenter=str(center), WindowWidth=str(width))]


def beside_dcmtk(tmp_path, image_path, limit=1, **attributes):
    """Our picture, that is DCMTK's but for the part of a level that one of us cuts off."""
    image = pydicom.dcmread(image_path)
    state = presentation_state(tmp_path / "state.dcm", image, **attributes)
    picture = ours(image_path, tmp_path / "ours.png", "--presentation-state", str(state))
    command = ["dcmp2pgm", "-p", str(state), str(image_path), str(tmp_path / "dcmtk.pgm")]
    subprocess.run(command, check=True, capture_output=True)
    found = difference(picture, samples(tmp_path / "dcmtk.pgm"))
    print(f"max {found[0]}, RMS {found[1]:.3f}, {found[2]:.1%} of samples")
    assert found[0] <= limit
    return picture


@pytest.mark.parametrize("shape", ["IDENTITY", "INVERSE"])
def test_window_and_shape_are_theirs(shape, tmp_path):
    picture = beside_dcmtk(
        tmp_path, IMAGE, SoftcopyVOILUTSequence=window(50, 350), PresentationLUTShape=shape
    )

    levels = linear(values(IMAGE)[0], 50, 350)
    expected = np.floor((255 - levels if shape == "INVERSE" else levels) + 0.5).astype(np.int64)
    assert difference(picture, expected)[0] == 0


def test_without_a_window_all_values_are_shown(tmp_path):
    beside_dcmtk(tmp_path, IMAGES / "pydicom/test_files/image_dfl.dcm")


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("flip", ["N", "Y"])
def test_images_are_turned_and_then_mirrored(rotation, flip, tmp_path):
    beside_dcmtk(
        tmp_path,
        OBLONG,
        SoftcopyVOILUTSequence=window(400, 800),
        ImageRotation=rotation,
        ImageHorizontalFlip=flip,
    )


def test_a_table_stands_in_the_place_of_a_window(tmp_path):
    table = item()
    table.add_new("LUTDescriptor", "SS", [400, -100, 8])
    table.add_new("LUTData", "OW", np.square(np.linspace(0, 15.9, 400)).astype("<u2").tobytes())

    beside_dcmtk(tmp_path, IMAGE, SoftcopyVOILUTSequence=[item(VOILUTSequence=[table])])


def test_a_presentation_lut_comes_last(tmp_path):
    table = item()
    table.add_new("LUTDescriptor", "US", [256, 0, 8])
    table.add_new("LUTData", "OW", np.sqrt(np.arange(256) * 255).astype("<u2").tobytes())

    # At its dark end one of its 256 steps is 15 levels, and DCMTK may take the entry below.
    beside_dcmtk(
        tmp_path,
        IMAGE,
        limit=16,
        SoftcopyVOILUTSequence=window(50, 350),
        PresentationLUTSequence=[table],
        PresentationLUTShape=None,
    )


def test_only_the_displayed_area_is_shown(tmp_path):
    image = pydicom.dcmread(OBLONG)
    whole = ours(OBLONG, tmp_path / "whole.png", "--no-overlays", "--window", "400,800")
    area = item(
        DisplayedAreaTopLeftHandCorner=[101, 51],
        DisplayedAreaBottomRightHandCorner=[300, 250],
        PresentationSizeMode="SCALE TO FIT",
        PresentationPixelAspectRatio=[1, 1],
    )
    state = presentation_state(
        tmp_path / "state.dcm",
        image,
        SoftcopyVOILUTSequence=window(400, 800),
        DisplayedAreaSelectionSequence=[area],
    )

    picture = ours(OBLONG, tmp_path / "ours.png", "--presentation-state", str(state))

    assert difference(picture, whole[50:250, 100:300])[0] == 0


def test_graphics_and_text_are_drawn_at_their_places(tmp_path):
    image = pydicom.dcmread(IMAGE)
    annotations = [
        item(
            GraphicLayer="ONE",
            GraphicObjectSequence=[
                item(
                    GraphicAnnotationUnits="PIXEL",
                    GraphicDimensions=2,
                    NumberOfGraphicPoints=2,
                    GraphicData=[10.0, 20.0, 110.0, 20.0],
                    GraphicType="POLYLINE",
                ),
                item(
                    GraphicAnnotationUnits="PIXEL",
                    GraphicDimensions=2,
                    NumberOfGraphicPoints=2,
                    GraphicData=[60.0, 440.0, 60.0, 400.0],
                    GraphicType="CIRCLE",
                ),
            ],
            TextObjectSequence=[
                item(
                    BoundingBoxAnnotationUnits="DISPLAY",
                    BoundingBoxTopLeftHandCorner=[0.5, 0.9],
                    BoundingBoxBottomRightHandCorner=[0.9, 1.0],
                    BoundingBoxTextHorizontalJustification="LEFT",
                    UnformattedTextValue="Lesion\r\nL3/4",
                )
            ],
        )
    ]
    layers = [item(GraphicLayer="ONE", GraphicLayerOrder="1")]
    attributes = {"SoftcopyVOILUTSequence": window(1500, 100)}
    bare = presentation_state(tmp_path / "bare.dcm", image, **attributes)
    drawn = presentation_state(
        tmp_path / "drawn.dcm",
        image,
        GraphicAnnotationSequence=annotations,
        GraphicLayerSequence=layers,
        **attributes,
    )

    left = ours(IMAGE, tmp_path / "left.png", "--presentation-state", str(bare))
    right = ours(IMAGE, tmp_path / "right.png", "--presentation-state", str(drawn))

    # Points count from 0 in the corner of the first pixel.
    assert (right[20, 10:110] == 255).all() and (right[19, 10:110] == left[19, 10:110]).all()
    assert right[400, 60] == 255 and right[479, 60] == 255 and right[440, 20] == 255 and right[440, 100] == 255
    changed = np.argwhere(left != right)
    text = changed[(changed[:, 1] >= 254)]
    assert len(text) > 50 and text[:, 0].min() >= 458 and text[:, 0].max() <= 480


def test_states_for_other_images_are_refused(tmp_path):
    state = presentation_state(tmp_path / "state.dcm", pydicom.dcmread(IMAGE))

    result = render(OBLONG, tmp_path / "ours.png", "--presentation-state", str(state))

    assert result.returncode == 1
    assert "for other images" in result.stderr
    assert not (tmp_path / "ours.png").exists()


def test_what_is_no_state_is_refused(tmp_path):
    result = render(IMAGE, tmp_path / "ours.png", "--presentation-state", str(OBLONG))

    assert result.returncode == 1
    assert "Presentation State" in result.stderr
