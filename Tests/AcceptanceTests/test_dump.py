"""`cassette dump`: what people and programs see of a file."""

import base64
import json
import os
import pty
import re
import struct
import subprocess
import time
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import models
import part10
import pytest
import synthetic_images
from archive import BINARY

CT = synthetic_images.ct_instance(1, 1, size=64)
JPEG = dict(synthetic_images.jpeg_multiframes())["fragments.dcm"]
LINE = re.compile(r"^ *\([0-9A-F]{4},[0-9A-F]{4}\) [A-Z]{2} +(\d+|undefined)  \S")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dump with space")
    (folder / "ct.dcm").write_bytes(CT)
    (folder / "jpeg.dcm").write_bytes(JPEG)
    return folder


def run(*arguments, check=0, stdin=None, environment=None):
    result = subprocess.run(
        [BINARY, "dump", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        timeout=60,
        env={**os.environ, **(environment or {})},
    )
    assert result.returncode == check, result.stderr.decode()
    return result.stdout if check == 0 else result.stderr.decode()


def element(group, number, vr, value):
    long = vr in (b"OB", b"OW", b"UN", b"UT", b"SQ")
    length = b"\0\0" + struct.pack("<I", len(value)) if long else struct.pack("<H", len(value))
    return struct.pack("<HH", group, number) + vr + length + value


def test_a_line_for_each_element_with_tag_length_keyword_and_value(files):
    lines = run(files / "ct.dcm").decode().splitlines()

    assert lines[0].endswith("(1.2.840.10008.1.2.1)") and "Explicit VR Little Endian" in lines[0]
    assert all(LINE.match(line) for line in lines[1:] if "item" not in line)
    assert lines[1].startswith("(0002,0000) UL")
    assert any(re.search(r"\(0010,0010\) PN +\d+  PatientName +Synthetic\^Patient 0001$", line) for line in lines)
    assert any("(0008,0016) UI" in line and line.endswith("CT Image Storage") for line in lines)
    assert "\x1b" not in "".join(lines)


def test_fragments_are_counted(files):
    (line,) = [line for line in run(files / "jpeg.dcm").decode().splitlines() if line.startswith("(7FE0,0010)")]

    assert "undefined  PixelData" in line
    assert re.search(r"\d+ fragments, \d+ bytes; offset table (empty|of \d+ entries)$", line)


def test_sequences_are_indented_private_elements_have_their_creator_and_long_values_are_cut():
    inner = element(0x8, 0x100, b"SH", b"CODE")
    item = struct.pack("<HHI", 0xFFFE, 0xE000, len(inner)) + inner
    data_set = (
        element(0x8, 0x5, b"CS", b"ISO_IR 192")
        + element(0x8, 0x1140, b"SQ", item)
        + element(0x9, 0x10, b"LO", b"ACME")
        + element(0x9, 0x1001, b"LO", b"\x1b[31mred\n")
        + element(0x10, 0x4000, b"LT", b"x" * 200)
    )

    text = run("-", stdin=data_set).decode()

    assert "# there is no File Meta Information" in text and "was guessed" in text
    assert re.search(r"ReferencedImageSequence\n  item 1\n    \(0008,0100\) SH +4  CodeValue +CODE\n", text)
    assert re.search(r"\(0009,1001\) LO +9  \[ACME\] +\ufffd\[31mred", text)
    assert "x" * 80 + "…\n" in text
    assert "x" * 200 + "\n" in run("-", "--full", stdin=data_set).decode()


def test_colours_are_for_terminals_only_and_can_be_switched_off(files):
    def on_terminal(environment):
        outer, inner = pty.openpty()
        process = subprocess.Popen(
            [BINARY, "dump", str(files / "jpeg.dcm")], stdout=inner, env={**os.environ, "TERM": "xterm", **environment}
        )
        os.close(inner)
        text = b""
        while True:
            try:
                piece = os.read(outer, 65536)
            except OSError:
                break
            if not piece:
                break
            text += piece
        os.close(outer)
        assert process.wait(60) == 0
        return text

    plain = {name: value for name, value in os.environ.items() if name == "NO_COLOR"}
    assert not plain and b"\x1b[" in on_terminal({})
    assert b"\x1b[" not in on_terminal({"NO_COLOR": "1"})
    assert b"\x1b[" not in on_terminal({"TERM": "dumb"})


@pytest.mark.parametrize("name", ["ct.dcm", "jpeg.dcm"])
def test_bulk_above_a_threshold_is_a_place_in_the_file(files, name):
    file = (files / name).read_bytes()
    inline = models.load_json(run("--json", files / name))

    found = models.load_json(run("--json", "--bulk-threshold", 1000, files / name))

    assert {key for key in found if found[key] != inline[key]} == {"7FE00010"}
    address = urlsplit(found["7FE00010"][2])
    assert (address.scheme, unquote(address.path)) == ("file", str(files / name))
    place = {key: int(values[0]) for key, values in parse_qs(address.query).items()}
    assert file[place["offset"] :][: place["length"]] == base64.b64decode(inline["7FE00010"][2])
    assert models.from_xml(run("--xml", "--bulk-threshold", 1000, files / name)).keys() == found.keys()
    assert models.load_json(run("--json", "--bulk-threshold", 1 << 30, files / "ct.dcm"))["7FE00010"][1] == "binary"


def test_file_meta_information_is_told_when_asked_for(files):
    without, with_meta = (models.load_json(run("--json", *more, files / "ct.dcm")) for more in ([], ["--meta"]))

    assert not any(key.startswith("0002") for key in without)
    assert with_meta["00020010"] == ("UI", "values", ["1.2.840.10008.1.2.1"])
    assert {key: value for key, value in with_meta.items() if not key.startswith("0002")} == without


def test_several_files_are_a_json_object_each(files):
    lines = run("--json", files / "ct.dcm", files / "jpeg.dcm").decode().splitlines()

    assert [json.loads(line)["00080018"]["Value"][0] for line in lines] == [
        part10.split(file).sop_instance_uid for file in (CT, JPEG)
    ]


@pytest.mark.parametrize("name", ["ct.dcm", "jpeg.dcm"])
def test_a_model_is_read_as_well_and_gives_the_same_again(files, name):
    as_json, as_xml = (run(form, files / name) for form in ("--json", "--xml"))

    assert run("--json", "-", stdin=as_xml) == as_json
    assert run("--xml", "-", stdin=as_json) == as_xml
    assert run("--xml", "-", stdin=as_xml) == as_xml
    assert "CT Image Storage" in run("-", stdin=models.dump(files / "ct.dcm", "--xml")).decode()


def test_failures_tell_what_to_do(files, tmp_path):
    (tmp_path / "cut.dcm").write_bytes(CT[:-100])
    (tmp_path / "text").write_text("no DICOM file")
    os.mkfifo(tmp_path / "pipe")

    assert "There is no file" in run(tmp_path / "nothing", check=1)
    assert "name the files in it" in run(tmp_path, check=1)
    assert "write -" in run(tmp_path / "pipe", check=1)
    assert "end inside a value" in run(tmp_path / "cut.dcm", check=1)
    assert "no DICOM object" in run(tmp_path / "text", check=1)
    assert "Name a file" in run(check=2)
    assert "not both" in run("--json", "--xml", "x", check=2)
    assert "one document" in run("--xml", "x", "y", check=2)
    assert "go with --json or --xml" in run("--meta", "x", check=2)
    assert "have no address" in run("--json", "--bulk-threshold", 1, "-", check=2)


def test_one_bad_file_does_not_hide_the_others(files, tmp_path):
    (tmp_path / "text").write_text("no DICOM file")

    result = subprocess.run([BINARY, "dump", tmp_path / "text", files / "ct.dcm"], capture_output=True, timeout=60)

    assert result.returncode == 1
    assert b"PatientName" in result.stdout and b"text: " in result.stderr


@pytest.mark.parametrize("form", ["--json", "--xml", "--full"])
def test_memory_does_not_grow_with_the_file(tmp_path, form):
    length = 512 << 20
    with open(tmp_path / "big.dcm", "wb") as file:
        file.write(CT[: -(64 * 64 * 2) - 12])
        file.write(struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OW", 0, length))
        file.truncate(file.tell() + length)

    assert peak_memory("dump", form, tmp_path / "big.dcm") < 64 << 10


def peak_memory(*arguments):
    """The most memory in KiB that a command has had, as far as looking fifty times a second tells."""
    process = subprocess.Popen([BINARY, *map(str, arguments)], stdout=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        status = Path(f"/proc/{process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+)", status)
        # Before the program is loaded, the memory is that of the tests.
        if found and "cassette" in status:
            peak = max(peak, int(found[1]))
        time.sleep(0.02)
    assert process.returncode == 0 and peak > 0
    return peak


# LIMITS.md 85 and 86: no door takes these models, the command does.

HOSTILE_XML = {
    "document type": ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><NativeDicomModel/>', "documentTypeDeclaration"),
    "laughs": (
        '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "ha">' + '<!ENTITY c "&b;&b;&b;&b;">' * 20 + "]><a>&c;</a>",
        "documentTypeDeclaration",
    ),
    "XInclude": (
        '<NativeDicomModel xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file:///etc/passwd"/>'
        "</NativeDicomModel>",
        "badXML",
    ),
    "UTF-7": ('<?xml version="1.0" encoding="UTF-7"?>+ADw-a+AD4-', "encodingNotUTF8"),
    "UTF-16": ("<NativeDicomModel/>".encode("utf-16"), "encodingNotUTF8"),
    "depth": ("<NativeDicomModel>" + '<DicomAttribute tag="0040A730" vr="SQ"><Item number="1">' * 100_000, "nestedTooDeep"),
    "entity": ("<NativeDicomModel>&xxe;</NativeDicomModel>", "badXML"),
}


@pytest.mark.parametrize("text,code", HOSTILE_XML.values(), ids=HOSTILE_XML.keys())
def test_line_85_xml_that_wants_more_than_the_model_is_refused(text, code):
    error = run("-", stdin=text if isinstance(text, bytes) else text.encode(), check=1)

    assert code in error
    assert "root:" not in error


HOSTILE_JSON = {
    "depth": ("[" + '{"0040A730":{"vr":"SQ","Value":[' * 100_000, "nestedTooDeep"),
    "brackets": ("[" * 100_000, "badJSON"),
    "long number": ('{"00200013": {"vr": "IS", "Value": [' + "9" * 1_000_000 + "]}}", "badJSON"),
    "double keys": ('[{"00100020": {"vr": "LO"}, "00100020": {"vr": "LO"}}]', "badJSON"),
    "bad base 64": ('[{"00420011": {"vr": "OB", "InlineBinary": "====%%"}}]', "badJSON"),
    "long string": ('{"00104000": {"vr": "LT", "Value": ["' + "x" * (65 << 20) + '"]}}', "tooMuchText"),
}


@pytest.mark.parametrize("text,code", HOSTILE_JSON.values(), ids=HOSTILE_JSON.keys())
def test_line_86_json_that_is_not_in_the_model_is_refused(text, code):
    assert code in run("-", stdin=text.encode(), check=1)
