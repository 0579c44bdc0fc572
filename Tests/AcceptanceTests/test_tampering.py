"""Files of the data folder that somebody changed: answers are the stored bytes or an error, and `verify` finds it."""

import os
import random
import re

import part10
import pytest
from archive import ANY_INSTANCE, Archive
from instance_template import InstanceTemplate

FLIPS = max(12, int(os.environ.get("CASSETTE_BIT_FLIPS", "0")) // 5_000)
INSTANCES = 12


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A stopped archive of three studies, and what it holds."""
    archive = Archive(tmp_path_factory.mktemp("tampering")).start()
    template = InstanceTemplate(set_name="tampering")
    instances = [template.make(study, number) for study in (1, 2, 3) for number in range(1, INSTANCES // 3 + 1)]
    assert archive.store([instance.file for instance in instances]).status_code == 200
    archive.stop()
    return archive, instances


def packs(archive):
    return sorted((archive.data / "packs").glob("??/*.pack"))


def read_all(archive, instances):
    """How many instances come back; one that comes back with other bytes fails the test."""
    found = 0
    for instance in instances:
        response = archive.get(instance.path, ANY_INSTANCE, stream=True)
        if response.status_code != 200:
            continue
        try:
            ((_, file),) = part10.parts(response.content, response.headers["Content-Type"])
        except Exception:  # noqa: BLE001 - the connection is cut when damage shows behind the status
            continue
        assert part10.split(file).data_set == instance.data_set
        found += 1
    return found


def test_verify_finds_each_flipped_bit_of_a_pack(filled):
    archive, _ = filled
    archive.command("verify", "--deep", "--data", archive.data, check=0)
    chance = random.Random(7)
    for _ in range(FLIPS):
        path = chance.choice(packs(archive))
        whole = path.read_bytes()
        place = chance.randrange(len(whole))
        damaged = bytearray(whole)
        damaged[place] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        result = archive.command("verify", "--deep", "--data", archive.data)
        path.write_bytes(whole)
        assert result.returncode == 1, f"byte {place} of {len(whole)}: {result.stdout}"
    archive.command("verify", "--deep", "--data", archive.data, check=0)


def test_a_damaged_instance_is_an_error_and_the_others_come_back(filled):
    archive, instances = filled
    path = packs(archive)[0]
    whole = path.read_bytes()
    damaged = bytearray(whole)
    damaged[64 + 32 + 74 + 100] ^= 1
    path.write_bytes(damaged)
    archive.start()

    found = read_all(archive, instances)

    archive.stop()
    path.write_bytes(whole)
    assert found == len(instances) - 1


def test_packs_that_changed_places_give_errors(filled):
    archive, instances = filled
    first, second, *_ = packs(archive)
    kept = first.read_bytes(), second.read_bytes()
    first.write_bytes(kept[1])
    second.write_bytes(kept[0])
    verified = archive.command("verify", "--deep", "--data", archive.data).returncode
    archive.start()

    found = read_all(archive, instances)

    archive.stop()
    first.write_bytes(kept[0])
    second.write_bytes(kept[1])
    assert verified == 1
    assert found == len(instances) // 3


@pytest.mark.parametrize("length", [0, 1, 4095, 4096, 8192])
def test_an_index_cut_to_nothing_is_made_again(filled, length):
    archive, instances = filled
    index = archive.data / "index.sqlite"
    index.write_bytes(index.read_bytes()[:length])
    archive.start()

    found = read_all(archive, instances)
    counted = len(archive.search("/instances"))

    archive.stop()
    assert (found, counted) == (len(instances), len(instances))
    archive.command("verify", "--deep", "--data", archive.data, check=0)


def test_a_damaged_index_is_told_and_can_be_made_again(filled):
    archive, instances = filled
    index = archive.data / "index.sqlite"
    whole = index.read_bytes()
    index.write_bytes(whole[: len(whole) // 2 // 4096 * 4096])
    told = archive.command("verify", "--deep", "--data", archive.data)
    archive.command("index", "rebuild", "--data", archive.data, check=0)
    archive.start()

    found = read_all(archive, instances)

    archive.stop()
    assert told.returncode == 1
    assert re.search("index", told.stdout + told.stderr), told.stderr
    assert found == len(instances)
