"""The models that `cassette dump` writes are those of pydicom and DCMTK, element by element, over all test images.

Each difference is of a kind that is explained below, with the check that it is of that kind and no other.
"""

import base64
import logging
import math
import shutil
import struct
import subprocess
import warnings
from pathlib import Path

import models
import pydicom
import pytest
from pydicom.errors import InvalidDicomError

IMAGES = Path(__file__).resolve().parent.parent.parent / "TestImages"
FILES = sorted(path for path in IMAGES.rglob("*") if path.is_file())

pytestmark = pytest.mark.skipif(len(FILES) < 10, reason="Tools/fetch-test-images has not run")


@pytest.fixture(scope="module", autouse=True)
def quiet():
    logging.disable(logging.CRITICAL)
    mode = pydicom.config.settings.reading_validation_mode
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    pydicom.config.settings.reading_validation_mode = mode
    logging.disable(logging.NOTSET)


def name_of(path):
    return str(path.relative_to(IMAGES))


def is_private(key):
    return int(key[:4], 16) % 2 == 1


def values(element):
    return element[2] if element and element[1] in ("values", "empty") else None


def same_floats(key, ours, theirs):
    """FL: the shortest decimal of the 32-bit number beside that of the same number in double precision."""
    if not ours or not theirs or ours[0] != "FL" or theirs[0] != "FL" or ours[1] != "values":
        return False
    return [struct.pack("<f", float(value)) for value in ours[2]] == [struct.pack("<f", float(value)) for value in theirs[2]]


def is_unicode_of_ours(key, ours, theirs):
    """(0008,0005) says what the model's text is in, which is UTF-8 (PS3.18 F.2.1.1), not what the file's was in."""
    return key == "00080005" and bool(ours) and ours[2] == ["ISO_IR 192"] and theirs is not None


def is_big_64_bit(key, ours, theirs):
    """UV and SV beyond 2^53 are strings here, as PS3.18 F.2.3 allows: most readers keep numbers in double precision."""
    if not ours or not theirs or ours[0] not in ("UV", "SV") or ours[:2] != theirs[:2]:
        return False
    return [int(value) for value in ours[2]] == [int(value) for value in theirs[2]] and any(
        isinstance(value, str) and abs(int(value)) > 1 << 53 for value in ours[2]
    )


def is_null(key, ours, theirs):
    """An empty value among others is null (PS3.18 F.2.5); pydicom writes an empty string."""
    return values(ours) is not None and [value or "" for value in values(ours)] == values(theirs)


def is_group_length(key, ours, theirs):
    """Group lengths are part of the encoding, and not of the model (PS3.18 F.2.2, PS3.19 A.1)."""
    return ours is None and key[4:] == "0000"


def is_known_to_pydicom(key, ours, theirs):
    """A private element without VR: pydicom looks into its private dictionary, beyond what the file says."""
    return bool(ours and theirs) and is_private(key) and ours[0] == "UN" and theirs[0] != "UN"


def is_known_to_us(key, ours, theirs):
    """A private element without VR that our private dictionary knows, and the other's does not or takes otherwise."""
    return bool(ours and theirs) and is_private(key) and ours[0] != "UN" and theirs[0] != ours[0]


def is_sequence_in_un(key, ours, theirs):
    """A sequence of defined length under the VR UN: its bytes are kept, pydicom reads the items inside."""
    return bool(ours and theirs) and ours[:2] == ("UN", "binary") and theirs[0] == "SQ"


def is_big_endian(key, ours, theirs):
    """Words of a big-endian file: little-endian in our text (PS3.18 F.2.7), pydicom copies the file's."""
    if not ours or not theirs or ours[:2] != theirs[:2] or ours[1] != "binary":
        return False
    size = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}.get(ours[0], 1)
    other = base64.b64decode(theirs[2])
    return size > 1 and base64.b64decode(ours[2]) == swapped(other, size)


def swapped(value, size):
    return b"".join(value[at : at + size][::-1] for at in range(0, len(value), size))


def is_other_pixel_vr(key, ours, theirs):
    """Pixel Data whose VR is not that of its encoding: kept as it is in the file; others put OB for fragments."""
    return key == "7FE00010" and bool(ours and theirs) and {ours[0], theirs[0]} <= {"OB", "OW"} and ours[1:] == theirs[1:]


def is_padding(key, ours, theirs):
    """Spaces around values, which are no part of them (PS3.5 6.2): the others keep some of those between backslashes."""
    a, b = values(ours), values(theirs)
    if a is None or b is None:
        return False
    if len(a) != len(b):
        return not any(map(stripped, a)) and not any(map(stripped, b)) and min(len(a), len(b)) == 0
    return [stripped(x) for x in a] == [stripped(x) for x in b]


def stripped(value):
    if isinstance(value, dict):
        return {group: stripped(text) for group, text in value.items() if stripped(text)}
    return value.strip(" \0") if isinstance(value, str) else value or ""


COMMON = [
    ("Specific Character Set says UTF-8", is_unicode_of_ours),
    ("FL in its own precision", same_floats),
    ("padding", is_padding),
]

PYDICOM = COMMON + [
    ("group length is left out", is_group_length),
    ("64-bit integer as a string", is_big_64_bit),
    ("null where a value is empty", is_null),
    ("private element that pydicom's dictionary knows", is_known_to_pydicom),
    ("private element that our dictionary knows", is_known_to_us),
    ("sequence inside UN", is_sequence_in_un),
    ("big-endian words", is_big_endian),
    ("VR of Pixel Data as in the file", is_other_pixel_vr),
]


# Files that end inside an element or have no plausible beginning: pydicom returns what it has of them.
CUT = {"pydicom/test_files/" + name for name in (
    "MR_truncated.dcm", "rtplan_truncated.dcm", "meta_missing_tsyntax.dcm", "no_meta.dcm"
)}


def test_json_is_that_of_pydicom():
    comparison = models.Comparison(PYDICOM)
    unread = []
    for path in FILES:
        try:
            dataset = pydicom.dcmread(path)
        except (InvalidDicomError, OSError, EOFError, struct.error, NotImplementedError):
            continue
        if not dataset:
            # Pixel Data without its delimiter makes pydicom drop all that stands in front, too.
            continue
        text = models.dump(path, "--json")
        if text is None:
            unread.append(name_of(path))
            continue
        try:
            theirs = dataset.to_json_dict(bulk_data_threshold=1 << 40)
        except (ValueError, TypeError, NotImplementedError):
            # pydicom reads these lazily and cannot make JSON of one value.
            continue
        comparison.compare(name_of(path), models.load_json(text), models.from_json(theirs))

    print(comparison.report())
    assert comparison.unexplained == []
    assert set(unread) <= CUT
    assert comparison.files > 100


# DCMTK


def same_numbers(key, ours, theirs):
    """A number written otherwise: DCMTK reformats DS and FD, and writes FL with fewer digits."""
    if not ours or not theirs or ours[0] != theirs[0] or ours[1] != "values" or theirs[1] != "values":
        return False
    if ours[0] not in ("FL", "FD", "DS", "IS") or len(ours[2]) != len(theirs[2]):
        return False
    closeness = 1e-6 if ours[0] == "FL" else 1e-15
    try:
        return all(
            a == b or math.isclose(float(a), float(b), rel_tol=closeness) for a, b in zip(ours[2], theirs[2])
        )
    except (TypeError, ValueError):
        return False


def is_null_of_dcmtk(key, ours, theirs):
    """An empty value among others: null here, an empty string or nothing there."""
    a, b = values(ours), values(theirs)
    return a is not None and b is not None and [x or "" for x in a] == [x or "" for x in b]


def is_name_end(key, ours, theirs):
    """A name that ends in `^`: DCMTK leaves the empty components out of the text of the group."""
    a, b = values(ours), values(theirs)
    if a is None or b is None or ours[0] != "PN" or theirs[0] != "PN":
        return False
    return [without_empty(x) for x in a] == [without_empty(x) for x in b or [{}] * len(a)]


def without_empty(name):
    groups = {group: text.rstrip("^ ") for group, text in name.items()}
    return {group: text for group, text in groups.items() if text}


def is_doubled_group(key, ours, theirs):
    """A name with an empty phonetic group behind a `=`: DCMTK writes the ideographic one again."""
    a, b = values(ours), values(theirs)
    if not a or not b or ours[0] != "PN" or len(a) != len(b):
        return False
    return all("Phonetic" not in x and x == {k: v for k, v in y.items() if k != "Phonetic"} for x, y in zip(a, b)) and all(
        "Phonetic" not in y or y["Phonetic"] == y["Ideographic"] for y in b
    )


def is_added_character_set(key, ours, theirs):
    """(0008,0005) in a file that names none: only told when text is beyond ASCII here, always by DCMTK."""
    return key == "00080005" and (ours is None or ours[1] == "empty") and theirs[2] == ["ISO_IR 192"]


def is_odd_length(key, ours, theirs):
    """Bytes of odd length: as they are here, padded there."""
    if not ours or not theirs or ours[:2] != theirs[:2] or ours[1] != "binary":
        return False
    value = base64.b64decode(ours[2])
    return len(value) % 2 == 1 and base64.b64decode(theirs[2]) == value + b"\0"


NUMBER_FORMATS = {"FL": "f", "FD": "d", "US": "H", "SS": "h", "UL": "I", "SL": "i", "UV": "Q", "SV": "q"}


def is_known_un(key, ours, theirs):
    """UN for an element of the standard's dictionary: read as what the dictionary says, bytes in DCMTK's text."""
    if not ours or not theirs or is_private(key) or theirs[:2] != ("UN", "binary"):
        return False
    value = base64.b64decode(theirs[2])
    if ours[0] == "SQ":
        return value.startswith(b"\xfe\xff\x00\xe0")
    if ours[1] != "values":
        return False
    if ours[0] == "AT":
        words = [struct.unpack("<HH", value[at : at + 4]) for at in range(0, len(value), 4)]
        return ours[2] == ["%04X%04X" % word for word in words]
    if ours[0] in NUMBER_FORMATS:
        numbers = [float(x) if ours[0] in ("FL", "FD") else int(x) for x in ours[2]]
        return struct.pack(f"<{len(numbers)}{NUMBER_FORMATS[ours[0]]}", *numbers) == value
    text = value.decode().strip(" \0").split("\\")
    return text == ["=".join(x.values()) if isinstance(x, dict) else str(x) for x in ours[2]]


def is_base64_of_dcmtk(key, ours, theirs):
    """Words in base 64 are little-endian here, as in PS3.5's default and in JSON (PS3.18 F.2.7), big-endian there."""
    return is_big_endian(key, ours, theirs)


def is_unnamed_fragments(key, ours, theirs):
    """Encapsulated Pixel Data: all items with their headers here, without value there, where it has always the VR OB."""
    return key == "7FE00010" and bool(ours) and ours[1] == "binary" and bool(theirs) and theirs[2] in ("", [])


def is_known_sign(key, ours, theirs):
    """US or SS without VR in the file: DCMTK and we choose by Pixel Representation, each where it sees it."""
    return bool(ours and theirs) and {ours[0], theirs[0]} == {"US", "SS"}


DCMTK = COMMON + [
    ("group length is left out", is_group_length),
    ("number in another form", same_numbers),
    ("64-bit integer as a string", is_big_64_bit),
    ("null where a value is empty", is_null_of_dcmtk),
    ("empty components behind a name", is_name_end),
    ("phonetic group doubled by DCMTK", is_doubled_group),
    ("Specific Character Set added by DCMTK", is_added_character_set),
    ("odd length", is_odd_length),
    ("UN with a known tag", is_known_un),
    ("base 64 of words", is_base64_of_dcmtk),
    ("encapsulated Pixel Data", is_unnamed_fragments),
    ("private element that our dictionary knows", is_known_to_us),
    ("private element that DCMTK's dictionary knows", is_known_to_pydicom),
    ("sequence inside UN", is_sequence_in_un),
    ("US or SS", is_known_sign),
]


def run(*command):
    result = subprocess.run(command, capture_output=True, timeout=120, check=False)
    return result.stdout if result.returncode == 0 else None


def without_ownerless_blocks(item):
    """Private elements without creator as DCMTK writes them: without their block, which nobody can then tell."""
    renamed = {}
    for key, (vr, kind, inner) in item.items():
        if kind == "items":
            inner = [without_ownerless_blocks(each) for each in inner]
        is_ownerless = is_private(key) and "|" not in key and key[4:6] >= "10"
        renamed[f"{key[:4]}00{key[6:]}" if is_ownerless else key] = vr, kind, inner
    return renamed


def is_text(output):
    """Whether DCMTK could convert the file's character set, without which its output is not even UTF-8."""
    try:
        return "\x1b" not in output.decode() and "\\u001b" not in output.decode() and "&#27;" not in output.decode()
    except UnicodeDecodeError:
        return False


@pytest.mark.skipif(not shutil.which("dcm2json"), reason="DCMTK is not installed")
def test_json_is_that_of_dcm2json():
    comparison = models.Comparison(DCMTK)
    for path in FILES:
        # It refuses compressed Pixel Data, for which dcm2xml stands below.
        theirs = run("dcm2json", "-q", path)
        text = models.dump(path, "--json") if theirs else None
        if text is not None and is_text(theirs):
            comparison.compare(name_of(path), models.load_json(text), models.load_json(theirs))

    print(comparison.report())
    assert comparison.unexplained == []
    assert comparison.files > 100


@pytest.mark.skipif(not shutil.which("dcm2xml"), reason="DCMTK is not installed")
def test_xml_is_that_of_dcm2xml():
    comparison = models.Comparison(DCMTK)
    for path in FILES:
        theirs = run("dcm2xml", "-q", "-nat", "+Eb", "+M", "+U8", path)
        text = models.dump(path, "--xml") if theirs else None
        if text is not None and is_text(theirs):
            ours = without_ownerless_blocks(models.from_xml(text))
            comparison.compare(name_of(path), ours, models.from_xml(theirs))

    print(comparison.report())
    assert comparison.unexplained == []
    assert comparison.files > 100
