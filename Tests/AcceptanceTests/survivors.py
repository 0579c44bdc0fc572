"""What peers of a server know that is killed again and again: the ledger of what was acknowledged, and who writes it."""

import contextlib
import json
import random
import threading
import time

import part10
from archive import ANY_INSTANCE, DICOM_JSON, PATIENCE, first
from http_connection import RawHTTP
from instance_template import InstanceTemplate
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from raw_association import PeerGone, RawAssociation

STOW_PART_COUNT = 5
# So much of the rounds kill the server a second time while it starts.
KILLED_AT_START = 0.15
QUANTILES = {"p50": 0.5, "p99": 0.99, "max": 1}


class Ledger:
    """What the peers of one data folder know: what was sent, what was acknowledged, what was read back wrong."""

    def __init__(self, set_name="survival"):
        self.template = InstanceTemplate(set_name=set_name)
        self.acknowledged = {}
        self.in_flight = {}
        self.this_round = []
        self.wrong = []
        self.reads = 0

    def make(self, study, number):
        return self.template.make(study, number)

    def begin_round(self):
        self.this_round = []

    def numbers(self, study):
        """The numbers of the instances that a sender has not sent into this study yet."""
        return iter(range(1, 1_000_000))

    def sends(self, study, numbers):
        """Told before instances go out."""

    def acknowledge(self, study, number):
        self.acknowledged.setdefault(study, set()).add(number)
        self.this_round.append((study, number))

    def refuse(self, place, told):
        """A sender was refused; whether that may be."""
        self.wrong.append(told)
        return False

    def recent(self, chance):
        """An instance that was acknowledged a moment ago."""
        places = self.this_round
        return places[-1 - min(chance.randrange(20), len(places) - 1)] if places else None

    def certainty(self, place):
        """The same before and after a read: the instance had to be there. None: it may be gone."""
        return 0

    @property
    def count(self):
        return sum(map(len, self.acknowledged.values()))


def send_by_association(archive, ledger, study, unanswered):
    """Sends what the last round left without an answer, then new instances until the server is gone."""
    with contextlib.suppress(OSError, PeerGone):
        association = RawAssociation(archive.dicom_port, CTImageStorage, ExplicitVRLittleEndian)
        numbers = ledger.numbers(study)
        while True:
            place = unanswered or (study, next(numbers))
            instance = ledger.make(*place)
            ledger.in_flight[study] = place
            ledger.sends(place[0], place[1:])
            status = association.store(instance.uid, instance.data_set)
            if status == 0:
                ledger.acknowledge(*place)
            elif ledger.refuse(place, f"C-STORE answered {status:04X}"):
                time.sleep(0.01)
            else:
                return
            ledger.in_flight.pop(study, None)
            unanswered = None


def send_by_stow(archive, ledger, study, _):
    """Sends a few instances with each request until the server is gone."""
    with contextlib.suppress(OSError, ValueError):
        client = RawHTTP(archive.http_port, archive.token)
        fresh = ledger.numbers(study)
        while True:
            numbers = [next(fresh) for _ in range(STOW_PART_COUNT)]
            ledger.sends(study, numbers)
            status, _, body = client.store([ledger.make(study, number).file for number in numbers])
            if status == 200:
                for number in numbers:
                    ledger.acknowledge(study, number)
            elif not ledger.refuse((study, numbers[0]), f"STOW answered {status}: {body[:200]}"):
                return


def read_back(archive, ledger, seed, _):
    """Reads instances that were acknowledged a moment ago until the server is gone."""
    chance = random.Random(seed)
    with contextlib.suppress(OSError, ValueError):
        client = RawHTTP(archive.http_port, archive.token)
        while archive.process.poll() is None:
            place = ledger.recent(chance)
            if place is None:
                time.sleep(0.005)
                continue
            before = ledger.certainty(place)
            instance = ledger.make(*place)
            status, headers, body = client.get(instance.path, ANY_INSTANCE)
            files = [file for _, file in part10.parts(body, headers["content-type"])] if status == 200 else []
            ledger.reads += 1
            found = [part10.split(file).data_set for file in files]
            had_to = before is not None and before == ledger.certainty(place)
            if found != [instance.data_set] and (found or had_to):
                ledger.wrong.append(f"reading {place} answered {status} with {len(files)} instances: {body[:200]}")


def run_peers(archive, peers, delay):
    """All peers at once, each `(work, arguments...)`; the server is killed after the delay."""
    threads = [threading.Thread(target=work, args=(archive, *rest), daemon=True) for work, *rest in peers]
    for thread in threads:
        thread.start()
    time.sleep(delay)
    archive.kill()
    for thread in threads:
        thread.join(timeout=40 * PATIENCE)
    assert not any(thread.is_alive() for thread in threads), "a peer hangs after the server's end"


def start_again(archive, chance):
    """Starts the server, sometimes only after it was killed while it started; the seconds until it serves."""
    if chance.random() < KILLED_AT_START:
        archive.launch()
        time.sleep(chance.uniform(0, 0.15))
        archive.kill()
    begin = time.monotonic()
    archive.start()
    return time.monotonic() - begin


def study_files(client, path):
    """What reading a study gives, as {SOP Instance UID: Data Set}; nothing for one that is not there."""
    status, headers, body = client.get(path, ANY_INSTANCE)
    if status == 404:
        return {}
    assert status == 200, f"{path}: {status} {body[:200]}"
    files = [part10.split(file) for _, file in part10.parts(body, headers["content-type"])]
    return {split.sop_instance_uid: split.data_set for split in files}


def listed(client, path):
    """The SOP Instance UIDs that QIDO-RS knows of a study."""
    found = set()
    while True:
        status, _, body = client.get(f"{path}/instances?limit=1000&offset={len(found)}", DICOM_JSON)
        page = {first(item, "00080018") for item in json.loads(body)} if status == 200 and body else set()
        if not page - found:
            return found
        found |= page


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def quantiles(seconds):
    return ", ".join(f"{name} {quantile(seconds, share):.2f} s" for name, share in QUANTILES.items())
