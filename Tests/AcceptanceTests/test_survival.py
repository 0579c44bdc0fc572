"""kill -9 at random moments: what was acknowledged is there, what is listed can be read.

CASSETTE_KILL_ROUNDS sets how often the server is killed. One data folder serves many rounds: each round checks what it
stored itself; now and then all that the folder holds is compared byte for byte, verified, and the folder changed for a
new one when it has become large.
"""

import os
import random
import shutil
import time

import pytest
from archive import Archive
from http_connection import RawHTTP
from survivors import (
    STOW_PART_COUNT,
    Ledger,
    listed,
    quantiles,
    read_back,
    run_peers,
    send_by_association,
    send_by_stow,
    start_again,
    study_files,
)

ROUNDS = int(os.environ.get("CASSETTE_KILL_ROUNDS", "10"))
ROUNDS_BETWEEN_FULL_CHECKS = 100
INSTANCES_OF_A_FOLDER = 100_000
ASSOCIATIONS = 16
STOW_SENDERS = 2
READERS = 2
LONGEST_DELAY = 0.5


def send_and_kill(archive, ledger, studies, delay):
    """Senders and readers at once; the server is killed after the delay."""
    unanswered, ledger.in_flight = list(ledger.in_flight.values()), {}
    kinds = [send_by_association] * ASSOCIATIONS + [send_by_stow] * STOW_SENDERS + [read_back] * READERS
    peers = [
        (kind, ledger, study, unanswered.pop() if unanswered else None)
        for kind, study in zip(kinds, studies, strict=True)
    ]
    run_peers(archive, peers, delay)


def compare(archive, ledger, studies):
    """What of these studies was lost, came back changed, is listed and cannot be read: nothing, or the test fails."""
    client = RawHTTP(archive.http_port, archive.token)
    lost, changed, unreadable = [], [], []
    for study in studies:
        wanted = ledger.acknowledged.get(study, set())
        numbers = range(1, max(wanted, default=0) + 1 + STOW_PART_COUNT)
        known = {instance.uid: instance for instance in (ledger.make(study, number) for number in numbers)}
        path = f"/studies/{ledger.make(study, 1).study}"
        found = study_files(client, path)
        changed += [uid for uid, data_set in found.items() if uid not in known or known[uid].data_set != data_set]
        lost += [number for number in wanted if ledger.make(study, number).uid not in found]
        unreadable += listed(client, path) - set(found)
    assert (len(lost), len(changed), len(unreadable)) == (0, 0, 0), "lost, changed, listed but unreadable"
    client.close()


def check_all(archive, ledger):
    """Compares everything that the folder holds, then lets the archive verify itself."""
    compare(archive, ledger, list(ledger.acknowledged))
    archive.stop()
    archive.command("verify", "--deep", "--data", archive.data, check=0)


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
        print(f"\nkill -9, {ROUNDS} rounds in {time.monotonic() - begin:.0f} s, {folders} folders:", end=" ")
        print(f"{acknowledged} acknowledged, {reads} read meanwhile, none lost, changed or unreadable;", end=" ")
        print(f"restart {quantiles(restarts)}")
    assert acknowledged > ROUNDS
