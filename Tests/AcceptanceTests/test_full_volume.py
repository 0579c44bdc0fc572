"""The volume of the data folder runs full, at any moment of a store, or turns read-only: refusals, nothing lost, and
back to work as soon as there is room.

Needs root, loop devices and the file system's mkfs. CASSETTE_FULL_VOLUME_STEP sets the distance in bytes between the
sweep's amounts of free space (4096 tries each block), CASSETTE_FULL_VOLUME_KINDS the file systems.
"""

import os
import random
import time
from pathlib import Path

import part10
import pytest
import requests
from archive import ANY_INSTANCE, PATIENCE, first
from instance_template import InstanceTemplate
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from raw_association import PeerGone, RawAssociation
from http_connection import RawHTTP
from volumes import KINDS, MEBIBYTE, RECOVERY_SECONDS, archive_on, run, starts, until

STEP = int(os.environ.get("CASSETTE_FULL_VOLUME_STEP", "4096"))
# A sweep ends when so many stores in a row found room.
ENOUGH_SUCCESSES = 4
STEPS_BEFORE_DOUBLING = 40
OUT_OF_RESOURCES = 0xA700


def by_association(archive, instance):
    """The C-STORE status."""
    association = RawAssociation(archive.dicom_port, CTImageStorage, ExplicitVRLittleEndian)
    try:
        return association.store(instance.uid, instance.data_set)
    finally:
        association.close()


def by_stow(archive, instance):
    """The HTTP status."""
    client = RawHTTP(archive.http_port, archive.token)
    try:
        return client.store([instance.file])[0]
    finally:
        client.close()


DOORS = {by_association: (0, OUT_OF_RESOURCES), by_stow: (200, 507)}


def store_until_success(archive, store, instance):
    """The seconds until the archive takes an instance, once there is room."""
    begin = time.monotonic()
    while (status := store(archive, instance)) != DOORS[store][0]:
        assert time.monotonic() - begin < RECOVERY_SECONDS * PATIENCE, f"{store.__name__}: {status} although there is room"
        time.sleep(0.1)
    return time.monotonic() - begin


def check(archive, known, acknowledged, is_full=False):
    """All that was acknowledged and all that is listed can be read; on a full volume a list may lack what came last."""
    client = RawHTTP(archive.http_port, archive.token)
    listed = {first(item, "00080018") for item in archive.search("/instances", limit=1000)}
    assert listed <= set(known)
    assert is_full or acknowledged <= listed
    for uid in listed | acknowledged:
        status, headers, body = client.get(known[uid].path, ANY_INSTANCE)
        assert status == 200, f"{status} {body[:300]}"
        ((_, file),) = part10.parts(body, headers["content-type"])
        assert part10.split(file).data_set == known[uid].data_set
    client.close()


@pytest.mark.timeout(3600 * PATIENCE)
@pytest.mark.parametrize("store", DOORS, ids=["C-STORE", "STOW-RS"])
@pytest.mark.parametrize("volume", KINDS, indirect=True)
def test_a_store_meets_a_full_volume_at_any_point(volume, tmp_path, capsys, store):
    template = InstanceTemplate(64, "full")
    chance = random.Random(3)
    with archive_on(volume, tmp_path, "--free-space-floor", "0") as archive:
        known, acknowledged = {}, set()
        success, refusal = DOORS[store]
        counts, slowest, refused_starts = {success: 0, refusal: 0}, 0, 0
        free = number = successes_in_a_row = 0
        while successes_in_a_row < ENOUGH_SUCCESSES:
            # A new study needs a key, a new association a pack, an index that was just opened a new log.
            archive.restart()
            instance = template.make(number + 1, 1)
            known[instance.uid] = instance
            volume.leave(free)
            status = store(archive, instance)
            assert status in counts, f"{status} with {free} bytes free"
            counts[status] += 1
            successes_in_a_row = successes_in_a_row + 1 if status == success else 0
            if status == success:
                acknowledged.add(instance.uid)
            check(archive, known, acknowledged, is_full=True)
            if chance.random() < 0.5:
                archive.kill()
                refused_starts += not starts(archive)
                volume.make_room()
                if archive.process.poll() is not None:
                    archive.start()
            volume.make_room()
            slowest = max(slowest, store_until_success(archive, store, instance))
            acknowledged.add(instance.uid)
            check(archive, known, acknowledged)
            number += 1
            # Some file systems keep megabytes to themselves before the first store goes well.
            free += STEP << number // STEPS_BEFORE_DOUBLING
        archive.stop()
        archive.command("verify", "--deep", "--data", archive.data, check=0)
    with capsys.disabled():
        print(f"\n{volume.kind}, {store.__name__}: free space 0..{free} in steps from {STEP}:", end=" ")
        print(f"{counts[success]} stored, {counts[refusal]} refused, {refused_starts} starts refused,", end=" ")
        print(f"{slowest:.1f} s until the next store went well")
    assert counts[refusal] > 0


@pytest.mark.timeout(600)
@pytest.mark.parametrize("volume", KINDS, indirect=True)
def test_an_association_that_fills_the_volume_loses_nothing(volume, tmp_path):
    template = InstanceTemplate(256, "fill")
    with archive_on(volume, tmp_path, "--free-space-floor", "0") as archive:
        known, acknowledged, refused = {}, set(), []
        volume.leave(6 * MEBIBYTE)
        association = RawAssociation(archive.dicom_port, CTImageStorage, ExplicitVRLittleEndian)
        for number in range(1, 200):
            instance = template.make(number % 3, number)
            known[instance.uid] = instance
            status = association.store(instance.uid, instance.data_set)
            assert status in (0, OUT_OF_RESOURCES)
            if status == 0:
                acknowledged.add(instance.uid)
            else:
                refused.append(instance)
            if len(refused) == 12:
                break
        assert acknowledged and refused
        check(archive, known, acknowledged, is_full=True)
        volume.make_room()
        # The same association goes on.
        begin = time.monotonic()
        while (status := association.store(refused[0].uid, refused[0].data_set)) != 0:
            assert time.monotonic() - begin < RECOVERY_SECONDS * PATIENCE, f"{status:04X} although there is room"
            time.sleep(0.1)
        association.close()
        acknowledged.add(refused[0].uid)
        check(archive, known, acknowledged)
        archive.kill()
        archive.start()
        check(archive, known, acknowledged)
        archive.stop()
        archive.command("verify", "--deep", "--data", archive.data, check=0)


@pytest.mark.parametrize("volume", ["ext4"], indirect=True)
def test_the_floor_keeps_space_free(volume, tmp_path):
    template = InstanceTemplate(64, "floor")
    with archive_on(volume, tmp_path, "--free-space-floor", "8MiB") as archive:
        known = {instance.uid: instance for instance in (template.make(1, number) for number in range(1, 5))}
        above, at, by_http, after = known.values()
        volume.leave(9 * MEBIBYTE)
        assert by_association(archive, above) == 0
        volume.leave(7 * MEBIBYTE)
        # The archive looks at the volume once a second.
        time.sleep(1.1)
        assert by_association(archive, at) == OUT_OF_RESOURCES
        assert by_stow(archive, by_http) == 507
        check(archive, known, {above.uid})
        volume.make_room()
        assert store_until_success(archive, by_stow, after) < RECOVERY_SECONDS
        check(archive, known, {above.uid, after.uid})


def degraded(archive):
    """What `/health/ready` tells; the archive answers, whatever it cannot do."""
    response = requests.get(archive.url + "/health/ready", timeout=10)
    assert response.status_code == 200
    return response.json().get("degraded", [])


@pytest.mark.parametrize("volume", ["ext4"], indirect=True)
def test_health_says_that_the_archive_only_reads_until_there_is_room(volume, tmp_path):
    with archive_on(volume, tmp_path, "--free-space-floor", "8MiB") as archive:
        assert degraded(archive) == []
        volume.leave(4 * MEBIBYTE)
        until(lambda: any("read-only" in reason and "full" in reason for reason in degraded(archive)))
        volume.make_room()
        until(lambda: degraded(archive) == [])


@pytest.mark.parametrize("volume", ["ext4"], indirect=True)
def test_nothing_is_written_beneath_a_volume_that_vanished(volume, tmp_path):
    template = InstanceTemplate(64, "vanished")
    before, during, by_http, after = (template.make(number, 1) for number in range(1, 5))
    with archive_on(volume, tmp_path, "--free-space-floor", "0") as archive:
        assert by_association(archive, before) == 0
        token = archive.headers
        # Open files go on; the names are gone, as they are when a volume drops out.
        assert run("umount", "-l", volume.path).returncode == 0
        time.sleep(1.1)
        assert by_association(archive, during) == OUT_OF_RESOURCES
        headers = dict(token, **{"Content-Type": "application/dicom", "Accept": "application/dicom+json"})
        response = requests.post(archive.dicomweb + "/studies", data=by_http.file, headers=headers, timeout=30)
        assert response.status_code in (500, 503, 507)
        assert any("not mounted" in reason for reason in degraded(archive))
        assert list(volume.path.iterdir()) == []
        volume.mount()
        until(lambda: degraded(archive) == [])
        assert store_until_success(archive, by_association, after) < RECOVERY_SECONDS
        check(archive, {each.uid: each for each in (before, during, by_http, after)}, {before.uid, after.uid})
        archive.stop()


@pytest.mark.parametrize("volume", ["ext4"], indirect=True)
def test_a_volume_that_turns_read_only_refuses_and_reads_on(volume, tmp_path):
    template = InstanceTemplate(64, "readonly")
    trigger = read_only_trigger(volume)
    with archive_on(volume, tmp_path, "--free-space-floor", "0") as archive:
        known = {instance.uid: instance for instance in (template.make(number, 1) for number in range(1, 5))}
        stored, by_dicom, by_http, after = known.values()
        assert by_association(archive, stored) == 0
        # What the kernel does after an error of the medium, with the mount option errors=remount-ro.
        trigger.write_text("1")
        assert by_association(archive, by_dicom) == OUT_OF_RESOURCES
        assert by_stow(archive, by_http) in (500, 503, 507)
        check(archive, known, {stored.uid}, is_full=True)
        archive.kill()
        volume.unmount()
        assert run("fsck.ext4", "-y", volume.image).returncode in (0, 1)
        volume.mount()
        archive.start()
        assert store_until_success(archive, by_association, after) < RECOVERY_SECONDS
        check(archive, known, {stored.uid, after.uid})


def read_only_trigger(volume):
    """The file that makes the kernel believe in an error of this volume."""
    if run("mount", "-o", "remount,errors=remount-ro", volume.path).returncode != 0:
        pytest.skip("NOT TESTED: the volume cannot be told to turn read-only")
    device = run("findmnt", "-n", "-o", "SOURCE", volume.path).stdout.strip()
    trigger = Path("/sys/fs/ext4") / Path(device).name / "trigger_fs_error"
    if not device or not trigger.exists():
        pytest.skip("NOT TESTED: no trigger_fs_error in /sys/fs/ext4")
    return trigger
