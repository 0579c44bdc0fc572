"""The benchmark tool runs and tells all of its measures."""

import json
import os
import subprocess
import sys

import pytest
from archive import BINARY, ROOT

sys.path.insert(0, str(ROOT / "Tools" / "python"))

import benchmark  # noqa: E402


@pytest.fixture(scope="module")
def told():
    command = [sys.executable, str(ROOT / "Tools" / "python" / "benchmark.py"), "--quick", "--no-orthanc", "--json"]
    environment = dict(os.environ, CASSETTE=str(BINARY))
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_each_round_has_a_figure_for_each_measure(told):
    assert [set(figures["Cassette"]) for figures in told["rounds"]] == [set(benchmark.MEASURES)]
    assert all(figure > 0 for figures in told["rounds"] for figure in figures["Cassette"].values())


def test_the_table_has_a_line_for_each_measure(told):
    head, *lines, legend = benchmark.table(told["summary"], ["Cassette"])

    assert head.split() == ["unit", "Cassette"]
    assert [line[:34].strip() for line in lines] == list(benchmark.MEASURES)
    assert legend.startswith("median")


def test_ratios_above_one_say_that_ours_is_better():
    rounds = [
        {"Cassette": {"STOW-RS CT": 20, "WADO-RS instance": 2}, "Orthanc": {"STOW-RS CT": 10, "WADO-RS instance": 8}},
        {"Cassette": {"STOW-RS CT": 30, "WADO-RS instance": 2}, "Orthanc": {"STOW-RS CT": 10}},
    ]

    lines = {line["measure"]: line for line in benchmark.summary(rounds, ["Cassette", "Orthanc"])}

    assert lines["STOW-RS CT"]["ratio"] == {"median": 2.5, "min": 2, "max": 3}
    assert lines["WADO-RS instance"]["ratio"] == {"median": 4, "min": 4, "max": 4}
    assert lines["C-FIND one patient"]["ratio"] is None
