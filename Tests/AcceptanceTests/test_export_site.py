"""What a site says of its staff and its devices holds for exports and views of all projects."""

import hashlib

import pydicom
import pytest
from archive import Archive
from research_study import Study
from test_export import OPTIONS, exported, make_project, manifest, statement
from test_project_view import ROOT, Researcher, post

NAMES = "# staff\nZandermuth\nPellworm Iversen\n"
RULES = """
rules:
  - name: Screens
    when: {manufacturer: SCREENSHOT}
    exclude: a page of text
"""
DESCRIPTION = "Liver reviewed with Zandermuth and Iversen"


@pytest.fixture(scope="module")
def research(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    (folder / "names.txt").write_text(NAMES)
    (folder / "rules.yaml").write_text(RULES)
    settings = folder / "settings.yaml"
    settings.write_text(f"deidentify-names: {folder}/names.txt\ndeidentify-pixel-rules: {folder}/rules.yaml\n")
    archive = Archive(folder / "archive", "--config", settings).start()
    Study(1, SeriesDescription=DESCRIPTION).write(folder / "in")
    Study(2, SeriesDescription=DESCRIPTION, Manufacturer="SCREENSHOT").write(folder / "in")
    archive.command("import", folder / "in", check=0)
    make_project(archive, options=[*OPTIONS, "clean-pixel-data"])
    yield archive, folder
    archive.stop()


def test_names_of_the_site_leave_texts_and_its_rules_keep_objects_back(research):
    archive, folder = research
    place = folder / "out"
    job = exported(archive, place)

    assert job["state"] == "done"
    told = statement(place)
    digests = {name: hashlib.sha256((folder / file).read_bytes()).hexdigest() for name, file in (
        ("deidentify-names", "names.txt"),
        ("deidentify-pixel-rules", "rules.yaml"),
    )}
    assert told["files"] == digests
    assert set(told["quarantinedByReason"]) == {"pixels"}
    texts = {pydicom.dcmread(place / row["path"]).get("SeriesDescription", "") for row in manifest(place)}
    assert any("Liver reviewed with" in text for text in texts)
    assert not any("zandermuth" in text.lower() or "iversen" in text.lower() for text in texts)
    archive.command("export", "verify", place, check=0)


def test_the_view_goes_by_the_same(research):
    archive, _ = research
    made = post(archive, "/api/projects/LIVER/researchers", {"name": "alice", "days": 30})
    alice = Researcher(archive, made["token"])

    told = b"".join(alice.get(f"{ROOT}/studies/{study['0020000D']['Value'][0]}/metadata", "application/dicom+json").content for study in alice.search("/studies"))

    assert b"Liver reviewed" in told and b"Zandermuth" not in told and b"Iversen" not in told


@pytest.mark.parametrize(
    "text, told",
    [
        ("deidentify-names: /there/is/none", "no file"),
        ("deidentify-pixel-rules: {rules}", "line 2"),
    ],
)
def test_the_check_tells_what_is_wrong_with_the_files(tmp_path, text, told):
    rules, settings = tmp_path / "rules.yaml", tmp_path / "settings.yaml"
    rules.write_text("rules:\n  - exklude: x\n")
    settings.write_text(text.format(rules=rules) + "\n")

    result = Archive(tmp_path).command("config", "check", settings)

    assert result.returncode == 1 and "line 1:" in result.stderr and told in result.stderr, result.stderr
