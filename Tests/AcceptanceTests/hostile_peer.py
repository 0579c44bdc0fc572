"""A DICOM peer on a bare socket that may break every rule, and what an attacked archive must still be."""

import itertools
import re
import socket
import struct
import time
from pathlib import Path

from archive import Archive
from raw_association import APPLICATION_CONTEXT, command_set, element, item

VERIFICATION = "1.2.840.10008.1.1"
CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
MR_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.4"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
PATIENT_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.1.1"
IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"

ASSOCIATE_RQ, ASSOCIATE_AC, ASSOCIATE_RJ, P_DATA, RELEASE_RQ, RELEASE_RP, ABORT = range(1, 8)
UNRECOGNIZED_PDU, UNEXPECTED_PDU, INVALID_PARAMETER = 1, 2, 6
NO_DATA_SET = 0x0101
HANG = 60
"""Seconds after which a peer that does not answer hangs; no test waits for it."""

MEMORY = 250 << 20
"""More than the archive may ever use under these attacks, and far less than they ask for."""


def pdu(kind, body):
    return struct.pack(">BBI", kind, 0, len(body)) + body


def presentation_data(context_id, flags, data):
    return pdu(P_DATA, struct.pack(">IBB", len(data) + 2, context_id, flags) + data)


def context(context_id, abstract_syntax, transfer_syntaxes=(IMPLICIT_LITTLE,)):
    """A presentation context item; names may be bytes that are no UID."""
    names = [(0x30, abstract_syntax), *((0x40, name) for name in transfer_syntaxes)]
    body = struct.pack(">BBBB", context_id, 0, 0, 0)
    return item(0x20, body + b"".join(item(kind, encoded(name)) for kind, name in names))


def encoded(name):
    return name if isinstance(name, bytes) else name.encode()


def associate_request(
    contexts=(context(1, VERIFICATION),),
    called=b"CASSETTE",
    calling=b"HOSTILE",
    version=1,
    maximum_length=16384,
    user_items=b"",
):
    user = item(0x51, struct.pack(">I", maximum_length)) + item(0x52, b"2.25.281474976710656001") + user_items
    body = struct.pack(">HH16s16s32x", version, 0, called.ljust(16), calling.ljust(16))
    return pdu(ASSOCIATE_RQ, body + item(0x10, APPLICATION_CONTEXT) + b"".join(contexts) + item(0x50, user))


def user_identity(kind, primary, secondary=b""):
    fields = struct.pack(">H", len(primary)) + primary + struct.pack(">H", len(secondary)) + secondary
    return item(0x58, struct.pack(">BB", kind, 0) + fields)


def number(value):
    return struct.pack("<H", value)


class Peer:
    """A connection to the archive; nothing is sent that the test does not send."""

    def __init__(self, archive, address="127.0.0.1"):
        self.socket = socket.create_connection(
            ("127.0.0.1", archive.dicom_port), timeout=HANG, source_address=(address, 0)
        )
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        """Sends; an archive that has closed already will say so when it is read from."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def receive(self):
        """The next PDU as type and body; None at the end of the connection."""
        header = self.read(6)
        if header is None:
            return None
        kind, _, length = struct.unpack(">BBI", header)
        body = self.read(length)
        return None if body is None else (kind, body)

    def read(self, count):
        data = b""
        while len(data) < count:
            try:
                piece = self.socket.recv(count - len(data))
            except ConnectionResetError:
                return None
            if not piece:
                return None
            data += piece
        return data

    def aborted(self):
        """Source and reason of the A-ABORT that comes next."""
        kind, body = self.receive() or (None, None)
        assert kind == ABORT, f"PDU {kind} instead of A-ABORT"
        return body[2], body[3]

    def rejected(self):
        """Result, source and reason of the A-ASSOCIATE-RJ that comes next."""
        kind, body = self.receive() or (None, None)
        assert kind == ASSOCIATE_RJ, f"PDU {kind} instead of A-ASSOCIATE-RJ"
        return tuple(body[1:4])

    def accepted(self):
        """The items of the A-ASSOCIATE-AC that comes next, as (type, body)."""
        kind, body = self.receive() or (None, None)
        assert kind == ASSOCIATE_AC, f"PDU {kind} instead of A-ASSOCIATE-AC"
        return list(items(body[68:]))

    def associate(self, **arguments):
        """Asks for an association; {context id: result}."""
        self.send(associate_request(**arguments))
        return {body[0]: body[2] for kind, body in self.accepted() if kind == 0x21}

    def command(self, *elements, context_id=1):
        self.send(presentation_data(context_id, 3, command_set(*elements)))

    def response(self):
        """The elements of the next command as {number: bytes}; its Data Set, if there is one, is in `None`."""
        command = elements_of(self.message())
        if struct.unpack("<H", command[0x0800])[0] != NO_DATA_SET:
            command[None] = self.message()
        return command

    def message(self):
        """The bytes of one command or Data Set."""
        data, is_last = b"", False
        while not is_last:
            kind, body = self.receive() or (None, None)
            assert kind == P_DATA, f"PDU {kind} instead of P-DATA"
            position = 0
            while position < len(body):
                length, _, flags = struct.unpack_from(">IBB", body, position)
                data += body[position + 6 : position + 4 + length]
                is_last = bool(flags & 2)
                position += 4 + length
        return data

    def status(self):
        return struct.unpack("<H", self.response()[0x0900])[0]

    def echo(self, message_id=7):
        self.command(*dimse_request(0x0030, VERIFICATION, message_id))
        return self.status()

    def is_closed(self):
        """Whether nothing but the end of the connection comes."""
        return self.receive() is None


def items(body):
    position = 0
    while position + 4 <= len(body):
        kind, _, length = struct.unpack_from(">BBH", body, position)
        yield kind, body[position + 4 : position + 4 + length]
        position += 4 + length


def elements_of(command):
    found, position = {}, 0
    while position + 8 <= len(command):
        _, element_number, length = struct.unpack_from("<HHI", command, position)
        found[element_number] = command[position + 8 : position + 8 + length]
        position += 8 + length
    return found


def dimse_request(command_field, sop_class_uid, message_id=7, data_set=False, *more):
    """The elements of a request of DIMSE-C."""
    return (
        element(0, 0x0002, sop_class_uid.encode()),
        element(0, 0x0100, number(command_field)),
        element(0, 0x0110, number(message_id)),
        element(0, 0x0700, number(0)),
        element(0, 0x0800, number(0 if data_set else NO_DATA_SET)),
        *more,
    )


def store_request(sop_instance_uid, sop_class_uid=CT_IMAGE_STORAGE):
    return dimse_request(0x0001, sop_class_uid, 7, True, element(0, 0x1000, encoded(sop_instance_uid)))


def limited(folder, *options, **limits):
    """An archive with limits: `{"association.artim": "1s"}`."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "settings.yaml"
    settings.write_text("limits:\n" + "".join(f"  {key}: {value}\n" for key, value in limits.items()))
    return Archive(folder, "--config", settings, *options)


def is_served(archive, address="127.0.0.2"):
    """Whether another client gets an association and an answer to its C-ECHO."""
    with Peer(archive, address) as peer:
        if peer.associate() != {1: 0} or peer.echo() != 0:
            return False
        peer.send(pdu(RELEASE_RQ, bytes(4)))
        return peer.receive() == (RELEASE_RP, bytes(4))


def has_told(archive, text):
    """Whether the log says so; the line may come a moment after the answer."""
    deadline = time.monotonic() + 10
    while text not in archive.log.read_text(errors="replace"):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


ADDRESSES = (f"127.0.{high}.{low}" for high, low in itertools.product(range(1, 250), range(1, 250)))
"""An address of its own for each test: the archive counts and complains by address."""


def lines(archive):
    return archive.log.read_text(errors="replace").splitlines()


def check_unharmed(archive, log_before, marker="HOSTILE^PATIENT"):
    """The archive lives, serves, has not swollen, has told what happened in few words, and no patient's name."""
    assert archive.process.poll() is None, archive.log_end()
    assert is_served(archive)
    assert archive.peak_memory() < MEMORY
    told = lines(archive)[log_before:]
    assert len(told) < 200, f"{len(told)} lines"
    assert not [line for line in told if marker in line or re.search(r"[^\x20-\x7e]", line)]
