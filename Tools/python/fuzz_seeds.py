"""Writes the first inputs of the fuzz targets: small, valid, without patient data, made from the standard alone.

    fuzz_seeds.py FOLDER    one folder per target below FOLDER

The byte or bytes in front choose what a target does with the rest; see the type comments in Tests/Fuzz.
"""

import json
import struct
import sys
import zlib
from pathlib import Path

LONG = {b"OB", b"OW", b"SQ", b"UN", b"UT", b"UC", b"OD", b"OF", b"OL", b"OV", b"SV", b"UV", b"UR"}
IMPLICIT, EXPLICIT, BIG = "implicit", "explicit", "big"


def even(value, padding=b" "):
    return value + padding if len(value) % 2 else value


def element(group, number, vr, value, syntax=EXPLICIT, undefined=False):
    order = ">" if syntax == BIG else "<"
    length = 0xFFFFFFFF if undefined else len(value)
    head = struct.pack(order + "HH", group, number)
    if syntax == IMPLICIT:
        return head + struct.pack("<I", length) + value
    if vr in LONG:
        return head + vr + b"\0\0" + struct.pack(order + "I", length) + value
    return head + vr + struct.pack(order + "H", length) + value


def item(body, syntax=EXPLICIT, undefined=False):
    order = ">" if syntax == BIG else "<"
    if undefined:
        return struct.pack(order + "HHI", 0xFFFE, 0xE000, 0xFFFFFFFF) + body + struct.pack(order + "HHI", 0xFFFE, 0xE00D, 0)
    return struct.pack(order + "HHI", 0xFFFE, 0xE000, len(body)) + body


def end_of_sequence(syntax=EXPLICIT):
    return struct.pack((">" if syntax == BIG else "<") + "HHI", 0xFFFE, 0xE0DD, 0)


def word(value, syntax):
    return struct.pack((">" if syntax == BIG else "<") + "H", value)


def identity(syntax=EXPLICIT):
    return (
        element(8, 5, b"CS", b"ISO_IR 192", syntax)
        + element(8, 0x16, b"UI", even(b"1.2.840.10008.5.1.4.1.1.7", b"\0"), syntax)
        + element(8, 0x18, b"UI", even(b"1.2.3.4", b"\0"), syntax)
    )


def place(syntax=EXPLICIT):
    return element(0x20, 0xD, b"UI", even(b"1.2.3", b"\0"), syntax) + element(0x20, 0xE, b"UI", even(b"1.2.5", b"\0"), syntax)


def image(syntax=EXPLICIT, frames=2, bits=8, pixels=None):
    body = identity(syntax)
    code = element(8, 0x100, b"SH", b"T-1 ", syntax) + element(8, 0x104, b"LO", b"Chest ", syntax)
    body += element(8, 0x2218, b"SQ", item(code, syntax) + item(b"", syntax), syntax)
    body += element(9, 0x10, b"LO", b"CASSETTE", syntax) + element(9, 0x1001, b"UN", b"\1\2\3\4", syntax)
    body += element(0x10, 0x10, b"PN", "Müller^A=山田=".encode(), syntax)
    body += element(0x18, 0x50, b"DS", b"1.5 ", syntax)
    body += place(syntax) + element(0x20, 0x13, b"IS", b"1 ", syntax)
    body += element(0x28, 2, b"US", word(1, syntax), syntax)
    body += element(0x28, 8, b"IS", even(str(frames).encode()), syntax)
    body += element(0x28, 0x10, b"US", word(4, syntax), syntax) + element(0x28, 0x11, b"US", word(3, syntax), syntax)
    body += element(0x28, 0x100, b"US", word(bits, syntax), syntax) + element(0x28, 0x103, b"US", word(1, syntax), syntax)
    body += element(0x28, 0x106, b"SS", b"\xff\xff", syntax)
    if pixels is None:
        size = (4 * 3 * bits * frames + 7) // 8
        pixels = element(0x7FE0, 0x10, b"OW", even(bytes(range(size % 256)), b"\0"), syntax)
    return body + pixels


def encapsulated(table):
    fragments = [b"\xff\xd8\1\2\xff\xd9", b"\xff\xd8\3\4\5\6\xff\xd9"]
    offsets = struct.pack("<II", 0, 8 + len(fragments[0])) if table else b""
    body = item(offsets) + b"".join(item(fragment) for fragment in fragments) + end_of_sequence()
    return image(pixels=element(0x7FE0, 0x10, b"OB", body, undefined=True))


def undefined_lengths(syntax):
    inner = element(8, 0x1150, b"UI", b"1.2.3.4\0", syntax)
    deeper = element(8, 0x1140, b"SQ", item(inner, syntax, True) + end_of_sequence(syntax), syntax, True)
    return identity(syntax) + element(8, 0x1115, b"SQ", item(deeper, syntax, True) + end_of_sequence(syntax), syntax, True) + place(syntax)


def deflated(body):
    compressor = zlib.compressobj(6, zlib.DEFLATED, -15)
    return compressor.compress(body) + compressor.flush()


def header_archive_body():
    def value(tag, vr, data):
        return struct.pack("<I", tag) + vr + b"\0" + struct.pack("<I", len(data)) + data

    inner = value(0x00080100, b"SH", b"A")
    sequence = struct.pack("<I", 0x00082218) + b"SQ\1" + struct.pack("<I", 2) + struct.pack("<I", 1) + inner + struct.pack("<I", 0)
    bulk = struct.pack("<I", 0x7FE00010) + b"OB\3" + struct.pack("<QQ", 100, 50)
    return struct.pack("<I", 3) + value(0x00080018, b"UI", b"1.2.3") + sequence + bulk


def frame_indexes():
    native = b"\1\1" + struct.pack("<QQQ", 3, 12, 400)
    one_to_one = b"\1\2\4\1" + struct.pack("<IIQ", 2, 2, 300) + struct.pack("<III", 8, 24, 40)
    grouped = b"\1\2\x08\0" + struct.pack("<IIQ", 2, 3, 300) + struct.pack("<QQQQ", 8, 24, 40, 60) + struct.pack("<III", 0, 2, 3)
    return {"native": native, "one-to-one": one_to_one, "grouped": grouped}


def data_sets():
    for name, choice, syntax in (("implicit", 0, IMPLICIT), ("explicit", 1, EXPLICIT), ("big", 2, BIG)):
        yield name, bytes([choice, 7]) + image(syntax)
        yield name + "-undefined", bytes([choice, 9]) + undefined_lengths(syntax)
        yield name + "-bits", bytes([choice, 5]) + image(syntax, frames=3, bits=1)
    yield "implicit-announced", bytes([0, 6]) + image(EXPLICIT)
    yield "explicit-announced", bytes([1, 6]) + image(IMPLICIT)
    unknown = element(9, 0x1002, b"UN", item(element(8, 0x100, b"SH", b"A ", IMPLICIT), undefined=True) + end_of_sequence(), undefined=True)
    yield "unknown-sequence", b"\1\5" + identity() + unknown + place()
    yield "padding", b"\1\3" + identity() + place() + bytes(30)
    yield "group-length", b"\0\3" + element(8, 0, b"UL", struct.pack("<I", 50), IMPLICIT) + identity(IMPLICIT) + place(IMPLICIT)
    yield "deflated", b"\3\5" + deflated(image())
    yield "stored", b"\4\5" + image()
    yield "encapsulated", b"\5\5" + encapsulated(True)
    yield "encapsulated-without-table", b"\5\6" + encapsulated(False)
    yield "header-archive", b"\6\0" + header_archive_body()
    for name, index in frame_indexes().items():
        yield "frames-" + name, b"\7\0" + index


def part10_files():
    def meta(syntax_uid):
        body = element(2, 1, b"OB", b"\0\1") + element(2, 2, b"UI", even(b"1.2.840.10008.5.1.4.1.1.7", b"\0"))
        body += element(2, 3, b"UI", even(b"1.2.3.4", b"\0")) + element(2, 0x10, b"UI", even(syntax_uid, b"\0"))
        body += element(2, 0x12, b"UI", even(b"1.2.3.4.5", b"\0")) + element(2, 0x16, b"AE", b"STORESCU")
        return element(2, 0, b"UL", struct.pack("<I", len(body))) + body

    explicit, implicit = b"1.2.840.10008.1.2.1", b"1.2.840.10008.1.2"
    yield "explicit", b"\5" + bytes(128) + b"DICM" + meta(explicit) + image()
    yield "implicit", b"\6" + bytes(128) + b"DICM" + meta(implicit) + image(IMPLICIT)
    yield "big", b"\7" + bytes(128) + b"DICM" + meta(b"1.2.840.10008.1.2.2") + image(BIG)
    yield "deflated", b"\7" + bytes(128) + b"DICM" + meta(b"1.2.840.10008.1.2.1.99") + deflated(image())
    yield "jpeg", b"\5" + bytes(128) + b"DICM" + meta(b"1.2.840.10008.1.2.4.50") + encapsulated(True)
    yield "no-preamble", b"\5DICM" + meta(explicit) + image()
    yield "no-prefix", b"\5" + meta(explicit) + image()
    yield "no-header-explicit", b"\5" + image()
    yield "no-header-implicit", b"\5" + image(IMPLICIT)
    yield "no-header-big", b"\5" + image(BIG)
    yield "small", b"\4" + bytes(128) + b"DICM" + element(2, 0x10, b"UI", even(explicit, b"\0"))


def pdu(kind, body):
    return struct.pack(">BBI", kind, 0, len(body)) + body


def pdu_item(kind, body):
    return struct.pack(">BBH", kind, 0, len(body)) + body


def field(body):
    return struct.pack(">H", len(body)) + body


def user_information(extended):
    body = pdu_item(0x51, struct.pack(">I", 16384)) + pdu_item(0x52, b"1.2.3.4.5") + pdu_item(0x55, b"CASSETTE")
    if extended:
        body += pdu_item(0x53, struct.pack(">HH", 1, 1))
        body += pdu_item(0x54, field(b"1.2.840.10008.5.1.4.1.1.7") + b"\1\1")
        body += pdu_item(0x56, field(b"1.2.840.10008.5.1.4.1.2.2.1") + b"\1\1\1")
        body += pdu_item(0x57, field(b"1.2.3") + field(b"1.2.840.10008.4.2") + field(field(b"1.2.4")))
        body += pdu_item(0x58, b"\2\1" + field(b"user") + field(b"secret"))
    return pdu_item(0x50, body)


def fixed_part():
    return struct.pack(">HH", 1, 0) + b"CASSETTE".ljust(16) + b"STORESCU".ljust(16) + bytes(32)


def associate_request(extended=False):
    context = b"\1\0\0\0" + pdu_item(0x30, b"1.2.840.10008.1.1") + pdu_item(0x40, b"1.2.840.10008.1.2")
    second = b"\3\0\0\0" + pdu_item(0x30, b"1.2.840.10008.5.1.4.1.1.7") + pdu_item(0x40, b"1.2.840.10008.1.2.1") + pdu_item(0x40, b"1.2.840.10008.1.2")
    contexts = pdu_item(0x20, context) + pdu_item(0x20, second)
    return pdu(1, fixed_part() + pdu_item(0x10, b"1.2.840.10008.3.1.1.1") + contexts + user_information(extended))


def associate_accept():
    answers = pdu_item(0x21, b"\1\0\0\0" + pdu_item(0x40, b"1.2.840.10008.1.2")) + pdu_item(0x21, b"\3\0\3\0")
    return pdu(2, fixed_part() + pdu_item(0x10, b"1.2.840.10008.3.1.1.1") + answers + pdu_item(0x50, pdu_item(0x51, struct.pack(">I", 0)) + pdu_item(0x59, field(b"ticket"))))


def value(context, control, body):
    return struct.pack(">IBB", len(body) + 2, context, control) + body


def pdus():
    command = command_sets()["echo"]
    release, response, abort = pdu(5, bytes(4)), pdu(6, bytes(4)), pdu(7, b"\0\0\2\2")
    data = pdu(4, value(1, 3, command))
    split = pdu(4, value(3, 1, command[:20]) + value(3, 3, command[20:])) + pdu(4, value(3, 0, image()[:200])) + pdu(4, value(3, 2, b""))
    yield "request", b"\5" + associate_request()
    yield "extended", b"\4" + associate_request(True)
    yield "association", b"\6" + associate_request() + data + release
    yield "store", b"\7" + associate_request() + split + data + release
    yield "accept", b"\x85" + associate_accept() + data + response
    yield "collision", b"\x86" + associate_accept() + release + response
    yield "reject", b"\x85" + pdu(3, b"\0\1\1\7")
    yield "abort", b"\5" + associate_request() + abort


def command_element(number, body):
    return struct.pack("<HHI", 0, number, len(body)) + body


def command_sets():
    def command(*elements):
        body = b"".join(command_element(*each) for each in elements)
        return command_element(0, struct.pack("<I", len(body))) + body

    def number(value):
        return struct.pack("<H", value)

    uid = even(b"1.2.840.10008.5.1.4.1.1.7", b"\0")
    return {
        "echo": command((2, b"1.2.840.10008.1.1\0"), (0x100, number(0x30)), (0x110, number(1)), (0x800, number(0x101))),
        "store": command(
            (2, uid), (0x100, number(1)), (0x110, number(2)), (0x700, number(0)), (0x800, number(1)),
            (0x1000, b"1.2.3.4\0"), (0x1030, b"MOVER "), (0x1031, number(7)),
        ),
        "move": command((2, uid), (0x100, number(0x21)), (0x110, number(3)), (0x600, b"TARGET"), (0x700, number(2)), (0x800, number(1))),
        "response": command((2, uid), (0x100, number(0x8001)), (0x120, number(2)), (0x800, number(0x101)), (0x900, number(0)), (0x902, b"none")),
        "cancel": command((0x100, number(0xFFF)), (0x120, number(2)), (0x800, number(0x101))),
        "requested": command((3, uid), (0x901, b"\x08\0\x18\0"), (0x100, number(0x110))),
    }


def edits():
    nested = element(0x40, 0x275, b"SQ", item(element(0x40, 9, b"SH", b"1 ")) + item(b""))
    open_ended = element(0x40, 0x275, b"SQ", item(element(0x10, 0x20, b"LO", b"17"), undefined=True), undefined=True) + end_of_sequence()
    private = element(0x29, 0x10, b"LO", even(b"SIEMENS CSA HEADER")) + element(0x29, 0x1008, b"CS", b"IM")
    latin1 = element(8, 5, b"CS", b"ISO_IR 100") + element(0x10, 0x10, b"PN", b"M\xfcller^A ")
    sets = {
        "flat": (b"set PatientID=1\nremove StudyInstanceUID\nempty SOPInstanceUID", identity() + place()),
        "nested": (b"set RequestAttributesSequence[*].ScheduledProcedureStepID=22\nset RequestAttributesSequence[2].PatientID=5", nested),
        "item": (b"remove RequestAttributesSequence[0]\nempty RequestAttributesSequence[1]", nested + place()),
        "open": (b"set RequestAttributesSequence[0].PatientID=longer\nset RequestAttributesSequence[1].PatientName=A", open_ended),
        "private": (b'set (0029,"SIEMENS CSA HEADER",08)=X\nset (0029,"B",10):LO=1\\2', private),
        "latin1": (b"set PatientName=M\xc3\xbcller\nset Rows=5", latin1),
        "new": (b"set ReferencedSeriesSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID=1.2", b""),
        "group": (b"set PatientID=1", element(0x10, 0, b"UL", struct.pack("<I", 10)) + element(0x10, 0x20, b"LO", b"17")),
        "pixels": (b"remove PixelData", image()),
    }
    for name, (text, body) in sets.items():
        yield name, b"\0\1" + text + b"\0" + body
    yield "big", b"\1\1set Rows=5\0" + identity(BIG)
    yield "utf8", b"\2\1\0" + latin1
    yield "jpeg", b"\3\1set PatientID=1\0" + identity()


def json_texts():
    model = {
        "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]},
        "00080018": {"vr": "UI", "Value": ["1.2.3"]},
        "00081140": {"vr": "SQ", "Value": [{"00081155": {"vr": "UI", "Value": ["1.2"]}}, {}]},
        "00091002": {"vr": "UN", "InlineBinary": "AQIDBA=="},
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "M\u00fcller^A", "Ideographic": "\u5c71\u7530", "Phonetic": "y"}, None]},
        "00180050": {"vr": "DS", "Value": [1.5, 2]},
        "00200013": {"vr": "IS", "Value": [1]},
        "00200032": {"vr": "DS", "Value": ["1.0", -1e3]},
        "00209165": {"vr": "AT", "Value": ["00100010"]},
        "00280010": {"vr": "US", "Value": [512]},
        "00280106": {"vr": "SS", "Value": [-1]},
        "00281052": {"vr": "FD", "Value": [0.1, "NaN", "Infinity"]},
        "00189073": {"vr": "FL", "Value": [0.1]},
        "7FE00001": {"vr": "OV"},
        "00080001": {"vr": "UV", "Value": [18446744073709551615]},
        "00080002": {"vr": "SV", "Value": [-9223372036854775808]},
        "00324000": {"vr": "LT", "Value": ["a \"b\"\n\\ \ud83d\ude00"]},
        "7FE00010": {"vr": "OW", "BulkDataURI": "bulk/1"},
    }
    yield "object", json.dumps(model).encode()
    yield "array", json.dumps([{}, {"00100020": {"vr": "LO", "Value": ["a", None, "b"]}}], indent=1).encode()
    yield "unicode", json.dumps({"00100020": {"vr": "LO", "Value": ["ä"]}}, ensure_ascii=False).encode()
    for key, body in model.items():
        yield key, json.dumps({key: body}).encode()
    deep = {"00100020": {"vr": "LO", "Value": ["x"]}}
    for _ in range(6):
        deep = {"00081140": {"vr": "SQ", "Value": [deep]}}
    yield "deep", json.dumps(deep).encode()


def xml_texts():
    def attribute(tag, vr, body, more=""):
        return f'<DicomAttribute tag="{tag}" vr="{vr}"{more}>{body}</DicomAttribute>'

    def document(*attributes):
        return ("<NativeDicomModel>" + "".join(attributes) + "</NativeDicomModel>").encode()

    def value(*texts):
        return "".join(f'<Value number="{number + 1}">{text}</Value>' for number, text in enumerate(texts))

    name = (
        '<PersonName number="1"><Alphabetic><FamilyName>M\u00fcller</FamilyName><NamePrefix>A</NamePrefix></Alphabetic>'
        "<Ideographic><FamilyName>\u5c71\u7530</FamilyName><NameSuffix>x^y</NameSuffix></Ideographic></PersonName>"
    )
    attributes = {
        "charset": attribute("00080005", "CS", value("ISO_IR 192")),
        "sequence": attribute("00081140", "SQ", f'<Item number="1">{attribute("00081155", "UI", value("1.2"))}</Item><Item number="2"/>'),
        "creator": attribute("00090010", "LO", value("ACME")),
        "private": attribute("00090002", "SH", value("x"), ' privateCreator="ACME"'),
        "other": attribute("00090003", "UN", "<InlineBinary>AQID BA==</InlineBinary>", ' privateCreator="O&amp;O"'),
        "name": attribute("00100010", "PN", name, ' keyword="PatientName"'),
        "decimal": attribute("00180050", "DS", value("1.5", "", "2")),
        "tag": attribute("00209165", "AT", value("00100010")),
        "short": attribute("00280010", "US", value("512")),
        "double": attribute("00281052", "FD", value("0.1", "NaN", "-INF")),
        "long": attribute("00080002", "SV", value("-9223372036854775808")),
        "text": attribute("00324000", "LT", '<Value number="1">a&#13;&#x1F600;<![CDATA[<&]]>\n&quot;</Value>'),
        "gap": attribute("00080008", "CS", '<Value number="3">B</Value>'),
        "bulk": attribute("7FE00010", "OW", '<BulkData uri="bulk/1"/>'),
    }
    yield "all", b'<?xml version="1.0" encoding="UTF-8"?>\n' + document(*attributes.values())
    for name, text in attributes.items():
        yield name, document(text)
    yield "prefix", b'\xef\xbb\xbf<!-- c --><n:NativeDicomModel xmlns:n="x"\n><?p q?></n:NativeDicomModel>'
    yield "doctype", b'<!DOCTYPE a [<!ENTITY b "c">]><NativeDicomModel/>'
    deep = attribute("00100020", "LO", value("x"))
    for _ in range(6):
        deep = attribute("00081140", "SQ", f'<Item number="1">{deep}</Item>')
    yield "deep", document(deep)


def texts():
    yield "latin1", b"\1\0M\xfcller^J\xf6rg"
    yield "utf8", b"\x0d\0" + "M\u00fcller^A=\u5c71\u7530^\u592a\u90ce=\u3084\u307e\u3060".encode()
    yield "greek", b"\7\1\xc4\xe9"
    yield "japanese", b"\x0f\0Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B"
    yield "katakana", b"\x10\0\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J"
    yield "korean", b"\x11\0Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7"
    yield "chinese", b"\x0e\0Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab"
    yield "switching", b"\x14\1\x1b-L\xbf\xc0\x1b-F\xc4\\\xe4"
    yield "date", b"\0\x0320200101-20201231"
    yield "date-list", b"\0\x0320200101\\20201231"
    yield "time", b"\0\x051015-101559.5"
    yield "wildcards", b"\0\7A*B?\\C**D"
    yield "uids", b"\0\x091.2.3\\1.2.4"
    yield "modalities", b"\0\x0bCT\\MR"
    yield "number", b"\0\x0d12 "


def values():
    # The first byte is the place of the VR in the list of all, the second the character set.
    for name, vr, character_set, body in [
        ("date", 4, 0, b"20260228\\2026.02.28\\20260230-"),
        ("time", 25, 0, b"10:15:30.123456\\2359-\\-1015"),
        ("datetime", 6, 0, b"20260228101530.5-0500\\1990-2005\\2026+0530-"),
        ("age", 1, 0, b"018M\\3d"),
        ("integer", 9, 0, b"2147483648 \\-1\\99999999999999999999"),
        ("decimal", 5, 0, b"1e9999\\-1.5E-3\\NaN "),
        ("uid", 27, 0, b"1.2.840.10008.1.2\0"),
        ("name", 18, 3, b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=x=y "),
        ("terms", 3, 6, b"\\ISO 2022 IR 87\\iso_ir-100\\UTF8"),
        ("tags", 2, 0, bytes(range(12))),
        ("assumed", 10, 5, b"\xcd\xf5\xd0\xa1"),
        ("very-long", 33, 0, b"\xff" * 9),
    ]:
        yield name, bytes([vr, character_set]) + body


def multipart_bodies():
    def part(head, body):
        return b"--b\r\n" + head + b"\r\n" + body + b"\r\n"

    binary = part(b"Content-Type: application/dicom\r\n", b"\0\1\r\n-\r\n--c\r")
    text = part(b"Content-Type: application/dicom+json\r\nContent-Location: x\r\n", b"[{}]")
    yield "two", b"\5b\n" + binary + text + b"--b--\r\n"
    yield "preamble", b"\4b\npreamble\r\n" + text + b"--b--epilogue"
    yield "empty", b"\6b\n" + part(b"", b"") + b"--b--"
    yield "padding", b"\6b\n--b \t\r\n\r\n--b\r\n--b--"
    yield "long", b"\7a=_ b'()+,-./:?\n--a=_ b'()+,-./:?\r\nA: b\r\n\r\nbody\r\n--a=_ b'()+,-./:?--"
    yield "near", b"\4bb\n--bb\r\n\r\n\r\n--b\r\n--\r\r\n--bb--"


def requests():
    studies = b"/dicomweb/studies"
    instance = studies + b"/1.2.3/series/1.2.5/instances/1.2.4"
    paths = {
        "search": studies + b"?PatientName=A*&StudyDate=20200101-&limit=5&offset=1&includefield=all",
        "series": studies + b"/1.2.3/series?Modality=CT,MR&00080060=MR&fuzzymatching=true",
        "instances": b"/dicomweb/instances?StudyInstanceUID=1.2.3,1.2.4&includefield=Rows,00280011",
        "within": studies + b"/1.2.3/series/1.2.5/instances?SOPClassUID=1.2&includefield=PatientName.x",
        "encoded": studies + b"?PatientName=M%C3%BCller%5EA+B&ModalitiesInStudy=CT%5CMR",
        "frames": instance + b"/frames/1,2,2,5",
        "bulk": instance + b"/bulkdata/00880200/1/7FE00010",
        "metadata": studies + b"/1.2.3/metadata",
        "study": studies + b"/1.2.3/",
        "dots": b"/dicomweb/%2e%2e/studies",
    }
    for name, path in paths.items():
        yield name, b"\0" + path
    yield "store", b"\1" + studies + b"/1.2.3"


def consents():
    """Lists of consents as spreadsheets write them, and as they should not."""
    lists = {
        "plain": "PatientID,Consent\nA1,given\nA2,withdrawn\n",
        "issuer": "Consent,Issuer,PatientID\r\ngiven,\"Hospital, North\",A1\r\n",
        "quotes": 'PatientID,Consent\n"A ""1""\nB",GIVEN\n" A2 ", withdrawn\n',
        "letters": "PatientID,Consent\n\u9ed2\u9dfa,given\n\u00e9,withdrawn",
        "columns": "PatientID,Consent,Name\nA1,given,Doe\n",
        "short": "PatientID,Consent\nA1\n",
        "open": 'PatientID,Consent\n"A1,given\n',
    }
    for name, text in lists.items():
        yield name, text.encode()


def main():
    folder = Path(sys.argv[1])
    targets = {
        "PDU": pdus(),
        "CommandSet": command_sets().items(),
        "DataSet": data_sets(),
        "Part10": part10_files(),
        "Edit": edits(),
        "JSON": json_texts(),
        "XML": xml_texts(),
        "Text": texts(),
        "Value": values(),
        "Multipart": multipart_bodies(),
        "Request": requests(),
        "Consent": consents(),
    }
    for target, inputs in targets.items():
        place_of_inputs = folder / target
        place_of_inputs.mkdir(parents=True, exist_ok=True)
        for name, body in inputs:
            (place_of_inputs / ("seed-" + name)).write_bytes(body)


if __name__ == "__main__":
    main()
