import contextlib
import os
import shutil
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent.parent / "Tools" / "python"))

from archive import BINARY, Archive  # noqa: E402
from volumes import MAKE, Volume  # noqa: E402


def pytest_collection_modifyitems(items):
    assert BINARY.is_file(), f"no server binary at {BINARY}: build it (swift build -c release) or set CASSETTE"


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """A running archive for all tests of a file."""
    running = Archive(tmp_path_factory.mktemp("archive")).start()
    yield running
    running.stop()


@pytest.fixture
def fresh_archive(tmp_path):
    """A running archive for one test."""
    running = Archive(tmp_path / "archive").start()
    yield running
    running.stop()


@pytest.fixture
def volume(request, tmp_path):
    kind = request.param
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED: full volumes need root for loop mounts")
    if not shutil.which(MAKE[kind][0]):
        pytest.skip(f"NOT TESTED: no {MAKE[kind][0]}")
    made = Volume(tmp_path, kind)
    yield made
    with contextlib.suppress(AssertionError):
        made.unmount()
