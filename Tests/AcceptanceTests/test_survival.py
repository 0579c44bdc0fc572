"""kill -9 at random moments: what was acknowledged is there, what is listed can be read."""

import os
import random
import threading
import time

import part10
import requests
import synthetic_images
from archive import Archive, first, stored
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from senders import Association

ROUNDS = int(os.environ.get("CASSETTE_KILL_ROUNDS", "10"))
SENDERS = 4
INSTANCES = 60
STOW_PART_COUNT = 5


class Round:
    """The instances of one round: each sender's own study, as files."""

    def __init__(self, number, folder):
        self.files = {}
        self.studies = {}
        self.paths = []
        for sender in range(SENDERS + 1):
            study = number * 10 + sender
            self.studies[sender] = synthetic_images.uid("survival", study)
            for instance in range(1, INSTANCES + 1):
                file = synthetic_images.ct_instance(study, instance, "survival", size=64)
                self.files[part10.split(file).sop_instance_uid] = file
                if sender < SENDERS:
                    path = folder / f"{sender}-{instance:03d}.dcm"
                    path.write_bytes(file)
                    self.paths.append((sender, path))
        self.stow_files = list(self.files.values())[SENDERS * INSTANCES :]
        self.acknowledged = set()


def send_by_association(archive, files, acknowledged):
    """Sends until the server is gone."""
    association = Association(archive.dicom_port, [(CTImageStorage, ExplicitVRLittleEndian)])
    try:
        for path in files:
            if not association.is_open or association.send(path) != 0:
                return
            acknowledged.add(part10.split(path.read_bytes()).sop_instance_uid)
    except Exception:  # noqa: BLE001 - the peer dies on purpose; only acknowledgements count
        return
    finally:
        association.close()


def send_by_stow(archive, files, acknowledged):
    """Sends a few instances with each request until the server is gone."""
    try:
        for start in range(0, len(files), STOW_PART_COUNT):
            response = archive.store(files[start : start + STOW_PART_COUNT])
            if response.status_code in (200, 202):
                acknowledged.update(stored(response))
    except (requests.RequestException, OSError, ValueError):
        return


def send_and_kill(archive, this_round, delay):
    """Five senders at once; the server is killed after the delay."""
    senders = [
        threading.Thread(
            target=send_by_association,
            args=(archive, [path for number, path in this_round.paths if number == sender], this_round.acknowledged),
        )
        for sender in range(SENDERS)
    ]
    senders.append(threading.Thread(target=send_by_stow, args=(archive, this_round.stow_files, this_round.acknowledged)))
    for sender in senders:
        sender.start()
    time.sleep(delay)
    archive.kill()
    for sender in senders:
        sender.join(timeout=90)
        assert not sender.is_alive(), "a sender hangs after the server's end"


def check(archive, this_round):
    """What was lost, what came back changed, what is listed and cannot be read."""
    lost, changed, unreadable = set(this_round.acknowledged), [], []
    for study in this_round.studies.values():
        listed = {first(item, "00080018") for item in archive.search(f"/studies/{study}/instances", limit=1000)}
        found = archive.instances_of(f"/studies/{study}") if listed else {}
        unreadable += listed - set(found)
        for uid, file in found.items():
            lost.discard(uid)
            if part10.split(file).data_set != part10.split(this_round.files[uid]).data_set:
                changed.append(uid)
    return lost, changed, unreadable


def test_nothing_acknowledged_is_lost(tmp_path, capsys):
    chance = random.Random(20240229)
    archive = Archive(tmp_path / "archive")
    totals = {"acknowledged": 0, "sent": 0}
    for number in range(1, ROUNDS + 1):
        folder = tmp_path / f"round{number}"
        folder.mkdir()
        this_round = Round(number, folder)
        archive.start()
        send_and_kill(archive, this_round, chance.uniform(0.05, 1.5))
        archive.start()

        lost, changed, unreadable = check(archive, this_round)

        where = f"round {number}, {len(this_round.acknowledged)} acknowledged"
        assert (len(lost), len(changed), len(unreadable)) == (0, 0, 0), where
        totals["acknowledged"] += len(this_round.acknowledged)
        totals["sent"] += len(this_round.files)
        archive.kill() if number % 2 else archive.stop()
        for _, path in this_round.paths:
            path.unlink()
    archive.start()
    archive.stop()
    archive.command("verify", "--data", archive.data, check=0)
    with capsys.disabled():
        print(f"\nkill -9, {ROUNDS} rounds: {totals['acknowledged']} acknowledged, none lost, changed or unreadable")
    assert totals["acknowledged"] > ROUNDS
