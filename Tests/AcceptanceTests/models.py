"""The models of a file as different programs write them, brought into one form.

A Data Set is a dict from tag to `(vr, kind, values)`; the kinds are "values", "items", "binary", "reference" and "empty".
Private elements have the key `gggg00ee|creator`, as the Native DICOM Model names them.
"""

import json
import subprocess
import xml.etree.ElementTree as ElementTree

from archive import BINARY

GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
COMPONENTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")


def dump(path, *options):
    """What `cassette dump` prints; `None` when it cannot read the file."""
    result = subprocess.run([BINARY, "dump", *options, str(path)], capture_output=True, timeout=60)
    return result.stdout if result.returncode == 0 else None


def from_json(item):
    """A Data Set of the DICOM JSON model, as the `json` module gives it."""
    creators = {}
    for tag, element in item.items():
        if int(tag[:4], 16) % 2 and tag[4:6] == "00" and tag[6:] >= "10" and element.get("Value"):
            creators[tag[:4], tag[6:]] = element["Value"][0]
    return {key_of(tag, creators): json_value(element) for tag, element in item.items()}


def key_of(tag, creators):
    creator = creators.get((tag[:4], tag[4:6])) if int(tag[:4], 16) % 2 else None
    return f"{tag[:4]}00{tag[6:]}|{creator}" if creator else tag


def json_value(element):
    vr = str(element["vr"])
    if "InlineBinary" in element:
        return vr, "binary", element["InlineBinary"]
    if "BulkDataURI" in element:
        return vr, "reference", element["BulkDataURI"]
    values = element.get("Value", [])
    if vr == "SQ":
        return vr, "items" if values else "empty", [from_json(value or {}) for value in values]
    if vr == "PN":
        values = [{} if value is None or value == "" else value for value in values]
    return vr, "values" if values else "empty", values


def from_xml(text):
    """A Data Set of the Native DICOM Model."""
    return xml_item(ElementTree.fromstring(text))


def local(element):
    return element.tag.rpartition("}")[2]


def xml_item(parent):
    found = {}
    for attribute in parent:
        assert local(attribute) == "DicomAttribute"
        creator = attribute.get("privateCreator")
        tag = attribute.get("tag")
        key = f"{tag[:4]}00{tag[6:]}|{creator}" if creator else tag
        assert key not in found
        found[key] = xml_value(attribute)
    return found


def xml_value(attribute):
    vr = attribute.get("vr")
    children = list(attribute)
    kinds = {local(child) for child in children}
    assert len(kinds) <= 1
    kind = kinds.pop() if kinds else None
    if kind not in ("InlineBinary", "BulkData"):
        assert [child.get("number") for child in children] == [str(number + 1) for number in range(len(children))]
    if kind == "Item":
        return vr, "items", [xml_item(child) for child in children]
    if kind == "PersonName":
        return vr, "values", [xml_name(child) for child in children]
    if kind == "Value":
        return vr, "values", [child.text or "" for child in children]
    if kind == "InlineBinary":
        return vr, "binary", children[0].text or ""
    if kind == "BulkData":
        return vr, "reference", children[0].get("uri") or children[0].get("uuid")
    return vr, "empty", []


def xml_name(name):
    groups = {}
    for group in name:
        texts = {local(component): component.text or "" for component in group}
        last = max(COMPONENTS.index(component) for component in texts)
        groups[local(group)] = "^".join(texts.get(component, "") for component in COMPONENTS[: last + 1])
    return groups


class Comparison:
    """The differences of two forms of many files: each must be of a kind that is explained."""

    def __init__(self, explanations):
        self.explanations = explanations
        self.counts = {name: 0 for name, _ in explanations}
        self.unexplained = []
        self.elements = 0
        self.files = 0

    def compare(self, file, ours, theirs):
        self.files += 1
        self.walk(file, ours, theirs, "")

    def walk(self, file, ours, theirs, path):
        for key in sorted(set(ours) | set(theirs)):
            self.elements += 1
            a, b = ours.get(key), theirs.get(key)
            if a and b and a[1] == b[1] == "items" and len(a[2]) == len(b[2]):
                for number, (inner, other) in enumerate(zip(a[2], b[2])):
                    self.walk(file, inner, other, f"{path}{key}[{number + 1}].")
            elif a != b:
                self.note(file, path + key, key, a, b)

    def note(self, file, path, key, ours, theirs):
        for name, explains in self.explanations:
            if explains(key, ours, theirs):
                self.counts[name] += 1
                return
        self.unexplained.append((file, path, str(ours)[:200], str(theirs)[:200]))

    def report(self):
        lines = [f"{self.files} files, {self.elements} elements compared"]
        lines += [f"{count:6} {name}" for name, count in self.counts.items() if count]
        return "\n".join(lines)


def load_json(text):
    return from_json(json.loads(text))


def as_text(item):
    """A Data Set with numbers as JSON and XML both can be compared: DS and IS by what they mean, the rest as text."""
    return {key: text_value(*element) for key, element in item.items()}


def text_value(vr, kind, inner):
    if kind == "items":
        return vr, kind, [as_text(item) for item in inner]
    if kind != "values" or vr == "PN":
        return vr, kind, inner
    if vr in ("DS", "IS", "FL", "FD"):
        return vr, kind, [None if value in (None, "") else float(value) for value in inner]
    return vr, kind, [str(value) if value is not None else "" for value in inner]
