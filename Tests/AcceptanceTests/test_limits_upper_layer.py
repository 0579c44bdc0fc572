"""Hostile bytes at the upper layer (PS3.8): each is refused as the standard says, and only its sender notices.

The number in a test's name is that of its line in the project's table of limits and bad inputs.
"""

import socket
import struct
import time

import part10
import pytest
import synthetic_images
from aftermath import has_ended
from archive import Archive
from hostile_peer import (
    ABORT,
    ADDRESSES,
    ASSOCIATE_AC,
    ASSOCIATE_RQ,
    CT_IMAGE_STORAGE,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    INVALID_PARAMETER,
    P_DATA,
    RELEASE_RQ,
    UNEXPECTED_PDU,
    UNRECOGNIZED_PDU,
    VERIFICATION,
    Peer,
    associate_request,
    check_unharmed,
    context,
    dimse_request,
    has_told,
    is_served,
    limited,
    lines,
    number,
    pdu,
    presentation_data,
    store_request,
    user_identity,
)
from raw_association import command_set, element, item

PROVIDER = 2
CALLED_UNKNOWN = (1, 1, 7)
CALLING_UNKNOWN = (1, 1, 3)
INSTANCE_LENGTH = 1 << 20


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """An archive whose largest instance is small, so that a test can send a larger one."""
    running = limited(tmp_path_factory.mktemp("archive"), **{"data-set.instance-length": "1MiB"}).start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def impatient(tmp_path_factory):
    """An archive that waits as short as it can be told to."""
    patience = {"association.artim": "1s", "association.idle-time": "2s", "association.pace-window": "1s"}
    running = limited(tmp_path_factory.mktemp("impatient"), **patience).start()
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def unharmed(request):
    """After each attack on an archive, it is as it was."""
    attacked = [request.getfixturevalue(name) for name in ("archive", "impatient") if name in request.fixturenames]
    before = [len(lines(each)) for each in attacked]
    yield
    for each, log_before in zip(attacked, before):
        check_unharmed(each, log_before)


@pytest.fixture
def peer(archive):
    with Peer(archive, next(ADDRESSES)) as connected:
        yield connected


def stored_request(sop_instance_uid=b"1.2.3"):
    return presentation_data(1, 3, command_set(*store_request(sop_instance_uid)))


def associate_for_storage(peer):
    assert peer.associate(contexts=[context(1, CT_IMAGE_STORAGE, [EXPLICIT_LITTLE])]) == {1: 0}


def test_line_01_connections_without_a_byte_do_not_flood_the_log(archive):
    before = len(lines(archive))
    for _ in range(500):
        Peer(archive).socket.close()

    assert is_served(archive)
    assert len(lines(archive)) - before < 60


def test_line_01_a_flood_of_foreign_bytes_does_not_flood_the_log(archive):
    before = len(lines(archive))
    for _ in range(300):
        with Peer(archive) as peer:
            peer.send(b"GET / HTTP/1.1\r\n\r\n")
            peer.receive()

    assert is_served(archive)
    assert len(lines(archive)) - before < 150


def test_line_02_a_request_that_drips_is_closed_by_artim(impatient):
    with Peer(impatient) as peer:
        drops = iter(associate_request())
        peer.socket.settimeout(0.2)
        is_closed = False
        for _ in range(100):
            peer.send(bytes([next(drops)]))
            try:
                is_closed = peer.socket.recv(100) == b""
            except ConnectionResetError:
                is_closed = True
            except TimeoutError:
                continue
            break

    assert is_closed
    assert has_told(impatient, "limits.association.artim")


def test_line_02_an_association_that_is_silent_is_aborted(impatient):
    with Peer(impatient) as peer:
        assert peer.associate() == {1: 0}

        assert peer.aborted()[0] == PROVIDER
    assert has_told(impatient, "limits.association.idle-time")


def test_line_02_a_data_set_that_drips_is_aborted(impatient):
    with Peer(impatient) as peer:
        associate_for_storage(peer)
        peer.send(stored_request())
        peer.send(pdu(P_DATA, struct.pack(">IBB", 10_002, 1, 0) + bytes(10_000))[:12])
        peer.socket.settimeout(0.2)
        answer = b""
        for _ in range(100):
            peer.send(b"\0")
            try:
                answer = peer.socket.recv(100)
            except TimeoutError:
                continue
            break

    assert answer[:1] == bytes([ABORT])
    assert has_told(impatient, "limits.association.pace")


@pytest.mark.parametrize("kind", [0x00, 0x08, 0x16, 0x47, 0xFF])
def test_line_03_an_unknown_pdu_type_is_aborted_as_unrecognized(peer, kind):
    peer.send(bytes([kind]))

    assert peer.aborted() == (PROVIDER, UNRECOGNIZED_PDU)
    assert peer.is_closed()


@pytest.mark.parametrize(
    "data",
    [
        presentation_data(1, 3, b"1234"),
        pdu(RELEASE_RQ, bytes(4)),
        pdu(6, bytes(4)),
        pdu(3, bytes([0, 1, 1, 1])),
        pdu(ASSOCIATE_AC, struct.pack(">HH64x", 1, 0)),
    ],
    ids=["P-DATA", "A-RELEASE-RQ", "A-RELEASE-RP", "A-ASSOCIATE-RJ", "A-ASSOCIATE-AC"],
)
def test_line_04_a_pdu_before_the_association_is_aborted_as_unexpected(peer, data):
    peer.send(data)

    assert peer.aborted() == (PROVIDER, UNEXPECTED_PDU)


def test_line_04_a_second_request_is_aborted_as_unexpected(peer):
    peer.associate()
    peer.send(associate_request())

    assert peer.aborted() == (PROVIDER, UNEXPECTED_PDU)


@pytest.mark.parametrize("length", [0xFFFFFFFF, 0x7FFFFFFF, 131_073])
def test_line_05_a_request_of_excessive_length_is_aborted_before_it_is_waited_for(archive, peer, length):
    peer.send(struct.pack(">BBI", ASSOCIATE_RQ, 0, length))

    assert peer.aborted() == (PROVIDER, INVALID_PARAMETER)
    assert has_told(archive, "limits.association.request-length")


@pytest.mark.parametrize("length", [0, 1, 67])
def test_line_06_a_request_shorter_than_its_fixed_part_is_aborted(peer, length):
    peer.send(pdu(ASSOCIATE_RQ, bytes(length)))

    assert peer.aborted() == (PROVIDER, INVALID_PARAMETER)


@pytest.mark.parametrize("version", [0, 2, 0xFFFE])
def test_line_07_another_protocol_version_is_rejected(peer, version):
    peer.send(associate_request(version=version))

    assert peer.rejected() == (1, 2, 2)


@pytest.mark.parametrize("called", [b" " * 16, bytes(16), b"SOMEBODY", b"cassette"])
def test_line_08_a_called_title_that_is_empty_or_not_ours_is_rejected(peer, called):
    peer.send(associate_request(called=called))

    assert peer.rejected() == CALLED_UNKNOWN


def test_line_09_a_calling_title_that_is_not_listed_is_rejected(tmp_path):
    archive = Archive(tmp_path / "archive", "--bind", "0.0.0.0").start()
    try:
        with Peer(archive) as peer:
            peer.send(associate_request(calling=b"STRANGER"))
            assert peer.rejected() == CALLING_UNKNOWN
        archive.command("ae", "add", "STRANGER", check=0)
        with Peer(archive) as peer:
            assert peer.associate(calling=b"STRANGER") == {1: 0}
    finally:
        archive.stop()


@pytest.mark.parametrize(
    "title",
    [b"../../etc/passwd", b"A/B", b"A\\B", b"..", b"A\0B", b"A\x1b[31mB", b"A\nB", b"M\xc3\xbcL", b"A\x7f"],
)
def test_line_10_a_title_that_breaks_the_rules_is_rejected_and_not_logged(archive, title):
    with Peer(archive) as peer:
        peer.send(associate_request(called=title))
        assert peer.rejected() == CALLED_UNKNOWN
    with Peer(archive) as peer:
        peer.send(associate_request(calling=title))
        assert peer.rejected() == CALLING_UNKNOWN


@pytest.mark.parametrize(
    "contexts",
    [
        [context(n * 2 + 1 & 0xFF, VERIFICATION) for n in range(129)],
        [context(2, VERIFICATION)],
        [context(0, VERIFICATION)],
        [context(1, VERIFICATION), context(1, CT_IMAGE_STORAGE)],
    ],
    ids=["129 contexts", "an even id", "id 0", "a duplicate id"],
)
def test_line_11_contexts_that_are_too_many_or_misnumbered_are_aborted(peer, contexts):
    peer.send(associate_request(contexts=contexts))

    assert peer.aborted() == (PROVIDER, INVALID_PARAMETER)


def test_line_11_as_many_contexts_as_there_are_ids_are_accepted(peer):
    results = peer.associate(contexts=[context(id, VERIFICATION) for id in range(1, 256, 2)])

    assert results == {id: 0 for id in range(1, 256, 2)}


@pytest.mark.parametrize("name", [b"1." * 32 + b"1", b"abc", b"", b"1..2", b"1.2.3/../4", b"\xff" * 64, b"9" * 60_000])
def test_line_12_an_abstract_syntax_that_is_no_uid_is_refused_and_the_association_goes_on(peer, name):
    assert peer.associate(contexts=[context(1, VERIFICATION), context(3, name)]) == {1: 0, 3: 3}
    assert peer.echo() == 0


@pytest.mark.parametrize("names", [(), (b"no UID",), (b"",)])
def test_line_13_a_context_without_a_transfer_syntax_is_refused(peer, names):
    assert peer.associate(contexts=[context(1, VERIFICATION), context(3, CT_IMAGE_STORAGE, names)]) == {1: 0, 3: 4}
    assert peer.echo() == 0


def test_line_13_too_many_transfer_syntaxes_are_aborted(archive, peer):
    peer.send(associate_request(contexts=[context(1, VERIFICATION, [IMPLICIT_LITTLE] * 65)]))

    assert peer.aborted() == (PROVIDER, INVALID_PARAMETER)
    assert has_told(archive, "limits.association.transfer-syntaxes")


@pytest.mark.parametrize(
    "user_items",
    [
        struct.pack(">BBH", 0x51, 0, 5) + bytes(4),
        struct.pack(">BBH", 0x55, 0, 0xFFFF) + b"X",
        struct.pack(">BB", 0x52, 0),
        item(0x51, bytes(3)),
        item(0x53, bytes(3)),
    ],
)
def test_line_14_a_user_sub_item_that_ends_outside_its_item_is_aborted(peer, user_items):
    peer.send(associate_request(user_items=user_items))

    assert peer.aborted() == (PROVIDER, INVALID_PARAMETER)


def test_line_14_too_many_user_sub_items_are_aborted(archive, peer):
    peer.send(associate_request(user_items=item(0x55, b"X") * 63))

    assert peer.aborted() == (PROVIDER, INVALID_PARAMETER)
    assert has_told(archive, "limits.association.user-items")


@pytest.mark.parametrize("body", [struct.pack(">H", 0xFFFF) + b"1.2\1\1", struct.pack(">H", 4) + b"1.2\1", b"", b"\0"])
def test_line_15_a_role_selection_whose_uid_ends_outside_it_is_aborted(peer, body):
    peer.send(associate_request(user_items=item(0x54, body)))

    assert peer.aborted() == (PROVIDER, INVALID_PARAMETER)


@pytest.mark.parametrize(
    ("maximum_length", "longest"), [(0, 131_072), (1, 12), (11, 12), (12, 12), (0xFFFFFFFF, 131_072)]
)
def test_line_16_any_maximum_length_gets_answers_that_fit(peer, maximum_length, longest):
    peer.associate(maximum_length=maximum_length)
    peer.command(*dimse_request(0x0030, VERIFICATION))
    data, is_last = b"", False
    while not is_last:
        kind, body = peer.receive()
        assert (kind, len(body) <= longest) == (P_DATA, True)
        data += body[6:]
        is_last = bool(body[5] & 2)

    assert data.endswith(element(0, 0x0900, number(0)))


@pytest.mark.parametrize("identity", [user_identity(2, b"anna", b"secret"), user_identity(2, b"", b"")])
def test_line_17_a_passcode_over_plaintext_is_rejected(archive, peer, identity):
    peer.send(associate_request(user_items=identity))

    assert peer.rejected() == (1, 1, 1)
    assert "secret" not in archive.log_end()


@pytest.mark.parametrize("kind", [3, 4, 5])
def test_line_17_an_identity_that_nobody_here_can_check_is_rejected(peer, kind):
    peer.send(associate_request(user_items=user_identity(kind, b"eyJhbGciOiJub25lIn0.e30.")))

    assert peer.rejected() == (1, 1, 1)


def test_line_18_identities_that_claim_more_than_there_is_are_aborted(peer):
    claim = item(0x58, struct.pack(">BBH", 1, 0, 0xFFFF))
    peer.send(associate_request(user_items=claim * 62))

    assert peer.aborted() == (PROVIDER, INVALID_PARAMETER)


@pytest.mark.parametrize("window", [(65_535, 65_535), (0, 0), (2, 1)])
def test_line_19_any_operations_window_is_answered_with_one_operation(peer, window):
    peer.send(associate_request(user_items=item(0x53, struct.pack(">HH", *window))))

    (user,) = [body for kind, body in peer.accepted() if kind == 0x50]
    assert item(0x53, struct.pack(">HH", 1, 1)) in user


@pytest.mark.parametrize("length", [131_073, 0x7FFFFFFF, 0xFFFFFFFF, 0])
def test_line_20_p_data_of_another_length_than_was_agreed_is_aborted(peer, length):
    peer.associate()
    peer.send(struct.pack(">BBI", P_DATA, 0, length))

    assert peer.aborted() == (PROVIDER, INVALID_PARAMETER)


@pytest.mark.parametrize("length", [0, 1, 7, 1_000, 0x7FFFFFFF, 0xFFFFFFFF])
def test_line_21_a_value_that_ends_outside_its_pdu_is_aborted(peer, length):
    peer.associate()
    peer.send(pdu(P_DATA, struct.pack(">IBB", length, 1, 3) + bytes(4)))

    assert peer.aborted() == (PROVIDER, INVALID_PARAMETER)


@pytest.mark.parametrize("rest", [1, 3, 4, 5])
def test_line_21_bytes_behind_the_last_value_are_aborted(peer, rest):
    peer.associate()
    value = struct.pack(">IBB", 6, 1, 1) + bytes(4)
    peer.send(pdu(P_DATA, value + bytes(rest)))

    assert peer.aborted() == (PROVIDER, INVALID_PARAMETER)


@pytest.mark.parametrize("context_id", [0, 2, 3, 5, 255])
def test_line_22_a_value_of_a_context_that_was_not_accepted_is_aborted(peer, context_id):
    assert peer.associate(contexts=[context(1, VERIFICATION), context(3, b"1.2.840.10008.9")]) == {1: 0, 3: 3}
    peer.send(presentation_data(context_id, 3, command_set(*dimse_request(0x0030, VERIFICATION))))

    assert peer.aborted() == (PROVIDER, INVALID_PARAMETER)


STORE = (1, 3, command_set(*store_request("1.2.3")))
ECHO = command_set(*dimse_request(0x0030, VERIFICATION))


@pytest.mark.parametrize(
    "values",
    [
        [(1, 0, b"data before any command")],
        [(1, 1, b"\0\0"), (1, 0, b"data inside a command")],
        [(1, 1, b"\0\0"), (3, 3, ECHO)],
        [STORE, (1, 0, bytes(8)), (1, 3, ECHO)],
        [STORE, (3, 0, bytes(8))],
    ],
    ids=["data first", "data in a command", "two commands", "a command in data", "data of another context"],
)
def test_line_23_commands_and_data_that_are_mixed_up_are_aborted(archive, peer, values):
    contexts = [context(1, CT_IMAGE_STORAGE, [EXPLICIT_LITTLE]), context(3, VERIFICATION)]
    assert peer.associate(contexts=contexts) == {1: 0, 3: 0}
    for value in values:
        peer.send(presentation_data(*value))

    assert peer.aborted() == (PROVIDER, UNEXPECTED_PDU)
    assert not archive.search("/instances")


def test_line_24_a_data_set_that_never_ends_is_stopped_at_the_limit(archive, peer):
    data_set = part10.split(synthetic_images.ct_instance(1, 1, "endless", size=16)).data_set
    head = data_set[: data_set.index(b"\xe0\x7f\x10\x00")]
    associate_for_storage(peer)
    peer.send(stored_request(synthetic_images.uid("endless", 1, 1, 1).encode()))
    peer.send(presentation_data(1, 0, head + b"\xe0\x7f\x10\x00OW\0\0" + struct.pack("<I", 1 << 31)))
    for _ in range(INSTANCE_LENGTH // 65_536 + 1):
        peer.send(presentation_data(1, 0, bytes(65_536)))

    response = peer.response()

    assert response[0x0900] == number(0xA700)
    assert b"limits.data-set.instance-length" in response[0x0902]
    assert peer.aborted()
    assert not archive.search("/instances")
    assert not archive.command_json("verify")["checked"]


def test_line_25_a_thousand_silent_sockets_of_one_peer_leave_the_others_served(archive):
    address = next(ADDRESSES)
    silent = [Peer(archive, address) for _ in range(1_000)]
    try:
        answers = [is_served(archive) for _ in range(50)]
        still_open = count_open(silent, 16)
    finally:
        for peer in silent:
            peer.socket.close()

    assert all(answers)
    assert still_open == 16
    assert has_told(archive, "limits.association.half-open-per-peer")


def test_line_25_associations_beyond_those_of_one_peer_are_rejected_for_the_time_being(archive):
    address = next(ADDRESSES)
    peers = []
    try:
        for _ in range(16):
            peers.append(Peer(archive, address))
            peers[-1].associate()
        peers.append(Peer(archive, address))
        peers[-1].send(associate_request())

        assert peers[-1].rejected() == (2, 3, 2)
        assert has_told(archive, "limits.association.per-peer")
        assert is_served(archive)
    finally:
        for peer in peers:
            peer.socket.close()


def count_open(peers, expected):
    """How many connections the archive keeps; the end of one may come a moment after the refusal."""
    deadline = time.monotonic() + 10
    while True:
        peers = [peer for peer in peers if not has_ended(peer.socket)]
        if len(peers) <= expected or time.monotonic() > deadline:
            return len(peers)
        time.sleep(0.01)


def test_line_26_a_release_in_the_middle_of_a_data_set_is_aborted_and_nothing_is_kept(archive, peer):
    associate_for_storage(peer)
    peer.send(stored_request())
    peer.send(presentation_data(1, 0, bytes(1_000)))
    peer.send(pdu(RELEASE_RQ, bytes(4)))

    assert peer.aborted() == (PROVIDER, UNEXPECTED_PDU)
    assert not archive.search("/instances")


def test_line_28_tls_on_the_plaintext_port_is_closed_at_once(peer):
    """A ClientHello begins with 16H, which is no PDU: the connection ends without waiting for the rest."""
    peer.send(bytes.fromhex("16030100050100000100"))

    assert peer.aborted() == (PROVIDER, UNRECOGNIZED_PDU)
    assert peer.is_closed()


def test_line_28_http_on_the_dicom_port_is_closed_at_once(archive):
    with socket.create_connection(("127.0.0.1", archive.dicom_port), timeout=60) as client:
        client.sendall(b"GET /dicomweb/studies HTTP/1.1\r\n\r\n")
        answer = b""
        while piece := client.recv(100):
            answer += piece

    assert answer[:1] == bytes([ABORT])
