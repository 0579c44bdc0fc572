"""Another archive's folder taken over: plain folders, and the storage of a real Orthanc, compressed or not."""

import hashlib
import json
import shutil
import subprocess
import time
import uuid
import zlib

import part10
import pytest
import requests
from archive import ANY_INSTANCE, free_port
from instance_template import InstanceTemplate

ORTHANC = shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin:/usr/local/sbin")


@pytest.fixture
def template():
    return InstanceTemplate(64, "adopt")


def assert_holds(archive, instances):
    for instance in instances:
        response = archive.get(instance.path, ANY_INSTANCE)
        assert response.status_code == 200, response.text[:300]
        ((_, file),) = part10.parts(response.content, response.headers["Content-Type"])
        assert part10.split(file).data_set == instance.data_set


def adopt(archive, *arguments, check=0):
    return json.loads(archive.command("adopt", *arguments, "--json", check=check).stdout)


def attachment(folder, content):
    """Puts content where Orthanc would put it."""
    name = str(uuid.uuid4())
    path = folder / name[:2] / name[2:4] / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def wrapped(content):
    return len(content).to_bytes(8, "little") + zlib.compress(content)


@pytest.mark.parametrize("is_running", [True, False], ids=["server", "closed"])
def test_a_plain_folder_is_taken_over_with_proof(fresh_archive, template, tmp_path, is_running):
    source = tmp_path / "source"
    instances = [template.make(study, number) for study in (1, 2) for number in (1, 2, 3)]
    for position, instance in enumerate(instances):
        path = source / f"study{position % 2}" / f"{position}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(instance.file)
    (source / "notes.txt").write_text("no DICOM")
    before = {path: hashlib.sha256(path.read_bytes()).digest() for path in source.rglob("*") if path.is_file()}
    if not is_running:
        fresh_archive.stop()

    report = adopt(fresh_archive, source)
    again = adopt(fresh_archive, source)

    assert (report["files"], report["dicom"], report["stored"], report["others"]) == (7, 6, 6, 1)
    assert report["equal"] == 6 and report["isComplete"] and report["bytes"] == sum(len(each.file) for each in instances)
    assert again["equal"] == 6 and again["isComplete"]
    if not is_running:
        assert again["alreadyStored"] == 6
        fresh_archive.start()
    assert_holds(fresh_archive, instances)
    assert before == {path: hashlib.sha256(path.read_bytes()).digest() for path in before}


def test_what_is_refused_or_differs_is_in_the_report(fresh_archive, template, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    good, other = template.make(1, 1), template.make(1, 2)
    assert fresh_archive.store([good.file]).status_code == 200
    (source / "good").write_bytes(good.file)
    # The same UID with other bytes, and an object that is cut off.
    (source / "changed").write_bytes(good.file[:-1] + bytes([good.file[-1] ^ 1]))
    (source / "cut").write_bytes(other.file[: len(other.file) // 2])

    report = adopt(fresh_archive, source, check=1)

    assert not report["isComplete"] and report["dicom"] == 3 and report["equal"] == 1
    refused = {each["path"].rsplit("/", 1)[1]: each["reason"] for each in report["refused"]}
    assert set(refused) == {"changed", "cut"} and "different" in refused["changed"]


def test_a_ledger_lets_an_adoption_go_on(fresh_archive, template, tmp_path):
    source, ledger = tmp_path / "source", tmp_path / "ledger"
    source.mkdir()
    for number in range(1, 6):
        (source / str(number)).write_bytes(template.make(1, number).file)
    adopt(fresh_archive, source, "--ledger", ledger)
    lines = ledger.read_text().splitlines()
    ledger.write_text("\n".join(lines[:3]) + "\n" + lines[3][:5])

    report = adopt(fresh_archive, source, "--ledger", ledger)

    assert (report["skipped"], report["equal"]) == (3, 2) and report["isComplete"]
    assert adopt(fresh_archive, source, "--ledger", ledger)["skipped"] == 5


def test_a_storage_folder_with_compressed_attachments(fresh_archive, template, tmp_path):
    source = tmp_path / "storage"
    instances = [template.make(1, number) for number in range(1, 5)]
    attachment(source, instances[0].file)
    for instance in instances[1:]:
        attachment(source, wrapped(instance.file))
    # Up to Pixel Data: what Orthanc keeps beside compressed objects.
    attachment(source, wrapped(instances[1].file[: len(instances[1].file) // 2]))
    attachment(source, instances[2].file[: len(instances[2].file) - 100])
    attachment(source, b'{"0008,0018": "JSON"}')
    attachment(source, wrapped(b'{"compressed": "JSON"}'))
    (source / "index").write_bytes(b"SQLite format 3\0")

    report = adopt(fresh_archive, source, "--orthanc")

    assert (report["dicom"], report["headerCopies"], report["others"], report["stored"]) == (4, 2, 3, 4)
    assert report["isComplete"]
    assert_holds(fresh_archive, instances)


@pytest.mark.parametrize("damage", ["cut", "bit", "longer", "length"])
def test_a_damaged_compressed_attachment_is_refused(fresh_archive, template, tmp_path, damage):
    content = bytearray(wrapped(template.make(1, 1).file))
    if damage == "cut":
        content = content[:-20]
    elif damage == "bit":
        content[-2] ^= 1
    elif damage == "longer":
        content[:8] = (len(template.make(1, 1).file) - 1).to_bytes(8, "little")
    else:
        content[:8] = (1 << 40).to_bytes(8, "little")
    attachment(tmp_path / "storage", bytes(content))

    report = adopt(fresh_archive, tmp_path / "storage", "--orthanc", check=None)

    # Either it is refused, or it is not taken for an object at all: never stored as something else.
    assert report["stored"] == 0 and len(report["refused"]) + report["others"] == 1
    assert fresh_archive.search("/instances") == []


class Orthanc:
    """A real Orthanc with a storage folder of its own."""

    def __init__(self, folder, is_compressing):
        self.folder, self.port = folder, free_port()
        folder.mkdir()
        configuration = {
            "StorageDirectory": str(folder / "storage"), "IndexDirectory": str(folder / "index"), "Plugins": [],
            "HttpPort": self.port, "DicomServerEnabled": False, "StorageCompression": is_compressing,
            "RemoteAccessAllowed": False, "AuthenticationEnabled": False,
        }
        (folder / "orthanc.json").write_text(json.dumps(configuration))
        with open(folder / "log", "wb") as log:
            self.process = subprocess.Popen([ORTHANC, str(folder / "orthanc.json")], stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                requests.get(self.url + "/system", timeout=1).raise_for_status()
                return
            except requests.RequestException:
                time.sleep(0.1)
        raise AssertionError((folder / "log").read_text()[-2000:])

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)


@pytest.mark.skipif(not ORTHANC, reason="NOT TESTED: no Orthanc here (apt-get install orthanc)")
@pytest.mark.parametrize("is_compressing", [False, True], ids=["plain", "compressed"])
def test_the_storage_of_a_real_orthanc_is_taken_over(fresh_archive, template, tmp_path, is_compressing):
    orthanc = Orthanc(tmp_path / "orthanc", is_compressing)
    instances = [template.make(study, number) for study in (1, 2) for number in range(1, 6)]
    for instance in instances:
        assert requests.post(orthanc.url + "/instances", data=instance.file, timeout=10).status_code == 200
    originals = {
        hashlib.sha256(requests.get(f"{orthanc.url}/instances/{each}/file", timeout=10).content).digest()
        for each in requests.get(orthanc.url + "/instances", timeout=10).json()
    }
    orthanc.stop()

    report = adopt(fresh_archive, tmp_path / "orthanc" / "storage", "--orthanc")

    assert report["isComplete"] and report["stored"] == len(instances) == report["equal"]
    found = {hashlib.sha256(file).digest() for file in fresh_archive.instances_of(f"/studies/{instances[0].study}").values()}
    found |= {hashlib.sha256(file).digest() for file in fresh_archive.instances_of(f"/studies/{instances[-1].study}").values()}
    assert found == originals
    assert_holds(fresh_archive, instances)
