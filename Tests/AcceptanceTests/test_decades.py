"""The life of studies over decades, in one go: three tiers, a real S3 server, rotating keys, a backup, a shredding."""

import json
import shutil
import threading
import time

import part10
import pytest
import synthetic_images
from archive import ANY_FRAME, Archive
from object_server import ObjectServer

STUDIES = 20
INSTANCES = 3


def study_uid(study):
    return synthetic_images.uid("decades", study)


def files(study):
    return [synthetic_images.ct_instance(study, number, set_name="decades", size=256) for number in range(1, INSTANCES + 1)]


class Life:
    """An archive with a warm folder and a cold bucket."""

    def __init__(self, folder):
        self.folder = folder
        self.warm = folder / "warm"
        self.warm.mkdir()
        self.server = ObjectServer(folder / "buckets")
        self.settings = folder / "settings.yaml"
        self.settings.write_text(
            f"stores:\n  warm: {{kind: folder, path: {self.warm}}}\n"
            f"  cold: {self.server.settings(folder / 'secret')}\n"
            "grace-time: 1s\nmove-every: 365d\npack-cache: 0\n"
            "rules:\n  - {move: cold, label: cold}\n  - {move: warm, label: warm}\n"
        )
        self.archive = Archive(folder / "archive", "--config", self.settings)
        self.archive.start()

    def stop(self):
        self.archive.stop()
        self.server.stop()

    def run(self, *arguments):
        return self.archive.command(*arguments, "--config", self.settings, check=0).stdout

    def move(self, label, studies):
        for study in studies:
            self.archive.command("label", "add", study_uid(study), label, check=0)
        self.run("tiers", "run")

    def hot(self):
        return sorted((self.archive.data / "packs").glob("??/*.pack"))

    def wait(self, holds):
        deadline = time.monotonic() + 60
        while not holds():
            assert time.monotonic() < deadline, self.archive.log_end()
            time.sleep(0.1)

    def frame(self, study, uid):
        (series,) = [item["0020000E"]["Value"][0] for item in self.archive.search(f"/studies/{study_uid(study)}/series")]
        answer = self.archive.get(f"/studies/{study_uid(study)}/series/{series}/instances/{uid}/frames/1", ANY_FRAME)
        assert answer.status_code == 200, answer.text[:300]
        ((_, body),) = part10.parts(answer.content, answer.headers["Content-Type"])
        return body


@pytest.fixture
def life(tmp_path):
    life = Life(tmp_path)
    yield life
    life.stop()


def test_studies_live_in_three_tiers_and_one_dies_everywhere(life, tmp_path):
    archive = life.archive
    for study in range(1, STUDIES + 1):
        assert archive.store(files(study)).status_code == 200
    archive.restart()
    first = {study: part10.split(files(study)[0]) for study in range(1, STUDIES + 1)}
    frames = {study: life.frame(study, first[study].sop_instance_uid) for study in first}

    # Hot to warm to cold: six stay, seven go half the way, seven to the bucket.
    life.move("warm", range(7, STUDIES + 1))
    life.wait(lambda: len(life.hot()) == 6)
    life.move("cold", range(14, STUDIES + 1))
    life.wait(lambda: len(list(life.warm.glob("packs/??/*.pack"))) == 7)
    assert len(life.server.packs()) == 7

    # Frames of each tier are those that were stored; one ranged read of the bucket for each.
    since = len(life.server.requests)
    assert {study: life.frame(study, first[study].sop_instance_uid) for study in first} == frames
    asked = life.server.count(since)
    assert asked == {"GET range": 7}

    # A backup, and keys that rotate while everything is read.
    place = tmp_path / "backups"
    life.run("backup", place)
    older = tmp_path / "older-copy"
    shutil.copytree(place, older)
    ended = threading.Event()
    failures = []

    def read():
        while not ended.is_set():
            for study in (1, 8, 15):
                if life.frame(study, first[study].sop_instance_uid) != frames[study]:
                    failures.append(study)

    reader = threading.Thread(target=read)
    reader.start()
    archive.command("keys", "rotate", check=0)
    ended.set()
    reader.join()
    assert not failures

    # One study is shredded: nothing opens it any more, also not the older copy of the backup with the root key of today.
    victim = 15
    certificate = tmp_path / "certificate.json"
    archive.command(
        "keys", "shred", "--study", study_uid(victim), "--epoch", "--renew-root-key", "--without-escrow",
        "--certificate", certificate, "--yes", check=0,
    )
    assert archive.get(f"/studies/{study_uid(victim)}/metadata").status_code == 404
    assert {s: life.frame(s, first[s].sop_instance_uid) for s in first if s != victim} == {
        s: frames[s] for s in first if s != victim
    }
    archive.command("keys", "certificate", "verify", certificate, check=0)
    forged = json.loads(certificate.read_text())
    forged["statement"]["made"] = "2001-01-01T00:00:00Z"
    (tmp_path / "forged.json").write_text(json.dumps(forged))
    archive.command("keys", "certificate", "verify", tmp_path / "forged.json", check=1)
    life.wait(lambda: len(life.server.packs()) == 6)
    refused = archive.command("restore", older, "--to", tmp_path / "restored", check=1)
    assert "root key" in refused.stderr
