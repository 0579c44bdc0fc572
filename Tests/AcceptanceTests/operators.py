"""Those who run an archive: they move, delete, restore, shred, rotate, back up and verify until the server is gone."""

import contextlib
import json
import random
import time
from collections import Counter

from http_connection import RawHTTP
from life_ledger import DELETING, ENDING, IN_BIN, RESTORING, SHREDDING

TIERS = ("hot", "warm", "cold")


class Tally:
    """What was asked for and answered, and what was under way when the server was killed."""

    def __init__(self):
        self.done = Counter()
        self.refused = Counter()
        self.hit = Counter()
        self.current = Counter()
        self.moved = 0

    @contextlib.contextmanager
    def doing(self, what):
        self.current[what] += 1
        yield
        # Not after an error: the kill found it under way.
        self.current[what] -= 1

    def note_kill(self):
        hit = +self.current
        self.hit.update(hit.keys() or ["nothing but senders"])
        self.current = Counter()


class Operator:
    """One administrator, who asks for one thing after the other."""

    def __init__(self, archive, ledger, tally, seed, backups):
        self.ledger = ledger
        self.tally = tally
        self.chance = random.Random(seed)
        self.backups = backups
        self.client = RawHTTP(archive.http_port, archive.token, prefix="")

    def ask(self, method, path, body=b""):
        """Status and body."""
        head = f"{method} /api{path}{self.client.common}Content-Length: {len(body)}\r\n\r\n"
        status, _, content = self.client.exchange(head.encode() + body)
        return status, content

    def lines(self, path):
        """The last line of an answer in lines; None for a refusal."""
        status, content = self.ask("POST", path)
        if status != 200:
            return None
        return json.loads(content.splitlines()[-1])

    def work(self, archive, menu):
        names, weights = zip(*menu.items(), strict=True)
        with contextlib.suppress(OSError, ValueError):
            while archive.process.poll() is None:
                name = self.chance.choices(names, weights)[0]
                with self.tally.doing(name):
                    is_done = getattr(self, name)()
                if is_done is None:
                    time.sleep(0.005)
                else:
                    (self.tally.done if is_done else self.tally.refused)[name] += 1

    def change(self, change, method, path, done):
        """Asks for a change of a study and tells the ledger of the answer, or that none came."""
        try:
            status, content = self.ask(method, path)
        except (OSError, ValueError):
            self.ledger.is_unanswered(change)
            raise
        if status in (200, 202):
            done(json.loads(content))
        elif status in (404, 409):
            self.ledger.is_undone(change)
        else:
            self.ledger.is_unanswered(change)
            self.ledger.wrong.append(f"{method} {path} answered {status}: {content[:300]}")
        return status in (200, 202)

    # Deletion

    def any_study(self):
        studies = self.ledger.quiet_studies()
        return self.chance.choice(studies) if studies else None

    def any_deletion(self):
        with self.ledger.lock:
            entries = [name for name, deletion in self.ledger.deletions.items() if deletion.state == IN_BIN]
        return self.chance.choice(entries) if entries else None

    def delete(self):
        ledger, study = self.ledger, self.any_study()
        if study is None:
            return None
        with ledger.lock:
            number = self.chance.choice(sorted(ledger.states[study]))
        one = ledger.make(study, number)
        level = self.chance.choice(["study", "series", "instance", "instance"])
        path = f"/studies/{one.study}"
        if level == "study":
            change = ledger.begin(DELETING, study)
        elif level == "series":
            path += f"/series/{one.series}"
            change = ledger.begin(DELETING, study, lambda other: ledger.series(other) == ledger.series(number))
        else:
            path += f"/series/{one.series}/instances/{one.uid}"
            change = ledger.begin(DELETING, study, lambda other: other == number)
        if change is None:
            return None
        return self.change(
            change, "DELETE", path, lambda entry: ledger.is_deleted(change, entry["id"], entry["instances"])
        )

    def restore(self):
        identifier = self.any_deletion()
        if identifier is None:
            return None
        change = self.ledger.begin(RESTORING, self.ledger.deletions[identifier].study, deletion=identifier)
        if change is None:
            return None
        return self.change(
            change, "POST", f"/trash/{identifier}/restore", lambda _: self.ledger.is_restored(change)
        )

    def end(self):
        identifier = self.any_deletion()
        if identifier is None:
            return None
        change = self.ledger.begin(ENDING, self.ledger.deletions[identifier].study, deletion=identifier)
        if change is None:
            return None
        return self.change(change, "DELETE", f"/trash/{identifier}", lambda _: self.ledger.is_ended(change))

    def empty(self):
        deletions = self.ledger.begin_emptying()
        if deletions is None:
            return None
        is_answered = False
        try:
            is_answered = self.ask("DELETE", "/trash")[0] == 200
        finally:
            self.ledger.end_emptying(deletions, is_answered)
        return is_answered

    def shred(self):
        study = self.any_study()
        change = study and self.ledger.begin(SHREDDING, study)
        if not change:
            return None
        path = f"/studies/{self.ledger.uid(study)}/shred?reason=erasure"
        return self.change(change, "POST", path, lambda _: self.ledger.is_shredded(change))

    def compact(self):
        status, _ = self.ask("POST", "/compaction")
        return status == 200

    # Places

    def move(self):
        studies = self.ledger.quiet_studies()
        if not studies:
            return None
        for study in self.chance.sample(studies, min(4, len(studies))):
            uid, target = self.ledger.uid(study), self.chance.choice(TIERS)
            self.ask("PUT", f"/studies/{uid}/labels/{target}")
            for other in TIERS:
                if other != target:
                    self.ask("DELETE", f"/studies/{uid}/labels/{other}")
        return self.wait(*self.ask("POST", "/tiers/run"))

    def prefetch(self):
        studies = self.ledger.quiet_studies()
        if not studies:
            return None
        chosen = self.chance.sample(studies, min(4, len(studies)))
        return self.wait(*self.ask("POST", "/prefetch", "\n".join(map(self.ledger.uid, chosen)).encode()))

    def wait(self, status, content):
        """Waits until a job has ended, or the server."""
        if status != 202:
            return False
        job = json.loads(content)
        while job["state"] in ("queued", "running"):
            time.sleep(0.02)
            job = json.loads(self.ask("GET", f"/jobs/{job['id']}")[1])
        if job["kind"] == "tiers.move":
            self.tally.moved += job["done"]
        return job["state"] == "done"

    # Keys, backups, verification

    def rotate(self):
        line = self.lines("/keys/rotation")
        return line is not None and line.get("isComplete", False)

    def epoch(self):
        return self.ask("POST", "/shreddings/epoch")[0] == 200

    def renew(self):
        with self.ledger.lock:
            self.ledger.root_key += 1
        try:
            return self.ask("POST", "/shreddings/epoch?renew-root-key=true&without-escrow=true")[0] == 200
        finally:
            with self.ledger.lock:
                self.ledger.root_key += 1

    def backup(self):
        backup, line = self.ledger.begin_backup(self.backups), None
        try:
            line = self.lines(f"/backups?to={self.backups}")
        finally:
            is_whole = line is not None and line["isComplete"]
            self.ledger.end_backup(backup, line["number"] if is_whole else None)
        if is_whole and line["problems"]:
            self.ledger.wrong.append(f"a backup has problems: {line['problems'][:2]}")
        return is_whole

    def verify(self):
        with self.ledger.lock:
            before = {uid: self.ledger.certainty(place) for uid, place in self.ledger.places.items()}
        line = self.lines(f"/verification?depth={self.chance.choice(['quick', 'deep'])}")
        if line is None:
            return False
        for damage in line["damaged"]:
            uid = damage["sopInstanceUID"]
            known = before.get(uid)
            if known is not None and known == self.ledger.certainty(self.ledger.places[uid]):
                self.ledger.wrong.append(f"verification found damage: {damage}")
        return True


MENUS = [
    {"delete": 5, "restore": 3, "end": 1, "empty": 1, "shred": 3, "compact": 3},
    {"move": 4, "prefetch": 1},
    {"rotate": 4, "epoch": 2, "renew": 0.3, "backup": 4, "verify": 2},
]


def operate(archive, ledger, tally, seed, backups, menu):
    """A peer that works through a menu until the server is gone."""
    with contextlib.suppress(OSError, ValueError):
        Operator(archive, ledger, tally, seed, backups).work(archive, menu)
