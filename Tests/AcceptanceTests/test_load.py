"""A short run of the load script: no error, and nothing that grows with each operation."""

import load


def test_no_operation_fails_under_load(fresh_archive, capsys):
    arguments = load.parser().parse_args(["--minutes", "0.25", "--dicom-rate", "1", "--http-rate", "1"])

    durations, errors, rows = load.put_under_load(fresh_archive, arguments)

    with capsys.disabled():
        print("", *load.report(durations, errors, rows), sep="\n")
    assert not errors
    assert set(durations) == {
        *("C-STORE CT", "C-STORE small", "C-FIND", "C-ECHO"),
        *("frame", "instance", "metadata", "QIDO", "STOW"),
    }
    # Descriptors: two for a client, those of open packs, and what the server has at rest.
    assert max(row[2] for row in rows) < 1000
    assert max(row[1] for row in rows) < 400_000_000
