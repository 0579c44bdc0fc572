"""What the archive finds by reading itself back, what it does in the background, and what it tells those who watch it."""

import re
import time

import pytest
import requests
import synthetic_images
from archive import Archive

INSTANCES = 3


def files(study):
    return [synthetic_images.ct_instance(study, number, set_name="watch", size=64) for number in range(1, INSTANCES + 1)]


class Watched(Archive):
    """An archive with two more stores in folders."""

    def __init__(self, folder, settings="", rules=""):
        self.stores = {name: folder / name for name in ("near", "far")}
        for path in self.stores.values():
            path.mkdir(parents=True)
        self.settings = folder / "settings.yaml"
        lines = ["stores:"] + [f"  {name}: {{kind: folder, path: {path}}}" for name, path in self.stores.items()]
        self.settings.write_text("\n".join(lines) + f"\ngrace-time: 1s\nmove-every: 365d\nscrub-rate: unlimited\n{settings}\n{rules}\n")
        super().__init__(folder / "archive", "--config", self.settings)

    def fill(self, studies=2):
        for study in range(1, studies + 1):
            assert self.store(files(study)).status_code == 200
        self.restart()

    def packs(self, folder=None):
        return sorted((folder / "packs" if folder else self.data / "packs").glob("??/*.pack"))

    def scrubbing(self):
        return requests.get(self.url + "/api/verification", headers=self.headers, timeout=60).json()

    def metrics(self, token=None):
        headers = {"Authorization": "Bearer " + (token or (self.data / "metrics-token").read_text().strip())}
        answer = requests.get(self.url + "/metrics", headers=headers, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer

    def figure(self, name):
        found = re.findall(rf"^{re.escape(name)} (\S+)$", self.metrics().text, re.MULTILINE)
        return float(found[0]) if found else None

    def wait_until(self, holds, seconds=60):
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, self.log_end()
            time.sleep(0.1)


@pytest.fixture
def watched(tmp_path):
    made = []

    def make(*arguments, **keywords):
        archive = Watched(tmp_path / f"watch-{len(made)}", *arguments, **keywords)
        made.append(archive)
        return archive.start()

    yield make
    for archive in made:
        archive.stop()


def flip(path, place=None):
    content = bytearray(path.read_bytes())
    content[len(content) // 3 if place is None else place] ^= 1
    path.write_bytes(content)


def test_the_first_pass_begins_by_itself_and_is_told(watched):
    archive = watched()
    archive.wait_until(lambda: "last" in archive.scrubbing())
    archive.fill()

    job = archive.command_json("verify", "--scrub", "--config", archive.settings)
    told = archive.command_json("verify", "--config", archive.settings)["scrubbing"]

    assert (job["kind"], job["state"], job["done"]) == ("verification.scrub", "done", 2 * INSTANCES)
    assert (told["damaged"], told["last"]["checked"], told["last"]["damaged"]) == (0, 2 * INSTANCES, 0)
    assert archive.figure("cassette_damaged") == 0
    assert archive.figure("cassette_scrub_last_end_timestamp_seconds") > time.time() - 3600


def test_damage_raises_an_alarm_that_survives_a_restart(watched):
    archive = watched()
    archive.fill()
    (first, _) = archive.packs()
    flip(first)

    archive.command("verify", "--scrub", "--config", archive.settings, check=1)

    assert archive.figure("cassette_damaged") == 1
    ready = requests.get(archive.url + "/health/ready", timeout=60).json()
    assert "damaged" in ready["degraded"][0]
    archive.restart()
    archive.wait_until(lambda: archive.figure("cassette_damaged") == 1)
    flip(first)
    archive.command("verify", "--scrub", "--config", archive.settings, check=0)
    assert archive.figure("cassette_damaged") == 0


def test_a_pass_is_paused_and_goes_on_after_a_restart(watched):
    archive = watched()
    archive.settings.write_text(archive.settings.read_text().replace("scrub-rate: unlimited", "scrub-rate: 4KiB"))
    archive.fill()
    job = archive.command_json("verify", "--scrub", "--detach", "--config", archive.settings)

    archive.command("jobs", "pause", job["id"][:12], check=0)
    archive.restart()
    paused = {entry["id"]: entry for entry in archive.command_json("jobs", "list")}[job["id"]]
    assert paused["state"] in ("paused", "running", "queued")
    archive.stop()
    archive.settings.write_text(archive.settings.read_text().replace("scrub-rate: 4KiB", "scrub-rate: unlimited"))
    archive.start()
    if paused["state"] == "paused":
        archive.command("jobs", "resume", job["id"][:12], check=0)

    archive.wait_until(lambda: "current" not in archive.scrubbing())
    assert archive.scrubbing()["last"]["job"] == job["id"]
    assert archive.scrubbing()["last"]["checked"] == 2 * INSTANCES


def test_two_replicas_one_vanishes_reading_goes_on_and_scrubbing_puts_it_back(watched):
    archive = watched(settings="replicas: 2\npack-cache: 0", rules="rules:\n  - {move: near, study-age: 1d}")
    archive.fill()
    content = {study: archive.instances_of(f"/studies/{synthetic_images.uid('watch', study)}") for study in (1, 2)}
    archive.command("tiers", "run", "--config", archive.settings, check=0)
    archive.wait_until(lambda: not archive.packs())
    near, far = archive.stores["near"], archive.stores["far"]
    kept = {path.relative_to(near): path.read_bytes() for path in archive.packs(near)}
    assert len(kept) == 2 and kept == {path.relative_to(far): path.read_bytes() for path in archive.packs(far)}
    assert archive.figure('cassette_store_up{store="near"}') == 1

    near.rename(near.with_name("gone"))
    assert archive.figure('cassette_store_up{store="near"}') == 0
    for study in (1, 2):
        assert archive.instances_of(f"/studies/{synthetic_images.uid('watch', study)}") == content[study]

    near.with_name("gone").rename(near)
    first, second = archive.packs(near)
    first.unlink()
    flip(second)
    archive.command("verify", "--scrub", "--config", archive.settings, check=0)

    assert kept == {path.relative_to(near): path.read_bytes() for path in archive.packs(near)}
    assert archive.scrubbing()["last"]["repaired"] == 2
    assert archive.figure("cassette_damaged") == 0
    assert archive.figure('cassette_moved_bytes_total{store="near"}') > 0


def test_metrics_need_a_token_which_opens_nothing_else(watched):
    archive = watched()
    monitor = (archive.data / "metrics-token").read_text().strip()

    assert requests.get(archive.url + "/metrics", timeout=60).status_code == 401
    assert archive.metrics().headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert archive.metrics(archive.token).status_code == 200
    for path in ("/dicomweb/studies", "/api/jobs", "/api/verification", "/api/keys"):
        answer = requests.get(archive.url + path, headers={"Authorization": "Bearer " + monitor}, timeout=60)
        assert answer.status_code in (403, 404), (path, answer.status_code)
    assert (archive.data / "metrics-token").stat().st_mode & 0o777 == 0o600


def test_metrics_tell_what_happens_and_nothing_of_a_patient(watched):
    archive = watched()
    archive.fill()
    archive.search("/studies")

    text = archive.metrics().text

    for line in (
        'cassette_store_up{store="far"} 1',
        "cassette_read_only 0",
        "cassette_volume_suspect 0",
        "cassette_quarantined_packs 0",
        "cassette_instances 6",
        "# TYPE cassette_http_request_seconds histogram",
    ):
        assert line in text.splitlines(), line
    assert archive.figure("cassette_volume_free_bytes") > 0
    assert archive.figure('cassette_http_requests_total{route="search",method="GET",status="200"}') >= 1
    assert archive.figure('cassette_jobs{kind="packs.compact",state="running"}') is not None
    assert archive.store(files(3)).status_code == 200
    assert archive.figure('cassette_ingest_objects_total{outcome="stored"}') == INSTANCES
    for secret in ("watch", synthetic_images.uid("watch", 1), "1.2.840"):
        assert secret not in archive.metrics().text
    for line in text.splitlines():
        assert re.fullmatch(r'#.*|[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? \S+', line), line


def test_compaction_is_a_job_with_a_dry_run(watched):
    archive = watched()
    archive.fill()
    archive.wait_until(lambda: [job for job in archive.command_json("jobs", "list") if job["kind"] == "packs.compact"])
    archive.command("delete", synthetic_images.uid("watch", 1), "--yes", check=0)
    archive.command("trash", "empty", "--yes", check=0)
    archive.restart()

    forecast = archive.command_json("trash", "compact", "--dry-run")

    assert forecast["deadPacks"] == 1 and forecast["deadBytes"] > 0
    assert archive.command_json("trash", "compact", "--dry-run") == forecast
    assert len(archive.packs()) >= 2


@pytest.mark.parametrize(
    "text, line, told",
    [
        ("scrub-every: 3", None, None),
        ("scrub-every: never", 1, "off, or a time"),
        ("aet: A\nscrub-rate: 0", 2, "unlimited, or bytes"),
        ("compact-dead: 0 %", 1, "1 % to 100 %"),
        ("root-key: {provider: file, path: /k/root.key}", None, None),
        ("root-key: {provider: vault, address: 'https://v', key: cassette, token-file: /etc/t}", None, None),
        ("root-key:\n  provider: awskms\n  key: k\n  region: eu-1\n  access-key-file: /etc/k", None, None),
        ("root-key: {provider: pkcs11, module: /m.so, token: t, key: k, pin-file: /etc/pin}", None, None),
        ("aet: A\nroot-key: {provider: valt}", 2, "vault"),
        ("root-key:\n  provider: vault\n  adress: 'https://v'", 3, "did you mean 'address'"),
        ("root-key: {provider: vault, address: 'https://v', key: cassette}", 1, "lacks 'token-file'"),
        ("root-key:\n  provider: pkcs11\n  module: m.so", 3, "absolute path"),
        ("root-key: [file]", 1, "settings like"),
        ("root-key: {address: x}", 1, "lacks 'provider'"),
    ],
)
def test_the_check_tells_mistakes_in_upkeep_and_root_key_with_their_line(tmp_path, text, line, told):
    settings = tmp_path / "settings.yaml"
    settings.write_text(text + "\n")
    archive = Archive(tmp_path)

    result = archive.command("config", "check", settings)

    assert result.returncode == (0 if line is None else 1), result.stderr
    if line is not None:
        assert f"line {line}:" in result.stderr and told in result.stderr


def test_a_root_key_of_the_file_is_taken_and_another_later_is_refused(tmp_path):
    secret = tmp_path / "passphrase"
    secret.write_text("correct horse battery staple\n")
    secret.chmod(0o600)
    settings = tmp_path / "settings.yaml"
    settings.write_text(f"root-key: {{provider: passphrase, file: {secret}}}\n")
    archive = Archive(tmp_path / "archive", "--config", settings).start()
    try:
        assert archive.store(files(1)).status_code == 200
        assert "passphrase" in archive.command("keys", "status", "--json", check=0).stdout
        archive.restart()
        assert len(archive.search("/studies")) == 1
    finally:
        archive.stop()
    settings.write_text("root-key: {provider: file}\n")
    assert "rewrap" in archive.command("serve", "--config", settings, check=1).stderr
