"""kill -9 in the middle of a life: while studies move between three tiers, are deleted, restored, shredded and backed up
and keys rotate, everything is where and what the answers said.

CASSETTE_KILL_ROUNDS sets how often the server is killed. A data folder serves many rounds; at its end the newest backup is
restored and compared, the index is rebuilt from the packs of all tiers and everything compared again.
"""

import contextlib
import json
import os
import random
import shutil
import time

import pytest
from archive import PATIENCE, Archive
from http_connection import RawHTTP
from life_ledger import ABSENT, PRESENT, SHREDDING, Deletion, Differences, LifeLedger
from object_server import ObjectServer
from operators import MENUS, Tally, operate
from survivors import quantile, quantiles, read_back, run_peers, send_by_association, send_by_stow, start_again

ROUNDS = int(os.environ.get("CASSETTE_KILL_ROUNDS", "10"))
ROUNDS_OF_A_FOLDER = 100
ROUNDS_BETWEEN_FULL_CHECKS = 10
ASSOCIATIONS = 3
READERS = 1
SHORTEST_DELAY, LONGEST_DELAY = 0.05, 0.9
# Shreddings that are not through with their packs.
OPEN_SHREDDINGS = ("tombstoned", "holdChecked", "keyless")


class Life:
    """One data folder with a folder and a bucket behind it, and what is known of it."""

    def __init__(self, folder, chance, tally):
        self.folder = folder
        self.chance = chance
        self.tally = tally
        warm, self.backups = folder / "warm", folder / "backups"
        warm.mkdir(parents=True)
        self.server = ObjectServer(folder / "buckets")
        self.settings = folder / "settings.yaml"
        self.settings.write_text(
            f"stores:\n  warm: {{kind: folder, path: {warm}}}\n"
            f"  cold: {self.server.settings(folder / 'secret', is_counted=False)}\n"
            f"grace-time: {chance.choice([0, 1])}s\nmove-every: 365d\npack-cache: {chance.choice(['0', '64MiB'])}\n"
            "rules:\n" + "".join(f"  - {{move: {tier}, label: {tier}}}\n" for tier in ("cold", "warm", "hot"))
        )
        self.archive = Archive(folder / "archive", "--config", self.settings, "--free-space-floor", "1GiB")
        self.ledger = LifeLedger()
        self.restarts = []
        self.archive.start()

    def close(self):
        if self.archive.process.poll() is None:
            self.archive.kill()
        self.server.stop()

    def api(self, path):
        client = RawHTTP(self.archive.http_port, self.archive.token, prefix="/api")
        status, _, body = client.get(path)
        client.close()
        assert status == 200, f"{path}: {status} {body[:300]}"
        return json.loads(body)

    def wait(self, holds, seconds=60):
        deadline = time.monotonic() + seconds * PATIENCE
        while not holds():
            assert time.monotonic() < deadline, f"not within {seconds} s\n{self.archive.log_end()}"
            time.sleep(0.02)

    # A round

    def studies(self, number):
        """For each sender a study: a new one, or one that was there, whatever has become of it."""
        known = sorted(self.ledger.states)
        self.chance.shuffle(known)
        senders = range(ASSOCIATIONS + 1)
        return [known.pop() if known and self.chance.random() < 0.5 else number * 10 + sender for sender in senders]

    def work_and_kill(self, number):
        ledger = self.ledger
        ledger.begin_round()
        unanswered, ledger.in_flight = list(ledger.in_flight.values()), {}
        *studies, stow = self.studies(number)
        peers = [(send_by_association, ledger, study, unanswered.pop() if unanswered else None) for study in studies]
        peers += [(send_by_stow, ledger, stow, None)]
        peers += [(read_back, ledger, self.chance.random(), None) for _ in range(READERS)]
        for menu in self.chance.sample(MENUS, self.chance.randint(1, len(MENUS))):
            peers += [(operate, ledger, self.tally, self.chance.random(), self.backups, menu)]
        run_peers(self.archive, peers, self.chance.uniform(SHORTEST_DELAY, LONGEST_DELAY))
        self.tally.note_kill()
        self.restarts.append(start_again(self.archive, self.chance))

    def settle(self, everything=False):
        """Compares what is there with what was answered, and decides what was in doubt."""
        ledger = self.ledger
        if any(change.kind == SHREDDING for change in ledger.unanswered):
            self.wait(lambda: not any(one["state"] in OPEN_SHREDDINGS for one in self.api("/shreddings")))
        ledger.settle_bin({entry["id"]: entry for entry in self.api("/trash")})
        others = sorted(set(ledger.states) - ledger.touched)
        studies = ledger.touched | set(others if everything else self.chance.sample(others, min(4, len(others))))
        differences = look(self.archive, ledger, {study: ledger.states.get(study, {}) for study in studies})
        ledger.settle_studies(differences.found)
        differences.check()
        assert not ledger.wrong, ledger.wrong[:5]

    def quiet(self):
        """Waits until all jobs have ended: those that were killed were gone on with."""
        self.wait(lambda: not any(job["state"] in ("queued", "running") for job in self.api("/jobs")))
        failed = [job for job in self.api("/jobs") if job["state"] not in ("done", "cancelled")]
        # What a list of studies named may have been shredded meanwhile.
        assert not [job for job in failed if job["kind"] != "tiers.recall"], failed[:3]

    # The end of a folder

    def end(self):
        self.quiet()
        self.settle(everything=True)
        self.restore_newest()
        self.archive.stop()
        keyrings = [
            {path.name: path.read_bytes() for path in (self.archive.data / name).iterdir()}
            for name in ("keyring", "keyring-mirror")
        ]
        assert keyrings[0] == keyrings[1], "the copies of the keyring differ"
        self.archive.command("verify", "--deep", "--config", self.settings, check=0)
        self.archive.command("index", "rebuild", "--config", self.settings, check=0)
        self.archive.start()
        self.ledger.touched = set()
        self.settle(everything=True)
        self.archive.stop()

    def restore_newest(self):
        """The newest backup comes back as things were when it was asked for; and so does one of now."""
        ledger = self.ledger
        there = json.loads(self.archive.command("backup", "list", self.backups, "--json").stdout or "[]")
        newest = max((each["number"] for each in there), default=0)
        # The last one may be whole although its answer did not come. None opens without its root key.
        candidates = [each for each in ledger.backups if each.number == newest] or ledger.lost_backups
        if newest and all(each.root_key == ledger.root_key for each in candidates):
            self.compare_restored(candidates)
        now = ledger.begin_backup(self.backups)
        report = self.archive.command_json("backup", self.backups, "--config", self.settings)
        assert report["problems"] == []
        ledger.end_backup(now, report["number"])
        self.compare_restored([now])

    def compare_restored(self, backups):
        """Restores the newest backup and looks whether it is one of these."""
        folder = self.folder / "restored"
        (folder / "data.keys").mkdir(parents=True)
        shutil.copy(self.archive.folder / "data.keys" / "root.key", folder / "data.keys" / "root.key")
        copy = Archive(folder)
        self.archive.command("restore", self.backups, "--to", copy.data, "--json", check=0)
        copy.options = ["--free-space-floor", "1GiB"]
        copy.start()
        differences = [str(look(copy, self.ledger, backup.expected(self.ledger.states))) for backup in backups]
        copy.stop()
        shutil.rmtree(folder)
        assert "" in differences, f"a backup came back otherwise: {differences}"
        self.tally.done["restored backup"] += 1


def look(archive, ledger, states):
    """The differences of an archive from the states of its studies."""
    client = RawHTTP(archive.http_port, archive.token)
    differences = Differences()
    for study, numbers in states.items():
        differences.look(client, ledger, study, dict(numbers))
    client.close()
    return differences


def told(tally, lives_restarts, acknowledged, reads, seconds):
    """One line of what was done."""
    done = tally.done
    restarts = [second for restarts in lives_restarts for second in restarts]
    halves = [restarts[: len(restarts) // 2] for restarts in lives_restarts if len(restarts) > 1]
    rests = [restarts[len(restarts) // 2 :] for restarts in lives_restarts if len(restarts) > 1]
    growth = [quantile(sum(part, []), 0.5) for part in (halves, rests)] if halves else [0, 0]
    hits = ", ".join(f"{what} {count}" for what, count in tally.hit.most_common())
    return (
        f"kill -9 in a whole life, {len(restarts)} kills in {seconds:.0f} s, {len(lives_restarts)} folders: "
        f"{acknowledged} acknowledged, {reads} read meanwhile, {tally.moved} studies moved, {done['delete']} deletions, "
        f"{done['restore']} restored, {done['end'] + done['empty']} times final, {done['shred']} shreddings, "
        f"{done['compact']} compactions, {done['rotate']} rotations, {done['epoch'] + done['renew']} epochs "
        f"({done['renew']} new root keys), {done['backup']} backups ({done['restored backup']} restored and compared), "
        f"{done['verify']} verifications; restart {quantiles(restarts)} "
        f"(median of the first half of a folder {growth[0]:.2f} s, of the second {growth[1]:.2f} s); "
        f"refused {dict(tally.refused)}; the kills hit: {hits}"
    )


def live(life, rounds):
    for number in rounds:
        life.work_and_kill(number)
        if number % ROUNDS_BETWEEN_FULL_CHECKS == 0 and number != rounds[-1]:
            life.quiet()
            life.settle(everything=True)
        else:
            life.settle()
    life.end()


@pytest.mark.timeout((600 + 20 * ROUNDS) * PATIENCE)
def test_all_is_as_it_was_answered_whatever_the_kill_interrupts(tmp_path, capsys):
    chance = random.Random(int(os.environ.get("CASSETTE_KILL_SEED", "19930228")))
    tally = Tally()
    restarts, acknowledged, reads = [], 0, 0
    begin = time.monotonic()
    for first in range(1, ROUNDS + 1, ROUNDS_OF_A_FOLDER):
        with contextlib.closing(Life(tmp_path / str(first), chance, tally)) as life:
            live(life, range(first, min(first + ROUNDS_OF_A_FOLDER, ROUNDS + 1)))
        shutil.rmtree(life.folder)
        restarts.append(life.restarts)
        acknowledged += life.ledger.count
        reads += life.ledger.reads
        with capsys.disabled():
            print("\n" + told(tally, restarts, acknowledged, reads, time.monotonic() - begin), end="", flush=True)
    assert acknowledged > ROUNDS


def test_the_check_notices_what_it_is_there_for(tmp_path):
    """What was never stored, what came back, what nobody sent, a bin that differs, a pack that is gone."""
    with contextlib.closing(Life(tmp_path / "life", random.Random(1), Tally())) as life:
        ledger = life.ledger
        files = {number: ledger.make(1, number) for number in range(1, 7)}
        ledger.sends(1, files)
        assert life.archive.store([instance.file for instance in files.values()]).status_code == 200
        for number in files:
            ledger.acknowledge(1, number)
        life.settle()
        sound = dict(ledger.states[1])

        def differences(states):
            return look(life.archive, ledger, {1: states})

        assert not str(differences(sound))
        assert differences(sound | {7: PRESENT}).lost == [(1, 7)]
        assert differences(sound | {3: ABSENT}).returned == [(1, 3)]
        assert differences({number: sound[number] for number in (1, 2, 3, 4, 5)}).changed
        ledger.deletions["0" * 32] = Deletion(1, frozenset(), frozenset())
        with pytest.raises(AssertionError, match="in the bin is not listed"):
            life.settle()
        ledger.deletions, ledger.wrong = {}, []
        life.archive.command("delete", files[6].study, files[6].series, files[6].uid, "--yes", check=0)
        with pytest.raises(AssertionError, match="1 lost"):
            life.settle()
        assert "nobody asked for" in ledger.wrong[0]
        life.archive.stop()
        for pack in (life.archive.data / "packs").glob("**/*.pack"):
            pack.unlink()
        life.archive.start()
        with pytest.raises((AssertionError, OSError)):
            look(life.archive, ledger, {1: sound | {6: ABSENT}}).check()
