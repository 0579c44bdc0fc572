"""Limits are set in the file or the environment, shown, and refused with a hint when they are misspelt or out of range."""

import json
import os
import subprocess

import pytest
import requests
from archive import BINARY
from hostile_peer import limited


@pytest.fixture
def settings(tmp_path):
    """Writes a configuration file."""

    def write(text):
        path = tmp_path / "settings.yaml"
        path.write_text(text)
        return path

    return write


def config(*arguments, **environment):
    command = [str(BINARY), "config", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=dict(os.environ, **environment))


def limits(*arguments, **environment):
    """{key: value} as `config limits` prints it, in the units that are typed."""
    result = config("limits", *arguments, **environment)
    assert result.returncode == 0, result.stderr
    return {line.split()[0]: line.split()[1] for line in result.stdout.splitlines()[1:]}


def test_every_limit_has_a_key_a_default_a_range_and_a_meaning():
    result = config("limits", "--json")

    found = json.loads(result.stdout)
    assert len(found) > 40
    for limit in found:
        assert limit["key"].startswith("limits.") and limit["meaning"]
        assert limit["environment"] == "CASSETTE_" + limit["key"].upper().replace(".", "_").replace("-", "_")
        assert limit["least"] <= limit["default"] <= limit["most"]
        assert limit["value"] == limit["default"]


def test_every_limit_can_be_lowered_in_the_file_and_in_the_environment(settings):
    found = json.loads(config("limits", "--json").stdout)
    lowered = {limit["key"]: limit["least"] for limit in found}
    file = settings("".join(f"{key}: {value}\n" for key, value in lowered.items()))
    environment = {limit["environment"]: str(limit["least"]) for limit in found}

    by_file = json.loads(config("limits", "--json", "--config", file).stdout)
    by_environment = json.loads(config("limits", "--json", **environment).stdout)

    assert {limit["key"]: limit["value"] for limit in by_file} == lowered
    assert {limit["key"]: limit["value"] for limit in by_environment} == lowered


def test_limits_stand_in_mappings_or_with_dots(settings):
    file = settings(
        "limits:\n  association:\n    artim: 5s\n    total: 9\n  http.store-length: 2MiB\nlimits.query.results: 7\n"
    )

    found = limits("--config", file)

    keys = ["association.artim", "association.total", "http.store-length", "query.results", "query.wildcards"]
    assert [found["limits." + key] for key in keys] == ["5s", "9", "2MiB", "7", "64"]


def test_a_title_without_limits_sets_nothing(settings):
    assert limits("--config", settings("limits:\n")) == limits("--config", settings("limits:\n  query:\n")) == limits()


def test_the_environment_wins_over_the_file(settings):
    file = settings("limits.association.artim: 5s\n")

    assert limits("--config", file, CASSETTE_LIMITS_ASSOCIATION_ARTIM="2min")["limits.association.artim"] == "2min"


def test_the_check_shows_the_limits_of_the_file(settings):
    result = config("check", settings("limits.association.artim: 300\n"))

    assert result.returncode == 0
    assert "limits.association.artim: 5min" in result.stdout.splitlines()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("aet: A\nlimits:\n  association:\n    artm: 5s\n", ["line 4", "did you mean 'limits.association.artim'"]),
        ("limits:\n  asociation:\n    artim: 5s\n", ["line 2", "config limits"]),
        ("limits.association.artim: 0\n", ["line 1", "from 1s to 10min"]),
        ("\nlimits.association.artim: 11min\n", ["line 2", "from 1s to 10min"]),
        ("limits.association.artim: soon\n", ["whole number of seconds"]),
        ("limits.association.artim: -1\n", ["whole number of seconds"]),
        ("limits.association.request-length: 2MiB\n", ["from 1KiB to 1MiB"]),
        ("limits.data-set.elements: 99999999999999999999\n", ["to 16000000"]),
        ("limits.http.store-length: 99999999999GiB\n", ["to 1TiB"]),
        ("limits:\n  query: 5\n", ["line 2", "limits.query"]),
        ("limits.query.results: [1, 2]\n", ["one plain value"]),
        ("limits.query.results: 5\nlimits:\n  query:\n    results: 6\n", ["set twice"]),
        ("limits:\n  limits:\n    query: 5\n", ["line 2"]),
        ("aet:\n  artim: 5\n", ["line 1"]),
    ],
)
def test_a_mistake_is_told_with_its_line_and_a_hint(settings, text, told):
    result = config("check", settings(text))

    assert result.returncode == 1
    assert [part for part in told if part not in result.stderr] == [], result.stderr


@pytest.mark.parametrize(
    ("variable", "told"),
    [
        ("CASSETTE_LIMITS_ASSOCIATION_ARTM", "did you mean CASSETTE_LIMITS_ASSOCIATION_ARTIM"),
        ("CASSETTE_LIMITS_NONSENSE", "config limits"),
    ],
)
def test_a_misspelt_variable_is_an_error_and_not_ignored(variable, told):
    result = config("limits", **{variable: "5"})

    assert result.returncode == 1
    assert told in result.stderr


def test_the_server_does_not_start_with_a_limit_out_of_range(tmp_path):
    with pytest.raises(AssertionError, match="limits.association.total"):
        limited(tmp_path / "archive", **{"association.total": "0"}).start()


def test_the_server_holds_the_limits_of_its_file_and_names_them(tmp_path):
    archive = limited(tmp_path / "archive", **{"http.store-length": "1KiB", "query.wildcards": "2"}).start()
    try:
        refused = archive.store([bytes(2_000)])
        assert (refused.status_code, "limits.http.store-length" in refused.text) == (413, True)
        search = requests.get(archive.dicomweb + "/studies?PatientName=???", headers=archive.headers, timeout=60)
        assert (search.status_code, "limits.query.wildcards" in search.text) == (400, True)
    finally:
        archive.stop()
