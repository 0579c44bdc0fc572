"""Studies in frozen storage: what is told of them, who waits for them how, and how few requests bring them back."""

import time
from concurrent.futures import ThreadPoolExecutor

import part10
import pytest
import requests
import synthetic_images
from archive import ANY_FRAME, Archive, first
from object_server import FreezingServer
from senders import findscu

INSTANCES = 3


def study_uid(study):
    return synthetic_images.uid("frozen", study)


class Frozen(Archive):
    """Two studies of which the first is to lie in frozen storage, a pack each."""

    def __init__(self, folder):
        self.server = FreezingServer(folder / "buckets")
        self.settings = folder / "settings.yaml"
        self.settings.write_text(
            f"stores:\n  cold: {self.server.settings(folder / 'secret')}\n"
            "grace-time: 1s\nmove-every: 365d\nscrub-every: off\npack-cache: 0\nrecall-every: 1s\n"
            "rules:\n  - {move: cold, label: cold}\n"
        )
        super().__init__(folder / "archive", "--config", self.settings)

    def fill(self):
        self.files = {}
        for study in (1, 2):
            made = [synthetic_images.ct_instance(study, number, set_name="frozen", size=64) for number in range(1, INSTANCES + 1)]
            assert self.store(made).status_code == 200
            self.files[study] = {part10.split(file).sop_instance_uid: file for file in made}
        self.restart()
        self.paths = {study: self.frame_paths(study) for study in (1, 2)}

    def frame_paths(self, study):
        found = self.search(f"/studies/{study_uid(study)}/instances")
        return [
            f"/studies/{study_uid(study)}/series/{first(one, '0020000E')}/instances/{first(one, '00080018')}/frames/1"
            for one in found
        ]

    def freeze(self, *studies):
        for study in studies:
            self.command("label", "add", study_uid(study), "cold", check=0)
        self.command("tiers", "run", "--config", self.settings, check=0)
        deadline = time.monotonic() + 60
        while len(list((self.data / "packs").glob("??/*.pack"))) > 2 - len(studies):
            assert time.monotonic() < deadline, self.log_end()
            time.sleep(0.1)

    def restores(self):
        return self.server.count()["POST restore"]


@pytest.fixture
def frozen(tmp_path):
    archive = Frozen(tmp_path)
    archive.start()
    archive.fill()
    yield archive
    archive.stop()
    archive.server.stop()


def test_availability_is_told_over_dicomweb_and_dicom(frozen):
    frozen.freeze(1)

    wanted = {study_uid(1): "NEARLINE", study_uid(2): "ONLINE"}

    assert {first(one, "0020000D"): first(one, "00080056") for one in frozen.search("/studies")} == wanted
    for level, model in (("STUDY", "-S"), ("STUDY", "-P")):
        keys = [f"QueryRetrieveLevel={level}", "StudyInstanceUID", "InstanceAvailability", "PatientID"]
        matches = findscu(frozen.dicom_port, model, keys)
        assert {match.StudyInstanceUID: match.InstanceAvailability for match in matches} == wanted
    series = findscu(frozen.dicom_port, "-S", ["QueryRetrieveLevel=SERIES", f"StudyInstanceUID={study_uid(1)}", "SeriesInstanceUID", "InstanceAvailability"])
    assert [match.InstanceAvailability for match in series] == ["NEARLINE"]


def test_a_reader_is_asked_to_come_back_and_all_readers_cost_one_restore(frozen):
    frozen.freeze(1)
    paths = frozen.paths[1]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda path: frozen.get(path, ANY_FRAME), paths * 3))

    refused = [answer for answer in answers if answer.status_code == 503]
    assert refused and {answer.status_code for answer in answers} <= {200, 503}
    for answer in refused:
        assert int(answer.headers["Retry-After"]) >= 1
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["progress"] == answer.headers["Location"]
    progress = frozen.url + refused[0].headers["Location"]
    deadline = time.monotonic() + 60
    while requests.get(progress, headers=frozen.headers, timeout=60).json()["state"] != "done":
        assert time.monotonic() < deadline, frozen.log_end()
        time.sleep(0.1)
    for path in paths:
        assert frozen.get(path, ANY_FRAME).status_code == 200
    assert frozen.instances_of(f"/studies/{study_uid(1)}") == frozen.files[1]
    assert frozen.restores() == 1


def test_a_list_of_studies_is_brought_back_with_one_restore_for_each_pack(frozen):
    frozen.freeze(1, 2)
    listing = frozen.folder / "list"
    listing.write_text(f"{study_uid(1)}\n{study_uid(2)}\n{study_uid(1)}\n")

    job = frozen.command_json("tiers", "prefetch", listing, "--wait")

    assert (job["state"], job["done"], frozen.restores()) == ("done", 2, 2)
    for study in (1, 2):
        assert frozen.instances_of(f"/studies/{study_uid(study)}") == frozen.files[study]
    assert {first(one, "00080056") for one in frozen.search("/studies")} == {"ONLINE"}


def test_scrubbing_thaws_nothing(frozen):
    frozen.freeze(1)

    job = frozen.command_json("verify", "--scrub", "--config", frozen.settings)
    told = frozen.command_json("verify", "--config", frozen.settings)["scrubbing"]["last"]

    assert (job["state"], told["damaged"], frozen.restores()) == ("done", 0, 0)
    assert told["checked"] == 2 * INSTANCES and told["packs"] == 1
