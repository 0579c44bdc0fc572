"""A 1 GiB object goes in and a frame of it comes out in constant memory."""

import hashlib
import os
import shutil
import subprocess

import part10
import pytest
import synthetic_images
from archive import ANY_FRAME, ANY_INSTANCE, stored

FRAMES = int(os.environ.get("CASSETTE_MULTIFRAME_FRAMES", "2048"))
FRAME = min(1000, FRAMES)
MEMORY_LIMIT = 150_000_000
READ_LIMIT = 2 * 1024 * 1024


@pytest.fixture
def room(tmp_path):
    """A folder that is emptied at once, not when pytest finds time: the object is large."""
    needed = 3 * FRAMES * 512 * 1024
    assert shutil.disk_usage(tmp_path).free > needed, f"{tmp_path} needs {needed / 1e9:.1f} GB of free space"
    yield tmp_path
    shutil.rmtree(tmp_path, ignore_errors=True)


def send_by_storescu(archive, image, folder):
    path = folder / "multiframe.dcm"
    image.write(path)
    command = ["storescu", "-R", "-xe", "-aec", "CASSETTE", "127.0.0.1", str(archive.dicom_port), str(path)]
    result = subprocess.run(command, capture_output=True, text=True)
    path.unlink()
    assert result.returncode == 0, result.stderr


def send_by_stow(archive, image, folder):
    response = archive.store([image.chunks()])
    assert response.status_code == 200, response.text[:500]
    assert stored(response) == [image.sop_instance_uid]


@pytest.mark.parametrize("send", [send_by_storescu, send_by_stow], ids=["C-STORE", "STOW-RS"])
def test_one_gibibyte_in_and_a_frame_out(room, fresh_archive, capsys, send):
    archive = fresh_archive
    image = synthetic_images.NativeMultiframe(FRAMES)
    path = f"/studies/{image.study_instance_uid}/series/{image.series_instance_uid}/instances/{image.sop_instance_uid}"

    send(archive, image, room)
    peak_in = archive.peak_memory()
    before = archive.bytes_read()
    response = archive.get(f"{path}/frames/{FRAME}", ANY_FRAME)
    read = archive.bytes_read() - before
    ((_, frame),) = part10.parts(response.content, response.headers["Content-Type"])
    peak_frame = archive.peak_memory()
    size, digest = received(archive, path)
    peak_out = archive.peak_memory()

    with capsys.disabled():
        peaks = ", ".join(f"{peak / 1e6:.0f} MB" for peak in (peak_in, peak_frame, peak_out))
        print(f"\n{send.__name__}: peak memory after store, frame, instance: {peaks}; {read} bytes read for a frame")
    assert frame == image.frame(FRAME)
    assert size >= FRAMES * 512 * 1024
    assert digest == pixel_digest(image)
    assert peak_out < MEMORY_LIMIT
    assert read < READ_LIMIT


def pixel_digest(image):
    """The digest of all frames but the last, which is enough and spares looking for the end of the part."""
    digest = hashlib.sha256()
    for number in range(1, image.frames):
        digest.update(image.frame(number))
    return digest.hexdigest()


def received(archive, path):
    """The size of the whole instance and the digest of its frames but the last, read as a stream."""
    digest = hashlib.sha256()
    size = 0
    pending = b""
    remaining = None
    with archive.get(path, ANY_INSTANCE, stream=True) as response:
        assert response.status_code == 200
        for chunk in response.iter_content(1 << 20):
            size += len(chunk)
            if remaining is None:
                pending += chunk
                start = pending.find(b"\xe0\x7f\x10\x00OW\0\0")
                if start < 0:
                    continue
                chunk = pending[start + 12 :]
                remaining = (FRAMES - 1) * 512 * 1024
            digest.update(chunk[:remaining])
            remaining -= min(len(chunk), remaining)
    return size, digest.hexdigest()
