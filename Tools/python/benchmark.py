"""Measures Cassette beside Orthanc (Debian's package) on this machine, with the same synthetic data.

The servers run in turn, each round on a new data folder, and take turns in beginning. A ratio compares the two runs of
one round; above 1 Cassette is better. Absolute figures depend on the machine and on what else runs there.
"""

import argparse
import json
import multiprocessing
import shutil
import statistics
import struct
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "Tests" / "AcceptanceTests"))

import synthetic_images  # noqa: E402
from archive import ANY_FRAME, ANY_INSTANCE, BINARY, DICOM_JSON  # noqa: E402
from benchmark_servers import Cassette, Orthanc  # noqa: E402
from instance_template import InstanceTemplate, fixed_uid  # noqa: E402
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, ImplicitVRLittleEndian  # noqa: E402
from raw_association import RawAssociation  # noqa: E402

FIND_MODEL = "1.2.840.10008.5.1.4.1.2.2.1"
SMALL, LARGE = 68, 512
SETS = {SMALL: "benchsmall", LARGE: "benchct"}
# Beginnings of the ranges of study numbers that each measure has for itself.
ONE, FOUR, STOW = 100, 200, 300


class Plan:
    """How much is sent and asked."""

    def __init__(self, is_quick):
        self.small = 100 if is_quick else 1000
        self.small_by_each_of_four = 25 if is_quick else 500
        self.large = 8 if is_quick else 100
        self.large_by_each_of_four = 4 if is_quick else 50
        self.stow_requests = 2 if is_quick else 10
        self.stow_parts = 5 if is_quick else 10
        self.patients = 20 if is_quick else 300
        self.repetitions = 10 if is_quick else 100
        self.frames = 16 if is_quick else 512


# Name, unit, whether more is better.
MEASURES = {
    "C-STORE small, 1 association": ("1/s", True),
    "C-STORE small, 4 associations": ("1/s", True),
    "C-STORE CT, 1 association": ("MB/s", True),
    "C-STORE CT, 4 associations": ("MB/s", True),
    "STOW-RS CT": ("MB/s", True),
    "C-FIND one patient": ("ms", False),
    "QIDO-RS one patient": ("ms", False),
    "QIDO-RS names by prefix": ("ms", False),
    "QIDO-RS a long series": ("ms", False),
    "WADO-RS instance": ("ms", False),
    "WADO-RS study": ("MB/s", True),
    "WADO-RS metadata of a study": ("ms", False),
    "WADO-RS frame of a large object": ("ms", False),
    "peak resident memory": ("MB", False),
    "CPU seconds to store 1 GB": ("s", False),
    "bytes written for each byte sent": ("", False),
}


def send(server, size, study, count, barrier, results):
    """One sender in a process of its own; everything it sends is made before the clock runs."""
    template = InstanceTemplate(size, SETS[size])
    association = RawAssociation(server.dicom_port, CTImageStorage, ExplicitVRLittleEndian, called=called(server))
    instances = [template.make(study, number) for number in range(1, count + 1)]
    messages = [association.store_message(instance.uid, instance.data_set) for instance in instances]
    barrier.wait()
    begin = time.monotonic()
    statuses = {association.exchange(message) for message in messages}
    end = time.monotonic()
    association.close()
    results.put((begin, end, sum(map(len, messages)), sorted(statuses)))


def called(server):
    return server.name.upper()


def store(server, size, studies, count):
    """Seconds and bytes of a sender for each study, all at once."""
    barrier, results = multiprocessing.Barrier(len(studies)), multiprocessing.Queue()
    senders = [
        multiprocessing.Process(target=send, args=(server, size, study, count, barrier, results)) for study in studies
    ]
    for sender in senders:
        sender.start()
    runs = [results.get(timeout=600) for _ in senders]
    for sender in senders:
        sender.join()
    assert all(statuses == [0] for *_, statuses in runs), [run[3] for run in runs]
    seconds = max(run[1] for run in runs) - min(run[0] for run in runs)
    return seconds, sum(run[2] for run in runs)


def measure_storing(server, plan):
    """Yields name and figure of everything that stores."""
    sent, cpu, written = 0, server.cpu_seconds(), server.bytes_written()
    for size, unit, one, four in [
        (SMALL, 1, plan.small, plan.small_by_each_of_four),
        (LARGE, 1e6, plan.large, plan.large_by_each_of_four),
    ]:
        kind = "small" if size == SMALL else "CT"
        for name, studies, count in [("1 association", [ONE], one), ("4 associations", range(FOUR, FOUR + 4), four)]:
            seconds, length = store(server, size, list(studies), count)
            sent += length
            yield f"C-STORE {kind}, {name}", (length / unit if size == LARGE else len(studies) * count) / seconds
    seconds, length = stow(server, plan)
    sent += length
    yield "STOW-RS CT", length / 1e6 / seconds
    yield "CPU seconds to store 1 GB", (server.cpu_seconds() - cpu) / (sent / 1e9)
    yield "bytes written for each byte sent", (server.bytes_written() - written) / sent


def stow(server, plan):
    """Seconds and bytes of requests one after the other."""
    template, client = InstanceTemplate(LARGE, SETS[LARGE]), server.http()
    seconds, length = 0, 0
    for request in range(plan.stow_requests):
        files = [template.make(STOW + request, number).file for number in range(1, plan.stow_parts + 1)]
        begin = time.monotonic()
        status, _, body = client.store(files)
        seconds += time.monotonic() - begin
        assert status == 200, f"STOW-RS: {status} {body[:200]}"
        length += sum(map(len, files))
    client.close()
    return seconds, length


def fill(server, plan):
    """Stores what is searched and the large object; its path."""
    template = InstanceTemplate(32, "benchpatients")
    association = RawAssociation(server.dicom_port, CTImageStorage, ExplicitVRLittleEndian, called=called(server))
    for study in range(1, plan.patients + 1):
        instance = template.make(study, 1)
        assert association.store(instance.uid, instance.data_set) == 0
    association.close()
    image = synthetic_images.NativeMultiframe(plan.frames, set_name="bench")
    client = server.http()
    status, _, body = client.store([b"".join(image.chunks())])
    assert status == 200, f"STOW-RS of a large object: {status} {body[:200]}"
    client.close()
    return f"/studies/{image.study_instance_uid}/series/{image.series_instance_uid}/instances/{image.sop_instance_uid}"


def milliseconds(repetitions, operation):
    """The median of the times that an operation takes; it is told its number."""
    times = []
    for number in range(repetitions):
        begin = time.perf_counter()
        operation(number)
        times.append(time.perf_counter() - begin)
    return statistics.median(times) * 1000


def find_one_patient(server, plan):
    association = RawAssociation(server.dicom_port, FIND_MODEL, ImplicitVRLittleEndian, called=called(server))

    def find(number):
        patient = InstanceTemplate.patient_id_of("benchpatients", 1 + number % plan.patients)
        keys = [(0x0008, 0x0052, b"STUDY "), (0x0010, 0x0020, patient), (0x0020, 0x000D, b"")]
        identifier = b"".join(
            struct.pack("<HHI", group, element, len(value) + len(value) % 2) + value + b" " * (len(value) % 2)
            for group, element, value in keys
        )
        status, matches = association.find(identifier)
        assert (status, len(matches)) == (0, 1), f"{status:04X}, {len(matches)} matches"

    figure = milliseconds(plan.repetitions, find)
    association.close()
    return figure


def measure_reading(server, plan, large_path, client):
    """Name and measurement of everything that searches or reads."""
    small_study, large_study = fixed_uid(SETS[SMALL], ONE), fixed_uid(SETS[LARGE], ONE)
    large = InstanceTemplate(LARGE, SETS[LARGE])
    few = max(3, plan.repetitions // 10)
    pixels = LARGE * LARGE * 2

    def get(path, accept, expected_results=None, least=1):
        status, _, body = client.get(path, accept)
        assert status == 200, f"{path}: {status} {body[:200]}"
        assert len(body) >= least, f"{path}: {len(body)} bytes"
        if expected_results is not None:
            assert len(json.loads(body)) == expected_results, f"{path}: {len(json.loads(body))} results"
        return body

    def patient(number):
        wanted = InstanceTemplate.patient_id_of("benchpatients", 1 + number % plan.patients).decode()
        get(f"/studies?PatientID={wanted}", DICOM_JSON, 1)

    def whole_study():
        begin = time.monotonic()
        length = len(get(f"/studies/{large_study}", ANY_INSTANCE, least=plan.large * pixels))
        return length / 1e6 / (time.monotonic() - begin)

    series = f"/studies/{small_study}/series/{fixed_uid(SETS[SMALL], ONE, 1)}/instances?limit={plan.small}"
    return {
        "C-FIND one patient": lambda: find_one_patient(server, plan),
        "QIDO-RS one patient": lambda: milliseconds(plan.repetitions, patient),
        "QIDO-RS names by prefix": lambda: milliseconds(
            few, lambda _: get("/studies?PatientName=Synthetic*&limit=9", DICOM_JSON, 9)
        ),
        "QIDO-RS a long series": lambda: milliseconds(few, lambda _: get(series, DICOM_JSON, plan.small)),
        "WADO-RS instance": lambda: milliseconds(
            plan.repetitions,
            lambda number: get(large.make(ONE, 1 + number % plan.large).path, ANY_INSTANCE, least=pixels),
        ),
        "WADO-RS study": whole_study,
        "WADO-RS metadata of a study": lambda: milliseconds(
            few, lambda _: get(f"/studies/{large_study}/metadata", DICOM_JSON, plan.large)
        ),
        "WADO-RS frame of a large object": lambda: milliseconds(
            few, lambda number: get(f"{large_path}/frames/{1 + number * 7 % plan.frames}", ANY_FRAME, least=pixels)
        ),
    }


def run(server, plan, folder, say):
    """All figures of one server in one round; a measure that fails is told and left out."""
    figures = {}
    say(f"{server.name}: storing")
    server.start(folder)
    try:
        figures.update(measure_storing(server, plan))
        say(f"{server.name}: reading")
        large_path, client = fill(server, plan), server.http()
        for name, measure in measure_reading(server, plan, large_path, client).items():
            try:
                figures[name] = measure()
            except (AssertionError, OSError, ValueError) as error:
                say(f"{server.name}: no figure for {name}: {error}")
        client.close()
        figures["peak resident memory"] = server.peak_memory() / 1e6
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return figures


def spread(values):
    """Median, smallest and largest, or `None` when there is nothing."""
    known = [value for value in values if value is not None]
    return {"median": statistics.median(known), "min": min(known), "max": max(known)} if known else None


def summary(rounds, names):
    """For each measure the figures of each server, and the ratio when there are two."""
    lines = []
    for name, (unit, more_is_better) in MEASURES.items():
        line = {"measure": name, "unit": unit, "more_is_better": more_is_better}
        for server in names:
            line[server] = spread([figures.get(server, {}).get(name) for figures in rounds])
        if len(names) == 2:
            pairs = [(figures[names[0]].get(name), figures[names[1]].get(name)) for figures in rounds]
            whole = [pair for pair in pairs if all(pair)]
            line["ratio"] = spread([ours / theirs if more_is_better else theirs / ours for ours, theirs in whole])
        lines.append(line)
    return lines


def told(figures):
    if figures is None:
        return "-"
    return f"{short(figures['median'])} ({short(figures['min'])}..{short(figures['max'])})"


def short(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def table(lines, names):
    """The lines that a person reads."""
    columns = [*names, *(["ratio"] if len(names) == 2 else [])]
    yield f"{'':<34}{'unit':<6}" + "".join(f"{column:>26}" for column in columns)
    for line in lines:
        yield f"{line['measure']:<34}{line['unit']:<6}" + "".join(f"{told(line[column]):>26}" for column in columns)
    yield "median (smallest..largest)" + ("; ratio above 1: Cassette is better" if len(names) == 2 else "")


def main():
    parser = argparse.ArgumentParser(
        prog="Tools/benchmark", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one round of little data: tells whether it works")
    parser.add_argument("--rounds", type=int, help="rounds of each server (default 3, or 1 with --quick)")
    parser.add_argument("--no-orthanc", action="store_true", help="Cassette alone")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--folder", type=Path, help="where the data folders are made (default: a temporary one)")
    arguments = parser.parse_args()
    if not BINARY.is_file():
        parser.error(f"no server binary at {BINARY}")
    servers = [Cassette] if arguments.no_orthanc else [Cassette, Orthanc]
    if Orthanc in servers and not Orthanc.is_there():
        parser.error("Orthanc and its DICOMweb plug-in are not installed: use Tools/benchmark, or --no-orthanc")
    plan, rounds = Plan(arguments.quick), []
    count = arguments.rounds or (1 if arguments.quick else 3)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        for number in range(1, count + 1):

            def say(text, number=number):
                print(f"benchmark: round {number} of {count}: {text}", file=sys.stderr, flush=True)

            order = servers if number % 2 else servers[::-1]
            rounds.append({kind.name: run(kind(), plan, Path(folder) / kind.name, say) for kind in order})
    names = [kind.name for kind in servers]
    lines = summary(rounds, names)
    if arguments.json:
        print(json.dumps({"rounds": rounds, "summary": lines}, indent=2))
    else:
        print("\n".join(table(lines, names)))
    return 0 if all(line[names[0]] for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
