"""Hostile messages over a proper association (PS3.7, PS3.4): each gets its status or an abort, and nothing else happens.

The number in a test's name is that of its line in the project's table of limits and bad inputs.
"""

import re
import struct

import part10
import pytest
import synthetic_images
from archive import first, stored
from hostile_peer import (
    ADDRESSES,
    CT_IMAGE_STORAGE,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    INVALID_PARAMETER,
    MR_IMAGE_STORAGE,
    NO_DATA_SET,
    PATIENT_ROOT_FIND,
    STUDY_ROOT_FIND,
    VERIFICATION,
    Peer,
    check_unharmed,
    context,
    dimse_request,
    has_told,
    limited,
    lines,
    number,
    presentation_data,
    store_request,
)
from pydicom.uid import CTImageStorage
from pydicom.uid import ExplicitVRLittleEndian
from raw_association import command_set, element

SUCCESS, PENDING, PENDING_WITHOUT_KEYS, CANCEL = 0x0000, 0xFF00, 0xFF01, 0xFE00
DUPLICATE, NO_SUCH_CLASS, PROCESSING_FAILURE, UNRECOGNIZED = 0x0111, 0x0122, 0x0110, 0x0211
OUT_OF_RESOURCES, DOES_NOT_MATCH, CANNOT_UNDERSTAND = 0xA700, 0xA900, 0xC000
PROVIDER = 2

# Patient ID, name, study date
STUDIES = [
    ("L1", "HOSTILE^PATIENT", "20240229"),
    ("L2", "PERCENT%^A", "20240301"),
    ("L3", "UNDER_SCORE", "20241231"),
    ("L4", "[a-z]^BRACKET", "20250101"),
]


def instance(number, instance_number=1, **attributes):
    patient_id, name, date = STUDIES[number]
    dataset = synthetic_images.identified(CTImageStorage, "limits", number, 1, instance_number, name)
    dataset.PatientID = patient_id
    dataset.StudyDate = date
    synthetic_images.describe_pixels(dataset, 4, 4, 16)
    dataset.PixelData = bytes(32)
    dataset["PixelData"].VR = "OW"
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return synthetic_images.part10(dataset, ExplicitVRLittleEndian)


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """An archive with four studies of one instance each."""
    running = limited(tmp_path_factory.mktemp("archive")).start()
    files = [instance(number) for number in range(len(STUDIES))]
    assert len(stored(running.store(files))) == len(files)
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def unharmed(archive):
    """After each attack the archive is as it was, with the same instances in it."""
    before = len(lines(archive)), instances(archive)
    yield
    check_unharmed(archive, before[0])
    assert instances(archive) == before[1]
    strangers = [path for path in archive.folder.rglob("*") if not re.fullmatch(OUR_NAMES, path.name)]
    assert strangers == []


OUR_NAMES = r"[a-z0-9.-]+|[0-9a-f]{2}|[0-9a-f]{32}\.pack"


def instances(archive):
    return {first(found, "00080018") for found in archive.search("/instances", limit=1_000)}


@pytest.fixture
def peer(archive):
    """A peer with an association for everything that is served: contexts 1 to 9."""
    with Peer(archive, next(ADDRESSES)) as connected:
        contexts = [
            context(1, VERIFICATION),
            context(3, CT_IMAGE_STORAGE, [EXPLICIT_LITTLE]),
            context(5, MR_IMAGE_STORAGE, [EXPLICIT_LITTLE]),
            context(7, STUDY_ROOT_FIND),
            context(9, PATIENT_ROOT_FIND),
        ]
        assert set(connected.associate(contexts=contexts).values()) == {0}
        yield connected


def store(peer, sop_instance_uid, data_set, context_id=3, sop_class_uid=CT_IMAGE_STORAGE):
    """The status of one C-STORE."""
    peer.command(*store_request(sop_instance_uid, sop_class_uid), context_id=context_id)
    peer.send(presentation_data(context_id, 2, data_set))
    return struct.unpack("<H", peer.response()[0x0900])[0]


def text(group, element_number, value):
    value = value.encode()
    return struct.pack("<HHI", group, element_number, len(value) + len(value) % 2) + value + b" " * (len(value) % 2)


def find(peer, identifier, context_id=7, sop_class_uid=STUDY_ROOT_FIND):
    """The final response of one C-FIND, and how many matches came before it."""
    peer.command(*dimse_request(0x0020, sop_class_uid, 7, True), context_id=context_id)
    for start in range(0, len(identifier), 16_000):
        is_last = start + 16_000 >= len(identifier)
        peer.send(presentation_data(context_id, 2 if is_last else 0, identifier[start : start + 16_000]))
    matches = 0
    while True:
        response = peer.response()
        (status,) = struct.unpack("<H", response[0x0900])
        if status not in (PENDING, PENDING_WITHOUT_KEYS):
            return status, matches, response
        matches += 1


def study_query(*keys):
    """A Study Root identifier: keys in the order of their tags, the level at its place."""
    return b"".join(sorted([text(0x0008, 0x0052, "STUDY"), text(0x0020, 0x000D, ""), *keys], key=order_of))


def order_of(key):
    return struct.unpack_from("<HH", key)


# Command Sets


@pytest.mark.parametrize("missing", [0x0100, 0x0110, 0x0800])
def test_line_29_a_command_that_cannot_be_answered_is_aborted(peer, missing):
    elements = [each for each in dimse_request(0x0030, VERIFICATION) if each[2:4] != number(missing)]
    peer.command(*elements)

    assert peer.aborted() == (PROVIDER, INVALID_PARAMETER)


def test_line_29_a_command_without_its_sop_class_is_refused(peer):
    elements = [each for each in dimse_request(0x0030, VERIFICATION) if each[2:4] != number(0x0002)]
    peer.command(*elements)

    assert peer.status() == PROCESSING_FAILURE
    assert peer.echo() == SUCCESS


@pytest.mark.parametrize("value", [b"", b"\x30\0\0\0", bytes(8)])
def test_line_29_a_command_field_of_another_length_is_aborted(peer, value):
    elements = [each for each in dimse_request(0x0030, VERIFICATION) if each[2:4] != number(0x0100)]
    peer.command(*elements, element(0, 0x0100, value))

    assert peer.aborted() == (PROVIDER, INVALID_PARAMETER)


def test_line_29_an_unknown_operation_is_refused(peer):
    peer.command(*dimse_request(0x0140, VERIFICATION))

    assert peer.status() == UNRECOGNIZED
    assert peer.echo() == SUCCESS


def test_line_29_a_response_that_was_not_asked_for_is_aborted(peer):
    peer.command(*dimse_request(0x8030, VERIFICATION))

    assert peer.aborted()


@pytest.mark.parametrize("length", [0, 1, 0x7FFFFFFF, 0xFFFFFFFF])
def test_line_30_a_wrong_group_length_is_not_believed(peer, length):
    elements = b"".join(dimse_request(0x0030, VERIFICATION))
    peer.send(presentation_data(1, 3, element(0, 0, struct.pack("<I", length)) + elements))

    assert peer.status() == SUCCESS


@pytest.mark.parametrize("length", [0xFFFFFFFF, 0x7FFFFFFF, 1_000])
def test_line_30_an_element_that_ends_outside_the_command_is_aborted(peer, length):
    elements = b"".join(dimse_request(0x0030, VERIFICATION))
    peer.send(presentation_data(1, 3, elements + struct.pack("<HHI", 0, 0x1000, length) + b"1.2"))

    assert peer.aborted() == (PROVIDER, INVALID_PARAMETER)


def test_line_30_a_command_set_of_excessive_length_is_aborted(archive, peer):
    for _ in range(3):
        peer.send(presentation_data(1, 1, bytes(8_000)))

    assert peer.aborted() == (PROVIDER, INVALID_PARAMETER)
    assert has_told(archive, "limits.dimse.command-length")


@pytest.mark.parametrize(
    "command",
    [
        struct.pack("<HH2sHH", 0, 0x0100, b"US", 2, 0x0030) + struct.pack("<HH2sHH", 0, 0x0110, b"US", 2, 7),
        b"".join(struct.pack(">HHIH", 0, tag, 2, value) for tag, value in [(0x100, 0x30), (0x110, 7), (0x800, NO_DATA_SET)]),
        struct.pack("<HHIH", 8, 0x0100, 2, 0x0030),
        b"\0",
        b"",
    ],
    ids=["explicit VR", "big endian", "another group", "one byte", "nothing"],
)
def test_line_31_a_command_set_in_another_encoding_is_aborted(peer, command):
    peer.send(presentation_data(1, 3, command))

    assert peer.aborted() == (PROVIDER, INVALID_PARAMETER)


# C-STORE


def test_line_32_an_instance_on_the_context_of_another_sop_class_is_refused(peer):
    file = part10.split(instance(0, 2))

    assert store(peer, file.sop_instance_uid, file.data_set, context_id=5) == NO_SUCH_CLASS
    assert store(peer, file.sop_instance_uid, file.data_set, context_id=1) == NO_SUCH_CLASS
    assert peer.echo() == SUCCESS


def test_line_33_an_instance_that_was_announced_under_another_uid_is_refused(peer):
    file = part10.split(instance(0, 2))

    assert store(peer, "1.2.3.4", file.data_set) == DOES_NOT_MATCH
    assert peer.echo() == SUCCESS


HOSTILE_UIDS = [
    b"../../etc/cron.d/x",
    b"..",
    b".",
    b"",
    b"/abs",
    b"1.2\x001.3",
    b"1" * 65,
    b"1.2.3.\xff",
    b"1.2..3",
    b"%2e%2e%2f",
    b"1.2.3\n1.2.4",
    b"A" * 5_000,
]


@pytest.mark.parametrize("uid", HOSTILE_UIDS)
def test_line_34_a_command_with_a_uid_that_is_none_is_refused(peer, uid):
    file = part10.split(instance(0, 2))

    assert store(peer, uid, file.data_set) in (DOES_NOT_MATCH, CANNOT_UNDERSTAND)
    assert peer.echo() == SUCCESS


@pytest.mark.parametrize("uid", HOSTILE_UIDS)
@pytest.mark.parametrize("tag", [(0x0008, 0x0018), (0x0020, 0x000D), (0x0020, 0x000E)])
def test_line_34_a_data_set_with_a_uid_that_is_none_is_refused(peer, tag, uid):
    file = part10.split(instance(0, 2))
    data_set = with_value(file.data_set, tag, uid)

    assert store(peer, file.sop_instance_uid, data_set) in (DOES_NOT_MATCH, CANNOT_UNDERSTAND)
    assert peer.echo() == SUCCESS


def with_value(data_set, tag, value):
    """The explicit little endian Data Set with another value in one of its UIDs."""
    start = data_set.index(struct.pack("<HH2s", *tag, b"UI"))
    (length,) = struct.unpack_from("<H", data_set, start + 6)
    value += b"\0" * (len(value) % 2)
    return data_set[: start + 6] + number(len(value)) + value + data_set[start + 8 + length :]


def test_line_35_the_same_object_again_is_a_success_and_no_second_instance(peer):
    file = part10.split(instance(0))

    assert store(peer, file.sop_instance_uid, file.data_set) == SUCCESS


def test_line_35_a_different_object_under_a_known_uid_is_refused_and_changes_nothing(archive, peer):
    file = part10.split(instance(0, InstanceNumber="77"))
    kept = archive.instances_of(f"/studies/{file.uid(0x0020000D)}") if False else None

    assert store(peer, file.sop_instance_uid, file.data_set) == DUPLICATE
    study = synthetic_images.uid("limits", 0)
    (kept,) = archive.instances_of(f"/studies/{study}").values()
    assert part10.split(kept).data_set == part10.split(instance(0)).data_set


@pytest.mark.parametrize(
    "attributes",
    [{"StudyInstanceUID": "1.2.3.4"}, {"SeriesInstanceUID": "1.2.3.5"}, {"PatientID": "SOMEBODY ELSE"}],
    ids=["study", "series", "patient"],
)
def test_line_36_a_known_uid_never_moves_to_another_study_or_patient(archive, peer, attributes):
    file = part10.split(instance(0, **attributes))

    assert store(peer, file.sop_instance_uid, file.data_set) in (DOES_NOT_MATCH, DUPLICATE)
    (found,) = archive.search("/instances", SOPInstanceUID=file.sop_instance_uid, includefield="PatientID")
    assert first(found, "0020000D") == synthetic_images.uid("limits", 0)


def test_line_36_a_new_instance_of_a_known_study_but_another_patient_is_refused(peer):
    file = part10.split(instance(0, 2, PatientID="SOMEBODY ELSE"))

    assert store(peer, file.sop_instance_uid, file.data_set) == DOES_NOT_MATCH


@pytest.mark.parametrize("cut", [0, 1, 7, 100, -1])
def test_line_34_a_data_set_that_is_cut_off_is_refused(peer, cut):
    file = part10.split(instance(0, 2))

    assert store(peer, file.sop_instance_uid, file.data_set[:cut]) in (DOES_NOT_MATCH, CANNOT_UNDERSTAND)
    assert peer.echo() == SUCCESS


# C-FIND


@pytest.mark.parametrize("level", [None, "", "PLANET", "PATIENT", "STUDY\\SERIES", "study' OR '1'='1"])
def test_line_38_a_level_that_the_model_does_not_have_is_refused(peer, level):
    keys = text(0x0020, 0x000D, "")
    identifier = keys if level is None else text(0x0008, 0x0052, level) + keys

    assert find(peer, identifier)[:2] == (DOES_NOT_MATCH, 0)
    assert peer.echo() == SUCCESS


def test_line_38_the_patient_level_belongs_to_the_patient_root_model(peer):
    identifier = text(0x0008, 0x0052, "PATIENT") + text(0x0010, 0x0020, "")

    assert find(peer, identifier, 9, PATIENT_ROOT_FIND)[:2] == (SUCCESS, len(STUDIES))


@pytest.mark.parametrize(
    ("name", "matches"),
    [("*", 4), ("*" * 14, 4), ("*" * 60, 4), ("?" * 64, 0), ("?*" * 30, 0), ("*?" * 14, 1), ("?" * 11, 1)],
)
def test_line_39_names_of_wildcards_alone_are_matched_as_they_are(peer, name, matches):
    status, found, _ = find(peer, study_query(text(0x0010, 0x0010, name)))

    assert status == SUCCESS
    assert found == sum(re.fullmatch(wildcard(name), each) is not None for _, each, _ in STUDIES)


def wildcard(pattern):
    return "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in re.sub(r"\*+", "*", pattern))


def test_line_39_more_wildcards_than_the_limit_are_refused_and_the_limit_told(peer):
    status, matches, response = find(peer, study_query(text(0x0010, 0x0010, "?" * 65)))

    assert (status, matches) == (OUT_OF_RESOURCES, 0)
    assert b"limits.query.wildcards" in response[0x0902]


@pytest.mark.parametrize(
    ("name", "matches"),
    [
        ("%", 0),
        ("_", 0),
        ("PERCENT_^A", 0),
        ("PERCENT%^A", 1),
        ("PERCENT%*", 1),
        ("UNDER%", 0),
        ("UNDER_SCORE", 1),
        ("UNDER?SCORE", 1),
        ("'; DROP TABLE instance; --", 0),
        ("' OR '1'='1", 0),
        ("[a-z]*", 1),
        ("[!x]*", 0),
        ("[a-z]^BRACKET", 1),
        ("\\", 4),
        ("\\\\\\", 4),
    ],
)
def test_line_40_characters_that_mean_something_to_a_database_mean_themselves(peer, name, matches):
    assert find(peer, study_query(text(0x0010, 0x0010, name)))[:2] == (SUCCESS, matches)


@pytest.mark.parametrize(
    "date",
    ["20260230", "-", "20261231-20200101", "00000000-99999999", "2026", "20260101-20260201-20260301", "A", "--", "' OR 1", "9" * 64],
)
def test_line_41_a_date_that_is_none_is_refused_or_matches_nothing(peer, date):
    status, matches, _ = find(peer, study_query(text(0x0008, 0x0020, date)))

    assert (status, matches) in ((DOES_NOT_MATCH, 0), (SUCCESS, 0))
    assert peer.echo() == SUCCESS


def test_line_42_a_list_of_more_uids_than_the_limit_is_refused_and_the_limit_told(peer):
    uids = "\\".join(f"1.2.3.{n}" for n in range(10_001))
    status, matches, response = find(peer, text(0x0008, 0x0052, "STUDY") + text(0x0020, 0x000D, uids))

    assert (status, matches) == (OUT_OF_RESOURCES, 0)
    assert b"limits.query.list-values" in response[0x0902]


def test_line_42_a_list_as_long_as_the_limit_is_matched(peer):
    uids = "\\".join([f"1.2.3.{n}" for n in range(9_999)] + [synthetic_images.uid("limits", 0)])
    status, matches, _ = find(peer, text(0x0008, 0x0052, "STUDY") + text(0x0020, 0x000D, uids))

    assert (status, matches) == (SUCCESS, 1)


def test_line_42_an_identifier_of_a_hundred_thousand_uids_is_refused_and_the_limit_told(peer):
    uids = "\\".join(f"1.2.3.4.5.{n}" for n in range(100_000))
    status, matches, response = find(peer, text(0x0008, 0x0052, "STUDY") + text(0x0020, 0x000D, uids))

    assert (status, matches) == (OUT_OF_RESOURCES, 0)
    assert b"limits.dimse.identifier-length" in response[0x0902]


@pytest.mark.parametrize("identifier", [b"\0", b"\xff" * 100, text(0x0008, 0x0052, "STUDY")[:-1], bytes(1_000)])
def test_line_42_an_identifier_that_cannot_be_read_is_refused(peer, identifier):
    status, matches, _ = find(peer, identifier)

    assert (status, matches) in ((CANNOT_UNDERSTAND, 0), (DOES_NOT_MATCH, 0))
    assert peer.echo() == SUCCESS


def cancel(message_id):
    return (
        element(0, 0x0100, number(0x0FFF)),
        element(0, 0x0120, number(message_id)),
        element(0, 0x0800, number(NO_DATA_SET)),
    )


def test_line_43_a_cancel_of_nothing_is_ignored(peer):
    for message_id in (0, 7, 65_535):
        peer.command(*cancel(message_id))

    assert peer.echo() == SUCCESS


def test_line_43_a_flood_of_cancels_around_a_query_ends_no_other_query(peer):
    for message_id in range(1_000, 6_000):
        peer.command(*cancel(message_id), context_id=7)

    assert find(peer, study_query())[:2] == (SUCCESS, len(STUDIES))
    assert peer.echo() == SUCCESS


def test_line_44_a_move_is_not_offered(archive):
    with Peer(archive) as peer:
        assert peer.associate(contexts=[context(1, "1.2.840.10008.5.1.4.1.2.2.2", [IMPLICIT_LITTLE])]) == {1: 3}


def test_line_44_a_move_in_another_context_is_an_operation_that_is_not_known(peer):
    peer.command(*dimse_request(0x0021, STUDY_ROOT_FIND, 7, True, element(0, 0x0600, b"127.0.0.1:11112")), context_id=7)
    peer.send(presentation_data(7, 2, study_query()))

    assert peer.status() == UNRECOGNIZED
    assert peer.echo() == SUCCESS
