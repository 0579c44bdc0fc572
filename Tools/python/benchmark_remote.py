"""Measures what a bucket behind the archive costs the senders, and how many requests it takes.

An archive with local packs alone and one that copies each pack to an S3 server (`rclone serve s3` on this machine)
as soon as it is sealed run in turn with the same data. The S3 server and the copies share the machine's processors with the archive
and the senders: on a server of its own the bucket costs less.
"""

import argparse
import json
import multiprocessing
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "Tests" / "AcceptanceTests"))

from archive import Archive  # noqa: E402
from instance_template import InstanceTemplate  # noqa: E402
from object_server import ObjectServer  # noqa: E402
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian  # noqa: E402
from raw_association import RawAssociation  # noqa: E402

SENDERS = 4
CT, SMALL = 512, 68


class Plan:
    """How much is sent: studies of each sender, instances of each study."""

    def __init__(self, is_quick):
        self.ct_studies = 2 if is_quick else 10
        self.ct_instances = 4 if is_quick else 50
        self.small_studies = 8 if is_quick else 250
        self.small_instances = 5


def send_studies(port, size, studies, count, barrier, results):
    """A sender: an association for each study, one after the other."""
    template = InstanceTemplate(size, "remotebench")
    barrier.wait()
    begin, length = time.monotonic(), 0
    for study in studies:
        association = RawAssociation(port, CTImageStorage, ExplicitVRLittleEndian)
        for number in range(1, count + 1):
            instance = template.make(study, number)
            assert association.store(instance.uid, instance.data_set) == 0
            length += len(instance.data_set)
        association.close()
    results.put((begin, time.monotonic(), length))


def store(port, size, first, studies, count):
    """Seconds and bytes of all senders together."""
    barrier, results = multiprocessing.Barrier(SENDERS), multiprocessing.Queue()
    senders = [
        multiprocessing.Process(
            target=send_studies,
            args=(port, size, range(first + index * studies, first + (index + 1) * studies), count, barrier, results),
        )
        for index in range(SENDERS)
    ]
    for sender in senders:
        sender.start()
    runs = [results.get(timeout=900) for _ in senders]
    for sender in senders:
        sender.join()
    return max(run[1] for run in runs) - min(run[0] for run in runs), sum(run[2] for run in runs)


def wait_for_copies(server, studies):
    """Until the bucket has a pack of each study; the seconds."""
    begin = time.monotonic()
    while len(server.packs()) < studies:
        assert time.monotonic() - begin < 600, f"{len(server.packs())} of {studies} packs are in the bucket"
        time.sleep(0.2)
    return time.monotonic() - begin


def measure(folder, plan, server):
    """The figures of one archive, with a bucket when there is a server of one."""
    arguments = ["--free-space-floor", "0"]
    if server:
        settings = folder / "settings.yaml"
        settings.write_text(f"stores:\n  bucket: {server.settings(folder / 'secret')}\ncopy-new: bucket\n")
        arguments += ["--config", str(settings)]
    archive, figures = Archive(folder / "archive", *arguments).start(), {}
    try:
        seconds, length = store(archive.dicom_port, CT, 1, plan.ct_studies, plan.ct_instances)
        figures["CT, MB/s"] = length / 1e6 / seconds
        if server:
            figures["packs in the bucket when the last CT was acknowledged"] = len(server.packs())
            figures["seconds until all were there"] = wait_for_copies(server, SENDERS * plan.ct_studies)
        begin = len(server.requests) if server else 0
        packs = len(server.packs()) if server else 0
        seconds, _ = store(archive.dicom_port, SMALL, 1001, plan.small_studies, plan.small_instances)
        figures["small, 1/s"] = SENDERS * plan.small_studies * plan.small_instances / seconds
        if server:
            wait_for_copies(server, packs + SENDERS * plan.small_studies)
            figures["small studies"] = SENDERS * plan.small_studies
            figures["instances of them"] = SENDERS * plan.small_studies * plan.small_instances
            figures["requests for them"] = dict(server.count(begin))
    finally:
        archive.stop()
    return figures


def run(kind, plan, folder):
    folder.mkdir()
    server = ObjectServer(folder / "bucket") if kind == "with a bucket" else None
    try:
        return measure(folder, plan, server)
    finally:
        if server:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(
        prog="Tools/benchmark --remote", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--remote", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="one round of little data: tells whether it works")
    parser.add_argument("--rounds", type=int, help="rounds of each (default 3, or 1 with --quick)")
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    parser.add_argument("--folder", type=Path, help="where the data folders are made (default: a temporary one)")
    arguments = parser.parse_args()
    plan, rounds = Plan(arguments.quick), []
    kinds = ["local alone", "with a bucket"]
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        for number in range(arguments.rounds or (1 if arguments.quick else 3)):
            figures = {}
            for kind in kinds if number % 2 == 0 else kinds[::-1]:
                figures[kind] = run(kind, plan, Path(folder) / "run")
                print(f"benchmark: round {number + 1}: {kind}: {figures[kind]}", file=sys.stderr, flush=True)
            rounds.append(figures)
    ratios = {
        name: sorted(figures[kinds[1]][name] / figures[kinds[0]][name] for figures in rounds)
        for name in ["CT, MB/s", "small, 1/s"]
    }
    if arguments.json:
        print(json.dumps({"rounds": rounds, "ratios": ratios}, indent=2))
        return 0
    for name, values in ratios.items():
        print(f"{name:<12} with a bucket / local alone: {statistics.median(values):.2f} ({values[0]:.2f}..{values[-1]:.2f})")
    last = rounds[-1][kinds[1]]
    print(f"{last['small studies']} small studies of {last['instances of them']} instances: {last['requests for them']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
