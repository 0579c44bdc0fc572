"""A volume runs full at any moment of a move, a recall, a rotation, a deletion, a shredding or a backup: it is told, nothing
is lost, nothing is there in part, and the work goes on as soon as there is room, without a restart.

CASSETTE_FULL_VOLUME_STEP sets the distance in bytes between the sweep's amounts of free space (4096 tries each block),
CASSETTE_FULL_VOLUME_KINDS the file systems.
"""

import json
import os
import random
import time

import pytest
import requests
from archive import PATIENCE
from http_connection import RawHTTP
from instance_template import InstanceTemplate
from survivors import study_files
from volumes import KINDS, archive_on, starts, until

STEP = int(os.environ.get("CASSETTE_FULL_VOLUME_STEP", str(32 * 1024)))
# A sweep ends when so many operations in a row found room.
ENOUGH_SUCCESSES = 3
STEPS_BEFORE_DOUBLING = 40
INSTANCES = 4
# Studies that are stored at a time; their packs are sealed by the restart behind it.
STOCK = 8


class Full:
    """An archive of which one part lies on a volume that runs full, and all that it was sent."""

    def __init__(self, archive, volume, warm):
        self.archive = archive
        self.volume = volume
        self.warm = warm
        self.template = InstanceTemplate(64, "full-life")
        self.known = {}
        self.stock = []
        self.told = set()

    def ask(self, method, path, **keywords):
        return requests.request(
            method, f"{self.archive.url}/api{path}", headers=self.archive.headers, timeout=60 * PATIENCE, **keywords
        )

    def done(self, answer, *statuses):
        """Whether an answer says that it was done; what it says else is a clear refusal."""
        if answer.status_code in (statuses or (200, 201, 202, 204)):
            return True
        assert answer.status_code in (409, 503, 507), f"{answer.status_code} {answer.text[:300]}"
        assert answer.json()["detail"], answer.text
        self.told.add(answer.status_code)
        return False

    def next_study(self):
        """A study that was stored, in a sealed pack."""
        if not self.stock:
            first = len(self.known) + 1
            for study in range(first, first + STOCK):
                made = [self.template.make(study, number, series=1 + number % 2) for number in range(INSTANCES)]
                assert self.archive.store([instance.file for instance in made]).status_code == 200
                self.known[made[0].study] = {instance.uid: instance for instance in made}
                self.stock.append(made[0].study)
            self.archive.restart()
        return self.stock.pop(0)

    def read(self, study):
        client = RawHTTP(self.archive.http_port, self.archive.token)
        found = study_files(client, f"/studies/{study}")
        client.close()
        return found

    def expect(self, study, uids=None):
        """A study is there, whole or but for what was deleted."""
        wanted = self.known[study]
        uids = set(wanted) if uids is None else uids
        assert self.read(study) == {uid: wanted[uid].data_set for uid in uids}

    def check(self, except_for=()):
        for study in self.known:
            if study not in except_for:
                self.expect(study)

    def label(self, study, label):
        if not self.done(self.ask("PUT", f"/studies/{study}/labels/{label}")):
            return False
        other = "hot" if label == "warm" else "warm"
        return self.done(self.ask("DELETE", f"/studies/{study}/labels/{other}"), 204, 404)

    def move(self, study, label):
        """Labels a study and follows the rules; whether all that was to move has moved."""
        if not self.label(study, label):
            return False
        answer = self.ask("POST", "/tiers/run")
        if not self.done(answer):
            return False
        job = answer.json()
        deadline = time.monotonic() + 60 * PATIENCE
        while job["state"] in ("queued", "running"):
            if job["message"].startswith("waiting: no space left"):
                self.told.add("waits")
                return False
            assert time.monotonic() < deadline, f"the job does not end: {job}"
            time.sleep(0.02)
            job = self.ask("GET", f"/jobs/{job['id']}").json()
        if job["state"] == "done" and job["failures"] == 0:
            return True
        assert job.get("failure") or "no space left" in job["message"].lower(), f"a job that does not say why: {job}"
        self.told.add("job")
        return False

    def packs(self, folder):
        return {path.name: path.read_bytes() for path in folder.glob("packs/??/*.pack")}

    def lines(self, path):
        """The last line of a long answer; None for one that was refused or cut off."""
        try:
            answer = self.ask("POST", path)
        except requests.RequestException:
            self.told.add("cut off")
            return None
        if not self.done(answer):
            return None
        line = json.loads(answer.text.splitlines()[-1])
        if not line.get("isComplete"):
            self.told.add("line")
        return line


class Operation:
    """Something that an archive does. What is on the full volume: `data`, `warm` or `backups`."""

    full = "data"

    def __init__(self, life, place):
        self.life = life
        self.place = place
        self.study = None

    def prepare(self):
        self.study = self.life.next_study()

    def attempt(self):
        """Whether it was done."""
        raise NotImplementedError

    def check(self):
        """What holds while the volume is full, and afterwards."""
        self.life.check()


class Move(Operation):
    full = "warm"

    def attempt(self):
        return self.life.move(self.study, "warm")

    def check(self):
        super().check()
        # A pack is in the store whole or not at all.
        hot, warm = self.life.packs(self.life.archive.data), self.life.packs(self.life.warm)
        for name in warm.keys() & hot.keys():
            assert warm[name] == hot[name], "a pack is there in part"


class Recall(Move):
    full = "data"

    def prepare(self):
        super().prepare()
        assert self.life.move(self.study, "warm")
        until(lambda: len(self.life.packs(self.life.warm)) > 0)

    def attempt(self):
        return self.life.move(self.study, "hot")


class Rotation(Operation):
    def attempt(self):
        line = self.life.lines("/keys/rotation")
        return line is not None and line.get("isComplete", False)

    def check(self):
        super().check()
        status = self.life.ask("GET", "/keys").json()
        assert sum(version["state"] == "active" for version in status["versions"]) == 1


class Deletion(Operation):
    """One instance of a study into the bin, out of it, and its bytes freed."""

    left = None
    entry = None

    def prepare(self):
        super().prepare()
        self.one = next(iter(self.life.known[self.study].values()))
        self.all = set(self.life.known[self.study])
        self.left = None
        self.entry = None

    def attempt(self):
        life = self.life
        if self.left is None:
            answer = life.ask("DELETE", self.one.path)
            if answer.status_code == 404:
                # The one before was done after all.
                assert self.one.uid not in life.read(self.study)
                (self.entry,) = [
                    entry["id"] for entry in life.ask("GET", "/trash").json() if entry.get("sopInstanceUID") == self.one.uid
                ]
            elif not life.done(answer):
                return False
            else:
                self.entry = answer.json()["id"]
            self.left = self.all - {self.one.uid}
        if self.entry is not None:
            answer = life.ask("DELETE", f"/trash/{self.entry}")
            # It may be final already: then the answer before was lost.
            if answer.status_code not in (404, 409) and not life.done(answer):
                return False
            self.entry = None
        answer = life.ask("POST", "/compaction")
        is_done = life.done(answer) and answer.json()["failures"] == 0
        if is_done:
            life.known[self.study].pop(self.one.uid, None)
        return is_done

    def check(self):
        self.life.check(except_for=[self.study])
        found = set(self.life.read(self.study))
        assert found in ([self.left] if self.left else [self.all, self.all - {self.one.uid}])


class Shredding(Operation):
    is_shredded = False

    def prepare(self):
        super().prepare()
        self.is_shredded = False

    def attempt(self):
        answer = self.life.ask("POST", f"/studies/{self.study}/shred?reason=erasure")
        if answer.status_code == 404:
            # It went on by itself.
            assert not self.life.read(self.study)
        elif not self.life.done(answer):
            return False
        self.is_shredded = True
        self.life.known[self.study] = {}
        return True

    def check(self):
        self.life.check(except_for=[self.study])
        # Hidden whole, or not at all.
        if self.is_shredded or self.life.read(self.study):
            self.life.expect(self.study)


class Backup(Operation):
    full = "backups"

    def attempt(self):
        line = self.life.lines(f"/backups?to={self.place}")
        if line is not None and not line["isComplete"]:
            assert line["error"], line
        return line is not None and line["isComplete"] and not line["problems"]

    def check(self):
        super().check()
        listed = self.life.archive.command("backup", "list", self.place, "--json")
        # Whatever is listed can be restored.
        if listed.returncode == 0 and json.loads(listed.stdout):
            assert self.life.archive.command_json("restore", self.place, "--drill")["isSound"]


def settings(folder, warm):
    path = folder / "settings.yaml"
    path.write_text(
        f"stores:\n  warm: {{kind: folder, path: {warm}}}\ngrace-time: 0s\nmove-every: 365d\n"
        "rules:\n  - {move: warm, label: warm}\n  - {move: hot, label: hot}\n"
    )
    return path


@pytest.mark.timeout(36_000 * PATIENCE)
@pytest.mark.parametrize("volume", KINDS, indirect=True)
@pytest.mark.parametrize("kind", [Move, Recall, Rotation, Deletion, Shredding, Backup], ids=lambda kind: kind.__name__)
def test_a_full_volume_is_met_at_any_point(volume, tmp_path, capsys, kind):
    places = {name: (volume.path if kind.full == name else tmp_path) / name for name in ("data", "warm", "backups")}
    places["warm"].mkdir()
    chance = random.Random(5)
    options = ["--config", settings(tmp_path, places["warm"]), "--free-space-floor", "0"]
    with archive_on(volume, tmp_path, *options, at=places["data"]) as archive:
        life = Full(archive, volume, places["warm"])
        operation = kind(life, places["backups"])
        done = refused = successes_in_a_row = number = free = refused_starts = 0
        slowest = 0
        while successes_in_a_row < ENOUGH_SUCCESSES:
            operation.prepare()
            volume.leave(free)
            is_done = operation.attempt()
            done, refused = done + is_done, refused + (not is_done)
            successes_in_a_row = successes_in_a_row + 1 if is_done else 0
            operation.check()
            if chance.random() < 0.3:
                archive.kill()
                refused_starts += not starts(archive)
                volume.make_room()
                if archive.process.poll() is not None:
                    archive.start()
            volume.make_room()
            begin = time.monotonic()
            until(lambda: is_done or operation.attempt())
            slowest = max(slowest, time.monotonic() - begin)
            operation.check()
            number += 1
            free += STEP << number // STEPS_BEFORE_DOUBLING
        archive.restart()
        operation.check()
        keyrings = [
            {path.name: path.read_bytes() for path in (archive.data / name).iterdir()}
            for name in ("keyring", "keyring-mirror")
        ]
        archive.stop()
        archive.command("verify", "--deep", "--config", options[1], check=0)
    with capsys.disabled():
        print(f"\n{volume.kind}, {kind.__name__}: free space 0..{free} in steps from {STEP}: {done} done,", end=" ")
        print(f"{refused} refused ({', '.join(sorted(map(str, life.told)))}), {refused_starts} starts refused,", end=" ")
        print(f"{slowest:.1f} s until it went well")
    assert keyrings[0] == keyrings[1], "the copies of the keyring differ"
    assert refused > 0
