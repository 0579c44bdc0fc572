#!/usr/bin/env python3
"""An independent implementation of FLOE, written from the description in SealedStream.md.

floe.py make            writes floe.txt beside this file: streams with a fixed IV and counted nonces.
floe.py check FOLDER    opens every pair *_ct.txt / *_pt.txt (hex) of public vectors in FOLDER.

Needs the Python package `cryptography`.
"""
import pathlib
import struct
import sys

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand


def expand(key, info, length):
    return HKDFExpand(algorithm=hashes.SHA384(), length=length, info=info).derive(key)


class Stream:
    def __init__(self, key, aad, segment_length, iv, rotation_bits):
        self.params = struct.pack(">BBII", 0, 0, segment_length, 32)
        self.prefix, self.aad, self.rotation_bits = self.params + iv, aad, rotation_bits
        self.header = self.prefix + expand(key, self.prefix + b"HEADER_TAG:" + aad, 32)
        self.message_key = expand(key, self.prefix + b"MESSAGE_KEY:" + aad, 48)
        self.segment_length = segment_length

    def cipher(self, index):
        masked = index >> self.rotation_bits << self.rotation_bits
        info = self.prefix + b"DEK:" + struct.pack(">Q", masked) + self.aad
        return AESGCM(expand(self.message_key, info, 32))


def seal(key, aad, plain, segment_length, iv, nonce, rotation_bits=20):
    stream = Stream(key, aad, segment_length, iv, rotation_bits)
    size = segment_length - 32
    parts = [plain[i:i + size] for i in range(0, len(plain), size)] or [b""]
    out = stream.header
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        out += struct.pack(">I", len(part) + 32 if last else 0xFFFFFFFF) + nonce(index)
        out += stream.cipher(index).encrypt(nonce(index), part, struct.pack(">QB", index, last))
    return out


def open_stream(key, aad, sealed, rotation_bits=20):
    segment_length = struct.unpack(">I", sealed[2:6])[0]
    stream = Stream(key, aad, segment_length, sealed[10:42], rotation_bits)
    assert stream.header == sealed[:74], "header tag"
    position, index, plain = 74, 0, b""
    while True:
        marker = struct.unpack(">I", sealed[position:position + 4])[0]
        last = marker != 0xFFFFFFFF
        segment = sealed[position:position + (marker if last else segment_length)]
        plain += stream.cipher(index).decrypt(segment[4:16], segment[16:], struct.pack(">QB", index, last))
        position, index = position + len(segment), index + 1
        if last:
            assert position == len(sealed), "bytes behind the last segment"
            return plain


def make():
    key = bytes(range(32))
    iv = bytes(range(0x80, 0xA0))
    lines = ["# segment length, rotation bits, associated data, plaintext, sealed stream; key 00..1f, IV 80..9f,",
             "# nonce of segment i: twelve bytes of value i. Written by floe.py, not by the program under test."]
    cases = [(64, 20, n) for n in (0, 1, 31, 32, 33, 63, 64, 65, 96, 200)]
    cases += [(33, 20, 5), (40, 2, 8 * 9 + 3), (4096, 20, 5000)]
    for segment_length, rotation_bits, length in cases:
        plain = bytes((7 * i + length) % 256 for i in range(length))
        aad = b"associated %d" % length
        sealed = seal(key, aad, plain, segment_length, iv, lambda i: bytes([i % 256]) * 12, rotation_bits)
        assert open_stream(key, aad, sealed, rotation_bits) == plain
        lines.append(" ".join([str(segment_length), str(rotation_bits), aad.hex(), plain.hex() or "-", sealed.hex()]))
    pathlib.Path(__file__).with_name("floe.txt").write_text("\n".join(lines) + "\n")


def check(folder):
    for path in sorted(pathlib.Path(folder).glob("*_ct.txt")):
        bits = 2 if "rotation" in path.name else 20
        plain = bytes.fromhex(path.with_name(path.name.replace("_ct", "_pt")).read_text().strip())
        opened = open_stream(bytes(32), b"This is AAD", bytes.fromhex(path.read_text().strip()), bits)
        print(path.name, "ok" if opened == plain else "DIFFERENT")


if __name__ == "__main__":
    make() if sys.argv[1:2] == ["make"] else check(sys.argv[2])
