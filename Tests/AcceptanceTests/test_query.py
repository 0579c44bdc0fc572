"""C-FIND and QIDO-RS find the same, and what a reading of PS3.4 C.2.2.2 by hand expects."""

import pytest
import synthetic_images
from archive import first, stored
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, MRImageStorage
from senders import findscu

# Patient ID, name, study date, modality, study description
STUDIES = [
    ("P1", "DOE^JANE", "20230115", "CT", "HEAD WITHOUT"),
    ("P1", "DOE^JANE", "20240301", "MR", "HEAD WITH"),
    ("P2", "DOE^JOHN", "20240301", "CT", "CHEST"),
    ("P3", "Müller^Jörg", "20240715", "CT", "ABDOMEN"),
    ("P4", "SMITH_%^A", "20241231", "MR", ""),
]
SERIES_PER_STUDY = 2
INSTANCES_PER_SERIES = 3


def instance(number, series, index):
    patient_id, name, date, modality, description = STUDIES[number]
    sop_class_uid = CTImageStorage if modality == "CT" else MRImageStorage
    dataset = synthetic_images.identified(sop_class_uid, "query", number, series, index, name)
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientID = patient_id
    dataset.StudyDate = date
    dataset.Modality = modality
    dataset.StudyDescription = description
    synthetic_images.describe_pixels(dataset, 4, 4, 16)
    dataset.PixelData = bytes(32)
    dataset["PixelData"].VR = "OW"
    return synthetic_images.part10(dataset, ExplicitVRLittleEndian)


def study_uid(number):
    return synthetic_images.uid("query", number)


@pytest.fixture(scope="module")
def filled(archive):
    """The archive with five studies of four patients."""
    files = [
        instance(number, series, index)
        for number in range(len(STUDIES))
        for series in range(1, SERIES_PER_STUDY + 1)
        for index in range(1, INSTANCES_PER_SERIES + 1)
    ]
    response = archive.store(files)
    assert response.status_code == 200, response.text[:1000]
    assert len(stored(response)) == len(files)
    return archive


# What is asked of both doors: keys of C-FIND, parameters of QIDO-RS, the studies that match.
MATCHES = [
    ("universal", {}, {0, 1, 2, 3, 4}),
    ("single value", {"PatientID": "P1"}, {0, 1}),
    ("wildcard *", {"PatientName": "DOE*"}, {0, 1, 2}),
    ("wildcard * in the middle", {"PatientName": "D*JOHN"}, {2}),
    ("wildcard ?", {"PatientID": "P?"}, {0, 1, 2, 3, 4}),
    ("name whatever its case", {"PatientName": "doe^jane"}, {0, 1}),
    ("characters of another language's patterns", {"PatientName": "SMITH_%*"}, {4}),
    ("underscore is no wildcard", {"PatientName": "DOE_JANE"}, set()),
    ("per cent is no wildcard", {"PatientName": "DOE%"}, set()),
    ("quote", {"PatientID": "P1' OR '1'='1"}, set()),
    ("date", {"StudyDate": "20240301"}, {1, 2}),
    ("date range", {"StudyDate": "20240101-20240731"}, {1, 2, 3}),
    ("dates from", {"StudyDate": "20240715-"}, {3, 4}),
    ("dates until", {"StudyDate": "-20230131"}, {0}),
    ("two keys", {"PatientName": "DOE*", "StudyDate": "20240301"}, {1, 2}),
    ("modalities in study", {"ModalitiesInStudy": "MR"}, {1, 4}),
    ("accession number", {"AccessionNumber": "A000003"}, {3}),
    ("nothing matches", {"PatientID": "P9"}, set()),
]


@pytest.mark.parametrize("keys,expected", [row[1:] for row in MATCHES], ids=[row[0] for row in MATCHES])
def test_both_doors_find_the_same_studies(filled, keys, expected):
    expected_uids = {study_uid(number) for number in expected}

    by_dimse = findscu(
        filled.dicom_port,
        "-S",
        ["QueryRetrieveLevel=STUDY", "StudyInstanceUID", *(f"{key}={value}" for key, value in keys.items())],
    )
    by_http = filled.search("/studies", **keys)

    assert {response.StudyInstanceUID for response in by_dimse} == expected_uids
    assert {first(result, "0020000D") for result in by_http} == expected_uids


def test_a_list_of_uids_finds_each(filled):
    wanted = [study_uid(0), study_uid(3)]

    by_dimse = findscu(
        filled.dicom_port, "-S", ["QueryRetrieveLevel=STUDY", "StudyInstanceUID=" + "\\".join(wanted)]
    )
    by_http = filled.search("/studies", StudyInstanceUID=",".join(wanted))

    assert {response.StudyInstanceUID for response in by_dimse} == set(wanted)
    assert {first(result, "0020000D") for result in by_http} == set(wanted)


def test_a_name_in_utf_8_is_found_and_returned(filled):
    (result,) = filled.search("/studies", PatientName="Müller*")

    assert first(result, "00100010") == "Müller^Jörg"


@pytest.mark.parametrize("model", ["-P", "-S"])
def test_series_and_instances_below_a_study(filled, model):
    patient = ["PatientID=P2"] if model == "-P" else []
    study = f"StudyInstanceUID={study_uid(2)}"

    series = findscu(
        filled.dicom_port,
        model,
        ["QueryRetrieveLevel=SERIES", *patient, study, "SeriesInstanceUID", "Modality", "SeriesNumber"],
    )
    uid = synthetic_images.uid("query", 2, 1)
    instances = findscu(
        filled.dicom_port,
        model,
        ["QueryRetrieveLevel=IMAGE", *patient, study, f"SeriesInstanceUID={uid}", "SOPInstanceUID", "InstanceNumber"],
    )

    assert {int(item.SeriesNumber) for item in series} == {1, 2}
    assert {item.Modality for item in series} == {"CT"}
    assert {int(item.InstanceNumber) for item in instances} == {1, 2, 3}
    by_http = filled.search(f"/studies/{study_uid(2)}/series/{uid}/instances")
    assert {first(item, "00080018") for item in by_http} == {item.SOPInstanceUID for item in instances}


def test_patients_are_found_once_each(filled):
    found = findscu(filled.dicom_port, "-P", ["QueryRetrieveLevel=PATIENT", "PatientID", "PatientName"])

    assert sorted(item.PatientID for item in found) == ["P1", "P2", "P3", "P4"]


def test_return_keys_are_filled(filled):
    (found,) = findscu(
        filled.dicom_port,
        "-S",
        [
            "QueryRetrieveLevel=STUDY",
            f"StudyInstanceUID={study_uid(0)}",
            "PatientName",
            "StudyDate",
            "ModalitiesInStudy",
            "NumberOfStudyRelatedSeries",
            "NumberOfStudyRelatedInstances",
        ],
    )

    assert str(found.PatientName) == "DOE^JANE"
    assert found.StudyDate == "20230115"
    assert found.ModalitiesInStudy == "CT"
    assert int(found.NumberOfStudyRelatedSeries) == SERIES_PER_STUDY
    assert int(found.NumberOfStudyRelatedInstances) == SERIES_PER_STUDY * INSTANCES_PER_SERIES


def test_pages_of_a_search_add_up(filled):
    whole = [first(item, "00080018") for item in filled.search("/instances", limit=100)]

    pages = []
    for offset in range(0, 40, 7):
        pages += [first(item, "00080018") for item in filled.search("/instances", limit=7, offset=offset)]

    assert len(whole) == len(STUDIES) * SERIES_PER_STUDY * INSTANCES_PER_SERIES
    assert pages == whole


def test_required_attributes_and_included_ones_are_returned(filled):
    (study,) = filled.search("/studies", StudyInstanceUID=study_uid(0))
    (extended,) = filled.search("/studies", StudyInstanceUID=study_uid(0), includefield="StudyDescription")

    # PS3.18 Table 10.6.3-3; 00081190 is the Retrieve URL.
    for element in ["00080020", "00080030", "00080050", "00080061", "00081190", "00100010", "00100020", "0020000D"]:
        assert element in study, element
    assert first(study, "00201206") == SERIES_PER_STUDY
    assert first(study, "00201208") == SERIES_PER_STUDY * INSTANCES_PER_SERIES
    assert first(extended, "00081030") == "HEAD WITHOUT"


@pytest.mark.parametrize("path", ["/series", "/instances"])
def test_relational_searches_match_by_study_attributes(filled, path):
    found = filled.search(path, PatientID="P3", limit=100)

    assert {first(item, "0020000D") for item in found} == {study_uid(3)}


@pytest.mark.parametrize(
    "parameters", [{"limit": "-1"}, {"offset": "-1"}, {"limit": "many"}, {"NoSuchAttribute": "1"}], ids=str
)
def test_a_wrong_search_is_a_bad_request(filled, parameters):
    response = filled.get("/studies", "application/dicom+json", params=parameters)

    assert response.status_code == 400
    assert response.headers["Content-Type"].startswith("application/problem+json")
