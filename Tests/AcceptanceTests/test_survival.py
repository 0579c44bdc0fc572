"""kill -9 at random moments: what was acknowledged is there, what is listed can be read."""

import os
import random
import threading
import time

import part10
import pytest
import requests
import synthetic_images
from archive import first, stored
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from raw_association import PeerGone, RawAssociation

ROUNDS = int(os.environ.get("CASSETTE_KILL_ROUNDS", "10"))
SENDERS = 4
INSTANCES = 150
STOW_PART_COUNT = 5


class Round:
    """The instances of one round: a study for each sender."""

    def __init__(self, number):
        self.acknowledged = set()
        self.studies = [number * 10 + sender for sender in range(SENDERS + 1)]
        self.files_of_sender = []
        for study in self.studies:
            made = [synthetic_images.ct_instance(study, n, "survival", size=64) for n in range(1, INSTANCES + 1)]
            self.files_of_sender.append({part10.split(file).sop_instance_uid: file for file in made})
        self.files = {uid: file for files in self.files_of_sender for uid, file in files.items()}


def send_by_association(archive, files, acknowledged):
    """Sends until the server is gone."""
    try:
        association = RawAssociation(archive.dicom_port, CTImageStorage, ExplicitVRLittleEndian)
        for uid, file in files.items():
            if association.store(uid, part10.split(file).data_set) == 0:
                acknowledged.add(uid)
        association.close()
    except (OSError, PeerGone):
        # The peer dies on purpose; only acknowledgements count.
        return


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
    *by_association, by_stow = this_round.files_of_sender
    work = [(send_by_association, files) for files in by_association] + [(send_by_stow, list(by_stow.values()))]
    senders = [
        threading.Thread(target=send, args=(archive, files, this_round.acknowledged), daemon=True)
        for send, files in work
    ]
    for sender in senders:
        sender.start()
    time.sleep(delay)
    archive.kill()
    for sender in senders:
        sender.join(timeout=40)
    assert not any(sender.is_alive() for sender in senders), "a sender hangs after the server's end"


def check(archive, this_round):
    """What was lost, what came back changed, what is listed and cannot be read."""
    lost, changed, unreadable = set(this_round.acknowledged), [], []
    for number in this_round.studies:
        study = synthetic_images.uid("survival", number)
        listed = {first(item, "00080018") for item in archive.search(f"/studies/{study}/instances", limit=1000)}
        found = archive.instances_of(f"/studies/{study}") if listed else {}
        unreadable += listed - set(found)
        for uid, file in found.items():
            lost.discard(uid)
            if part10.split(file).data_set != part10.split(this_round.files[uid]).data_set:
                changed.append(uid)
    return lost, changed, unreadable


@pytest.mark.timeout(300 + 30 * ROUNDS)
def test_nothing_acknowledged_is_lost(fresh_archive, capsys):
    chance = random.Random(20240229)
    archive = fresh_archive
    acknowledged = 0
    for number in range(1, ROUNDS + 1):
        this_round = Round(number)
        send_and_kill(archive, this_round, chance.uniform(0.02, 0.8))
        archive.start()

        lost, changed, unreadable = check(archive, this_round)

        where = f"round {number}, {len(this_round.acknowledged)} acknowledged"
        assert (len(lost), len(changed), len(unreadable)) == (0, 0, 0), where
        acknowledged += len(this_round.acknowledged)
    archive.stop()
    archive.command("verify", "--data", archive.data, check=0)
    with capsys.disabled():
        print(f"\nkill -9, {ROUNDS} rounds: {acknowledged} acknowledged, none lost, changed or unreadable")
    assert acknowledged > ROUNDS
