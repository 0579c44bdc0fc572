"""Limits that the operator lowers hold from the value that was set, and the answer names the key to raise."""

import contextlib
import struct
import time

import part10
import pytest
import synthetic_images
from archive import stored
from hostile_peer import (
    CT_IMAGE_STORAGE,
    EXPLICIT_LITTLE,
    INVALID_PARAMETER,
    P_DATA,
    STUDY_ROOT_FIND,
    VERIFICATION,
    Peer,
    associate_request,
    context,
    dimse_request,
    has_told,
    is_served,
    limited,
    number,
    pdu,
    presentation_data,
    store_request,
)
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from raw_association import command_set, element

OUT_OF_RESOURCES, CANNOT_UNDERSTAND = 0xA700, 0xC000
ASSOCIATION_LIMITS = {
    "association.total": 3,
    "association.per-peer": 2,
    "association.half-open": 3,
    "association.half-open-per-peer": 2,
    "association.pdu-length": "4KiB",
    "association.presentation-contexts": 2,
    "association.transfer-syntaxes": 2,
    "association.user-items": 4,
    "association.request-length": "1KiB",
    "dimse.command-length": "1KiB",
}
DATA_SET_LIMITS = {
    "data-set.depth": 2,
    "data-set.elements": 60,
    "data-set.value-length": "2KiB",
    "data-set.header-length": "8KiB",
    "data-set.instance-length": "64KiB",
    "data-set.identification-length": "4KiB",
    "dimse.identifier-length": "1KiB",
    "query.list-values": 2,
    "query.wildcards": 2,
}


@pytest.fixture
def strict(tmp_path):
    running = limited(tmp_path / "archive", **ASSOCIATION_LIMITS).start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    running = limited(tmp_path_factory.mktemp("small"), **DATA_SET_LIMITS).start()
    yield running
    running.stop()


@pytest.fixture
def peer(small):
    with Peer(small) as connected:
        contexts = [context(1, CT_IMAGE_STORAGE, [EXPLICIT_LITTLE]), context(3, STUDY_ROOT_FIND)]
        assert connected.associate(contexts=contexts) == {1: 0, 3: 0}
        yield connected


def test_the_largest_pdu_is_the_one_that_was_told(strict):
    with Peer(strict) as peer:
        peer.send(associate_request())
        (user,) = [body for kind, body in peer.accepted() if kind == 0x50]
        assert struct.unpack_from(">I", user, 4) == (4_096,)
        peer.send(struct.pack(">BBI", P_DATA, 0, 4_097))

        assert peer.aborted() == (2, INVALID_PARAMETER)
    assert has_told(strict, "limits.association.pdu-length")


@pytest.mark.parametrize(
    ("request_pdu", "key"),
    [
        (associate_request(contexts=[context(id, VERIFICATION) for id in (1, 3, 5)]), "presentation-contexts"),
        (associate_request(contexts=[context(1, VERIFICATION, ["1.2", "1.3", "1.4"])]), "transfer-syntaxes"),
        (associate_request(user_items=struct.pack(">BBHB", 0x55, 0, 1, 0x58) * 3), "user-items"),
        (pdu(1, bytes(1_025)), "request-length"),
    ],
    ids=["contexts", "transfer syntaxes", "user items", "length"],
)
def test_a_request_above_a_limit_is_aborted(strict, request_pdu, key):
    with Peer(strict) as peer:
        peer.send(request_pdu)

        assert peer.aborted() == (2, INVALID_PARAMETER)
    assert has_told(strict, "limits.association." + key)


def test_a_command_above_the_limit_is_aborted(strict):
    with Peer(strict) as peer:
        peer.associate()
        peer.command(*dimse_request(0x0030, VERIFICATION, 7, False, element(0, 0x5010, bytes(1_000))))

        assert peer.aborted() == (2, INVALID_PARAMETER)
    assert has_told(strict, "limits.dimse.command-length")


def test_connections_and_associations_are_counted_for_each_peer_and_for_all(strict):
    open_peers = []

    def connect(address, associates):
        peer = Peer(strict, address)
        open_peers.append(peer)
        if associates:
            peer.send(associate_request())
            return peer.receive()[0]
        return None

    try:
        assert [connect("127.0.0.3", True) for _ in range(3)] == [2, 2, 3]
        assert has_told(strict, "limits.association.per-peer")
        assert [connect(f"127.0.0.{n}", True) for n in (4, 5)] == [2, 3]
        assert has_told(strict, "limits.association.total")
        for peer in open_peers:
            peer.socket.close()
        # The places of those that were closed come free a moment later; until then the limit for all is met first.
        for _ in range(60):
            connect("127.0.0.6", False)
            if "limits.association.half-open-per-peer" in strict.log.read_text(errors="replace"):
                break
            time.sleep(0.05)
        assert open_peers[-1].is_closed()
        assert has_told(strict, "limits.association.half-open-per-peer")
        for n in (7, 8):
            connect(f"127.0.0.{n}", False)
        assert open_peers[-1].is_closed()
        assert has_told(strict, "limits.association.half-open")
    finally:
        for peer in open_peers:
            peer.socket.close()
    assert is_served_soon(strict)


def is_served_soon(archive):
    """Whether another client is served within seconds: places come free a moment after their sockets are closed."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with contextlib.suppress(AssertionError, OSError):
            return is_served(archive)
        time.sleep(0.05)
    return False


def made(**attributes):
    dataset = synthetic_images.identified(CTImageStorage, "lowered", 1)
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return part10.split(synthetic_images.part10(dataset, ExplicitVRLittleEndian))


def nested(depth):
    item = Dataset()
    item.CodeValue = "X"
    for _ in range(depth - 1):
        outer = Dataset()
        outer.ContentSequence = [item]
        item = outer
    return [item]


def comments(count):
    """Sequence items with one element each."""
    items = []
    for _ in range(count):
        items.append(Dataset())
        items[-1].CodeValue = "X"
    return items


def store(peer, file):
    peer.command(*store_request(file.sop_instance_uid))
    for start in range(0, len(file.data_set), 16_000):
        is_last = start + 16_000 >= len(file.data_set)
        peer.send(presentation_data(1, 2 if is_last else 0, file.data_set[start : start + 16_000]))
    response = peer.response()
    return struct.unpack("<H", response[0x0900])[0], response.get(0x0902, b"")


@pytest.mark.parametrize(
    ("attributes", "status", "key"),
    [
        ({"ContentSequence": nested(3)}, CANNOT_UNDERSTAND, b"limits.data-set.depth"),
        ({"ContentSequence": comments(30)}, CANNOT_UNDERSTAND, b"limits.data-set.elements"),
        ({"ImageType": ["ORIGINAL"] * 300}, CANNOT_UNDERSTAND, b"limits.data-set.value-length"),
        ({"EncapsulatedDocument": bytes(65_536)}, OUT_OF_RESOURCES, b"limits.data-set.instance-length"),
    ],
    ids=["depth", "elements", "value", "instance"],
)
def test_an_instance_above_a_limit_is_refused_and_the_limit_told(peer, small, attributes, status, key):
    file = made(**attributes)

    found, comment = store(peer, file)

    assert (found, key in comment) == (status, True), comment
    assert not small.search("/instances", SOPInstanceUID=file.sop_instance_uid)


def test_an_instance_within_the_limits_is_stored(small):
    file = synthetic_images.part10(
        synthetic_images.identified(CTImageStorage, "within", 1), ExplicitVRLittleEndian
    )

    assert len(stored(small.store([file]))) == 1


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ((0x0020, 0x000D), b"1.2\\1.3\\1.4 ", b"limits.query.list-values"),
        ((0x0010, 0x0010), b"A?B?C?", b"limits.query.wildcards"),
        ((0x0010, 0x0010), b"A" * 1_200, b"limits.dimse.identifier-length"),
    ],
)
def test_a_query_above_a_limit_is_refused_and_the_limit_told(peer, key, value, told):
    identifier = struct.pack("<HHI", 8, 0x0052, 6) + b"STUDY " + struct.pack("<HHI", *key, len(value)) + value
    peer.send(presentation_data(3, 3, command_set(*dimse_request(0x0020, STUDY_ROOT_FIND, 7, True))))
    peer.send(presentation_data(3, 2, identifier))

    response = peer.response()

    assert response[0x0900] == number(OUT_OF_RESOURCES)
    assert told in response[0x0902]


def test_what_was_stored_before_a_limit_was_lowered_can_still_be_read(tmp_path):
    generous = limited(tmp_path / "archive").start()
    dataset = synthetic_images.identified(CTImageStorage, "lowered", 2)
    dataset.ContentSequence = nested(20)
    file = synthetic_images.part10(dataset, ExplicitVRLittleEndian)
    assert len(stored(generous.store([file]))) == 1
    generous.stop()

    strict = limited(tmp_path / "archive", **DATA_SET_LIMITS)
    strict.start()
    try:
        study = dataset.StudyInstanceUID
        (kept,) = strict.instances_of(f"/studies/{study}").values()
        assert part10.split(kept).data_set == part10.split(file).data_set
        assert strict.get(f"/studies/{study}/metadata", "application/dicom+json").status_code == 200
    finally:
        strict.stop()
