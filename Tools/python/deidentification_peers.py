"""Runs one Python package over a folder, file by file; a file that it fails on is told and left out.

    deidentification_peers.py PACKAGE INPUT OUTPUT

Runs in the environment of the comparison, which has other versions than that of the tests. Each package is used as its
own command line or its manual does by default.
"""

import contextlib
import io
import json
import shutil
import sys
import tempfile
import time
import warnings
from pathlib import Path

import pydicom


def dicognito(paths, source, output):
    from dicognito.anonymizer import Anonymizer

    anonymizer = Anonymizer(seed="leak corpus")

    def one(path):
        with pydicom.dcmread(path) as dataset:
            anonymizer.anonymize(dataset)
            # As its command does with --output-directory.
            dataset.save_as(output / f"{dataset.SOPInstanceUID}.dcm")

    return one


def dicom_anonymizer(paths, source, output):
    from dicomanonymizer import anonymize_dicom_file

    def one(path):
        target = output / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        anonymize_dicom_file(str(path), str(target))

    return one


def deid(paths, source, output):
    from deid.config import DeidRecipe
    from deid.dicom import DicomCleaner, replace_identifiers

    recipe = DeidRecipe()

    def one(path):
        with tempfile.TemporaryDirectory() as folder:
            # Pixels first: what is known of the machine is gone from the header afterwards.
            copy = Path(folder) / path.name
            shutil.copyfile(path, copy)
            with contextlib.suppress(Exception):
                cleaner = DicomCleaner(output_folder=folder)
                if cleaner.detect(str(copy))["flagged"]:
                    cleaner.clean()
                    cleaned = Path(cleaner.save_dicom(output_folder=folder))
                    shutil.move(cleaned, copy)
            target = output / path.relative_to(source).parent
            target.mkdir(parents=True, exist_ok=True)
            replace_identifiers(
                str(copy), deid=recipe, save=True, overwrite=True, output_folder=str(target), remove_private=True
            )

    return one


PACKAGES = {"dicognito": dicognito, "dicom-anonymizer": dicom_anonymizer, "deid": deid}


def main():
    package, source, output = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    paths = sorted(path for path in source.rglob("*") if path.is_file())
    refused, heard = {}, io.StringIO()
    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(heard), contextlib.redirect_stderr(heard):
        one = PACKAGES[package](paths, source, output)
        begin = time.monotonic()
        for path in paths:
            try:
                one(path)
            except Exception as error:
                refused[str(path.relative_to(source))] = f"{type(error).__name__}: {error}"[:200]
        seconds = time.monotonic() - begin
    print(json.dumps({"files": len(paths), "refused": refused, "seconds": seconds}))


if __name__ == "__main__":
    main()
