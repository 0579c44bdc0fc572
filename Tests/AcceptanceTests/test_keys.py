"""The keys of the archive: rotation while it is read, escrow, other root keys, certificates."""

import json
import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
import requests
import synthetic_images
from archive import Archive

SOFTHSM = Path("/usr/lib/softhsm/libsofthsm2.so")
STUDIES = 3


def fill(archive):
    files = [synthetic_images.ct_instance(study + 1, study, size=32) for study in range(STUDIES)]
    assert archive.store(files).status_code == 200
    return read(archive)


def read(archive):
    """Every instance as it comes out."""
    studies = [result["0020000D"]["Value"][0] for result in archive.search("/studies", limit=100)]
    assert len(studies) == STUDIES
    return {uid: file for study in studies for uid, file in archive.instances_of(f"/studies/{study}").items()}


def versions(status):
    return [(version["version"], version["state"]) for version in status["versions"]]


def secret(path, text):
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_rotation_while_objects_are_read_changes_no_object(fresh_archive):
    archive = fresh_archive
    before = fill(archive)
    failures = []
    done = threading.Event()

    def keep_reading():
        while not done.is_set():
            if read(archive) != before:
                failures.append("other bytes")

    reader = threading.Thread(target=keep_reading)
    reader.start()
    try:
        for _ in range(3):
            archive.command("keys", "rotate", check=0)
    finally:
        done.set()
        reader.join()

    assert failures == []
    status = archive.command_json("keys", "status")
    assert versions(status) == [(1, "decrypt-only"), (2, "decrypt-only"), (3, "decrypt-only"), (4, "active")]
    assert status["studyKeys"] == STUDIES and not status["isRotating"]
    assert [version["keys"] for version in status["versions"][:3]] == [0, 0, 0]
    archive.restart()
    assert read(archive) == before
    assert archive.command_json("keys", "verify")["broken"] == []


def test_a_destroyed_version_leaves_older_copies_of_the_keyring_closed(fresh_archive, tmp_path):
    archive = fresh_archive
    before = fill(archive)
    refused = archive.command("keys", "destroy", "1", check=1)
    assert "cassette keys rotate" in refused.stderr
    for folder in ("keyring", "keyring-mirror"):
        shutil.copytree(archive.data / folder, tmp_path / folder)

    status = archive.command_json("keys", "rotate", "--destroy-old")

    assert versions(status) == [(1, "destroyed"), (2, "active")]
    archive.restart()
    assert read(archive) == before
    # The same at the command line without a server.
    archive.stop()
    assert versions(archive.command_json("keys", "status")) == [(1, "destroyed"), (2, "active")]
    archive.command("keys", "rotate", check=0)
    assert versions(archive.command_json("keys", "status")) == [(1, "destroyed"), (2, "decrypt-only"), (3, "active")]
    archive.start()
    assert read(archive) == before


def test_without_escrow_each_start_says_so_loudly(fresh_archive):
    assert "No recovery key" in fresh_archive.log_end()
    assert "No recovery key" in fresh_archive.command("keys", check=0).stderr


@pytest.mark.parametrize("suite", ["x-wing", "x25519"])
def test_a_recovery_key_opens_the_archive_when_the_root_key_is_lost(fresh_archive, tmp_path, suite):
    archive = fresh_archive
    before = fill(archive)
    key, other = tmp_path / "recovery", tmp_path / "other"
    archive.command("keys", "escrow", "create-recovery-key", key, "--suite", suite, "--label", "safe", check=0)
    archive.command("keys", "escrow", "create-recovery-key", other, check=0)
    assert key.stat().st_mode & 0o777 == 0o600
    archive.command("keys", "escrow", "create-recovery-key", key, check=1)
    archive.command("keys", "escrow", "verify", key, check=1)

    archive.command("keys", "escrow", "add", f"{key}.pub", check=0)
    archive.command("keys", "rotate", check=0)

    drill = archive.command("keys", "escrow", "verify", key, check=0)
    assert "version 1, version 2" in drill.stdout
    archive.command("keys", "escrow", "verify", other, check=1)
    assert "safe" in archive.command("keys", "escrow", "list", check=0).stdout
    archive.restart()
    assert "No recovery key" not in archive.log_end().split("stopped")[-1]
    archive.stop()
    root_key = archive.folder / "data.keys" / "root.key"
    root_key.unlink()
    lost = archive.command("keys", "status", check=1)
    assert "root key file" in lost.stderr
    archive.command("keys", "escrow", "open", other, check=1)

    archive.command("keys", "escrow", "open", key, check=0)

    assert root_key.is_file()
    archive.start()
    assert read(archive) == before


def test_the_root_key_becomes_a_passphrase_and_a_key_file_again(fresh_archive, tmp_path):
    archive = fresh_archive
    before = fill(archive)
    passphrase = secret(tmp_path / "passphrase", "correct horse battery staple\n")
    running = archive.command("keys", "rewrap", "--key-provider", "passphrase", check=1)
    assert "stop it" in running.stderr
    archive.stop()

    archive.command("keys", "rewrap", "--key-provider", "passphrase", "--key-setting", f"file={passphrase}", check=0)
    (archive.folder / "data.keys" / "root.key").unlink()

    archive.start()
    assert read(archive) == before
    assert archive.command_json("keys", "status")["versions"][0]["provider"].startswith("passphrase:")
    archive.stop()
    secret(passphrase, "wrong horse battery staple\n")
    assert "passphrase is wrong" in archive.command("keys", "status", check=1).stderr
    secret(passphrase, "correct horse battery staple\n")
    archive.command("keys", "rewrap", "--key-provider", "file", check=0)
    passphrase.unlink()
    archive.start()
    assert read(archive) == before


def test_an_archive_begins_under_a_passphrase_of_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("CASSETTE_KEY_PASSPHRASE", "correct horse battery staple")
    archive = Archive(tmp_path / "archive", "--key-provider", "passphrase").start()
    try:
        before = fill(archive)
        assert not (archive.folder / "data.keys" / "root.key").exists()
        archive.restart()
        assert read(archive) == before
        archive.stop()
        other = archive.command("serve", "--key-provider", "file", check=1)
        assert "cassette keys rewrap" in other.stderr
        monkeypatch.delenv("CASSETTE_KEY_PASSPHRASE")
        assert "CASSETTE_KEY_PASSPHRASE" in archive.command("keys", "status", check=1).stderr
    finally:
        archive.stop()


@pytest.mark.skipif(not SOFTHSM.exists(), reason="SoftHSM is not installed: Tools/setup --for-tests")
def test_the_root_key_moves_into_a_token(fresh_archive, tmp_path, monkeypatch):
    archive = fresh_archive
    before = fill(archive)
    (tmp_path / "tokens").mkdir()
    configuration = tmp_path / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {tmp_path}/tokens\nobjectstore.backend = file\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(configuration))
    subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", "pacs", "--pin", "1234", "--so-pin", "5678"],
        check=True,
        capture_output=True,
    )
    pin = secret(tmp_path / "pin", "1234\n")
    archive.stop()

    settings = [f"module={SOFTHSM}", "token=pacs", "key=root", f"pin-file={pin}"]
    options = [part for setting in settings for part in ("--key-setting", setting)]
    archive.command("keys", "rewrap", "--key-provider", "pkcs11", *options, check=0)

    (archive.folder / "data.keys" / "root.key").unlink()
    archive.start()
    assert read(archive) == before
    archive.command("keys", "rotate", check=0)
    archive.restart()
    assert read(archive) == before
    assert archive.command_json("keys", "status")["versions"][1]["provider"] == "pkcs11:token=pacs;object=root"


def test_only_the_administrator_works_on_the_keys(fresh_archive):
    url = fresh_archive.url + "/api/keys"

    assert requests.get(url, timeout=10).status_code == 401
    assert requests.post(url + "/rotation", timeout=10).status_code == 401
    assert requests.get(url + "/nothing", headers=fresh_archive.headers, timeout=10).status_code == 404
    assert requests.delete(url + "/versions/7", headers=fresh_archive.headers, timeout=10).status_code == 400
    assert requests.post(url + "/recovery-keys", data="x", headers=fresh_archive.headers, timeout=10).status_code == 400
    assert fresh_archive.command_json("keys", "status")["versions"][0]["state"] == "active"


@pytest.fixture
def certificate(tmp_path):
    """A certificate that OpenSSL has signed, and its public key in hexadecimal digits."""
    key = tmp_path / "key.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True, capture_output=True)
    public = subprocess.run(
        ["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"], check=True, capture_output=True
    ).stdout[-32:]
    statement = {"kind": "shred", "made": "2026-11-21T08:00:00.000000Z", "archive": "00" * 16, "packs": [1, 2], "ü": "é\n"}
    text = json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    signed = tmp_path / "signed"
    signed.write_bytes(b"cassette/certificate/1\n" + text.encode())
    signature = subprocess.run(
        ["openssl", "pkeyutl", "-sign", "-inkey", key, "-rawin", "-in", signed], check=True, capture_output=True
    ).stdout
    content = {
        "format": "cassette-certificate-1",
        "statement": statement,
        "publicKey": public.hex(),
        "signature": signature.hex(),
    }
    return content, public.hex()


def run(*arguments):
    archive = Archive(os.getcwd())
    return archive.command("keys", "certificate", "verify", *arguments)


def test_a_certificate_that_another_program_signed_verifies(certificate, tmp_path):
    content, public = certificate
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(content, indent=2))

    assert run(path).returncode == 0
    assert run(path, "--public-key", public).returncode == 0
    result = json.loads(run(path, "--public-key", public, "--json").stdout)
    assert result["valid"] and result["statement"] == content["statement"]
    assert run(path, "--public-key", "00" * 32).returncode == 1
    content["statement"]["packs"] = [1, 3]
    path.write_text(json.dumps(content))
    changed = run(path)
    assert changed.returncode == 1 and "does not fit" in changed.stderr
    path.write_text("{}")
    assert run(path).returncode == 1
    assert run(tmp_path / "none").returncode == 1
