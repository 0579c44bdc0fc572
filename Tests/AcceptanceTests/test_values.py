"""Every value of pydicom's test files is what pydicom reads: numbers, text, names, dates, tags, identifiers."""

import hashlib
import warnings

import pydicom
from archive import DICOM_JSON, ROOT, values
from pydicom.multival import MultiValue

FILES = sorted(path for path in (ROOT / "TestImages" / "pydicom").rglob("*") if path.is_file())
BYTES = {"OB", "OW", "UN", "OF", "OD", "OL", "OV", "OB or OW"}
# The UID of an object may be part of others.
IDENTITY = ("00080018", "0020000D", "0020000E", "00200052")
# What the archive may read otherwise, and why.
EXPLAINED = {
    "300C0002": "a sequence that was written with VR UN and a length may be kept as the bytes that it is",
}
# Files that end in the middle of a value.
TRUNCATED = {"MR_truncated.dcm", "rtplan_truncated.dcm"}
GROUPS = ["Alphabetic", "Ideographic", "Phonetic"]


def with_own_uid(content, uid):
    """The file with another SOP Instance UID of the same length: many files are variants of one object."""
    digits = str(int.from_bytes(hashlib.sha256(content).digest(), "big") + 10**80)
    own = ("1.2." + digits)[: len(uid)]
    return content.replace(uid.encode(), own.encode())


def number(kind, value):
    """A number, or the text of what is none."""
    if value is None or value == "":
        return None
    try:
        return kind(value)
    except (TypeError, ValueError):
        return str(value)


def comparable(vr, values):
    if vr == "PN":
        return [[group.strip(" \0") for group in name] for name in values]
    if vr in ("US", "SS", "UL", "SL", "UV", "SV", "IS"):
        return [number(int, value) for value in values]
    if vr in ("FL", "FD", "DS"):
        return [number(float, value) for value in values]
    return [("" if value is None else str(value)).strip(" \0") for value in values]


def has_value(values):
    return any(value not in ("", None, ["", "", ""]) for value in values)


def read_by_pydicom(dataset, path=""):
    """{path: values} at every depth; private elements are left out: their VRs only dictionaries of vendors know."""
    found = {}
    for tag in dataset.keys():
        if tag.is_private or tag.element == 0 or tag == 0x00080005:
            continue
        element = dataset[tag]
        place = f"{path}{int(tag):08X}"
        if element.VR == "SQ":
            for position, item in enumerate(element.value):
                found.update(read_by_pydicom(item, f"{place}[{position}]."))
        elif element.VR not in BYTES and not element.is_empty:
            values = list(element.value) if isinstance(element.value, (MultiValue, list)) else [element.value]
            if element.VR == "PN":
                values = [(str(value) + "==").split("=")[:3] for value in values]
            if element.VR == "AT":
                values = [f"{int(value):08X}" for value in values]
            found[place] = comparable(element.VR, values)
    return {place: values for place, values in found.items() if has_value(values)}


def read_by_archive(item, path=""):
    found = {}
    for tag, element in item.items():
        if int(tag[:4], 16) % 2 or tag == "00080005":
            continue
        place = path + tag
        if element["vr"] == "SQ":
            for position, inner in enumerate(element.get("Value", [])):
                found.update(read_by_archive(inner, f"{place}[{position}]."))
        elif "Value" in element and element["vr"] not in BYTES:
            values = element["Value"]
            if element["vr"] == "PN":
                values = [[(value or {}).get(group, "") for group in GROUPS] for value in values]
            found[place] = comparable(element["vr"], values)
    return {place: values for place, values in found.items() if has_value(values)}


def test_values_are_what_pydicom_reads(archive):
    differences, unreadable, files, count = {}, [], 0, 0
    for path in FILES:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                dataset = pydicom.dcmread(path)
            except (pydicom.errors.InvalidDicomError, NotImplementedError, AttributeError, EOFError, OSError):
                continue
            if any(keyword not in dataset for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")):
                continue
            content = with_own_uid(path.read_bytes(), dataset.SOPInstanceUID)
            response = archive.store([content])
            if response.status_code != 200:
                unreadable.append(path.name)
                continue
            (url,) = values(response, "00081199", "00081190")
            (told,) = archive.get(url.partition("/dicomweb")[2] + "/metadata", DICOM_JSON).json()
            expected, found = read_by_pydicom(dataset), read_by_archive(told)
        files += 1
        count += len(expected)
        for place in sorted(expected.keys() | found.keys()):
            if not place.startswith((*IDENTITY, *EXPLAINED)) and expected.get(place) != found.get(place):
                differences[f"{path.name} {place}"] = (found.get(place), expected.get(place))

    print(f"{files} files, {count} values")
    assert differences == {}
    assert set(unreadable) <= TRUNCATED
    assert files >= 150 and count >= 7_000
