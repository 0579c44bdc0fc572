"""An export to a real S3 server holds what an export to a folder holds, and each object is sent once."""

import csv
import hashlib
import io

import pytest
from archive import Archive
from object_server import ObjectServer
from research_study import Study
from test_export import PLANTED, exported, make_project, manifest, withdraw

PREFIX = "export/"
# Whether a server replaces nothing unasked is tried out once for each export.
PROBES = 3


@pytest.fixture(scope="module")
def research(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export-s3")
    server = ObjectServer(folder / "buckets")
    settings = folder / "settings.yaml"
    settings.write_text(f"stores:\n  cloud: {server.settings(folder / 'secret')}\n")
    archive = Archive(folder / "archive", "--config", settings).start()
    for number in range(1, 4):
        Study(number).write(folder / "in")
    archive.command("import", folder / "in", check=0)
    make_project(archive)
    yield archive, server, folder
    archive.stop()
    server.stop()


class Bucket:
    """What lies below the prefix: objects by their key, and documents by the export that they are of."""

    def __init__(self, server):
        root = server.folder / "archive" / PREFIX
        files = {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        self.objects = {name: content for name, content in files.items() if name.startswith("objects/")}
        self.documents = {}
        for name, content in files.items():
            if name.startswith("exports/"):
                _, export, document = name.split("/", 2)
                self.documents.setdefault(export, {})[document] = content

    def named(self, export):
        """The objects that the manifest of an export names, each with the digest that it tells."""
        rows = list(csv.DictReader(io.StringIO(self.documents[export]["manifest.csv"].decode())))
        assert all(hashlib.sha256(self.objects[row["path"]]).hexdigest() == row["sha256"] for row in rows)
        return {row["sop_instance_uid"]: self.objects[row["path"]] for row in rows}


def in_folder(place):
    return {row["sop_instance_uid"]: (place / row["path"]).read_bytes() for row in manifest(place)}


def test_the_bucket_holds_what_a_folder_holds(research):
    archive, server, folder = research
    assert exported(archive, folder / "out", "--headers", "ndjson")["state"] == "done"
    before = len(server.requests)

    job = exported(archive, "store:cloud", "--headers", "ndjson")

    assert job["state"] == "done" and job["failures"] == 0
    bucket = Bucket(server)
    (export,) = bucket.documents
    assert bucket.named(export) == in_folder(folder / "out") and len(bucket.objects) == 18
    documents = bucket.documents[export]
    assert set(documents) >= {"manifest.csv", "quarantine.csv", "report.json", "headers/modality_key=ct/part-00000.ndjson"}
    assert server.count(before)["PUT"] == PROBES + len(bucket.objects) + len(documents)
    everything = [*bucket.objects.values(), *documents.values()]
    assert not any(word.lower() in content.lower() for content in everything for word in PLANTED)


def test_a_second_export_sends_no_object_again_and_names_nobody_who_has_withdrawn(research):
    archive, server, folder = research
    first = Bucket(server)
    before = len(server.requests)

    assert exported(archive, "store:cloud", "--headers", "ndjson")["state"] == "done"

    second = Bucket(server)
    (export,) = second.documents.keys() - first.documents.keys()
    assert second.objects == first.objects and second.named(export) == in_folder(folder / "out")
    assert server.count(before)["PUT"] == PROBES + len(second.documents[export])
    withdraw(archive, "MRN-770002")
    assert exported(archive, "store:cloud")["state"] == "done"
    third = Bucket(server)
    (export,) = third.documents.keys() - second.documents.keys()
    assert len(third.named(export)) == len(first.objects) * 2 // 3
