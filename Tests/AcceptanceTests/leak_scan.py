"""Looks for what the leak corpus planted in what a de-identification wrote, by means of its own.

    leak_scan.py CORPUS OUTPUT [--no-ocr] [--options a,b] [--json FILE]

Every planted string is looked for in the bytes (all encodings of DICOM and of the web, swapped words, inflated streams,
base64, with and without separators between digits), in each decoded value, in the file name, and in pictures.
"""

import argparse
import base64
import functools
import io
import json
import re
import sys
import unicodedata
import urllib.parse
import warnings
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import leak_pictures
import pydicom
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

# Codecs of all Specific Character Sets, and those in which text is passed on elsewhere.
CODECS = ["utf-8", "utf-16-le", "utf-16-be", "latin-1", "gb18030", "gbk", "gb2312", "euc_kr", "shift_jis", "euc_jp"]
CODECS += ["iso2022_jp", "iso2022_jp_2", "iso2022_jp_ext", "tis-620"]
CODECS += [f"iso8859_{part}" for part in (2, 3, 4, 5, 6, 7, 8, 9, 15)]
ESCAPES = re.compile(rb"\x1b(?:\$[()]?[@-_]|[()][@-_])")
SEPARATORS = re.compile(rb"(?<=\d)[ .\-/():]+(?=\d)")
DEFLATED = "1.2.840.10008.1.2.1.99"
SHORTEST = 4
CONTENT_SEQUENCE = 0x0040A730

# What an option lets stay, by the kind of the string.
STAYS = {
    "retain-long-full-dates": {"date", "time"},
    "retain-long-modified-dates": {"time"},
    "retain-device": {"device"},
    "retain-institution": {"institution"},
    "retain-uids": {"uid", "device", "date"},
}
# With these, made-up words that point to nobody may stay in cleaned texts and kept characteristics.
KEEPS_WORDS = {
    "clean-descriptors",
    "clean-structured-content",
    "clean-graphics",
    "retain-device",
    "retain-institution",
    "retain-patient-characteristics",
    "retain-safe-private",
}


@dataclass
class Finding:
    """What was found in one output object."""

    name: str
    leaks: list = field(default_factory=list)
    lost: list = field(default_factory=list)
    changed_pixels: float = 0.0
    blackened_pixels: float = 0.0
    problems: list = field(default_factory=list)


@functools.lru_cache(maxsize=4096)
def patterns(text):
    """The bytes that a text can be, in small letters as far as they are ASCII."""
    found = set()
    for spelling in {text, text.upper(), text.lower(), text.title(), unicodedata.normalize("NFD", text)}:
        for codec in CODECS:
            try:
                data = spelling.encode(codec)
            except UnicodeError:
                continue
            found.update((data, ESCAPES.sub(b"", data)))
        found.add(urllib.parse.quote(spelling).encode())
    return {data.lower() for data in found if len(data) >= SHORTEST}


@functools.lru_cache(maxsize=4096)
def base64_patterns(text):
    """The text's UTF-8 as it stands inside base64, at each of the three places in a group."""
    data = text.encode()
    if len(data) < 9:
        return set()
    found = set()
    for shift in range(3):
        coded = base64.b64encode(bytes(shift) + data)
        # The characters that depend on the neighbours are left out.
        found.add(coded[(shift * 8 + 5) // 6 : (shift + len(data)) * 8 // 6])
    return found


@functools.lru_cache(maxsize=4096)
def digits(text):
    """The digits of a number or date that is written with separators; empty where there are few."""
    only = re.sub(r"\D", "", text)
    letters = re.sub(r"[\d .\-/():+]", "", text)
    return only.encode() if len(only) >= 6 and not letters else b""


def inflated(data):
    """All zlib streams inside the bytes, those of a PDF among them."""
    for match in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", data):
        try:
            yield zlib.decompressobj().decompress(data[match.start() :], 1 << 24)
        except zlib.error:
            continue


def data_set_inflated(content):
    """The Data Set of a deflated object, empty for others."""
    try:
        meta = read(content).file_meta
        if meta.get("TransferSyntaxUID") != DEFLATED:
            return b""
        start = content.index(b"DICM") + 4 + 12 + meta.FileMetaInformationGroupLength
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(content[start:])
    except (AttributeError, ValueError, zlib.error):
        return b""


def swapped(data):
    """The bytes of each word of 16 bits in the other order; an odd byte at the end is left out."""
    words = bytearray(data[: len(data) & ~1])
    words[::2], words[1::2] = words[1::2], words[::2]
    return bytes(words)


class Haystack:
    """The bytes in all the ways in which text can lie in them."""

    def __init__(self, content):
        streams = [content, data_set_inflated(content)]
        streams += [stream for data in streams for stream in inflated(data)]
        joined = b"\0\xff".join(streams)
        self.exact = joined
        self.lower = joined.lower()
        self.swapped = swapped(joined.lower()) + b"\0\xff" + swapped(joined.lower()[1:])
        self.compact = SEPARATORS.sub(b"", joined)

    def holds(self, text):
        if any(data in self.lower or data in self.swapped for data in patterns(text)):
            return True
        number = digits(text)
        if number and (number in self.compact or number in self.swapped):
            return True
        return any(data in self.exact for data in base64_patterns(text))


def values(dataset, path=""):
    """(path, value) of every element, nested ones too, without recursion; values are text or bytes."""
    waiting = [(dataset, path)]
    while waiting:
        current, path = waiting.pop()
        for tag in sorted(current.keys()):
            place = f"{path}{tag.group:04X}{tag.element:04X}"
            try:
                element = current[tag]
            except Exception:
                # A value that cannot be converted: its bytes are looked at.
                yield place, bytes(current.get_item(tag).value or b"")
                continue
            if element.VR == "SQ":
                waiting += [(item, f"{place}[{number}].") for number, item in enumerate(element.value or [])]
            elif isinstance(element.value, bytes):
                yield place, element.value
            elif element.value is not None:
                many = element.value if element.VM > 1 else [element.value]
                yield place, "\\".join(str(value) for value in many)


class Value:
    """A decoded value, prepared once for many questions."""

    def __init__(self, value):
        self.is_text = isinstance(value, str)
        if self.is_text:
            self.fold = unicodedata.normalize("NFC", value).casefold()
            self.compact = SEPARATORS.sub(b"", self.fold.encode("utf-8", "replace"))
        else:
            self.lower = value.lower()
            self.swapped = swapped(self.lower) if len(value) < 4096 else b""

    def holds(self, text):
        """Whether the value holds the text, whatever its case and separators."""
        if not self.is_text:
            return any(data in self.lower or data in self.swapped for data in patterns(text))
        number = digits(text)
        return folded(text) in self.fold or bool(number) and number in self.compact


@functools.lru_cache(maxsize=4096)
def folded(text):
    return unicodedata.normalize("NFC", text).casefold()


def forbidden(entry, options):
    """(place, string) pairs that must not be found with these options."""
    options = set(options)
    stay = set().union(*(STAYS.get(option, set()) for option in options))
    words_stay = bool(options & KEEPS_WORDS)
    for place in entry["planted"]:
        for string in place["strings"]:
            if string["kind"] not in stay and (string["identifier"] or not words_stay):
                yield place, string


def read(content):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pydicom.dcmread(io.BytesIO(content), force=True)


def scan(entry, original, content, output_name="", options=(), ocr=True):
    """Everything that is wrong with one output object."""
    finding = Finding(entry["name"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = read(content)
        find_strings(finding, entry, content, dataset, output_name, options)
        before = read(original)
        for picture, how in leak_pictures.left(entry, before, dataset, ocr):
            if forbidden_picture(picture, options):
                finding.leaks.append(
                    {
                        "place": f"{picture['where']} frame {picture['frame']}",
                        "at": how,
                        "kind": "hard picture" if picture["hard"] else "picture",
                        "text": picture["text"],
                        "there": True,
                    }
                )
        find_lost(finding, entry, before, dataset, options)
        finding.changed_pixels, finding.blackened_pixels = leak_pictures.changed_outside(entry, before, dataset)
    return finding


def forbidden_picture(picture, options):
    stay = set().union(*(STAYS.get(option, set()) for option in options))
    return any(string["kind"] not in stay for string in picture["strings"])


def find_strings(finding, entry, content, dataset, output_name, options):
    haystack = Haystack(content)
    decoded = {}
    for part in (getattr(dataset, "file_meta", None) or Dataset(), dataset):
        decoded.update((path, Value(value)) for path, value in values(part) if len(value))
    decoded["file name"] = Value(output_name)
    known = {}
    for place, string in forbidden(entry, options):
        text = string["text"]
        if text not in known:
            spots = [path for path, value in decoded.items() if value.holds(text)]
            if not spots and haystack.holds(text):
                spots.append("bytes")
            known[text] = spots
        spots = known[text]
        if spots:
            there = place["path"] in spots or not place["path"][:1].isdigit()
            finding.leaks.append(
                {
                    "place": place["path"],
                    "at": place["path"] if place["path"] in spots else spots[0],
                    "kind": string["kind"],
                    "text": text,
                    "there": there,
                }
            )


def at_path(dataset, path, before=None):
    """The element at a path of the manifest; None where it is not.

    Items of a report may go and leave the others with other numbers: when `before` is the original, the item is the
    one of the same concept, the first for the first of that concept, and so on.
    """
    parts = path.split(".")
    for number, part in enumerate(parts):
        tag = int(part[:8], 16)
        if tag not in dataset:
            return None
        element = dataset[tag]
        if number == len(parts) - 1:
            return element
        index = int(part[9:-1])
        if before is not None:
            items = before[tag].value
            before = items[index]
            if tag == CONTENT_SEQUENCE:
                same = [place for place, item in enumerate(items) if concept(item) == concept(before)]
                rank = same.index(index)
                left = [place for place, item in enumerate(element.value) if concept(item) == concept(before)]
                if rank >= len(left):
                    return None
                index = left[rank]
        if not isinstance(element.value, Sequence) or index >= len(element.value):
            return None
        dataset = element.value[index]
    return None


def concept(item):
    """The code of the concept that a content item is about; None where it has none."""
    names = item.get("ConceptNameCodeSequence")
    return names[0].get("CodeValue") if names else None


def same(left, right):
    try:
        return abs(float(left) - float(right)) <= 1e-6 * max(1.0, abs(float(right)))
    except ValueError:
        return str(left).strip() == str(right).strip()


def find_lost(finding, entry, before, dataset, options):
    for survivor in entry["survivors"]:
        if set(survivor["needs"]) - set(options):
            continue
        try:
            element = at_path(dataset, survivor["path"], before)
            now = [] if element is None or element.is_empty else element.value if element.VM > 1 else [element.value]
        except Exception:
            now = []
        expected = survivor["values"]
        # Colour of the output may be another one: JPEG and RLE of colour pixels are decoded to RGB.
        if survivor["path"] in ("00280004", "00280006") and now:
            continue
        if len(now) != len(expected) or not all(same(a, b) for a, b in zip(now, expected)):
            finding.lost.append(
                {"path": survivor["path"], "expected": expected, "found": [str(value) for value in now]}
            )


def broken_relations(entries, outputs, originals, options):
    """References that are there but lead elsewhere, and times that are no longer as far apart."""
    broken = []
    for entry in entries:
        for relation in entry["relations"]:
            if set(relation.get("needs", [])) - set(options) or entry["name"] not in outputs:
                continue
            if relation["is"] == "equal":
                element = at_path(outputs[entry["name"]], relation["path"], originals[entry["name"]])
                other = outputs.get(relation["other"])
                if element is None or element.is_empty or other is None:
                    continue
                if at_path(other, relation["other_path"]) is None:
                    continue
                if str(element.value) != str(at_path(other, relation["other_path"]).value):
                    broken.append((entry["name"], relation["path"]))
            else:
                before, now = (seconds_apart(data[entry["name"]], relation) for data in (originals, outputs))
                if before is None or now is None or abs(before - now) > 0.001:
                    broken.append((entry["name"], relation["other_path"]))
    return broken


def seconds_apart(dataset, relation):
    def moment(path):
        elements = [at_path(dataset, part) for part in path.split("+")]
        if any(element is None or element.is_empty for element in elements):
            return None
        return pydicom.valuerep.DT("".join(str(element.value) for element in elements)[:21])

    first, second = moment(relation["path"]), moment(relation["other_path"])
    if first is None or second is None:
        return None
    return (first.replace(tzinfo=None) - second.replace(tzinfo=None)).total_seconds()


@dataclass
class Report:
    """The findings of a whole run."""

    findings: list
    missing: list
    unmatched: list
    broken: list
    strings: int

    @property
    def leaks(self):
        return [leak | {"object": finding.name} for finding in self.findings for leak in finding.leaks]

    def summary(self):
        required = [leak for leak in self.leaks if leak["kind"] != "hard picture"]
        return {
            "written": len(self.findings),
            "not written": len(self.missing),
            "planted strings": self.strings,
            "strings left": len({(leak["object"], leak["text"]) for leak in required}),
            "places left": len({(leak["object"], leak["place"]) for leak in required if leak["there"]}),
            "distinct places left": len({without_items(leak["place"]) for leak in required if leak["there"]}),
            "pictures left": sum(leak["kind"] == "picture" for leak in self.leaks),
            "hard pictures left": sum(leak["kind"] == "hard picture" for leak in self.leaks),
            "attributes lost": sum(len(finding.lost) for finding in self.findings),
            "references broken": len(self.broken),
            "objects with changed pixels": sum(finding.changed_pixels > 0.001 for finding in self.findings),
            "unmatched files": len(self.unmatched),
        }


def without_items(path):
    return re.sub(r"\[\d+\]", "", path)


def identity(dataset):
    return str(dataset.get("SOPClassUID", "")), str(dataset.get("InstanceNumber", ""))


def scan_folder(corpus, output, options=(), ocr=True, progress=None):
    """Scans all files of the output folder.

    They are matched by SOP class and Instance Number, which most keep, or else by a file name that was kept.
    """
    corpus, output = Path(corpus), Path(output)
    manifest = json.loads((corpus / "manifest.json").read_text())
    entries = {(entry["sop_class"], str(entry["instance_number"])): entry for entry in manifest["objects"]}
    findings, unmatched, outputs, originals = [], [], {}, {}
    files = sorted(path for path in output.rglob("*") if path.is_file())
    for number, path in enumerate(files):
        content = path.read_bytes()
        dataset = read(content)
        named = (entry for entry in manifest["objects"] if entry["name"] in path.name)
        entry = entries.get(identity(dataset)) or next(named, None)
        if entry is None or entry["name"] in outputs:
            unmatched.append(str(path))
            continue
        original = (corpus / "objects" / entry["file"]).read_bytes()
        outputs[entry["name"]], originals[entry["name"]] = dataset, read(original)
        findings.append(scan(entry, original, content, str(path.relative_to(output)), options, ocr))
        if progress:
            progress(number + 1, len(files))
    missing = [entry["name"] for entry in entries.values() if entry["name"] not in outputs]
    broken = broken_relations(entries.values(), outputs, originals, options)
    strings = set()
    for entry in entries.values():
        strings |= {(entry["name"], string["text"]) for _, string in forbidden(entry, options)}
        strings |= {
            (entry["name"], picture["text"]) for picture in entry["pictures"] if forbidden_picture(picture, options)
        }
    return Report(findings, missing, unmatched, broken, len(strings))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--no-ocr", action="store_true", help="leave out reading the pictures, which takes longest")
    parser.add_argument("--options", default="", help="options of the profile, with commas: what may stay")
    parser.add_argument("--json", type=Path, help="write all leaks and losses to this file")
    arguments = parser.parse_args()
    options = [option for option in arguments.options.split(",") if option]
    report = scan_folder(arguments.corpus, arguments.output, options, ocr=not arguments.no_ocr)
    for name, value in report.summary().items():
        print(f"{name}: {value}")
    if arguments.json:
        found = {"leaks": report.leaks, "missing": report.missing, "unmatched": report.unmatched}
        found |= {"lost": {finding.name: finding.lost for finding in report.findings}, "broken": report.broken}
        arguments.json.write_text(json.dumps(found, ensure_ascii=False, indent=1))
    return 1 if report.summary()["strings left"] else 0


if __name__ == "__main__":
    sys.exit(main())
