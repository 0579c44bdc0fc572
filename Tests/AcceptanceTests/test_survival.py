"""kill -9 at random moments: what was acknowledged is there, what is listed can be read.

CASSETTE_KILL_ROUNDS sets how often the server is killed. One data folder serves many rounds: each round checks what it
stored itself; now and then all that the folder holds is compared byte for byte, verified, and the folder changed for a
new one when it has become large.
"""

import contextlib
import json
import os
import random
import shutil
import threading
import time

import part10
import pytest
from archive import ANY_INSTANCE, DICOM_JSON, Archive, first
from instance_template import InstanceTemplate
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from raw_association import PeerGone, RawAssociation
from http_connection import RawHTTP

ROUNDS = int(os.environ.get("CASSETTE_KILL_ROUNDS", "10"))
ROUNDS_BETWEEN_FULL_CHECKS = 100
INSTANCES_OF_A_FOLDER = 100_000
ASSOCIATIONS = 16
STOW_SENDERS = 2
READERS = 2
STOW_PART_COUNT = 5
LONGEST_DELAY = 0.5
# So much of the rounds kill the server a second time while it starts.
KILLED_AT_START = 0.15
QUANTILES = {"p50": 0.5, "p99": 0.99, "max": 1}


class Ledger:
    """What the peers of one data folder know: what was sent, what was acknowledged, what was read back wrong."""

    def __init__(self):
        self.template = InstanceTemplate(set_name="survival")
        self.acknowledged = {}
        self.in_flight = {}
        self.this_round = []
        self.wrong = []
        self.reads = 0

    def begin_round(self):
        self.this_round = []

    def acknowledge(self, study, number):
        self.acknowledged.setdefault(study, set()).add(number)
        self.this_round.append((study, number))

    @property
    def count(self):
        return sum(map(len, self.acknowledged.values()))


def send_by_association(archive, ledger, study, unanswered):
    """Sends what the last round left without an answer, then new instances until the server is gone."""
    with contextlib.suppress(OSError, PeerGone):
        association = RawAssociation(archive.dicom_port, CTImageStorage, ExplicitVRLittleEndian)
        numbers = iter(range(1, 1_000_000))
        while True:
            place = unanswered or (study, next(numbers))
            instance = ledger.template.make(*place)
            ledger.in_flight[study] = place
            status = association.store(instance.uid, instance.data_set)
            if status != 0:
                ledger.wrong.append(f"C-STORE answered {status:04X}")
                return
            ledger.acknowledge(*place)
            ledger.in_flight.pop(study, None)
            unanswered = None


def send_by_stow(archive, ledger, study, _):
    """Sends a few instances with each request until the server is gone."""
    with contextlib.suppress(OSError, ValueError):
        client = RawHTTP(archive.http_port, archive.token)
        for start in range(1, 1_000_000, STOW_PART_COUNT):
            numbers = range(start, start + STOW_PART_COUNT)
            status, _, body = client.store([ledger.template.make(study, number).file for number in numbers])
            if status != 200:
                ledger.wrong.append(f"STOW answered {status}: {body[:200]}")
                return
            for number in numbers:
                ledger.acknowledge(study, number)


def read_back(archive, ledger, seed, _):
    """Reads instances that were acknowledged a moment ago until the server is gone."""
    chance = random.Random(seed)
    with contextlib.suppress(OSError, ValueError):
        client = RawHTTP(archive.http_port, archive.token)
        while archive.process.poll() is None:
            if not ledger.this_round:
                time.sleep(0.005)
                continue
            place = ledger.this_round[-1 - min(chance.randrange(20), len(ledger.this_round) - 1)]
            instance = ledger.template.make(*place)
            status, headers, body = client.get(instance.path, ANY_INSTANCE)
            files = [file for _, file in part10.parts(body, headers["content-type"])] if status == 200 else []
            ledger.reads += 1
            if [part10.split(file).data_set for file in files] != [instance.data_set]:
                ledger.wrong.append(f"reading {place} answered {status} with {len(files)} instances")


def send_and_kill(archive, ledger, studies, delay):
    """Senders and readers at once; the server is killed after the delay."""
    unanswered, ledger.in_flight = list(ledger.in_flight.values()), {}
    kinds = [send_by_association] * ASSOCIATIONS + [send_by_stow] * STOW_SENDERS + [read_back] * READERS
    assert len(studies) == len(kinds)
    peers = [
        threading.Thread(target=kind, args=(archive, ledger, study, unanswered.pop() if unanswered else None))
        for kind, study in zip(kinds, studies, strict=True)
    ]
    for peer in peers:
        peer.daemon = True
        peer.start()
    time.sleep(delay)
    archive.kill()
    for peer in peers:
        peer.join(timeout=40)
    assert not any(peer.is_alive() for peer in peers), "a peer hangs after the server's end"


def start_again(archive, chance):
    """Starts the server, sometimes only after it was killed while it started; the seconds until it serves."""
    if chance.random() < KILLED_AT_START:
        archive.launch()
        time.sleep(chance.uniform(0, 0.15))
        archive.kill()
    begin = time.monotonic()
    archive.start()
    return time.monotonic() - begin


def compare(archive, ledger, studies):
    """What of these studies was lost, came back changed, is listed and cannot be read: nothing, or the test fails."""
    client = RawHTTP(archive.http_port, archive.token)
    lost, changed, unreadable = [], [], []
    for study in studies:
        wanted = ledger.acknowledged.get(study, set())
        numbers = range(1, max(wanted, default=0) + 1 + STOW_PART_COUNT)
        known = {instance.uid: instance for instance in (ledger.template.make(study, number) for number in numbers)}
        path = f"/studies/{ledger.template.make(study, 1).study}"
        status, headers, body = client.get(path, ANY_INSTANCE)
        if status == 404:
            lost += wanted
            continue
        assert status == 200, f"{path}: {status} {body[:200]}"
        found = {}
        for _, file in part10.parts(body, headers["content-type"]):
            split = part10.split(file)
            found[split.sop_instance_uid] = split.data_set
        changed += [uid for uid, data_set in found.items() if uid not in known or known[uid].data_set != data_set]
        lost += [number for number in wanted if ledger.template.make(study, number).uid not in found]
        unreadable += listed(client, path) - set(found)
    assert (len(lost), len(changed), len(unreadable)) == (0, 0, 0), "lost, changed, listed but unreadable"
    client.close()


def listed(client, path):
    """The SOP Instance UIDs that QIDO-RS knows of a study."""
    found = set()
    while True:
        status, _, body = client.get(f"{path}/instances?limit=1000&offset={len(found)}", DICOM_JSON)
        page = {first(item, "00080018") for item in json.loads(body)} if status == 200 and body else set()
        if not page - found:
            return found
        found |= page


def check_all(archive, ledger):
    """Compares everything that the folder holds, then lets the archive verify itself."""
    compare(archive, ledger, list(ledger.acknowledged))
    archive.stop()
    archive.command("verify", "--deep", "--data", archive.data, check=0)


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


@pytest.mark.timeout(300 + 10 * ROUNDS)
def test_nothing_acknowledged_is_lost(tmp_path, capsys):
    chance = random.Random(20240229)
    archive, ledger = Archive(tmp_path / "1").start(), Ledger()
    acknowledged = reads = folders = 0
    restarts = []
    begin = time.monotonic()
    for number in range(1, ROUNDS + 1):
        ledger.begin_round()
        studies = [number * 100 + peer for peer in range(ASSOCIATIONS + STOW_SENDERS + READERS)]
        send_and_kill(archive, ledger, studies, chance.uniform(0.02, LONGEST_DELAY))
        restarts.append(start_again(archive, chance))

        assert not ledger.wrong, ledger.wrong[:5]
        compare(archive, ledger, {study for study, _ in ledger.this_round} | set(studies[:-READERS]))

        if number % ROUNDS_BETWEEN_FULL_CHECKS == 0 or number == ROUNDS:
            check_all(archive, ledger)
            if number < ROUNDS:
                with capsys.disabled():
                    print(f"\n{number} kills, {acknowledged + ledger.count} acknowledged", end="", flush=True)
            if number == ROUNDS or ledger.count > INSTANCES_OF_A_FOLDER:
                acknowledged, reads, folders = acknowledged + ledger.count, reads + ledger.reads, folders + 1
                shutil.rmtree(archive.folder)
                archive, ledger = Archive(tmp_path / str(number + 1)), Ledger()
            if number < ROUNDS:
                archive.start()
    with capsys.disabled():
        times = ", ".join(f"{name} {quantile(restarts, share):.2f} s" for name, share in QUANTILES.items())
        print(f"\nkill -9, {ROUNDS} rounds in {time.monotonic() - begin:.0f} s, {folders} folders:", end=" ")
        print(f"{acknowledged} acknowledged, {reads} read meanwhile, none lost, changed or unreadable;", end=" ")
        print(f"restart {times}")
    assert acknowledged > ROUNDS
