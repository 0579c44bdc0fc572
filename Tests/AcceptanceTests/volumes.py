"""Volumes that run full: file systems in files, mounted by loop devices, and archives on them.

They need root, loop devices and the file system's mkfs.
"""

import contextlib
import os
import subprocess
import time

import pytest
from archive import PATIENCE, Archive
from http_connection import RawHTTP

MEBIBYTE = 1 << 20
# Smallest sizes that the file systems allow, and how a volume without reserved blocks is made.
SIZES = {"ext4": 64, "xfs": 300, "btrfs": 128}
MAKE = {
    "ext4": ["mkfs.ext4", "-q", "-F", "-m", "0"],
    "xfs": ["mkfs.xfs", "-q", "-f"],
    "btrfs": ["mkfs.btrfs", "-q", "-f", "--mixed"],
}
KINDS = os.environ.get("CASSETTE_FULL_VOLUME_KINDS", "ext4").split(",")
RECOVERY_SECONDS = 10


def run(*command):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True)


class Volume:
    """A file system in a file, mounted by a loop device."""

    def __init__(self, folder, kind):
        self.kind = kind
        self.image = folder / f"{kind}.image"
        self.path = folder / f"{kind}.mount"
        self.ballast = self.path / "ballast"
        self.path.mkdir()
        with open(self.image, "wb") as image:
            image.truncate(SIZES[kind] * MEBIBYTE)
        made = run(*MAKE[kind], self.image)
        assert made.returncode == 0, made.stderr
        self.mount()

    def mount(self):
        mounted = run("mount", "-o", "loop", self.image, self.path)
        if mounted.returncode != 0:
            pytest.skip(f"NOT TESTED: no loop mount of {self.kind} here: {mounted.stderr.strip()}")

    def unmount(self):
        unmounted = run("umount", self.path)
        assert unmounted.returncode == 0, unmounted.stderr

    def free(self):
        status = os.statvfs(self.path)
        return status.f_bavail * status.f_frsize

    def leave(self, free):
        """Fills the volume to its last block, then frees so many bytes."""
        self.make_room()
        length, chunk = 0, 4 * MEBIBYTE
        with open(self.ballast, "wb") as file:
            while chunk >= 4096:
                try:
                    os.posix_fallocate(file.fileno(), length, chunk)
                    length += chunk
                except OSError:
                    chunk //= 2
            os.fsync(file.fileno())
            file.truncate(max(0, length - free))
            os.fsync(file.fileno())
        os.sync()

    def make_room(self):
        self.ballast.unlink(missing_ok=True)
        os.sync()


@contextlib.contextmanager
def archive_on(volume, folder, *options, at=None):
    archive = Archive(at or volume.path / "archive", *options)
    # The log has a disk of its own here, as it has where a journal takes it.
    archive.log = folder / "server.log"
    archive.start()
    try:
        yield archive
    finally:
        if archive.process.poll() is None:
            archive.kill()


def starts(archive):
    """Whether the server starts on a full volume; it may also end with an error."""
    archive.launch()
    deadline = time.monotonic() + 30 * PATIENCE
    while time.monotonic() < deadline:
        if archive.process.poll() is not None:
            assert archive.process.returncode == 1, archive.log_end()
            return False
        with contextlib.suppress(OSError, ValueError):
            if RawHTTP(archive.http_port, prefix="").get("/health/ready")[0] == 200:
                return True
        time.sleep(0.05)
    raise AssertionError(f"neither started nor ended:\n{archive.log_end()}")


def until(condition, seconds=RECOVERY_SECONDS):
    deadline = time.monotonic() + seconds * PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.1)
