"""Objects with headers of megabytes: their metadata goes out in memory that does not grow with their number."""

import base64
import json
import os

import synthetic_images
from archive import DICOM_JSON
from hostile_objects import SECONDARY_CAPTURE, HostileObject, explicit, item, text

OBJECTS = 60
# A longer text would be bulk data.
TEXT_LENGTH = 60_000
TEXTS = 70
# Half of what the headers have together.
MEMORY_LIMIT = OBJECTS * TEXTS * TEXT_LENGTH // 2
STUDY = synthetic_images.uid("large headers", "study")


def large(number):
    """An object of the study whose header is all text, random so that what is kept of it is hardly shorter."""
    uid = synthetic_images.uid("large headers", str(number))
    identity = [
        text(0x00080016, "UI", SECONDARY_CAPTURE),
        text(0x00080018, "UI", uid),
        text(0x00080060, "CS", "OT"),
        text(0x00100020, "LO", "LARGE"),
        text(0x0020000D, "UI", STUDY),
        text(0x0020000E, "UI", synthetic_images.uid("large headers", "series")),
        text(0x00200013, "IS", str(number)),
    ]
    texts = [base64.b64encode(os.urandom(TEXT_LENGTH * 3 // 4)) for _ in range(TEXTS)]
    items = b"".join(item(explicit(0x0040A160, "UT", content)) for content in texts)
    large = HostileObject(f"large {number}", explicit(0x0040A730, "SQ", items), identity=b"".join(identity))
    large.sop_instance_uid = uid
    return large, texts[-1].decode()


def test_the_metadata_of_a_study_goes_out_in_bounded_memory(fresh_archive, capsys):
    archive = fresh_archive
    last_texts = []
    for number in range(OBJECTS):
        hostile, last_text = large(number)
        assert hostile.by_stow(archive) == 0
        last_texts.append(last_text)
    before = archive.peak_memory()

    response = archive.get(f"/studies/{STUDY}/metadata", DICOM_JSON)

    growth = archive.peak_memory() - before
    with capsys.disabled():
        print(f"\nmetadata of {len(response.content) / 1e6:.0f} MB: peak memory grew by {growth / 1e6:.0f} MB")
    objects = json.loads(response.content)
    found = [entry["0040A730"]["Value"][-1]["0040A160"]["Value"] for entry in objects]
    assert found == [[last_text] for last_text in last_texts]
    assert growth < MEMORY_LIMIT


def test_a_search_for_large_headers_is_cut_short_and_says_so(fresh_archive):
    archive = fresh_archive
    for number in range(8):
        hostile, _ = large(number)
        assert hostile.by_stow(archive) == 0

    found = []
    while True:
        response = archive.get(
            f"/studies/{STUDY}/instances?includefield=all&offset={len(found)}&limit=100", DICOM_JSON
        )
        assert response.status_code in (200, 204)
        page = response.json() if response.status_code == 200 else []
        found += [entry["00080018"]["Value"][0] for entry in page]
        if "There are additional results" not in response.headers.get("Warning", ""):
            break
        assert 0 < len(page) < 8

    assert len(found) == 8
    assert len(set(found)) == 8
