"""An SCU on a bare socket: one association, one presentation context, notices at once that the peer is gone.

Toolkits wait for their time-out when the server is killed; the survival test needs thousands of such ends. Messages can
be made beforehand, so that under load and in benchmarks the sender costs next to nothing.
"""

import socket
import struct

from archive import PATIENCE

APPLICATION_CONTEXT = b"1.2.840.10008.3.1.1.1"
CONTEXT_ID = 1


class PeerGone(Exception):
    """The connection ended, or the peer answered with something else than a response."""


def item(kind, content):
    return struct.pack(">BBH", kind, 0, len(content)) + content


def element(group, number, value):
    """An element of the command set: Implicit VR Little Endian, even length."""
    value += b"\0" * (len(value) % 2)
    return struct.pack("<HHI", group, number, len(value)) + value


def command_set(*elements):
    body = b"".join(elements)
    return element(0, 0, struct.pack("<I", len(body))) + body


class RawAssociation:
    """An association that is open from its making until `close` or the peer's end."""

    def __init__(
        self, port, sop_class_uid, transfer_syntax_uid, called="CASSETTE", calling="RAW", source="127.0.0.1"
    ):
        self.sop_class_uid = sop_class_uid.encode()
        self.message_id = 0
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30 * PATIENCE, source_address=(source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        context = struct.pack(">BBBB", CONTEXT_ID, 0, 0, 0)
        context += item(0x30, self.sop_class_uid) + item(0x40, transfer_syntax_uid.encode())
        user = item(0x51, struct.pack(">I", 16384)) + item(0x52, b"2.25.281474976710656001")
        body = struct.pack(">HH16s16s32x", 1, 0, called.encode().ljust(16), calling.encode().ljust(16))
        body += item(0x10, APPLICATION_CONTEXT) + item(0x20, context) + item(0x50, user)
        self.socket.sendall(struct.pack(">BBI", 1, 0, len(body)) + body)
        kind, answer = self.receive()
        if kind != 2:
            raise PeerGone(f"PDU {kind} in answer to A-ASSOCIATE-RQ")
        self.pdu_limit = self.accepted_length(answer)

    @staticmethod
    def accepted_length(answer):
        """The peer's Maximum Length from an A-ASSOCIATE-AC; checks that the context was accepted."""
        limit, position = 16384, 68
        while position + 4 <= len(answer):
            kind, _, length = struct.unpack_from(">BBH", answer, position)
            content = answer[position + 4 : position + 4 + length]
            if kind == 0x21 and content[2] != 0:
                raise PeerGone(f"presentation context refused with {content[2]}")
            if kind == 0x50 and content[:1] == b"\x51":
                (limit,) = struct.unpack_from(">I", content, 4)
            position += 4 + length
        return limit or 131072

    def receive(self):
        kind, _, length = struct.unpack(">BBI", self.read(6))
        return kind, self.read(length)

    def read(self, count):
        data = b""
        while len(data) < count:
            # A peer that writes a PDU in two pieces with Nagle's algorithm on waits for our acknowledgement of the first,
            # which the system would hold back for 40 ms. The setting does not last.
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise PeerGone("the connection ended")
            data += piece
        return data

    def fragments(self, data, is_command):
        room = min(self.pdu_limit, 131072) - 6
        pieces = []
        for start in range(0, len(data), room):
            piece = data[start : start + room]
            flags = (1 if is_command else 0) | (2 if start + room >= len(data) else 0)
            pieces += [struct.pack(">BBIIBB", 4, 0, len(piece) + 6, len(piece) + 2, CONTEXT_ID, flags), piece]
        return b"".join(pieces)

    def request(self, field, *elements, has_data_set=True):
        """The PDUs of a command set."""
        self.message_id = self.message_id % 65535 + 1
        command = command_set(
            element(0, 0x0002, self.sop_class_uid),
            element(0, 0x0100, struct.pack("<H", field)),
            element(0, 0x0110, struct.pack("<H", self.message_id)),
            *([element(0, 0x0700, struct.pack("<H", 0))] if has_data_set else []),
            element(0, 0x0800, struct.pack("<H", 0x0000 if has_data_set else 0x0101)),
            *elements,
        )
        return self.fragments(command, is_command=True)

    def store_message(self, sop_instance_uid, data_set):
        """All PDUs of one C-STORE-RQ."""
        affected = element(0, 0x1000, sop_instance_uid.encode())
        return self.request(0x0001, affected) + self.fragments(data_set, is_command=False)

    def exchange(self, message):
        """Sends a message made beforehand and returns the status of its response."""
        self.socket.sendall(message)
        return self.status(self.response())

    def response(self):
        """The bytes of the next fragment that the peer sends."""
        kind, body = self.receive()
        if kind != 4:
            raise PeerGone(f"PDU {kind} where a response was due")
        return body[6:]

    def store(self, sop_instance_uid, data_set):
        """Sends one C-STORE-RQ and returns the status of its response."""
        return self.exchange(self.store_message(sop_instance_uid, data_set))

    def echo(self):
        """Sends one C-ECHO-RQ and returns the status of its response."""
        return self.exchange(self.request(0x0030, has_data_set=False))

    def find(self, identifier):
        """Sends one C-FIND-RQ with an encoded identifier; returns the last status and the matches' identifiers."""
        self.socket.sendall(self.request(0x0020) + self.fragments(identifier, is_command=False))
        matches = []
        command = data = b""
        while True:
            kind, body = self.receive()
            if kind != 4:
                raise PeerGone(f"PDU {kind} where a response was due")
            position = 0
            while position < len(body):
                length, _, flags = struct.unpack_from(">IBB", body, position)
                fragment = body[position + 6 : position + 4 + length]
                position += 4 + length
                if flags & 1:
                    command += fragment
                    if flags & 2 and (status := self.status(command)) not in (0xFF00, 0xFF01):
                        return status, matches
                else:
                    data += fragment
                    if flags & 2:
                        matches.append(data)
                        command = data = b""

    @staticmethod
    def status(command):
        position = 0
        while position + 8 <= len(command):
            group, number, length = struct.unpack_from("<HHI", command, position)
            if (group, number) == (0, 0x0900):
                return struct.unpack_from("<H", command, position + 8)[0]
            position += 8 + length
        raise PeerGone("a response without a status")

    def close(self):
        """Releases the association; a peer that is gone is no failure."""
        try:
            self.socket.sendall(struct.pack(">BBI", 5, 0, 4) + bytes(4))
            self.receive()
        except (OSError, PeerGone):
            pass
        self.socket.close()
