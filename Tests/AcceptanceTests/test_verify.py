"""`cassette verify`: what a quick look finds, what a deep one finds, and repair from a backup."""

import json

import part10
import pytest
import requests
from archive import ANY_INSTANCE, Archive
from instance_template import InstanceTemplate


@pytest.fixture
def filled(fresh_archive, tmp_path):
    """A stopped archive of three studies with a backup, and what it holds."""
    template = InstanceTemplate(64, "verify")
    instances = [template.make(study, number) for study in (1, 2, 3) for number in (1, 2)]
    assert fresh_archive.store([instance.file for instance in instances]).status_code == 200
    fresh_archive.command("backup", tmp_path / "place", check=0)
    fresh_archive.stop()
    return fresh_archive, instances, tmp_path / "place"


def packs(archive):
    return sorted((archive.data / "packs").glob("??/*.pack"))


def changed(path, place):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def verify(archive, *options):
    result = archive.command("verify", "--json", *options)
    return result.returncode, json.loads(result.stdout)


def test_a_quick_look_finds_what_is_missing_cut_off_or_another(filled):
    archive, instances, _ = filled
    assert verify(archive) == (0, verify(archive)[1])
    path = packs(archive)[0]
    whole = path.read_bytes()
    for content in [None, whole[:-1], whole[:100], whole[:64] + bytes(len(whole) - 64), packs(archive)[1].read_bytes()]:
        path.unlink()
        if content is not None:
            path.write_bytes(content)
        code, report = verify(archive)
        path.write_bytes(whole)
        assert code == 1
        assert 1 <= len(report["damaged"]) <= 2
        assert report["checked"] == len(instances)
    assert verify(archive)[0] == 0


def test_a_flipped_bit_of_a_payload_is_found_by_a_deep_look_only(filled):
    archive, _, _ = filled
    path = packs(archive)[0]
    changed(path, path.stat().st_size // 3)

    assert verify(archive)[0] == 0
    code, report = verify(archive, "--deep")

    assert code == 1 and len(report["damaged"]) == 1


def test_damaged_and_missing_packs_are_repaired_from_a_backup(filled):
    archive, instances, place = filled
    first, second, third = packs(archive)
    damaged = first.stat().st_size // 3
    changed(first, damaged)
    bad = first.read_bytes()
    second.unlink()
    third.write_bytes(third.read_bytes()[:-10])

    code, report = verify(archive, "--repair-from", place)

    assert (code, report["damaged"], report["repaired"]) == (0, [], 3)
    kept = [path.read_bytes() for path in (archive.data / "packs" / "quarantine").iterdir()]
    assert bad in kept
    assert verify(archive, "--deep")[0] == 0
    archive.start()
    for instance in instances:
        response = archive.get(instance.path, ANY_INSTANCE)
        ((_, file),) = part10.parts(response.content, response.headers["Content-Type"])
        assert part10.split(file).data_set == instance.data_set


def test_a_damaged_copy_is_no_repair(filled):
    archive, _, place = filled
    path = packs(archive)[0]
    changed(path, path.stat().st_size // 3)
    changed(next(place.rglob(path.name)), 200)

    code, report = verify(archive, "--repair-from", place)

    assert code == 1 and len(report["damaged"]) == 1 and report["repaired"] == 0


def test_a_server_that_found_damage_says_so_until_it_is_repaired(filled):
    archive, _, place = filled
    path = packs(archive)[0]
    changed(path, path.stat().st_size // 3)
    archive.start()
    assert requests.get(archive.url + "/health/ready").json() == {"status": "ready"}

    assert verify(archive, "--deep")[0] == 1
    health = requests.get(archive.url + "/health/ready")
    assert health.status_code == 200 and "damaged" in health.json()["degraded"][0]

    code, report = verify(archive, "--repair-from", place)
    assert (code, report["repaired"]) == (0, 1)
    assert requests.get(archive.url + "/health/ready").json() == {"status": "ready"}


def test_a_place_without_the_archives_backups_is_told(filled, tmp_path):
    archive, _, _ = filled
    changed(packs(archive)[0], 200)

    result = archive.command("verify", "--repair-from", tmp_path / "nowhere", check=1)

    assert "no folder" in result.stderr


def test_an_archive_that_was_never_filled_is_sound(tmp_path):
    archive = Archive(tmp_path / "archive").start()
    archive.stop()

    assert verify(archive)[1]["total"] == 0
    assert verify(archive, "--deep", "--repair")[0] == 0
