"""New packs leave for another store by themselves, and a sender may wait until that store has its objects."""

import io
import time

import part10
import pydicom
import pytest
import synthetic_images
from archive import AE_TITLE, Archive, failed, stored
from pynetdicom import AE

SUCCESS = 0x0000
OUT_OF_RESOURCES = 0xA700


def file(study, number, size=64):
    return synthetic_images.ct_instance(study, number, set_name="remote-ingest", size=size)


class CopyingArchive(Archive):
    """An archive that copies what is new into a folder, or into a bucket that nobody serves."""

    def __init__(self, folder, settings="", bucket=None):
        self.remote = folder / "remote"
        self.remote.mkdir(parents=True)
        self.settings = folder / "settings.yaml"
        store = f"{{kind: folder, path: {self.remote}}}"
        if bucket:
            secret = folder / "secret"
            secret.write_text("cassette\nsecret-of-the-tests\n")
            secret.chmod(0o600)
            store = f'{{kind: s3, endpoint: "http://127.0.0.1:{bucket}", bucket: packs, path-style: true, access-key-file: {secret}}}'
        self.settings.write_text(f"stores:\n  remote: {store}\ncopy-new: remote\n{settings}\n")
        super().__init__(folder / "archive", "--config", self.settings)

    def blobs(self, kind):
        return sorted(path for path in self.remote.glob(f"{kind}/**/*") if path.is_file())

    def wait_until(self, holds, seconds=60):
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, self.log_end()
            time.sleep(0.1)

    def send(self, title, *files):
        """C-STORE by pynetdicom; the statuses."""
        entity = AE(ae_title=title)
        entity.add_requested_context("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1")
        association = entity.associate("127.0.0.1", self.dicom_port, ae_title=AE_TITLE)
        assert association.is_established
        statuses = [association.send_c_store(pydicom.dcmread(io.BytesIO(one))).Status for one in files]
        association.release()
        return statuses


@pytest.fixture
def copying(tmp_path):
    made = []

    def make(*arguments, **keywords):
        archive = CopyingArchive(tmp_path / f"copying-{len(made)}", *arguments, **keywords)
        made.append(archive)
        return archive.start()

    yield make
    for archive in made:
        archive.stop()


def test_packs_are_copied_after_they_were_sealed_with_their_keys(copying):
    archive = copying()
    files = [file(1, number) for number in range(1, 6)]
    assert len(stored(archive.store(files))) == 5
    assert archive.blobs("records") == []

    archive.restart()

    archive.wait_until(lambda: archive.blobs("packs"))
    packs = {path.name: path.read_bytes() for path in archive.blobs("packs")}
    assert packs == {path.name: path.read_bytes() for path in (archive.data / "packs").glob("??/*.pack")}
    keyring = b"".join(path.read_bytes() for path in archive.blobs("keyring"))
    assert keyring == (archive.data / "keyring" / "keyring").read_bytes()


def test_a_sender_that_waits_is_answered_when_the_store_has_object_and_key(copying):
    archive = copying("ack: remote")
    files = [file(2, number) for number in range(1, 4)]

    for number, one in enumerate(files, start=1):
        assert archive.send("MODALITY", one) == [SUCCESS]
        assert len(archive.blobs("records")) == number
        assert b"".join(path.read_bytes() for path in archive.blobs("keyring")) == (
            archive.data / "keyring" / "keyring"
        ).read_bytes()
    assert archive.send("MODALITY", *files) == [SUCCESS] * 3
    assert len(archive.blobs("records")) == 3

    archive.kill()
    assert len(archive.blobs("records")) == 3
    archive.start()
    archive.wait_until(lambda: archive.blobs("packs") and not archive.blobs("records"))
    assert len(archive.instances_of(f"/studies/{synthetic_images.uid('remote-ingest', 2)}")) == 3


def test_only_the_senders_that_want_it_wait(copying):
    archive = copying()
    archive.command("ae", "add", "CAREFUL", "--ack", "remote", check=0)
    archive.command("ae", "add", "QUICK", "--ack", "local", check=0)
    assert [(entry["title"], entry.get("ack")) for entry in archive.command_json("ae", "list")] == [
        ("CAREFUL", "remote"),
        ("QUICK", "local"),
    ]

    assert archive.send("QUICK", file(3, 1)) == [SUCCESS]
    assert archive.blobs("records") == []
    assert archive.send("CAREFUL", file(3, 2)) == [SUCCESS]
    assert len(archive.blobs("records")) == 1


def test_a_sender_that_waits_in_vain_is_told_and_the_object_is_kept(copying):
    # Port 9 is "discard": nobody listens there.
    archive = copying("ack: remote\nack-timeout: 1s", bucket=9)
    one = file(4, 1)

    assert archive.send("MODALITY", one) == [OUT_OF_RESOURCES]
    response = archive.store([one])

    uid = part10.split(one).sop_instance_uid
    assert response.status_code == 503
    assert failed(response) == {uid: OUT_OF_RESOURCES}
    assert set(archive.instances_of(f"/studies/{synthetic_images.uid('remote-ingest', 4)}")) == {uid}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("copy-new: warm", "copy-new is 'warm'"),
        ("ack: remote", "name it with copy-new"),
        ("ack: soon", "ack is 'soon'"),
        ("stores:\n  a: {kind: folder, path: /mnt/a}\ncopy-new: a\nack-timeout: 2h", "ack-timeout is '2h'"),
    ],
)
def test_a_mistake_is_told(tmp_path, text, told):
    settings = tmp_path / "settings.yaml"
    settings.write_text(text + "\n")
    result = Archive(tmp_path / "archive").folder
    result.mkdir(parents=True)
    checked = Archive(result).command("config", "check", settings)
    assert checked.returncode != 0
    assert told in checked.stdout + checked.stderr
