"""Measures WADO-RS on one connection: single frames of a large object, and the first byte of its study.

    .venv/bin/python Tests/AcceptanceTests/measure_frames.py [--frames 2048] [--requests 1000]
"""

import argparse
import http.client
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "Tools" / "python"))

import part10  # noqa: E402
import synthetic_images  # noqa: E402
from archive import ANY_FRAME, ANY_INSTANCE, Archive  # noqa: E402


def timed_get(connection, path, headers, whole=True):
    """Seconds to the first byte of the body and to its end, and the body."""
    start = time.perf_counter()
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    body = response.read(1)
    first = time.perf_counter() - start
    if whole:
        body += response.read()
    assert response.status == 200, response.status
    return first, time.perf_counter() - start, body, response.getheader("Content-Type")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=2048)
    parser.add_argument("--requests", type=int, default=1000)
    arguments = parser.parse_args()
    image = synthetic_images.NativeMultiframe(arguments.frames)
    study = f"/dicomweb/studies/{image.study_instance_uid}"
    instance = f"{study}/series/{image.series_instance_uid}/instances/{image.sop_instance_uid}"
    with tempfile.TemporaryDirectory() as folder:
        archive = Archive(Path(folder) / "archive").start()
        try:
            print(f"storing {arguments.frames} frames", file=sys.stderr)
            assert archive.store([image.chunks()]).status_code == 200
            connection = http.client.HTTPConnection("127.0.0.1", archive.http_port)
            accept = dict(archive.headers, Accept=ANY_FRAME)
            chance = random.Random(1)
            durations = []
            for _ in range(arguments.requests):
                number = chance.randint(1, arguments.frames)
                _, duration, body, content_type = timed_get(connection, f"{instance}/frames/{number}", accept)
                durations.append(duration * 1000)
                assert part10.parts(body, content_type)[0][1] == image.frame(number)
            durations.sort()
            p99 = durations[min(len(durations) - 1, len(durations) * 99 // 100)]
            print(f"{len(durations)} single frames: median {statistics.median(durations):.2f} ms, p99 {p99:.2f} ms")
            firsts = []
            for _ in range(5):
                fresh = http.client.HTTPConnection("127.0.0.1", archive.http_port)
                headers = dict(archive.headers, Accept=ANY_INSTANCE)
                firsts.append(timed_get(fresh, study, headers, whole=False)[0] * 1000)
                fresh.close()
            print(f"first byte of the study: median {statistics.median(firsts):.2f} ms of {len(firsts)}")
            print(f"peak memory: {archive.peak_memory() / 1e6:.0f} MB")
        finally:
            archive.stop()


if __name__ == "__main__":
    main()
