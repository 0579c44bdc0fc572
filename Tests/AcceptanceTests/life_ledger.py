"""What is known from outside of an archive whose studies move, are deleted, restored and shredded while it is killed.

What was answered is certain. What was asked for and not answered is in doubt: either state is right, but only one of both;
the first look after the next start decides which, and from then on it is certain, too.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from survivors import Ledger, listed, study_files

PRESENT, ABSENT, DOUBT = "present", "absent", "in doubt"
IN_BIN, RESTORED, FINAL = "in the bin", "restored", "final"
# Asked for without an answer.
DELETING, RESTORING, ENDING, SHREDDING = "deleting", "restoring", "ending", "shredding"


@dataclass
class Deletion:
    """One entry of the bin: what it surely holds, and what came while it was made."""

    study: int
    certain: frozenset
    perhaps: frozenset
    state: str = IN_BIN


@dataclass
class Change:
    """A deletion, restoration or shredding that was asked for."""

    kind: str
    study: int
    numbers: frozenset
    is_in_scope: Callable
    deletion: str = None
    # How often the bin had been emptied.
    emptyings: int = 0
    may_be_emptied: bool = False


@dataclass
class Backup:
    """A backup, and what was known when it was asked for."""

    place: str
    states: dict
    root_key: int
    unsure: set = field(default_factory=set)
    touched: set = field(default_factory=set)
    number: int = None

    def expected(self, states):
        """What a restored archive holds by study and number; `states` names all that there ever was."""
        return {
            study: {number: self.state(study, number) for number in numbers} for study, numbers in states.items()
        }

    def state(self, study, number):
        if study in self.unsure or (study, number) in self.touched:
            return DOUBT
        # What was sent later was not there.
        return self.states.get(study, {}).get(number, ABSENT)


class LifeLedger(Ledger):
    """States of all instances of a data folder; the operators tell it what they ask for and what was answered."""

    def __init__(self, set_name="life"):
        super().__init__(set_name)
        self.lock = threading.RLock()
        self.states = {}
        self.deletions = {}
        self.changes = {}
        self.unanswered = []
        self.versions = {}
        self.sent = {}
        self.next_numbers = {}
        self.places = {}
        self.touched = set()
        self.is_emptying = False
        self.emptyings = 0
        self.root_key = 0
        self.running_backups = []
        self.backups = []
        self.lost_backups = []

    @staticmethod
    def series(number):
        return 1 + number % 2

    def make(self, study, number):
        return self.template.make(study, number, series=self.series(number))

    def uid(self, study):
        return self.make(study, 1).study

    # Senders and readers

    def begin_round(self):
        super().begin_round()
        self.touched = set()

    def numbers(self, study):
        while True:
            with self.lock:
                number = self.next_numbers[study] = self.next_numbers.get(study, 0) + 1
            yield number

    def sends(self, study, numbers):
        with self.lock:
            self.touched.add(study)
            for number in numbers:
                self.sent[study, number] = self.versions.get(study, 0)
                self.places[self.make(study, number).uid] = (study, number)
                if self.states.get(study, {}).get(number) != PRESENT:
                    self.set(study, number, DOUBT)

    def acknowledge(self, study, number):
        with self.lock:
            # While it was on its way somebody may have deleted it.
            is_certain = study not in self.changes and self.sent[study, number] == self.versions.get(study, 0)
            self.set(study, number, PRESENT if is_certain else DOUBT)
            self.this_round.append((study, number))
            self.acknowledged.setdefault(study, set()).add(number)

    def refuse(self, place, told):
        with self.lock:
            # A study that is being shredded takes nothing.
            study = place[0]
            if study in self.changes or self.sent[place] != self.versions.get(study, 0):
                return True
            return super().refuse(place, f"{told} for {place}")

    def recent(self, chance):
        with self.lock:
            if chance.random() < 0.5 or not self.states:
                return super().recent(chance)
            study = chance.choice(list(self.states))
            return study, chance.choice(list(self.states[study]))

    def certainty(self, place):
        with self.lock:
            study, number = place
            if study in self.changes or self.states.get(study, {}).get(number) != PRESENT:
                return None
            return self.versions.get(study, 0)

    # Changes

    def set(self, study, number, state):
        self.states.setdefault(study, {})[number] = state
        for backup in self.running_backups:
            backup.touched.add((study, number))

    def numbers_in(self, study, state):
        return frozenset(number for number, found in self.states.get(study, {}).items() if found == state)

    def quiet_studies(self):
        """Studies with something in them that nobody changes."""
        with self.lock:
            return [study for study in self.states if study not in self.changes and self.numbers_in(study, PRESENT)]

    def begin(self, kind, study, is_in_scope=lambda number: True, deletion=None):
        """Somebody is about to ask for a change; None where another one is under way."""
        with self.lock:
            if study in self.changes or (self.is_emptying and kind != DELETING):
                return None
            numbers = frozenset(filter(is_in_scope, self.numbers_in(study, PRESENT)))
            if kind == RESTORING:
                numbers = self.deletions[deletion].certain & self.numbers_in(study, ABSENT)
            elif kind == ENDING:
                numbers = frozenset()
            change = Change(kind, study, numbers, is_in_scope, deletion, self.emptyings)
            self.changes[study] = change
            self.note_change(study)
            return change

    def note_change(self, study):
        self.versions[study] = self.versions.get(study, 0) + 1
        self.touched.add(study)
        for backup in self.running_backups:
            backup.unsure.add(study)

    def doubtful(self, change):
        return frozenset(filter(change.is_in_scope, self.numbers_in(change.study, DOUBT)))

    def is_undone(self, change):
        """The answer was that nothing was done."""
        with self.lock:
            self.note_change(change.study)
            del self.changes[change.study]

    def is_unanswered(self, change):
        """No answer came. Nobody else touches the study before it is known what became of it."""
        with self.lock:
            self.note_change(change.study)
            change.may_be_emptied = change.emptyings != self.emptyings or self.is_emptying
            for number in change.numbers:
                self.set(change.study, number, DOUBT)
            if change.kind == SHREDDING:
                for deletion in self.bin_of(change.study):
                    deletion.state = SHREDDING
            elif change.deletion:
                self.deletions[change.deletion].state = change.kind
            self.unanswered.append(change)

    def is_deleted(self, change, identifier, count):
        with self.lock:
            perhaps = self.doubtful(change)
            if not len(change.numbers) <= count <= len(change.numbers | perhaps):
                self.wrong.append(f"a deletion took {count} instances of {len(change.numbers)}")
            for number in change.numbers:
                self.set(change.study, number, ABSENT)
            state = IN_BIN if change.emptyings == self.emptyings and not self.is_emptying else ENDING
            self.deletions[identifier] = Deletion(change.study, change.numbers, perhaps, state)
            self.is_undone(change)

    def is_restored(self, change):
        with self.lock:
            deletion = self.deletions[change.deletion]
            deletion.state = RESTORED
            for number in deletion.certain:
                self.set(change.study, number, PRESENT)
            self.doubt_what_came_with(deletion)
            self.is_undone(change)

    def doubt_what_came_with(self, deletion):
        """What may have been in the bin, too, may be back."""
        for number in deletion.perhaps & self.numbers_in(deletion.study, ABSENT):
            self.set(deletion.study, number, DOUBT)

    def is_ended(self, change):
        with self.lock:
            self.deletions[change.deletion].state = FINAL
            self.is_undone(change)

    def is_shredded(self, change):
        with self.lock:
            for number in change.numbers:
                self.set(change.study, number, ABSENT)
            for deletion in self.bin_of(change.study):
                deletion.state = FINAL
            self.is_undone(change)

    def bin_of(self, study=None):
        return [
            deletion
            for deletion in self.deletions.values()
            if deletion.state in (IN_BIN, ENDING) and study in (None, deletion.study)
        ]

    def begin_emptying(self):
        """The deletions that are final once the bin is emptied; None while others work on the bin."""
        with self.lock:
            if self.is_emptying or any(change.kind != DELETING for change in self.changes.values()):
                return None
            self.is_emptying = True
            self.emptyings += 1
            return self.bin_of()

    def end_emptying(self, deletions, is_answered):
        with self.lock:
            self.is_emptying = False
            self.emptyings += 1
            for deletion in deletions:
                deletion.state = FINAL if is_answered else ENDING

    # Backups

    def begin_backup(self, place):
        with self.lock:
            states = {study: dict(numbers) for study, numbers in self.states.items()}
            backup = Backup(place, states, self.root_key, unsure=set(self.changes))
            self.running_backups.append(backup)
            return backup

    def end_backup(self, backup, number):
        with self.lock:
            self.running_backups.remove(backup)
            backup.number = number
            (self.lost_backups if number is None else self.backups).append(backup)

    # What is found after a start

    def settle_bin(self, entries):
        """Compares the bin with what is known, and decides what was in doubt."""
        with self.lock:
            for change in self.unanswered:
                self.settle_change(change, entries)
            for identifier, deletion in self.deletions.items():
                is_listed = identifier in entries
                if deletion.state in (ENDING, SHREDDING):
                    deletion.state = IN_BIN if is_listed else FINAL
                if is_listed != (deletion.state == IN_BIN):
                    self.wrong.append(f"a deletion that is {deletion.state} is {'' if is_listed else 'not '}listed")
            strangers = set(entries) - set(self.deletions)
            if strangers:
                self.wrong.append(f"{len(strangers)} deletions in the bin that nobody asked for")

    def settle_change(self, change, entries):
        study = change.study
        if change.kind == RESTORING:
            deletion = self.deletions[change.deletion]
            deletion.state = IN_BIN if change.deletion in entries else RESTORED
            found = ABSENT if deletion.state == IN_BIN else PRESENT
            for number in change.numbers:
                self.set(study, number, found)
            if found == PRESENT:
                self.doubt_what_came_with(deletion)
            return
        if change.kind == ENDING:
            return
        own = [
            identifier
            for identifier, entry in entries.items()
            if identifier not in self.deletions and entry["studyInstanceUID"] == self.uid(study)
        ]
        perhaps = self.doubtful(change) - change.numbers
        for identifier in own:
            self.deletions[identifier] = Deletion(study, change.numbers, perhaps)
            count = entries[identifier]["instances"]
            if not len(change.numbers) <= count <= len(change.numbers | perhaps):
                self.wrong.append(f"the bin holds {count} instances of {len(change.numbers)}")
        if own or (change.kind == DELETING and not change.may_be_emptied):
            # In the bin whole, or not deleted at all.
            for number in change.numbers:
                self.set(study, number, ABSENT if own else PRESENT)

    def settle_studies(self, found):
        """Decides what is still in doubt by what is there; the numbers found by study."""
        with self.lock:
            for change in self.unanswered:
                there = change.numbers & found.get(change.study, set())
                if there and there != change.numbers:
                    self.wrong.append(f"{change.kind} took {len(there)} of {len(change.numbers)} instances")
                del self.changes[change.study]
            self.unanswered = []
            for study, numbers in found.items():
                for number in self.numbers_in(study, DOUBT):
                    self.set(study, number, PRESENT if number in numbers else ABSENT)


class Differences:
    """What differs between an archive and what it should hold."""

    def __init__(self):
        self.lost, self.returned, self.changed, self.unreadable = [], [], [], []
        self.found = {}

    def look(self, client, ledger, study, states):
        """Reads a study and compares it byte by byte with the states of its instances."""
        path = f"/studies/{ledger.uid(study)}"
        files = study_files(client, path)
        there = set()
        for number, state in states.items():
            instance = ledger.make(study, number)
            data_set = files.pop(instance.uid, None)
            if data_set is None:
                if state == PRESENT:
                    self.lost.append((study, number))
                continue
            there.add(number)
            if state == ABSENT:
                self.returned.append((study, number))
            if data_set != instance.data_set:
                self.changed.append((study, number))
        self.changed += [(study, uid) for uid in files]
        uids = {ledger.make(study, number).uid for number in there}
        self.unreadable += [(study, uid) for uid in listed(client, path) - uids]
        self.found[study] = there

    def __str__(self):
        kinds = (("lost", self.lost), ("returned", self.returned), ("changed", self.changed))
        kinds += (("listed but unreadable", self.unreadable),)
        return ", ".join(f"{len(places)} {name} {places[:5]}" for name, places in kinds if places)

    def check(self):
        assert not str(self), str(self)
