"""The commands that people type: results, JSON, exit codes, hints."""

import json
import os

import pytest
import synthetic_images
from archive import first
from senders import reference_receiver


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Six instances of two studies, and a file that is none."""
    target = tmp_path_factory.mktemp("import")
    for instance in range(6):
        (target / f"{instance}.dcm").write_bytes(synthetic_images.ct_instance(instance % 2 + 1, instance, size=32))
    (target / "notes.txt").write_text("no DICOM file")
    return target


@pytest.fixture(scope="module")
def filled(archive, folder):
    archive.command("import", "--data", archive.data, folder / "0.dcm", folder / "1.dcm", check=0)
    return archive


def test_import_takes_folders_and_files(filled, folder):
    filled.command("import", "--data", filled.data, folder)

    assert len(filled.search("/instances", limit=100)) == 6


def test_import_twice_changes_nothing(filled, folder):
    before = filled.search("/instances", limit=100)

    filled.command("import", "--data", filled.data, folder / "0.dcm", check=0)

    assert filled.search("/instances", limit=100) == before


def test_import_tells_what_it_could_not_take(filled, folder):
    result = filled.command("import", "--data", filled.data, folder / "notes.txt", check=1)

    assert "notes.txt" in result.stdout + result.stderr


def test_import_follows_no_link_and_waits_for_no_pipe(fresh_archive, folder, tmp_path):
    given = tmp_path / "given"
    (given / "deep").mkdir(parents=True)
    (given / "good.dcm").write_bytes((folder / "0.dcm").read_bytes())
    (given / "deep" / "up").symlink_to(given)
    (given / "deep" / "self").symlink_to("self")
    (given / "outside.dcm").symlink_to(folder / "1.dcm")
    (given / "nowhere.dcm").symlink_to(tmp_path / "nothing")
    os.mkfifo(given / "pipe.dcm")

    result = fresh_archive.command("import", "--data", fresh_archive.data, given, "--json", check=1)

    report = json.loads(result.stdout)
    assert report["stored"] == 1
    reasons = {item["path"].removeprefix(str(given) + "/"): item["reason"] for item in report["refused"]}
    assert set(reasons) == {"deep/up", "deep/self", "outside.dcm", "nowhere.dcm", "pipe.dcm"}
    assert "pipe" in reasons["pipe.dcm"] and "symbolic link" in reasons["outside.dcm"]


def test_import_refuses_a_pipe_that_is_named_and_takes_a_link_that_is_named(fresh_archive, folder, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(folder / "0.dcm")

    paths = tmp_path / "pipe", tmp_path / "link"
    result = fresh_archive.command("import", "--data", fresh_archive.data, *paths, check=1)

    assert "not a file" in result.stderr
    assert "1 stored" in result.stdout


def test_query_prints_json(filled):
    found = filled.command_json("query", "--data", filled.data, "PatientName=Synthetic*")

    assert len(found) == 2
    assert "Synthetic^Patient 0001" in json.dumps(found)


def test_query_without_a_match_is_no_failure(filled):
    assert filled.command_json("query", "--data", filled.data, "PatientID=NOBODY") == []


def test_verify_reads_all(filled):
    filled.command("verify", "--data", filled.data, check=0)
    filled.command_json("verify", "--data", filled.data)


def test_verify_finds_a_changed_byte(fresh_archive, folder):
    fresh_archive.command("import", "--data", fresh_archive.data, folder / "0.dcm", check=0)
    fresh_archive.stop()
    pack = max(fresh_archive.data.rglob("*.pack"), key=lambda path: path.stat().st_size)
    content = bytearray(pack.read_bytes())
    content[len(content) // 2] ^= 1
    pack.write_bytes(content)

    fresh_archive.command("verify", "--deep", "--data", fresh_archive.data, check=1)


def test_index_rebuild_gives_the_same_rows(fresh_archive, folder):
    fresh_archive.command("import", "--data", fresh_archive.data, folder)
    parameters = {"limit": 100, "includefield": "all"}
    before = {first(item, "00080018"): item for item in fresh_archive.search("/instances", **parameters)}
    fresh_archive.stop()

    fresh_archive.command("index", "rebuild", "--data", fresh_archive.data, check=0)

    fresh_archive.start()
    after = {first(item, "00080018"): item for item in fresh_archive.search("/instances", **parameters)}
    assert len(after) == 6
    assert after == before


def test_echo(filled):
    filled.command("echo", "127.0.0.1", filled.dicom_port, "--aec", "CASSETTE", check=0)
    with reference_receiver() as receiver:
        filled.command("echo", "127.0.0.1", receiver.port, check=0)


def test_echo_without_a_peer_fails(filled):
    result = filled.command("echo", "127.0.0.1", "1", check=1)

    assert result.stderr.strip()


def test_send_sends_files(filled, folder):
    with reference_receiver() as receiver:
        filled.command("send", "127.0.0.1", receiver.port, folder / "0.dcm", folder / "1.dcm", check=0)
        assert len(list(receiver.folder.iterdir())) == 2


def test_application_entities_are_added_listed_and_removed(filled):
    filled.command("ae", "add", "SCANNER1", "--data", filled.data, check=0)

    assert "SCANNER1" in json.dumps(filled.command_json("ae", "list", "--data", filled.data))

    filled.command("ae", "remove", "SCANNER1", "--data", filled.data, check=0)
    assert "SCANNER1" not in json.dumps(filled.command_json("ae", "list", "--data", filled.data))


@pytest.mark.parametrize(
    "arguments",
    [["no-such-command"], ["serve", "--no-such-option"], ["query", "PatientNam"], ["serve", "--dicom-port", "x"]],
    ids=" ".join,
)
def test_bad_usage_ends_with_2(filled, arguments):
    result = filled.command(*arguments, check=2)

    assert result.stderr.strip()
    assert result.stdout == ""


@pytest.mark.parametrize("typed,meant", [("querry", "query"), ("verfy", "verify"), ("imprt", "import")])
def test_a_typing_error_gets_a_hint(filled, typed, meant):
    assert meant in filled.command(typed, check=2).stderr


def test_a_mistyped_attribute_gets_a_hint(filled):
    assert "PatientName" in filled.command("query", "--data", filled.data, "PatientNmae=X", check=2).stderr


def test_open_refuses_other_than_loopback(filled, tmp_path):
    result = filled.command("serve", "--open", "--bind", "0.0.0.0", "--data", tmp_path / "data", check=2)

    assert "loopback" in result.stderr.lower()


def test_help_names_all_commands(filled):
    text = filled.command("--help", check=0).stdout

    for command in ["serve", "import", "query", "verify", "echo", "send", "ae", "index"]:
        assert command in text


@pytest.mark.parametrize(
    "text,line,told",
    [
        ("aet: ARCHIVE\nhttp-prt: 80\n", 2, "http-port"),
        ("aet: ARCHIVE\n\ndicom-port: 99999\n", 3, "65535"),
        ("aet: [A, B]\n", 1, "one plain value"),
        ("- aet\n", 1, "lines like"),
        ("free-space-floor: lots\n", 1, "10GiB"),
    ],
    ids=["unknown key", "port", "list for a value", "no mapping", "size"],
)
def test_a_faulty_configuration_is_told_with_its_line(filled, tmp_path, text, line, told):
    path = tmp_path / "cassette.yaml"
    path.write_text(text)

    result = filled.command("config", "check", path, check=1)

    assert f"line {line}:" in result.stderr
    assert told in result.stderr


def test_a_configuration_file_sets_what_was_not_typed(filled, tmp_path):
    path = tmp_path / "cassette.yaml"
    path.write_text("aet: ARCHIVE\nhttp-port: 8443\n")

    assert filled.command_json("config", "check", path)["aet"] == "ARCHIVE"
    refused = filled.command("serve", "--config", path, "--http-port", "x", check=2)
    assert "http-port" in refused.stderr


def test_packs_without_their_keyring_are_not_opened_with_a_new_one(fresh_archive, folder):
    fresh_archive.command("import", "--data", fresh_archive.data, folder / "0.dcm", check=0)
    fresh_archive.stop()
    for name in ["keyring", "keyring-mirror"]:
        (fresh_archive.data / name).rename(fresh_archive.data.parent / f"{name}.away")

    for _ in range(2):
        result = fresh_archive.command("verify", "--data", fresh_archive.data, check=1)
        assert "keyring" in result.stderr
    for name in ["keyring", "keyring-mirror"]:
        (fresh_archive.data.parent / f"{name}.away").rename(fresh_archive.data / name)
    fresh_archive.command("verify", "--data", fresh_archive.data, check=0)


def test_a_rebuild_keeps_the_index_when_the_packs_are_away(fresh_archive, folder):
    fresh_archive.command("import", "--data", fresh_archive.data, folder / "0.dcm", check=0)
    fresh_archive.stop()
    packs, away = fresh_archive.data / "packs", fresh_archive.data.parent / "packs.away"
    packs.rename(away)
    packs.mkdir()

    result = fresh_archive.command("index", "rebuild", "--data", fresh_archive.data, check=1)

    assert "--force" in result.stderr
    packs.rename(fresh_archive.data.parent / "packs.empty")
    away.rename(packs)
    fresh_archive.command("verify", "--data", fresh_archive.data, check=0)
    fresh_archive.start()
    assert len(fresh_archive.search("/instances", limit=10)) == 1


def test_the_directory_of_a_medium_is_skipped(fresh_archive, folder, tmp_path):
    media = tmp_path / "cd"
    media.mkdir()
    (media / "0.dcm").write_bytes((folder / "0.dcm").read_bytes())
    directory = synthetic_images.ct_instance(1, 1, size=8).replace(
        b"1.2.840.10008.5.1.4.1.1.2\x00", b"1.2.840.10008.1.3.10\x00\x00\x00\x00\x00\x00"
    )
    (media / "DICOMDIR").write_bytes(directory)

    result = fresh_archive.command_json("import", "--data", fresh_archive.data, media)

    assert (result["stored"], len(result["skipped"]), result["refused"]) == (1, 1, [])
