"""Writes synthetic DICOM studies, the same bytes each time.

Sets: ct (10 studies of 100 CT slices, 512 x 512, 16 bits, noisy, 0.5 GB), tiny (500 studies, 5,000 instances of about
10 kB), multiframe (one native object of 1 GiB, 2,048 frames), jpeg-multiframe (encapsulated JPEG with each kind of
offset table and with frames in several fragments), encodings (a small image in each encoding and with the usual
faults). Without a set, all but multiframe are written.
"""

import argparse
import shutil
import sys
from pathlib import Path

import synthetic_images

TARGET = Path(__file__).resolve().parent.parent.parent / "TestImages" / "synthetic"


def progress(done, total, name):
    """One line that is overwritten, on a terminal only."""
    if sys.stderr.isatty():
        print(f"\rmake-test-images: {name} {done}/{total}", end="\n" if done == total else "", file=sys.stderr)


def ct(folder, arguments):
    studies, instances = arguments.studies or 10, arguments.instances or 100
    for study in range(1, studies + 1):
        target = folder / f"study{study:02d}"
        target.mkdir()
        for instance in range(1, instances + 1):
            (target / f"{instance:04d}.dcm").write_bytes(synthetic_images.ct_instance(study, instance))
            progress((study - 1) * instances + instance, studies * instances, "ct")


def tiny(folder, arguments):
    studies, instances = arguments.studies or 500, arguments.instances or 10
    for study in range(1, studies + 1):
        target = folder / f"study{study:04d}"
        target.mkdir()
        for instance in range(1, instances + 1):
            content = synthetic_images.ct_instance(study, instance, set_name="tiny", size=68)
            (target / f"{instance:04d}.dcm").write_bytes(content)
        progress(study, studies, "tiny")


def multiframe(folder, arguments):
    synthetic_images.NativeMultiframe(frames=arguments.frames).write(folder / "multiframe.dcm")


def jpeg_multiframe(folder, arguments):
    for name, content in synthetic_images.jpeg_multiframes():
        (folder / name).write_bytes(content)


def encodings(folder, arguments):
    for name, content in synthetic_images.encodings():
        (folder / name).write_bytes(content)


SETS = {
    "ct": ct,
    "tiny": tiny,
    "multiframe": multiframe,
    "jpeg-multiframe": jpeg_multiframe,
    "encodings": encodings,
}


def make(name, arguments):
    """Writes one set unless it is there with the same parameters; the stamp is written last."""
    folder = arguments.out / name
    stamp = folder / ".complete"
    version = f"1 studies={arguments.studies} instances={arguments.instances} frames={arguments.frames}\n"
    if stamp.is_file() and stamp.read_text() == version:
        print(f"make-test-images: {name} is there already")
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    SETS[name](folder, arguments)
    stamp.write_text(version)
    files = [path for path in folder.rglob("*.dcm")]
    size = sum(path.stat().st_size for path in files)
    print(f"make-test-images: {name}: {len(files)} files, {size / 1e6:.1f} MB in {folder}", flush=True)


def main():
    parser = argparse.ArgumentParser(
        prog="Tools/make-test-images", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=TARGET, help="the folder to write to (default TestImages/synthetic)")
    parser.add_argument("--studies", type=int, help="studies in the sets ct and tiny")
    parser.add_argument("--instances", type=int, help="instances in each study of the sets ct and tiny")
    parser.add_argument("--frames", type=int, default=2048, help="frames of the set multiframe, 512 KiB each")
    parser.add_argument("sets", nargs="*", metavar="set", help=", ".join(SETS))
    arguments = parser.parse_args()
    for name in arguments.sets:
        if name not in SETS:
            parser.error(f"no set {name}: there are {', '.join(SETS)}")
    for name in arguments.sets or [name for name in SETS if name != "multiframe"]:
        make(name, arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
