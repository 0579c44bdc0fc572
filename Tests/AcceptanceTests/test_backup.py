"""Backups of a working archive: what they hold, that they come back, and what happens when they were damaged.

CASSETTE_DRILL_INSTANCES sets how many instances the measured drill has (10000 for the figure of a release).
"""

import json
import os
import random
import shutil
import subprocess
import time

import part10
import pytest
from archive import ANY_INSTANCE, BINARY, Archive
from instance_template import InstanceTemplate

DRILL_INSTANCES = int(os.environ.get("CASSETTE_DRILL_INSTANCES", "300"))


def store(archive, template, study, numbers):
    instances = [template.make(study, number) for number in numbers]
    assert archive.store([instance.file for instance in instances]).status_code == 200
    return instances


def root_key(archive):
    return archive.folder / "data.keys" / "root.key"


def restored(archive, place, folder, *options, check=0):
    """Restores into a new folder with a copy of the root key beside it, and returns the archive there."""
    other = Archive(folder)
    other.folder.mkdir(parents=True, exist_ok=True)
    (folder / "data.keys").mkdir(exist_ok=True)
    shutil.copy(root_key(archive), folder / "data.keys" / "root.key")
    result = archive.command("restore", place, "--to", other.data, "--json", *options, check=check)
    return other, json.loads(result.stdout) if result.stdout else None


def assert_holds(archive, instances):
    for instance in instances:
        response = archive.get(instance.path, ANY_INSTANCE)
        assert response.status_code == 200, response.text[:300]
        ((_, file),) = part10.parts(response.content, response.headers["Content-Type"])
        assert part10.split(file).data_set == instance.data_set


@pytest.fixture
def template():
    return InstanceTemplate(64, "backup")


def test_a_working_archive_is_backed_up_and_comes_back(fresh_archive, template, tmp_path):
    place = tmp_path / "place"
    first = store(fresh_archive, template, 1, range(1, 6))
    one = fresh_archive.command_json("backup", place)
    more = store(fresh_archive, template, 2, range(1, 4))
    two = fresh_archive.command_json("backup", place)
    listed = fresh_archive.command_json("backup", "list", place)
    fresh_archive.command("ae", "add", "CT7", check=0)
    fresh_archive.command("backup", place, check=0)

    other, report = restored(fresh_archive, place, tmp_path / "other")

    assert (one["number"], one["instances"], two["instances"]) == (1, 5, 8)
    assert two["copiedPacks"] == two["packs"] - one["packs"] > 0
    assert [(each["number"], each["isLinked"]) for each in listed] == [(1, True), (2, True)]
    assert report["isSound"] and report["isIdentical"] and report["instances"] == 8
    other.start()
    assert_holds(other, first + more)
    assert "CT7" in other.command("ae", "list", check=0).stdout
    other.command("verify", "--deep", check=0)
    # It is an archive like any other: it takes objects.
    assert_holds(other, store(other, template, 3, [1]))
    other.stop()


def test_a_closed_archive_is_backed_up(fresh_archive, template, tmp_path):
    store(fresh_archive, template, 1, [1, 2])
    fresh_archive.stop()

    report = fresh_archive.command_json("backup", tmp_path / "place")

    assert (report["instances"], report["problems"]) == (2, [])
    _, outcome = restored(fresh_archive, tmp_path / "place", tmp_path / "other")
    assert outcome["isSound"]


def test_an_earlier_backup_brings_back_what_was_there_then(fresh_archive, template, tmp_path):
    place = tmp_path / "place"
    store(fresh_archive, template, 1, [1])
    first = fresh_archive.command_json("backup", place)
    time.sleep(1.1)
    store(fresh_archive, template, 2, [1])
    fresh_archive.command("backup", place, check=0)

    at = first["time"][:19]
    _, report = restored(fresh_archive, place, tmp_path / "other", "--at", at)

    assert (report["number"], report["instances"]) == (1, 1)
    refused = fresh_archive.command("restore", place, "--drill", "--at", "2001-01-01", check=1)
    assert "no backup" in refused.stderr


def test_backups_of_one_second_are_told_apart_by_the_times_that_the_list_shows(fresh_archive, template, tmp_path):
    place = tmp_path / "place"
    store(fresh_archive, template, 1, [1])
    for _ in range(3):
        fresh_archive.command("backup", place, check=0)
    listed = fresh_archive.command_json("backup", "list", place)

    for backup in listed:
        _, report = restored(fresh_archive, place, tmp_path / str(backup["number"]), "--at", backup["time"])
        assert report["number"] == backup["number"]
    refused = fresh_archive.command("restore", place, "--drill", "--at", listed[0]["time"][:20] + "x")
    assert refused.returncode == 2 and "--at takes a time" in refused.stderr


def test_a_drill_reads_everything_back_and_leaves_nothing(fresh_archive, template, tmp_path, capsys):
    study = 0
    while study * 100 < DRILL_INSTANCES:
        study += 1
        store(fresh_archive, template, study, range(1, 101))
    began = time.monotonic()
    fresh_archive.command("backup", tmp_path / "place", check=0)
    backup_seconds = time.monotonic() - began
    before = sorted(path.name for path in fresh_archive.folder.iterdir())

    report = fresh_archive.command_json("restore", tmp_path / "place", "--drill")

    assert report["isSound"] and report["isIdentical"] and report["damaged"] == 0
    assert report["checked"] == report["instances"] == study * 100
    assert sorted(path.name for path in fresh_archive.folder.iterdir()) == before
    with capsys.disabled():
        count = report["instances"]
        print(f"\ndrill of {count} instances: backup {backup_seconds:.1f} s, copy {report['copySeconds']:.1f} s,", end=" ")
        print(f"index {report['indexSeconds']:.1f} s ({count / max(report['indexSeconds'], 0.001):.0f}/s),", end=" ")
        print(f"read back {report['compareSeconds']:.1f} s")


def test_without_the_root_key_the_error_says_which_one(fresh_archive, template, tmp_path):
    store(fresh_archive, template, 1, [1])
    fresh_archive.command("backup", tmp_path / "place", check=0)

    result = fresh_archive.command("restore", tmp_path / "place", "--to", tmp_path / "other" / "data", check=1)

    assert str(root_key(fresh_archive)) in result.stderr and "--key-file" in result.stderr
    assert not (tmp_path / "other" / "data").exists()


def test_places_that_are_no_place_for_a_backup(fresh_archive, template, tmp_path):
    inside = fresh_archive.command("backup", fresh_archive.data / "backups", check=1)
    assert "outside" in inside.stderr
    with_key = fresh_archive.command("backup", fresh_archive.folder / "data.keys", check=1)
    assert "root key" in with_key.stderr
    none = fresh_archive.command("restore", tmp_path / "nowhere", "--drill", check=1)
    assert "no folder" in none.stderr
    (tmp_path / "empty").mkdir()
    empty = fresh_archive.command("restore", tmp_path / "empty", "--drill", check=1)
    assert "no backup" in empty.stderr
    fresh_archive.command("backup", tmp_path / "place", check=0)
    full = fresh_archive.command("restore", tmp_path / "place", "--to", tmp_path / "place", "--key-file", root_key(fresh_archive))
    assert full.returncode == 1 and "not empty" in full.stderr


def test_pruning_keeps_the_newest(fresh_archive, template, tmp_path):
    place = tmp_path / "place"
    for study in range(1, 5):
        store(fresh_archive, template, study, [1])
        fresh_archive.command("backup", place, check=0)

    report = fresh_archive.command_json("backup", "prune", place, "--keep", "2")

    assert (report["kept"], report["removedBackups"]) == (2, 2)
    assert [each["number"] for each in fresh_archive.command_json("backup", "list", place)] == [3, 4]
    assert fresh_archive.command_json("restore", place, "--drill")["instances"] == 4


def test_a_damaged_backup_is_told_and_never_restored_in_silence(fresh_archive, template, tmp_path):
    place = tmp_path / "place"
    store(fresh_archive, template, 1, range(1, 4))
    fresh_archive.command("backup", place, check=0)
    chance = random.Random(5)
    for path in sorted(each for each in place.rglob("*") if each.is_file()):
        whole = path.read_bytes()
        damaged = bytearray(whole)
        damaged[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        result = fresh_archive.command("restore", place, "--drill", "--json")
        path.write_bytes(whole)
        # One of the two copies of the keyring may be damaged: the other serves.
        assert result.returncode == 1 or json.loads(result.stdout)["isIdentical"], path
        assert result.returncode == 1 or "keyrings" in str(path), path
    assert fresh_archive.command_json("restore", place, "--drill")["isSound"]


def killed_while(archive, seconds, *arguments):
    """Runs a command and kills it after a while; whether it was still running."""
    environment = dict(os.environ, CASSETTE_DATA=str(archive.data))
    process = subprocess.Popen(
        [str(BINARY), *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    )
    try:
        process.wait(timeout=seconds)
        return False
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True


def test_a_backup_and_a_restore_that_are_killed_go_on(fresh_archive, template, tmp_path):
    place, other = tmp_path / "place", Archive(tmp_path / "other")
    instances = [each for study in range(1, 40) for each in store(fresh_archive, template, study, [1, 2])]
    fresh_archive.stop()
    kills = sum(killed_while(fresh_archive, 0.02 * step, "backup", place) for step in range(1, 12))
    report = fresh_archive.command_json("backup", place)
    assert report["instances"] == len(instances)

    arguments = ["restore", place, "--to", other.data, "--key-file", root_key(fresh_archive)]
    for step in range(1, 12):
        kills += killed_while(fresh_archive, 0.03 * step, *arguments)
        if (other.data / "restoring").exists():
            refused = fresh_archive.command(
                "query", "--data", other.data, "--key-file", root_key(fresh_archive), "PatientID=*", check=1
            )
            assert "not finished" in refused.stderr
    assert kills > 0
    result = fresh_archive.command(*arguments)
    assert result.returncode == 0 or "not empty" in result.stderr
    other.options = ["--key-file", root_key(fresh_archive)]
    other.start()
    assert_holds(other, instances[:3] + instances[-3:])
    assert len(other.search("/instances", limit=200)) == len(instances)
    other.stop()


def test_senders_go_on_while_a_backup_is_taken(fresh_archive, template, tmp_path):
    place = tmp_path / "place"
    known = store(fresh_archive, template, 1, range(1, 30))
    process = subprocess.Popen(
        [str(BINARY), "backup", str(place), "--data", str(fresh_archive.data)], stdout=subprocess.PIPE, text=True
    )
    later = []
    for number in range(1, 40):
        later += store(fresh_archive, template, 2, [number])
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output

    report = fresh_archive.command_json("restore", place, "--drill")

    assert report["isSound"] and report["isIdentical"]
    assert len(known) <= report["instances"] <= len(known) + len(later)
