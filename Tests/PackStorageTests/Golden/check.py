#!/usr/bin/env python3
"""Opens the golden root key, keyring and pack with code written from Keyring.md and PackFormat.md alone.

Prints each record with the SHA-256 of its payload; any difference from the pages is an assertion.
Needs the Python package `cryptography`.
"""
import hashlib
import hmac
import pathlib
import struct
import sys

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "SealingTests" / "Vectors"))
import floe  # noqa: E402


def expand(key, info):
    return HKDFExpand(algorithm=hashes.SHA256(), length=32, info=info).derive(key)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return struct.pack(">I", crc ^ 0xFFFFFFFF)


def keyring():
    line = (HERE / "root.key").read_text()
    assert line.startswith("cassette-root-key-1:") and line.endswith("\n")
    root = bytes.fromhex(line[20:-1])
    data, keys, previous, kek = (HERE / "keyring").read_bytes(), {}, bytes(32), None
    for number in range(len(data) // 192):
        entry = data[192 * number:192 * number + 192]
        magic, version, kind, zero, name, generation, kek_version, _ = struct.unpack(">4sHBB16sIIQ", entry[:40])
        wrapped, tenant = entry[40:80], entry[80:96]
        assert (magic, version, zero) == (b"CKRG", 1, 0) and entry[112:156] == bytes(44)
        assert struct.unpack(">Q", entry[96:104])[0] == number and entry[156:188] == previous
        assert entry[188:] == crc32c(entry[:188])
        previous = hashlib.sha256(entry).digest()
        if kind == 1:
            kek = aes_key_unwrap(expand(root, b"cassette/root/1"), wrapped)
        else:
            info = b"wrap/1" + tenant + name + struct.pack(">IBI", kek_version, kind, generation)
            keys[kind, name, generation] = aes_key_unwrap(expand(kek, info), wrapped)
    return keys


def stream_end(data, start):
    segment_length, position = struct.unpack(">I", data[start + 2:start + 6])[0], start + 74
    while True:
        marker = struct.unpack(">I", data[position:position + 4])[0]
        position += segment_length if marker == 0xFFFFFFFF else marker
        if marker != 0xFFFFFFFF:
            return position


def main():
    keys, data = keyring(), (HERE / "pack").read_bytes()
    magic, version, _, pack, study, generation = struct.unpack(">8sHH16s16sI", data[:48])
    assert (magic, version) == (b"CASSPACK", 1) and data[48:60] == bytes(12) and data[60:64] == crc32c(data[:60])
    study_id_key = keys[3, hashlib.sha256(b"cassette/side/1" + b"study-id").digest()[:16], 1]
    assert study == hmac.new(study_id_key, b"\x01", hashlib.sha256).digest()[:16]
    key, start = keys[2, study, generation], 64
    print("pack", pack.hex())
    while start < len(data):
        header = data[start:start + 32]
        assert header[:4] == b"CREC" and header[5:8] == bytes(3) and header[28:] == crc32c(header[:28])
        kind, record = header[4], header[8:24]

        def opened(label, purpose, begin, end, rest):
            name = b"cassette/%s/1" % label
            aad = bytes([len(name)]) + name + record + study + struct.pack(">I", generation) + rest
            stream_key = expand(key, b"cassette/record/1" + bytes([len(purpose)]) + purpose + record)
            return floe.open_stream(stream_key, aad, data[begin:end])

        payload_end = stream_end(data, start + 32)
        manifest_end = stream_end(data, payload_end)
        trailer = data[manifest_end:manifest_end + 32]
        payload_length, manifest_length, zero, record_length = struct.unpack(">QIIQ", trailer[:24])
        assert trailer[24:28] == crc32c(trailer[:24]) and trailer[28:] == b"CEND" and zero == 0
        assert record_length == manifest_end + 32 - start
        manifest = opened(b"manifest", b"manifest", payload_end, manifest_end, struct.pack(">BQ", kind, payload_length))
        assert len(manifest) == manifest_length
        size = struct.unpack(">I", manifest[:4])[0]
        context, text = manifest[4:4 + size], manifest[4 + size:]
        payload = opened(b"payload", b"payload", start + 32, payload_end, struct.pack(">I", size) + context)
        assert payload == bytes(i * 7 % 251 for i in range(payload_length))
        print("kind", kind, "payload", payload_length, hashlib.sha256(payload).hexdigest()[:16], "manifest", text)
        start = manifest_end + 32


main()
