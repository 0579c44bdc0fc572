"""Puts a server under load for some minutes and counts every error: there must be none.

By default 64 associations (sends of small and CT-sized objects, C-FIND, C-ECHO) and 32 HTTP clients (QIDO-RS, WADO-RS
of instances, metadata and frames, STOW-RS). Each client does one operation at a time at a fixed pace, so that the machine
is not busy with the clients. Resident memory, descriptors and threads of the server are written down each second.

    .venv/bin/python Tests/AcceptanceTests/load.py --minutes 10 --csv load.csv --plot load.png
"""

import argparse
import collections
import csv
import itertools
import json
import multiprocessing
import os
import random
import struct
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "Tools" / "python"))

import part10  # noqa: E402
import synthetic_images  # noqa: E402
from archive import ANY_FRAME, ANY_INSTANCE, DICOM_JSON, Archive  # noqa: E402
from instance_template import InstanceTemplate, fixed_uid  # noqa: E402
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, ImplicitVRLittleEndian  # noqa: E402
from raw_association import RawAssociation  # noqa: E402
from http_connection import RawHTTP  # noqa: E402

FIND_MODEL = "1.2.840.10008.5.1.4.1.2.2.1"
VERIFICATION = "1.2.840.10008.1.1"
# Below what one address may open.
ASSOCIATIONS_PER_ADDRESS = 12
# Operations of one association before it is released and made again.
OPERATIONS_PER_ASSOCIATION = 200
SMALL, LARGE = 32, 512
SETS = {SMALL: "loadsmall", LARGE: "loadct"}
PREPARED_STUDIES, PREPARED_INSTANCES = 8, 20
MULTIFRAME_FRAMES = 200


def identifier(*elements):
    """A Data Set in Implicit VR Little Endian."""
    return b"".join(
        struct.pack("<HHI", tag >> 16, tag & 0xFFFF, len(value) + len(value) % 2) + value + b" " * (len(value) % 2)
        for tag, value in elements
    )


class Client(threading.Thread):
    """One peer: does its operation again and again at its pace, notes durations and what went wrong."""

    def __init__(self, number, target, rate):
        super().__init__(daemon=True)
        self.number = number
        self.target = target
        self.interval = 1 / rate
        self.random = random.Random(number)
        self.durations = collections.defaultdict(list)
        self.errors = []

    def run(self):
        begin = time.monotonic() + self.random.random() * self.interval
        for turn in itertools.count():
            due = begin + turn * self.interval
            if self.target.end.wait(max(0, due - time.monotonic())) or time.monotonic() > self.target.deadline:
                break
            name, operation = self.choose(turn)
            start = time.perf_counter()
            try:
                wrong = operation()
            except Exception as error:  # noqa: BLE001 - whatever it is, it is counted and told
                wrong = f"{type(error).__name__}: {error}"
                self.close()
            self.durations[name].append(time.perf_counter() - start)
            if wrong:
                self.errors.append(f"{name}: {wrong}")
        self.close()


class Sender(Client):
    """An association that sends; every fourth sends objects of the size of a CT slice."""

    association = None

    @property
    def source(self):
        return f"127.0.0.{1 + self.number // ASSOCIATIONS_PER_ADDRESS}"

    def choose(self, turn):
        if turn % OPERATIONS_PER_ASSOCIATION == 0:
            self.close()
        return self.named(turn)

    def named(self, turn):
        size = LARGE if self.number % 4 == 0 else SMALL
        return f"C-STORE {'CT' if size == LARGE else 'small'}", lambda: self.store(size, turn)

    def store(self, size, turn):
        instance = self.target.templates[size].make(1000 + self.number, turn + 1, 1 + turn // 500)
        self.open(CTImageStorage, ExplicitVRLittleEndian)
        status = self.association.store(instance.uid, instance.data_set)
        return None if status == 0 else f"status {status:04X}"

    def open(self, sop_class_uid, transfer_syntax_uid):
        if self.association is None:
            self.association = RawAssociation(
                self.target.dicom_port, sop_class_uid, transfer_syntax_uid, source=self.source
            )

    def close(self):
        if self.association is not None:
            self.association.close()
            self.association = None


class Finder(Sender):
    """An association that searches studies, series and instances."""

    def named(self, turn):
        return ("C-ECHO", self.echo) if self.number % 16 == 3 else ("C-FIND", self.find)

    def echo(self):
        self.open(VERIFICATION, ImplicitVRLittleEndian)
        status = self.association.echo()
        return None if status == 0 else f"status {status:04X}"

    def find(self):
        self.open(FIND_MODEL, ImplicitVRLittleEndian)
        study = self.random.randrange(1, 1 + PREPARED_STUDIES)
        if self.random.random() < 0.5:
            patient_id = InstanceTemplate.patient_id_of(SETS[SMALL], study)
            keys = identifier((0x00080052, b"STUDY"), (0x00100020, patient_id), (0x0020000D, b""))
            wanted = 1
        else:
            uid = fixed_uid(SETS[SMALL], study).encode()
            keys = identifier((0x00080052, b"IMAGE"), (0x00080018, b""), (0x0020000D, uid))
            wanted = PREPARED_INSTANCES
        status, matches = self.association.find(keys)
        return None if (status, len(matches)) == (0, wanted) else f"status {status:04X}, {len(matches)} matches"


class Viewer(Client):
    """An HTTP client."""

    client = None

    def choose(self, turn):
        self.client = self.client or RawHTTP(self.target.http_port, self.target.token)
        kinds = ["frame", "instance", "metadata", "QIDO", "frame", "instance", "QIDO", "STOW"]
        kind = kinds[(turn + self.number) % len(kinds)]
        return kind, {
            "frame": self.frame,
            "instance": self.instance,
            "metadata": self.metadata,
            "QIDO": self.search,
            "STOW": lambda: self.store(turn),
        }[kind]

    def prepared(self):
        size = LARGE if self.random.random() < 0.2 else SMALL
        study = self.random.randrange(1, 1 + PREPARED_STUDIES)
        return self.target.templates[size].make(study, self.random.randrange(1, 1 + PREPARED_INSTANCES))

    def frame(self):
        number = self.random.randrange(1, 1 + MULTIFRAME_FRAMES)
        status, headers, body = self.client.get(f"{self.target.multiframe_path}/frames/{number}", ANY_FRAME)
        if status != 200:
            return f"status {status}"
        ((_, frame),) = part10.parts(body, headers["content-type"])
        return None if struct.unpack_from("<I", frame) == (number,) and len(frame) == 512 * 1024 else "wrong bytes"

    def instance(self):
        wanted = self.prepared()
        status, headers, body = self.client.get(wanted.path, ANY_INSTANCE)
        if status != 200:
            return f"status {status}"
        ((_, file),) = part10.parts(body, headers["content-type"])
        return None if part10.split(file).data_set == wanted.data_set else "wrong bytes"

    def metadata(self):
        wanted = self.prepared()
        status, _, body = self.client.get(f"/studies/{wanted.study}/metadata", DICOM_JSON)
        if status != 200:
            return f"status {status}"
        return None if len(json.loads(body)) == PREPARED_INSTANCES else "another number of instances"

    def search(self):
        wanted = self.prepared()
        status, _, body = self.client.get(f"/instances?StudyInstanceUID={wanted.study}&limit=100", DICOM_JSON)
        if status != 200:
            return f"status {status}"
        return None if len(json.loads(body)) == PREPARED_INSTANCES else "another number of instances"

    def store(self, turn):
        template, series = self.target.templates[SMALL], 1 + turn // 250
        instances = [template.make(5000 + self.number, 2 * turn + n, series) for n in (1, 2)]
        status, _, body = self.client.store([instance.file for instance in instances])
        return None if status == 200 else f"status {status}: {body[:200]}"

    def close(self):
        if self.client is not None:
            self.client.close()
            self.client = None


class Target:
    """What the clients know of the server and of each other."""

    def __init__(self, archive, multiframe_path, seconds):
        self.dicom_port = archive.dicom_port
        self.http_port = archive.http_port
        self.token = archive.token
        self.multiframe_path = multiframe_path
        self.templates = {size: InstanceTemplate(size, name) for size, name in SETS.items()}
        self.end = threading.Event()
        self.deadline = time.monotonic() + seconds


def run_clients(archive, multiframe_path, seconds, numbers, arguments, results):
    """One process of clients: Python runs one thread at a time, so there are two of these."""
    target = Target(archive, multiframe_path, seconds)
    clients = []
    for kind, number in numbers:
        if kind == "HTTP":
            clients.append(Viewer(number, target, arguments.http_rate))
        else:
            clients.append((Finder if number % 4 == 3 else Sender)(number, target, arguments.dicom_rate))
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    durations = collections.defaultdict(list)
    for client in clients:
        for name, values in client.durations.items():
            durations[name] += values
    results.put((dict(durations), [error for client in clients for error in client.errors]))


def prepare(archive):
    """Stores what the readers read; the path of the multi-frame object."""
    for size, name in SETS.items():
        template = InstanceTemplate(size, name)
        for study in range(1, 1 + PREPARED_STUDIES):
            files = [template.make(study, number).file for number in range(1, 1 + PREPARED_INSTANCES)]
            response = archive.store(files)
            assert response.status_code == 200, response.text[:500]
    image = synthetic_images.NativeMultiframe(MULTIFRAME_FRAMES, set_name="load")
    response = archive.store([image.chunks()])
    assert response.status_code == 200, response.text[:500]
    return (
        f"/studies/{image.study_instance_uid}/series/{image.series_instance_uid}/instances/{image.sop_instance_uid}"
    )


class Sampler(threading.Thread):
    """Writes down what the server takes, each second."""

    COLUMNS = ["seconds", "resident_bytes", "descriptors", "threads", "cpu_seconds"]

    def __init__(self, process_id):
        super().__init__(daemon=True)
        self.folder = Path(f"/proc/{process_id}")
        self.end = threading.Event()
        self.rows = []

    def run(self):
        begin = time.monotonic()
        while True:
            self.rows.append([round(time.monotonic() - begin, 1), *self.sample()])
            if self.end.wait(1):
                return

    def sample(self):
        fields = dict(
            line.split(":", 1) for line in (self.folder / "status").read_text().splitlines() if ":" in line
        )
        stat = (self.folder / "stat").read_text().rpartition(")")[2].split()
        cpu = (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
        return [
            int(fields["VmRSS"].split()[0]) * 1024,
            len(os.listdir(self.folder / "fd")),
            int(fields["Threads"]),
            cpu,
        ]


def put_under_load(archive, arguments):
    """Runs the clients; durations by operation, errors, samples."""
    multiframe_path = prepare(archive)
    seconds = arguments.minutes * 60
    sampler = Sampler(archive.process.pid)
    sampler.start()
    numbers = [("DICOM", n) for n in range(arguments.associations)] + [("HTTP", n) for n in range(arguments.http)]
    results = multiprocessing.Queue()
    processes = [
        multiprocessing.Process(
            target=run_clients, args=(archive, multiframe_path, seconds, numbers[part::2], arguments, results)
        )
        for part in range(2)
    ]
    for process in processes:
        process.start()
    durations, errors = collections.defaultdict(list), []
    for _ in processes:
        part_durations, part_errors = results.get(timeout=seconds + 300)
        errors += part_errors
        for name, values in part_durations.items():
            durations[name] += values
    for process in processes:
        process.join()
    sampler.end.set()
    sampler.join()
    return durations, errors, sampler.rows


def report(durations, errors, rows):
    """The lines that a person reads."""
    yield f"{'operation':<16}{'count':>9}{'p50 ms':>10}{'p99 ms':>10}{'max ms':>10}"
    for name, values in sorted(durations.items()):
        values.sort()
        figures = [values[len(values) // 2], values[min(len(values) - 1, len(values) * 99 // 100)], values[-1]]
        yield f"{name:<16}{len(values):>9}" + "".join(f"{value * 1000:>10.1f}" for value in figures)
    for column, name in enumerate(Sampler.COLUMNS[1:4], start=1):
        values = [row[column] for row in rows]
        scale, unit = (1e6, " MB") if column == 1 else (1, "")
        told = [f"{word} {value / scale:.0f}{unit}" for word, value in told_values(values)]
        yield f"{name}: {', '.join(told)}"
    elapsed = rows[-1][0] - rows[0][0]
    yield f"server: {rows[-1][4] - rows[0][4]:.1f} CPU seconds in {elapsed:.0f} s"
    yield f"errors: {len(errors)}"
    for error, count in collections.Counter(errors).most_common(10):
        yield f"  {count} x {error}"


def told_values(values):
    """First, middle and last parts show whether a value grows."""
    third = max(1, len(values) // 3)
    yield "first third at most", max(values[:third])
    yield "last third at most", max(values[-third:])
    yield "end", values[-1]


def write_plot(path, rows):
    """A PNG when matplotlib is there; it is not among what the tests need."""
    try:
        import matplotlib
    except ImportError:
        return f"no {path}: matplotlib is not installed"
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(3, 1, sharex=True, figsize=(10, 8))
    for column, axis in enumerate(axes, start=1):
        axis.plot([row[0] for row in rows], [row[column] / (1e6 if column == 1 else 1) for row in rows])
        axis.set_ylabel("resident MB" if column == 1 else Sampler.COLUMNS[column])
        axis.set_ylim(bottom=0)
    axes[-1].set_xlabel("seconds")
    figure.savefig(path)
    return f"wrote {path}"


def parser():
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--minutes", type=float, default=10)
    made.add_argument("--associations", type=int, default=64)
    made.add_argument("--http", type=int, default=32)
    made.add_argument("--dicom-rate", type=float, default=2, help="operations a second of each association")
    made.add_argument("--http-rate", type=float, default=2, help="requests a second of each HTTP client")
    made.add_argument("--folder", type=Path, help="where the data folder is made (default: a temporary one)")
    made.add_argument("--csv", type=Path, help="where to write the samples")
    made.add_argument("--plot", type=Path, help="where to draw them (needs matplotlib)")
    return made


def main():
    arguments = parser().parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        archive = Archive(Path(folder) / "archive").start()
        try:
            durations, errors, rows = put_under_load(archive, arguments)
            log = [line for line in archive.log.read_text().splitlines() if " error " in line or " critical " in line]
        finally:
            archive.stop()
    if arguments.csv:
        with open(arguments.csv, "w", newline="") as file:
            csv.writer(file).writerows([Sampler.COLUMNS, *rows])
    print("\n".join(report(durations, errors, rows)))
    print(f"errors in the server's log: {len(log)}", *log[:5], sep="\n  ")
    if arguments.plot:
        print(write_plot(arguments.plot, rows))
    return 1 if errors or log else 0


if __name__ == "__main__":
    sys.exit(main())
