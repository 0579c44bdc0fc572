"""What a command makes takes the place of no other file unless it is asked to."""

import subprocess

import pytest
from archive import BINARY, ROOT

IMAGE = ROOT / "TestImages" / "pydicom" / "test_files" / "CT_small.dcm"
COMMANDS = {
    "transcode": ["--to", "JPEG2000Lossless"],
    "edit": ["--set", "PatientName=Nobody"],
    "render": ["--format", "png"],
}


def run(command, path, out, *options):
    return subprocess.run(
        [BINARY, command, str(path), "-o", str(out), *COMMANDS[command], *options], capture_output=True, text=True
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_another_file_is_replaced_on_request_only(command, tmp_path):
    other = tmp_path / "other"
    other.write_text("somebody's work")

    refused = run(command, IMAGE, other)
    assert refused.returncode == 1
    assert "--force" in refused.stderr and str(other) in refused.stderr
    assert other.read_text() == "somebody's work"

    assert run(command, IMAGE, other, "--force").returncode == 0
    assert other.read_bytes() != b"somebody's work"
    assert list(tmp_path.iterdir()) == [other]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_file_that_is_read_is_replaced_on_request_only(command, tmp_path):
    image = tmp_path / "image.dcm"
    image.write_bytes(IMAGE.read_bytes())

    refused = run(command, image, image)

    assert refused.returncode == 1
    assert "is the file that is read" in refused.stderr
    assert image.read_bytes() == IMAGE.read_bytes()


def test_what_loses_never_takes_the_place_of_what_it_was_made_from(tmp_path):
    image, link = tmp_path / "image.dcm", tmp_path / "link.dcm"
    image.write_bytes(IMAGE.read_bytes())
    link.symlink_to(image)

    for out in (image, link):
        refused = subprocess.run(
            [BINARY, "transcode", str(image), "--to", "JPEG2000", "--lossy", "--force", "-o", str(out)],
            capture_output=True,
            text=True,
        )
        assert refused.returncode == 1
        assert "loses" in refused.stderr
    assert image.read_bytes() == IMAGE.read_bytes()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_draft_that_is_left_and_a_folder_that_is_not_there_are_named(command, tmp_path):
    (tmp_path / "out.new").write_text("draft")

    assert f"{tmp_path}/out.new is there" in run(command, IMAGE, tmp_path / "out").stderr
    assert f"{tmp_path}/nowhere/out" in run(command, IMAGE, tmp_path / "nowhere" / "out").stderr
    assert f"{tmp_path}/nothing" in run(command, tmp_path / "nothing", tmp_path / "out2").stderr
