"""Puts identifiers into Data Sets and keeps the list of what was put where."""

import string
from dataclasses import dataclass, field

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag

# What a place's own made-up words are called; the other placeholders are facts about the patient.
PLACE_WORDS = {"word": "word", "someone": "person", "number": "number", "serial_of_place": "device"}
PLACE_WORDS |= {"day": "device", "moment": "device"}


@dataclass
class Planted:
    """One place of one object with all strings that must not be found in what leaves."""

    path: str
    vr: str
    kind: str
    strings: list
    note: str = ""


@dataclass
class Specimen:
    """One object of the corpus: its Data Set, what is planted in it, what must survive, and how its file is made."""

    name: str
    person: object
    words: object
    instance_number: int
    dataset: Dataset = field(default_factory=Dataset)
    planted: list = field(default_factory=list)
    survivors: list = field(default_factory=list)
    relations: list = field(default_factory=list)
    pictures: list = field(default_factory=list)
    transfer_syntax: str = "1.2.840.10008.1.2.1"
    preamble: bytes = b"\0" * 128
    trailing: bytes = b""
    meta: Dataset = field(default_factory=Dataset)
    file_name: str = ""
    group_lengths: bool = False
    may_be_withheld: str = ""
    faults_on_purpose: list = field(default_factory=list)

    def root(self):
        return Node(self, self.dataset, "")

    def uid(self):
        """The SOP Instance UID: made of serial number and date, as scanners do."""
        return f"{self.person.uids['study']}.{self.instance_number}"

    def record(self, path, vr, kind, strings, note=""):
        self.planted.append(Planted(path, vr, kind, strings, note))


class Node:
    """A Data Set of a specimen at a path, into which things are put."""

    def __init__(self, specimen, dataset, path):
        self.specimen = specimen
        self.dataset = dataset
        self.path = path

    def place(self, tag):
        return f"{self.path}{tag.group:04X}{tag.element:04X}"

    def set(self, **values):
        """Attributes that identify nobody."""
        for keyword, value in values.items():
            setattr(self.dataset, keyword, value)
        return self

    def keep(self, needs=(), **values):
        """Attributes that must survive; `needs` names the options without which they may go."""
        self.set(**values)
        for keyword in values:
            tag = Tag(tag_for_keyword(keyword))
            element = self.dataset[tag]
            numbers = element.value if element.VM > 1 else [element.value]
            # Content of a report is replaced as a whole unless the option for it is given.
            content = ["clean-structured-content"] if "0040A730" in self.path else []
            self.specimen.survivors.append(
                {"path": self.place(tag), "values": [str(value) for value in numbers], "needs": [*needs, *content]}
            )
        return self

    def item(self, keyword, vr="SQ"):
        """A new item at the end of this sequence."""
        tag = Tag(tag_for_keyword(keyword) if isinstance(keyword, str) else keyword)
        if tag not in self.dataset:
            self.dataset.add(DataElement(tag, vr, Sequence([])))
        items = self.dataset[tag].value
        items.append(Dataset())
        return Node(self.specimen, items[-1], f"{self.place(tag)}[{len(items) - 1}].")

    def code(self, keyword, value, scheme, meaning, keep=False):
        """An item with a code; a code that must survive is listed as such."""
        item = self.item(keyword)
        (item.keep if keep else item.set)(CodeValue=value, CodingSchemeDesignator=scheme)
        item.set(CodeMeaning=meaning)
        return item

    def plant(self, where, template, vr=None, kind=None, encode=None, note=""):
        """Puts a text with identifiers at a keyword or tag.

        Placeholders in braces are facts about the patient or words made for this place alone. `encode` makes the
        value out of the text where it is not text: bytes of OB, OW and UN.
        """
        tag = Tag(tag_for_keyword(where) if isinstance(where, str) else where)
        vr = vr or first_vr(tag)
        text, strings = fill(template, self.specimen)
        value = encode(text) if encode else text
        if vr not in ("UT", "LT", "ST", "UR") and isinstance(value, str) and "\\" in value:
            value = value.split("\\")
        self.dataset.add(DataElement(tag, vr, value))
        self.specimen.record(self.place(tag), vr, kind or strings[0]["kind"], strings, note)
        return self

    def ensure(self, **templates):
        """Plants what is not there yet: attributes that a module requires and the share may have brought."""
        for keyword, template in templates.items():
            if keyword not in self.dataset:
                self.plant(keyword, template)
        return self

    def plant_all(self, table):
        """A table of keyword and template, one per line."""
        for line in table.strip().splitlines():
            keyword, _, template = line.strip().partition(" ")
            self.plant(keyword, template.strip())
        return self

    def private(self, group, creator, block=0x10):
        """Reserves a private block and gives the number of its first element."""
        self.dataset.add(DataElement(Tag(group, block), "LO", creator))
        return block << 8


def first_vr(tag):
    return dictionary_VR(tag).split(" or ")[0]


def fill(template, specimen):
    """The text of a template, and the strings in it that identify somebody."""
    person, words = specimen.person, specimen.words
    pieces, strings = [], []
    for literal, name, _, _ in string.Formatter().parse(template):
        pieces.append(literal)
        if name is None:
            continue
        found = []
        if name == "pn":
            value = person.name
            parts = [part for group in value.split("=") for part in group.split("^")]
            found = [(part, "name", True) for part in parts if len(part) > 1 and part not in ("Ms", "Esq", "Dr.")]
        elif name.startswith("uid:"):
            value = person.uids.get(name[4:]) or words.uid(person.number, name[4:])
            found = [(value, "uid", True)]
            if name[4:] in person.uids:
                found.append((person.facts["serial"][2:], "device", True))
        elif name == "uid":
            value = f"1.2.826.0.1.3680043.10.999.{words.digits(9)}.{person.facts['exam']}.{words.digits(6)}"
            found = [(value, "uid", False)]
        elif name == "own_uid":
            value = specimen.uid()
            found = [(value, "uid", True)]
        elif name == "initials":
            value = f"{person.facts['first'][0]}.{person.facts['last'][0]}."
        elif name in PLACE_WORDS:
            makers = {"word": words.word, "someone": words.word, "moment": words.time, "day": words.day}
            value = makers.get(name, words.digits)()
            found = [(value, PLACE_WORDS[name], False)]
        else:
            value = person.facts[name]
            found = [(value, person.kinds[name], True)]
        pieces.append(value)
        strings.extend({"text": text, "kind": kind, "identifier": known} for text, kind, known in found)
    assert strings, f"nothing is planted by {template!r}"
    return "".join(pieces), strings
