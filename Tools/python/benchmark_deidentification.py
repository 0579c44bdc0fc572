"""Measures `cassette deidentify` beside dicognito on CT images of 512 x 512, in turn, with the same files.

A ratio compares the two runs of one round; above 1 Cassette is faster. Absolute figures depend on the machine and on
what else runs there, so the seconds of CPU are told, too. dicognito changes headers only: Cassette is measured the same
way (profile basic), and once more with cleaned pixels.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "Tests" / "AcceptanceTests"))

import synthetic_images  # noqa: E402
from archive import BINARY  # noqa: E402

DICOGNITO = [ROOT / ".venv-compare" / "bin" / "python", "-m", "dicognito"]
PROGRAMS = {
    "Cassette": lambda source, output: [BINARY, "deidentify", source, "--profile", "basic", "--output", output],
    "Cassette, pixels": lambda source, output: [
        *(BINARY, "deidentify", source, "--profile", "basic", "--option", "clean-pixel-data"),
        *("--output", output),
    ],
    "dicognito": lambda source, output: [*DICOGNITO, "--quiet", "--output-directory", output, source],
}


def measure(command, folder):
    """Seconds of the clock and seconds of CPU of one run."""
    with open(folder / "log", "wb") as log:
        begin = time.monotonic()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begin
    if os.waitstatus_to_exitcode(status):
        raise RuntimeError(f"{Path(command[0]).name}: {(folder / 'log').read_text()[-300:]}")
    return {"seconds": seconds, "cpu": used.ru_utime + used.ru_stime}


def main():
    parser = argparse.ArgumentParser(
        prog="Tools/benchmark --deidentification",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--deidentification", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="one round of 20 images: tells whether it works")
    parser.add_argument("--images", type=int, help="images of each run (default 200)")
    parser.add_argument("--rounds", type=int, help="rounds (default 3)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    images = arguments.images or (20 if arguments.quick else 200)
    rounds = arguments.rounds or (1 if arguments.quick else 3)
    figures = {name: [] for name in PROGRAMS}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "source"
        source.mkdir()
        for number in range(1, images + 1):
            (source / f"{number:05d}.dcm").write_bytes(synthetic_images.ct_instance(1 + number // 100, number))
        for turn in range(rounds):
            order = list(PROGRAMS) if turn % 2 == 0 else list(PROGRAMS)[::-1]
            for program in order:
                output = folder / f"output {program} {turn}"
                figure = measure(PROGRAMS[program](source, output), folder)
                written = sum(1 for path in output.rglob("*.dcm"))
                if written != images:
                    raise RuntimeError(f"{program} wrote {written} of {images} images")
                figures[program].append(figure)
                subprocess.run(["rm", "-rf", output], check=True)
    if arguments.json:
        print(json.dumps({"images": images, "rounds": figures}, indent=1))
        return 0
    print(f"{'':<20}{'images/s':>12}{'CPU ms/image':>14}{'ratio to dicognito':>20}")
    for program, runs in figures.items():
        speed = statistics.median(images / run["seconds"] for run in runs)
        cpu = statistics.median(1000 * run["cpu"] / images for run in runs)
        ratio = statistics.median(
            theirs["seconds"] / ours["seconds"] for ours, theirs in zip(runs, figures["dicognito"])
        )
        print(f"{program:<20}{speed:>12.1f}{cpu:>14.2f}{ratio:>20.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
