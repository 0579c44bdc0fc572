"""Text is read as pydicom reads it, in every character set; matched whatever its case, accents and width; and read as an
operator says where the object does not say it."""

import io
import os
import subprocess

import pydicom
import pytest
import synthetic_images
from archive import AE_TITLE, BINARY, DICOM_JSON, ROOT, Archive, first
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from senders import findscu

CHARSET_FILES = sorted((ROOT / "TestImages" / "pydicom" / "charset_files").glob("*.dcm"))
TEXT_VRS = {"LO", "LT", "PN", "SH", "ST", "UC", "UT"}
GROUPS = ["Alphabetic", "Ideographic", "Phonetic"]


def as_object(path, number):
    """The file as an object that an archive can file: UIDs of its own, all other elements byte for byte."""
    dataset = pydicom.dcmread(path, force=True)
    dataset.SOPClassUID = CTImageStorage
    dataset.SOPInstanceUID = synthetic_images.uid("charset", number, 1, 1)
    dataset.StudyInstanceUID = synthetic_images.uid("charset", number)
    dataset.SeriesInstanceUID = synthetic_images.uid("charset", number, 1)
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    file = io.BytesIO()
    pydicom.dcmwrite(file, dataset, enforce_file_format=True)
    return dataset, file.getvalue()


def texts_of_pydicom(dataset, path=""):
    """{path: values} of all text elements, names as their groups."""
    found = {}
    for element in dataset:
        if element.tag.is_private:
            continue  # What kind of value they are only a dictionary of their creators knows.
        place = f"{path}{element.tag.group:04X}{element.tag.element:04X}"
        if element.VR == "SQ":
            for number, item in enumerate(element.value):
                found.update(texts_of_pydicom(item, f"{place}[{number}]."))
        elif element.VR in TEXT_VRS and not element.is_empty:
            values = element.value if element.VM > 1 else [element.value]
            if element.VR == "PN":
                names = [(str(value) + "==").split("=")[:3] for value in values]
                found[place] = [[group.strip(" \0") for group in name] for name in names]
            else:
                found[place] = [str(value).strip(" \0") for value in values]
    return {place: values for place, values in found.items() if any(values)}


def texts_of_json(item, path=""):
    found = {}
    for tag, element in item.items():
        if int(tag[:4], 16) % 2:
            continue
        place = path + tag
        if element["vr"] == "SQ":
            for number, inner in enumerate(element.get("Value", [])):
                found.update(texts_of_json(inner, f"{place}[{number}]."))
        elif element["vr"] in TEXT_VRS and "Value" in element:
            if element["vr"] == "PN":
                names = [[(value or {}).get(group, "") for group in GROUPS] for value in element["Value"]]
                found[place] = names
            else:
                found[place] = [(value or "").strip(" \0") for value in element["Value"]]
    return {place: values for place, values in found.items() if any(values)}


def metadata(archive, study):
    response = archive.get(f"/studies/{study}/metadata", DICOM_JSON)
    assert response.status_code == 200
    return response.json()[0]


@pytest.mark.parametrize("path", CHARSET_FILES, ids=lambda path: path.name)
def test_all_text_of_a_file_is_what_pydicom_reads(archive, path):
    dataset, file = as_object(path, path.name)
    assert archive.store([file]).status_code == 200

    found = texts_of_json(metadata(archive, dataset.StudyInstanceUID))

    assert found == texts_of_pydicom(dataset)
    assert len(found) >= 4


def test_there_are_files_in_every_family_of_character_sets():
    assert len(CHARSET_FILES) == 17, "Tools/fetch-test-images brings them"


# Names, and keys that find them.
NAMES = {
    "Müller^Änne": ["MULLER*", "muller^anne", "MÜLLER^ÄNNE", "Ｍｕｌｌｅｒ*", "Mu\u0308ller*"],
    "Łukasiewicz^Zoë": ["lukasiewicz*", "LUKASIEWICZ^ZOE"],
    "Ёлкин^Пётр": ["елкин*", "ЁЛКИН^ПЕТР"],
    "Yamada^Tarou=山田^太郎=やまだ^たろう": ["YAMADA*", "山田*", "山田^太郎", "=山田*", "==やまだ*", "yamada*=山田*", "やまだ^たろう"],
    "ﾀﾅｶ^ｲﾁﾛｳ=田中^一郎=たなか^いちろう": ["タナカ*", "ﾀﾅｶ^ｲﾁﾛｳ", "田中*", "=田中^一郎", "==たなか*"],
    "Hong^Gildong=洪^吉洞=홍^길동": ["HONG^gildong", "洪*", "홍^길동", "=洪^吉洞=홍*"],
}
MISSES = ["Mueller*", "=やまだ*", "==山田*", "やまた*", "ヤマダ*", "Yamada*=田中*", "たなか"]


def named(number, name, character_set="ISO_IR 192", encoding="utf-8"):
    """An object whose name is these bytes, whatever its Specific Character Set says."""
    value = name.encode(encoding)
    # pydicom would write other bytes for those that its character set does not have.
    stand_in = "#" * len(value)
    dataset = synthetic_images.identified(CTImageStorage, "names", number, name=stand_in)
    if character_set is not None:
        dataset.SpecificCharacterSet = character_set
    synthetic_images.describe_pixels(dataset, 4, 4, 16)
    dataset.PixelData = bytes(32)
    dataset["PixelData"].VR = "OW"
    return synthetic_images.part10(dataset, ExplicitVRLittleEndian).replace(stand_in.encode(), value)


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    running = Archive(tmp_path_factory.mktemp("names")).start()
    assert running.store([named(number, name) for number, name in enumerate(NAMES)]).status_code == 200
    yield running
    running.stop()


@pytest.mark.parametrize("key", [key for keys in NAMES.values() for key in keys] + MISSES)
def test_names_match_whatever_their_case_accents_width_and_group(names, key):
    expected = [synthetic_images.uid("names", number) for number, keys in enumerate(NAMES.values()) if key in keys]

    by_web = {first(study, "0020000D") for study in names.search("/studies", PatientName=key)}
    by_dicom = {
        str(match.StudyInstanceUID)
        for match in findscu(
            names.dicom_port,
            "-S",
            ["SpecificCharacterSet=ISO_IR 192", "QueryRetrieveLevel=STUDY", f"PatientName={key}", "StudyInstanceUID"],
        )
    }

    assert by_web == set(expected)
    assert by_dicom == set(expected)


def send(archive, file, calling, tmp_path):
    """Sends an object with DCMTK under that AE title."""
    path = tmp_path / "object.dcm"
    path.write_bytes(file)
    command = ["storescu", "-xe", "-aet", calling, "-aec", AE_TITLE, "127.0.0.1", str(archive.dicom_port), str(path)]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr


def name_of(archive, number):
    """The name as a search and as the metadata tell it."""
    study = synthetic_images.uid("names", number)
    searched = archive.search("/studies", StudyInstanceUID=study)[0]
    told = metadata(archive, study)
    return first(searched, "00100010"), first(told, "00100010")


@pytest.mark.parametrize("terms", [None, "ISO_IR 6", "NO_SUCH SET", "ISO_IR 192"])
def test_text_of_a_source_is_read_as_the_operator_says(tmp_path, terms):
    archive = Archive(tmp_path, "--character-set", "ISO_IR 100")
    archive.command("ae", "add", "MOSCOW", "--character-set", "iso-ir 144", check=0)
    archive.start()
    files = [
        (1, "MOSCOW", named(1, "Люкceмбypг", terms, "iso8859_5")),
        (2, "PARIS", named(2, "Bùc^Jérôme", terms, "iso8859_1")),
    ]
    try:
        for _, calling, file in files:
            send(archive, file, calling, tmp_path)

        assert name_of(archive, 1) == ("Люкceмбypг",) * 2
        assert name_of(archive, 2) == ("Bùc^Jérôme",) * 2
        found = archive.search("/studies", PatientName="BUC^JEROME")
        assert [first(study, "0020000D") for study in found] == [synthetic_images.uid("names", 2)]
        for number, _, file in files:
            (kept,) = archive.instances_of(f"/studies/{synthetic_images.uid('names', number)}").values()
            assert pydicom.dcmread(io.BytesIO(kept)).get_item("PatientName").value in file
    finally:
        archive.stop()


def test_a_setting_that_comes_later_counts_after_a_rebuild(tmp_path):
    archive = Archive(tmp_path / "archive").start()
    try:
        send(archive, named(1, "Люкceмбypг", None, "iso8859_5"), "MOSCOW", tmp_path)
        assert set(name_of(archive, 1)) == {"\ufffd\ufffd\ufffdce\ufffd\ufffdyp\ufffd"}
        assert "ae add --character-set" in archive.log.read_text()

        archive.stop()
        archive.command("ae", "add", "MOSCOW", "--character-set", "ISO_IR 144", check=0)
        archive.command("index", "rebuild", check=0)
        archive.start()

        assert name_of(archive, 1) == ("Люкceмбypг",) * 2
    finally:
        archive.stop()


def test_a_default_of_all_sources_counts_in_every_command(tmp_path):
    archive = Archive(tmp_path / "archive").start()
    archive.stop()
    for number in (1, 2):
        (tmp_path / f"{number}.dcm").write_bytes(named(number, "Люкceмбypг", None, "iso8859_5"))

    archive.command("import", "--character-set", "ISO_IR 144", tmp_path / "1.dcm", check=0)
    assert "Люкceмбypг" in archive.command("query", "PatientName=люк*", check=0).stdout
    archive.command("index", "rebuild", check=0)
    assert "Люкceмбypг" not in archive.command("query", "PatientName=*", check=0).stdout
    archive.command("index", "rebuild", "--character-set", "ISO_IR 144", check=0)
    assert "Люкceмбypг" in archive.command("query", "PatientName=люк*", check=0).stdout


def test_application_entities_keep_their_character_set_until_it_is_taken_away(tmp_path):
    archive = Archive(tmp_path)

    archive.command("ae", "add", "KYOTO", "--character-set", "\\ISO 2022 IR 87", check=0)
    archive.command("ae", "add", "PLAIN", check=0)
    archive.command("ae", "add", "KYOTO", check=0)
    assert archive.command_json("ae", "list") == [
        {"title": "KYOTO", "characterSet": "\\ISO 2022 IR 87"},
        {"title": "PLAIN"},
    ]

    archive.command("ae", "add", "KYOTO", "--character-set", "none", check=0)
    assert archive.command_json("ae", "list") == [{"title": "KYOTO"}, {"title": "PLAIN"}]


@pytest.mark.parametrize("wrong", ["ISO_IR 99", "latin", "ISO_IR 100,ISO_IR 144"])
def test_what_is_no_character_set_is_refused_with_all_that_are(tmp_path, wrong):
    archive = Archive(tmp_path)
    file = tmp_path / "settings.yaml"
    file.write_text(f"aet: X\ncharacter-set: '{wrong}'\n")

    by_list = archive.command("ae", "add", "X", "--character-set", wrong, check=2)
    by_file = archive.command("config", "check", file, check=1)
    environment = dict(os.environ, CASSETTE_CHARACTER_SET=wrong, CASSETTE_DATA=str(tmp_path / "other"))
    by_environment = subprocess.run([BINARY, "serve"], env=environment, capture_output=True, text=True, timeout=60)

    assert by_environment.returncode == 2
    for told in (by_list.stderr, by_file.stderr, by_environment.stderr):
        assert wrong in told and "ISO_IR 100" in told and "ISO 2022 IR 87" in told and "GB18030" in told
    assert "line 2" in by_file.stderr
    assert "CASSETTE_CHARACTER_SET" in by_environment.stderr
