"""Studies move between stores as rules say, are read from wherever they lie, and the work goes on after restarts."""

import contextlib
import os
import subprocess
import threading
import time

import part10
import pytest
import requests
import synthetic_images
from archive import BINARY, Archive, first

STUDIES = 4
INSTANCES = 3


def files(study, size=64):
    return [synthetic_images.ct_instance(study, number, set_name="tiers", size=size) for number in range(1, INSTANCES + 1)]


def study_uid(study):
    return synthetic_images.uid("tiers", study)


class TieredArchive(Archive):
    """An archive with a folder as its warm store."""

    def __init__(self, folder, settings="", rules="- {move: warm, study-age: 180d}", store=""):
        self.warm = folder / "warm"
        self.warm.mkdir(parents=True)
        self.settings = folder / "settings.yaml"
        self.write(settings, rules, store)
        super().__init__(folder / "archive", "--config", self.settings)

    def write(self, settings="", rules="- {move: warm, study-age: 180d}", store=""):
        text = f"stores:\n  warm: {{kind: folder, path: {self.warm}{store}}}\n"
        text += "grace-time: 1s\n" if "grace-time" not in settings else ""
        text += "move-every: 365d\n" if "move-every" not in settings else ""
        text += settings + "\n" + (f"rules:\n  {rules}\n" if rules else "")
        self.settings.write_text(text)

    def fill(self, studies=STUDIES, size=64):
        """Stores studies; the restart seals their packs."""
        for study in range(1, studies + 1):
            assert self.store(files(study, size)).status_code == 200
        self.restart()
        self.wait_for_job("tiers.move")

    def tiers(self, *arguments, check=0):
        return self.command("tiers", *arguments, "--config", self.settings, check=check)

    def status(self):
        found = self.command_json("tiers", "status", "--config", self.settings)
        return {store["name"]: store for store in found["stores"]}

    def jobs(self):
        return requests.get(self.url + "/api/jobs", headers=self.headers, timeout=60).json()

    def wait_for_job(self, kind, state=None, seconds=60):
        """Waits until no job of that kind works, or one is in that state."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = [job for job in self.jobs() if job["kind"] == kind]
            if state is None and not [job for job in found if job["state"] in ("queued", "running")]:
                return found
            if state is not None and [job for job in found if job["state"] == state]:
                return found
            time.sleep(0.05)
        raise AssertionError(f"{kind}: {found}\n{self.log_end()}")

    def hot_packs(self):
        return sorted(path.name for path in (self.data / "packs").glob("??/*.pack"))

    def warm_packs(self):
        return sorted(path.name for path in self.warm.glob("packs/??/*.pack"))

    def wait_until(self, holds, seconds=30):
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, self.log_end()
            time.sleep(0.1)

    def read_all(self, studies=STUDIES):
        return {uid: file for study in range(1, studies + 1) for uid, file in self.instances_of(f"/studies/{study_uid(study)}").items()}


@pytest.fixture
def tiered(tmp_path):
    made = []

    def make(*arguments, **keywords):
        archive = TieredArchive(tmp_path / f"tiers-{len(made)}", *arguments, **keywords)
        made.append(archive)
        return archive.start()

    yield make
    for archive in made:
        archive.stop()


def expected(studies=STUDIES, size=64):
    return {part10.split(file).sop_instance_uid: file for study in range(1, studies + 1) for file in files(study, size)}


def test_studies_move_to_the_warm_store_and_are_read_from_there(tiered):
    archive = tiered(rules="- {move: warm, study-age: 180d, label: old}")
    archive.fill()
    for study in range(1, STUDIES + 1):
        archive.command("label", "add", study_uid(study), "old", check=0)
    hot = archive.hot_packs()

    archive.tiers("run")

    assert archive.warm_packs() == hot
    archive.wait_until(lambda: not archive.hot_packs())
    assert archive.read_all() == expected()
    status = archive.status()
    assert (status["warm"]["studies"], status["hot"]["studies"]) == (STUDIES, 0)
    assert status["warm"]["packs"] == len(hot)
    archive.restart()
    assert archive.read_all() == expected()
    verified = archive.command("verify", check=0).stdout
    assert f"{STUDIES * INSTANCES} of {STUDIES * INSTANCES}" in verified


def test_a_store_that_hangs_holds_up_its_readers_alone(tiered):
    archive = tiered(rules="- {move: warm, label: old}")
    archive.fill()
    for study in range(1, STUDIES + 1):
        archive.command("label", "add", study_uid(study), "old", check=0)
    archive.tiers("run")
    archive.wait_until(lambda: not archive.hot_packs())
    packs = list(archive.warm.glob("packs/??/*.pack"))
    for pack in packs:
        # Whoever opens it waits, as on a volume behind a network that is gone.
        pack.unlink()
        os.mkfifo(pack)
    archive.restart()
    study = f"{archive.dicomweb}/studies/{study_uid(1)}"
    headers = archive.headers | {"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}
    readers = [threading.Thread(target=read_until_cut_off, args=(study, headers), daemon=True) for _ in range(24)]
    for reader in readers:
        reader.start()
    time.sleep(1)

    assert all(reader.is_alive() for reader in readers), "nobody hangs"
    assert requests.get(study + "/series", headers=archive.headers, timeout=10).status_code == 200
    assert archive.store(files(STUDIES + 1)).status_code == 200
    fresh = {part10.split(file).sop_instance_uid: file for file in files(STUDIES + 1)}
    assert archive.instances_of(f"/studies/{study_uid(STUDIES + 1)}") == fresh

    archive.kill()
    for reader in readers:
        reader.join(timeout=20)
    for pack in packs:
        pack.unlink()


def read_until_cut_off(url, headers):
    with contextlib.suppress(requests.RequestException):
        requests.get(url, headers=headers, timeout=120)


def test_a_dry_run_tells_what_moves_and_moves_nothing(tiered):
    archive = tiered(rules="- {move: warm, label: old}", store=", price-per-gb-month: 1000")
    archive.fill()
    archive.command("label", "add", study_uid(2), "old", check=0)

    plan = archive.command_json("tiers", "plan")
    text = archive.tiers("plan", "--studies").stdout

    (rule,) = plan["rules"]
    assert (rule["studies"], rule["packs"], plan["examined"], plan["withoutRule"]) == (1, 1, STUDIES, STUDIES - 1)
    assert rule["bytes"] == sum(path.stat().st_size for path in (archive.data / "packs").glob("??/*")) / STUDIES or rule["bytes"] > 20_000
    assert abs(rule["monthAfter"] - rule["bytes"] / 1e9 * 1000) < 0.001
    assert [study["studyInstanceUID"] for study in plan["studies"]] == [study_uid(2)]
    assert study_uid(2) in text and "label old" in text
    assert not archive.warm_packs() and len(archive.hot_packs()) == STUDIES


def test_labels_are_added_listed_and_removed(tiered):
    archive = tiered(rules="")
    archive.fill(studies=1)

    archive.command("label", "add", study_uid(1), "teaching", check=0)
    archive.command("label", "add", study_uid(1), "old", check=0)
    listed = archive.command_json("label", "list")
    archive.command("label", "remove", study_uid(1), "old", check=0)
    again = archive.command("label", "remove", study_uid(1), "old", check=1)
    unknown = archive.command("label", "add", "1.2.3", "old", check=1)

    assert listed == [{"studyInstanceUID": study_uid(1), "labels": ["old", "teaching"]}]
    assert archive.command_json("label", "list", study_uid(1))[0]["labels"] == ["teaching"]
    assert "no such label" in again.stderr and "no such study" in unknown.stderr


def test_a_paused_move_goes_on_when_it_is_resumed_and_after_a_restart(tiered):
    archive = tiered(settings="move-rate: 40KiB", rules="- {move: warm, label: old}")
    archive.fill()
    for study in range(1, STUDIES + 1):
        archive.command("label", "add", study_uid(study), "old", check=0)
    job = archive.command_json("tiers", "run", "--detach")
    archive.wait_until(lambda: archive.warm_packs())

    archive.command("jobs", "pause", job["id"], check=0)
    archive.wait_for_job("tiers.move", "paused")
    moved = len(archive.warm_packs())
    assert 0 < moved < STUDIES
    archive.restart()
    time.sleep(1)
    assert len(archive.warm_packs()) == moved
    archive.command("jobs", "resume", job["id"][:8], check=0)
    archive.wait_until(lambda: len(archive.warm_packs()) > moved)
    archive.kill()
    archive.start()
    archive.wait_until(lambda: archive.command_json("jobs", "show", job["id"])["state"] == "done")

    assert len(archive.warm_packs()) == STUDIES
    assert archive.read_all() == expected()
    shown = archive.command_json("jobs", "show", job["id"])
    # What the killed program had moved and not counted is found in its place.
    assert (shown["state"], shown["failures"]) == ("done", 0)
    assert moved <= shown["done"] <= STUDIES


def test_a_cancelled_move_stops_and_is_not_resumed(tiered):
    archive = tiered(settings="move-rate: 20KiB", rules="- {move: warm, label: old}")
    archive.fill()
    for study in range(1, STUDIES + 1):
        archive.command("label", "add", study_uid(study), "old", check=0)
    job = archive.command_json("tiers", "run", "--detach")

    archive.command("jobs", "cancel", job["id"], check=0)
    archive.wait_for_job("tiers.move", "cancelled")

    refused = archive.command("jobs", "resume", job["id"], check=1)
    assert "start a new one" in refused.stderr
    assert len(archive.warm_packs()) < STUDIES


def test_moves_work_on_a_closed_folder(tiered):
    archive = tiered(rules="- {move: warm, label: old}")
    archive.fill()
    archive.stop()
    archive.command("label", "add", study_uid(1), "old", check=0)

    archive.tiers("run")

    assert len(archive.warm_packs()) == 1
    assert archive.status()["warm"]["studies"] == 1
    archive.start()
    assert archive.read_all() == expected()


def test_rules_are_followed_by_themselves(tiered):
    archive = tiered(settings="move-every: 1min")
    for study in range(1, STUDIES + 1):
        assert archive.store(files(study)).status_code == 200
    archive.restart()
    # The first run may find packs that are still open; every start that is due begins another.
    archive.wait_for_job("tiers.move", "done")

    assert any(job["principal"] == "schedule" for job in archive.jobs())


def test_objects_of_a_slow_store_are_nearline(tiered):
    archive = tiered(rules="- {move: warm, label: old}", store=", availability: nearline")
    archive.fill()
    archive.command("label", "add", study_uid(1), "old", check=0)
    archive.tiers("run")
    archive.wait_until(lambda: len(archive.hot_packs()) == STUDIES - 1)

    for path in ("/studies", f"/studies/{study_uid(1)}/series", f"/studies/{study_uid(1)}/instances"):
        for answer in archive.search(path):
            wanted = "NEARLINE" if first(answer, "0020000D") == study_uid(1) else "ONLINE"
            assert first(answer, "00080056") == wanted

    listing = archive.folder / "list"
    listing.write_text(f"# to be read tomorrow\n{study_uid(1)}\n\n")
    job = archive.command_json("tiers", "prefetch", listing, "--wait")
    assert (job["state"], job["done"]) == ("done", 1)
    assert len(archive.hot_packs()) == STUDIES
    assert first(archive.search("/studies", StudyInstanceUID=study_uid(1))[0], "00080056") == "ONLINE"


def test_a_store_is_tried_out(tiered):
    archive = tiered()

    sound = archive.command_json("store", "check", "warm")
    listed = {store["name"]: store for store in archive.command_json("store", "list")}
    unknown = archive.command("store", "check", "nowhere", check=1)

    assert sound["isSound"] and [step["name"] for step in sound["steps"]] == ["write", "read", "list", "delete"]
    assert not list(archive.warm.glob("checks/*"))
    assert (listed["warm"]["location"], listed["hot"]["kind"]) == (str(archive.warm), "folder")
    assert "cassette store list" in unknown.stderr


def test_a_volume_that_is_not_mounted_is_not_taken_for_the_store(tiered):
    archive = tiered(rules="- {move: warm, label: old}")
    archive.fill()
    archive.command("label", "add", study_uid(1), "old", check=0)
    archive.tiers("run")
    archive.wait_until(lambda: len(archive.hot_packs()) == STUDIES - 1)
    archive.stop()
    mounted = archive.warm.rename(archive.warm.parent / "elsewhere")
    archive.warm.mkdir()

    archive.start()

    assert "mount its volume" in archive.log.read_text()
    assert archive.get(f"/studies/{study_uid(2)}", 'multipart/related; type="application/dicom"; transfer-syntax=*').status_code == 200
    assert archive.get(f"/studies/{study_uid(1)}", 'multipart/related; type="application/dicom"; transfer-syntax=*').status_code in (500, 503)
    assert not list(archive.warm.iterdir())
    archive.stop()
    archive.warm.rmdir()
    mounted.rename(archive.warm)
    archive.start()
    assert archive.read_all() == expected()


MISTAKES = [
    ("stores:\n  hot: {kind: folder, path: /tmp}", "line 2", "'hot' is the data folder itself"),
    ("stores:\n  Warm: {kind: folder, path: /tmp}", "line 2", "small letters"),
    ("stores:\n  warm: {kind: tape}", "line 2", "folder, s3 or webdav"),
    ("stores:\n  warm: {kind: folder}", "line 2", "lacks 'path'"),
    ("stores:\n  warm:\n    kind: folder\n    path: warm", "line 4", "an absolute path"),
    ("stores:\n  warm:\n    kind: folder\n    path: /tmp\n    pth: /x", "line 5", "did you mean 'path'"),
    ("stores:\n  cold: {kind: s3, endpoint: nowhere, bucket: b00}", "line 2", "an address like"),
    ("stores:\n  cold: {kind: s3, bucket: b00, sse-key-id: k}", "line 2", "sse: aws:kms"),
    ("stores:\n  nas: {kind: webdav, url: 'https://u:p@nas/'}", "line 2", "an address like"),
    ("stores: warm", "line 1", "wants names with settings"),
    ("rules:\n  - {move: warm, study-age: 180d}", "line 2", "a store that is configured: hot"),
    ("rules:\n  - {study-age: 180d}", "line 2", "lacks 'move'"),
    ("rules:\n  - {move: hot, study-age: 180x}", "line 2", "a number of days"),
    ("rules:\n  - {move: hot, free-space-below: 100 %}", "line 2", "20 %"),
    ("rules:\n  - {move: hot, studyage: 180d}", "line 2", "did you mean 'study-age'"),
    ("rules:\n  - {move: hot, label: a b}", "line 2", "a label of letters"),
    ("rules:\n  - {move: hot, study-age: 1d}\n  - {move: hot, study-age: 2d, label: x}", "line 3", "never decides"),
    ("rules: {move: hot}", "line 1", "wants a list"),
    ("grace-time: soon", "line 1", "a number of days"),
    ("replicas: 9", "line 1", "a number from 1 to 5"),
    ("move-hours: 8-9", "line 1", "two times of day"),
    ("pack-cache: 10 apples", "line 1", "a number of bytes"),
]


@pytest.mark.parametrize("text, line, told", MISTAKES)
def test_a_mistake_in_stores_and_rules_is_told_with_its_line_and_a_hint(tmp_path, text, line, told):
    path = tmp_path / "settings.yaml"
    path.write_text(text)

    result = subprocess.run([str(BINARY), "config", "check", str(path)], capture_output=True, text=True, timeout=60)

    assert result.returncode == 1
    assert line in result.stderr and told in result.stderr, result.stderr


def test_a_held_study_does_not_move_until_the_hold_is_released(tiered):
    archive = tiered(rules="- {move: warm, label: old}")
    archive.fill()
    for study in (1, 2):
        archive.command("label", "add", study_uid(study), "old", check=0)
    archive.command("hold", "add", study_uid(1), "--reason", "case 7", check=0)

    plan = archive.command_json("tiers", "plan")
    archive.tiers("run")
    held = archive.command_json("hold", "list")

    assert (plan["rules"][0]["studies"], plan["rules"][0]["held"]) == (1, 1)
    assert len(archive.warm_packs()) == 1
    assert [(hold["studyInstanceUID"], hold["kind"], hold["reason"]) for hold in held] == [(study_uid(1), "legal", "case 7")]
    archive.command("hold", "remove", study_uid(1), check=0)
    archive.tiers("run")
    assert len(archive.warm_packs()) == 2
    assert archive.command_json("hold", "list") == []
    archive.command("hold", "remove", study_uid(1), check=1)
    archive.command("hold", "add", study_uid(1), "--reason", "x", "--until", "soon", check=2)
