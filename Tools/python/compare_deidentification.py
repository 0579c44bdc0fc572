"""De-identifies the leak corpus with several programs and prints a table of the planted strings that each leaves.

Programs: a short script as people write them, dicognito, dicom-anonymizer, deid, gdcmanon, Orthanc, and Cassette.
Each gets the same files and its own defaults. Strings and pictures of words are counted once per object.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "Tests" / "AcceptanceTests"))

import leak_corpus  # noqa: E402
import leak_scan  # noqa: E402
import pydicom  # noqa: E402

PYTHON = ROOT / ".venv-compare" / "bin" / "python"
PEERS = Path(__file__).resolve().parent / "deidentification_peers.py"
# What a research export asks for: nothing of a person, and pixels that can be looked at.
OPTIONS = ["clean-pixel-data"]
HAND_REMOVED = """PatientName PatientID PatientBirthDate PatientAddress OtherPatientIDs OtherPatientNames
    AccessionNumber InstitutionName ReferringPhysicianName PhysiciansOfRecord OperatorsName
    PatientTelephoneNumbers""".split()


def files_of(source):
    return sorted(path for path in source.rglob("*") if path.is_file())


def by_hand(source, output):
    """What a script found on the web does: the attributes one thinks of, and all private ones."""
    refused = {}
    for number, path in enumerate(files_of(source)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                dataset = pydicom.dcmread(path)
                dataset.remove_private_tags()
                for keyword in HAND_REMOVED:
                    dataset.pop(keyword, None)
                dataset.save_as(output / f"{number:04d}.dcm")
        except Exception as error:
            refused[path.name] = f"{type(error).__name__}: {error}"[:200]
    return refused


def package(name):
    def run(source, output):
        command = [PYTHON, PEERS, name, source, output]
        result = subprocess.run(command, capture_output=True, text=True, timeout=3600)
        if result.returncode:
            raise RuntimeError(result.stderr[-500:])
        return json.loads(result.stdout.splitlines()[-1])["refused"]

    return run


def gdcmanon(source, output):
    """Basic Application Level Confidentiality Profile, with a certificate made for this run."""
    with tempfile.TemporaryDirectory() as folder:
        key, certificate = Path(folder) / "key.pem", Path(folder) / "certificate.pem"
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=comparison", "-days", "2"]
        subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
        command = ["/usr/bin/gdcmanon", "-e", "-c", certificate]
        # A run over a folder ends at the first file that it refuses; so each file is tried alone before. What counts
        # is one run over all the others: the new UIDs are remembered only as long as it lasts.
        good = Path(folder) / "good"
        for path in files_of(source):
            trial = Path(folder) / "trial.dcm"
            result = subprocess.run([*command, "-i", path, "-o", trial], capture_output=True, timeout=120)
            if result.returncode == 0 and trial.exists():
                target = good / path.relative_to(source)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
            trial.unlink(missing_ok=True)
        subprocess.run([*command, "--continue", "-r", "-i", good, "-o", output], capture_output=True, timeout=3600)
    return [path.name for path in files_of(source) if not (output / path.relative_to(source)).exists()]


def orthanc(source, output):
    """POST /instances/{id}/anonymize with an empty body, which means the newest profile that it knows."""
    from archive import free_port

    refused = {}
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        configuration = Path(folder) / "orthanc.json"
        settings = {"StorageDirectory": folder, "IndexDirectory": folder, "HttpPort": port, "DicomPort": free_port()}
        settings |= {"RemoteAccessAllowed": False, "AuthenticationEnabled": False, "Plugins": []}
        configuration.write_text(json.dumps(settings))
        with open(Path(folder) / "log", "wb") as log:
            server = subprocess.Popen(["Orthanc", configuration], stdout=log, stderr=log, cwd=folder)
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for(f"{address}/system", server)
            for number, path in enumerate(files_of(source)):
                try:
                    stored = json.loads(post(f"{address}/instances", path.read_bytes()))
                    content = post(f"{address}/instances/{stored['ID']}/anonymize", b"{}")
                    (output / f"{number:04d}.dcm").write_bytes(content)
                except OSError as error:
                    refused[path.name] = str(error)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=60)
    return refused


def post(address, body):
    with urllib.request.urlopen(urllib.request.Request(address, data=body, method="POST"), timeout=60) as answer:
        return answer.read()


def wait_for(address, server):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("Orthanc is not ready")


def cassette(source, output):
    from archive import BINARY

    options = [argument for option in OPTIONS for argument in ("--option", option)]
    command = [BINARY, "deidentify", source, "--profile", "basic", *options, "--output", output / "objects", "--json"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=3600, stdin=subprocess.DEVNULL)
    if not (output / "objects").is_dir():
        raise RuntimeError(result.stderr[-500:])
    return {}


PROGRAMS = {
    "by hand": by_hand,
    "dicognito": package("dicognito"),
    "dicom-anonymizer": package("dicom-anonymizer"),
    "deid": package("deid"),
    "gdcmanon": gdcmanon,
    "Orthanc": orthanc,
    "Cassette": cassette,
}
COLUMNS = {
    "written": "written",
    "not written": "refused",
    "strings left": "strings left",
    "share": "share",
    "distinct places left": "places",
    "pictures left": "pictures",
    "hard pictures left": "hard ones",
    "attributes lost": "lost",
    "references broken": "broken refs",
    "objects with changed pixels": "pixels changed",
}


def table(rows):
    """The lines that a person reads."""
    yield f"{'':<18}" + "".join(f"{title:>15}" for title in COLUMNS.values())
    for name, row in rows.items():
        if "error" in row:
            yield f"{name:<18} {row['error']}"
            continue
        shown = row | {"share": f"{100 * row['strings left'] / max(row['planted strings'], 1):.1f} %"}
        yield f"{name:<18}" + "".join(f"{shown[column]:>15}" for column in COLUMNS)


def judge(corpus, output, ocr, details):
    """The numbers of one program's output; everything that was found goes to a file if `details` names one."""
    report = leak_scan.scan_folder(corpus, output, OPTIONS, ocr)
    if details:
        details.parent.mkdir(parents=True, exist_ok=True)
        lost = {finding.name: finding.lost for finding in report.findings if finding.lost}
        found = {"leaks": report.leaks, "lost": lost, "missing": report.missing, "broken": report.broken}
        details.write_text(json.dumps(found, ensure_ascii=False, indent=1))
    return report.summary()


def main():
    parser = argparse.ArgumentParser(
        prog="Tools/compare-deidentification",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("output", nargs="*", type=Path, help="folders that are judged instead of running programs")
    parser.add_argument("--peers-only", action="store_true", help="leave out Cassette")
    parser.add_argument("--only", action="append", choices=list(PROGRAMS), help="this program (may be repeated)")
    parser.add_argument("--corpus", type=Path, help="a corpus that is there (default: a new one)")
    parser.add_argument("--no-ocr", action="store_true", help="do not read pictures, only compare them")
    parser.add_argument("--details", type=Path, help="folder for all that was found, a JSON file for each program")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        corpus = arguments.corpus
        if not corpus:
            corpus = Path(folder) / "corpus"
            leak_corpus.write(corpus, 7)
        rows = {}
        names = arguments.only or [name for name in PROGRAMS if name != "Cassette" or not arguments.peers_only]
        for name in [str(path) for path in arguments.output] or names:
            print(f"compare-deidentification: {name}", file=sys.stderr, flush=True)
            details = arguments.details / f"{name.replace(os.sep, '_')}.json" if arguments.details else None
            output = Path(name) if arguments.output else Path(folder) / name
            try:
                if not arguments.output:
                    output.mkdir()
                    PROGRAMS[name](corpus / "objects", output)
                rows[name] = judge(corpus, output, not arguments.no_ocr, details)
            except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                rows[name] = {"error": str(error).strip().splitlines()[-1] if str(error).strip() else repr(error)}
            if not arguments.output:
                shutil.rmtree(output)
    print(json.dumps(rows, indent=1) if arguments.json else "\n".join(table(rows)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
