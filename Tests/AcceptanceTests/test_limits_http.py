"""Broken framing, early refusals and slow peers of the HTTP door: the table of bad inputs by its numbers."""

import concurrent.futures
import socket
import time

import pytest
import requests
import synthetic_images
from aftermath import assert_unharmed, has_ended
from archive import DICOM_JSON, Archive
from hostile_http import MULTIPART, exchange, get, head, request_line

STUDIES = "/dicomweb/studies"
GIBIBYTE = 1 << 30


@pytest.fixture(autouse=True)
def aftermath(request):
    names = [name for name in ("archive", "crowded", "impatient") if name in request.fixturenames]
    running = request.getfixturevalue(names[0])
    yield
    assert_unharmed(running)


@pytest.fixture
def impatient(tmp_path, monkeypatch):
    """An archive that waits for nobody longer than a second or two."""
    monkeypatch.setenv("CASSETTE_LIMITS_HTTP_IDLE_TIME", "2s")
    monkeypatch.setenv("CASSETTE_LIMITS_HTTP_PACE_WINDOW", "1s")
    running = Archive(tmp_path / "archive").start()
    yield running
    running.stop()


@pytest.fixture
def crowded(tmp_path, monkeypatch):
    """An archive that has room for eight connections."""
    monkeypatch.setenv("CASSETTE_LIMITS_HTTP_CONNECTIONS", "8")
    running = Archive(tmp_path / "archive").start()
    yield running
    running.stop()


def store_head(archive, *fields, token=True):
    return head(archive, "POST", STUDIES, MULTIPART, *fields, token=token)


def megabytes(count):
    return (b"x" * (1 << 20) for _ in range(count))


def assert_closed_with(answer, *statuses):
    """A refusal, after which the server ends the connection."""
    assert answer.status in statuses, answer.text[:300]
    assert answer.headers["connection"] == "close"
    assert answer.is_closed


# 79: framing


TWO_MEANINGS = {
    "length and coding": [b"Content-Length: 5", b"Transfer-Encoding: chunked"],
    "two lengths": [b"Content-Length: 5", b"Content-Length: 6"],
    "the same length twice": [b"Content-Length: 5", b"Content-Length: 5"],
    "a list of lengths": [b"Content-Length: 5, 5"],
    "a length with a sign": [b"Content-Length: +5"],
    "a negative length": [b"Content-Length: -5"],
    "a length beyond 64 bits": [b"Content-Length: 18446744073709551616"],
    "a hexadecimal length": [b"Content-Length: 0x5"],
    "chunked is not the last coding": [b"Transfer-Encoding: chunked, identity"],
    "another coding before chunked": [b"Transfer-Encoding: gzip, chunked"],
    "chunked twice": [b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"],
    "no chunked": [b"Transfer-Encoding: xchunked"],
    "a control in front of chunked": [b"Transfer-Encoding: \x0bchunked"],
    "a blank before the colon": [b"Transfer-Encoding : chunked"],
    "a folded coding": [b"Transfer-Encoding:\r\n chunked"],
    "two hosts": [b"Host: other", b"Content-Length: 5"],
}


@pytest.mark.parametrize("fields", TWO_MEANINGS.values(), ids=TWO_MEANINGS.keys())
def test_line_79_a_request_that_could_be_framed_in_two_ways_is_refused(archive, fields):
    hidden = b"5\r\nabcde\r\n0\r\n\r\n" + head(archive, "GET", "/dicomweb")

    answer = exchange(archive.http_port, store_head(archive, *fields) + hidden, seconds=3)

    assert_closed_with(answer, 400)
    # What follows is never taken for a request of its own.
    assert answer.statuses == [400]


MALFORMED = {
    "a folded line": b"X: a\r\n b\r\n",
    "a bare line feed": b"X: a\nY: b\r\n",
    "a bare carriage return": b"X: a\rY: b\r\n",
    "a NUL": b"X: a\0b\r\n",
    "a name with a blank": b"X y: a\r\n",
    "no colon": b"X\r\n",
    "an empty name": b": a\r\n",
}


@pytest.mark.parametrize("line", MALFORMED.values(), ids=MALFORMED.keys())
def test_line_79_a_malformed_header_is_refused(archive, line):
    assert_closed_with(exchange(archive.http_port, head(archive, "GET", STUDIES, line)), 400)


def test_line_79_bare_line_feeds_throughout_are_refused(archive):
    text = head(archive, "GET", STUDIES).replace(b"\r\n", b"\n")

    assert_closed_with(exchange(archive.http_port, text), 400)


CHUNKS = {
    "a size beyond 64 bits": b"1FFFFFFFFFFFFFFFF\r\nabc",
    "a negative size": b"-1\r\nabc",
    "a prefixed size": b"0x3\r\nabc\r\n0\r\n\r\n",
    "no size": b"\r\nabc\r\n0\r\n\r\n",
    "bytes behind a chunk": b"3\r\nabcX\r\n0\r\n\r\n",
    "bare line feeds": b"3\nabc\n0\n\n",
    "a bare carriage return": b"3\rabc\r0\r\r",
}


@pytest.mark.parametrize("body", CHUNKS.values(), ids=CHUNKS.keys())
def test_line_79_a_malformed_chunk_is_refused(archive, body):
    answer = exchange(archive.http_port, store_head(archive, b"Transfer-Encoding: chunked") + body)

    assert_closed_with(answer, 400)


PROMISES = {
    "length of 2^32-1": (b"Content-Length: 4294967295", b"x"),
    "chunk of 2^64-1": (b"Transfer-Encoding: chunked", b"FFFFFFFFFFFFFFFF\r\nx"),
}


@pytest.mark.parametrize("field,body", PROMISES.values(), ids=PROMISES.keys())
def test_line_79_a_length_that_never_comes_costs_no_memory_and_ends_with_the_time_limit(impatient, field, body):
    before = impatient.peak_memory()

    answer = exchange(impatient.http_port, store_head(impatient, field) + body, seconds=15)

    assert answer.is_closed
    assert 200 not in answer.statuses
    assert impatient.peak_memory() - before < 30_000_000


@pytest.mark.parametrize("length", [16 * GIBIBYTE + 1, (1 << 64) - 1])
def test_line_79_a_declared_length_beyond_the_limit_is_refused_at_once(archive, length):
    answer = exchange(archive.http_port, store_head(archive, f"Content-Length: {length}".encode()))

    assert answer.status == 413
    assert answer.headers["connection"] == "close"


# Refusals in the middle of a body


REFUSALS = {
    "no token": (401, [], False),
    "compressed": (415, [b"Content-Encoding: gzip"], True),
    "too long": (413, [b"X-Padding: none"], True),
}


@pytest.mark.parametrize("status,fields,token", REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refusal_comes_before_the_body_and_reads_little_of_it(archive, status, fields, token):
    length = 100 * GIBIBYTE if status == 413 else 10 * GIBIBYTE
    text = store_head(archive, f"Content-Length: {length}".encode(), *fields, token=token)
    before = archive.bytes_read()

    answer = exchange(archive.http_port, (piece for piece in [text, *megabytes(100)]), seconds=30)

    assert_closed_with(answer, status)
    assert answer.sent < 80 << 20
    assert archive.bytes_read() - before < 32 << 20


def test_a_refused_client_that_stops_sending_is_let_go_at_once(archive):
    answer = exchange(archive.http_port, store_head(archive, b"Content-Length: 100000", token=False), ends=True)

    assert_closed_with(answer, 401)
    assert answer.seconds < 4


def test_a_plain_client_that_sends_a_megabyte_hears_the_refusal(archive):
    headers = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=b'}
    for _ in range(5):
        response = requests.post(archive.dicomweb + "/studies", data=b"x" * (1 << 20), headers=headers, timeout=30)
        assert response.status_code == 401


def test_leave_to_send_a_body_is_given_behind_the_checks(archive):
    wait = [b"Content-Length: 10", b"Expect: 100-continue"]
    cases = [
        (store_head(archive, *wait, token=False), [401]),
        (store_head(archive, *wait, b"Content-Encoding: gzip"), [415]),
        (head(archive, "POST", STUDIES, b"Content-Type: text/plain", *wait), [415]),
        (store_head(archive, b"Content-Length: 99999999999", b"Expect: 100-continue"), [413]),
        (head(archive, "POST", "/dicomweb/nowhere", *wait), [404]),
        (store_head(archive, *wait), [100]),
    ]
    for text, statuses in cases:
        assert exchange(archive.http_port, text, seconds=1).statuses == statuses


def test_a_body_that_leave_was_asked_for_is_stored(archive):
    file = synthetic_images.ct_instance(8, 1, size=16)
    body = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + file + b"\r\n--b--\r\n"
    fields = [f"Content-Length: {len(body)}".encode(), b"Expect: 100-continue"]

    answer = exchange(archive.http_port, [store_head(archive, *fields), body], seconds=2)

    assert answer.statuses[-1] == 200


# 80, 81: headers


@pytest.mark.parametrize(
    "lines",
    [
        [b"X-%d: a" % number for number in range(300)],
        [b"X-%d: " % number + b"a" * 30_000 for number in range(100)],
        [b"X: " + b"a" * 80_000],
    ],
    ids=["300 fields", "3 MB", "80 KB in one"],
)
def test_line_80_too_many_or_too_long_headers_are_told_with_431(archive, lines):
    answer = exchange(archive.http_port, head(archive, "GET", STUDIES, *lines))

    assert_closed_with(answer, 431)


def test_line_80_as_many_headers_as_allowed_are_taken(archive):
    # Host, Authorization, Connection and 97 more.
    lines = [b"X-%d: a" % number for number in range(97)]

    assert get(archive, "/dicomweb", *lines).status == 200
    assert get(archive, "/dicomweb", *lines, b"One-More: a").status == 431


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, identity", "x"])
def test_line_81_a_compressed_request_is_refused(archive, encoding):
    headers = dict(archive.headers, **{"Content-Type": "application/dicom", "Content-Encoding": encoding})

    response = requests.post(archive.dicomweb + "/studies", data=b"\x1f\x8b", headers=headers, timeout=30)

    assert response.status_code == 415


# 25: silent connections, at the HTTP door


def test_line_25_a_thousand_idle_connections_of_one_address_leave_the_others_served(archive):
    source = ("127.0.0.2", 0)
    idle = [socket.create_connection(("127.0.0.1", archive.http_port), source_address=source) for _ in range(1_000)]
    try:
        answers = [get(archive, "/dicomweb").status for _ in range(20)]
        still_open = settled(lambda: sum(not has_ended(connection) for connection in idle), 64)
    finally:
        for connection in idle:
            connection.close()

    assert answers == [200] * 20
    assert still_open == 64
    assert "limits.http.connections-per-address" in archive.log.read_text()


def test_line_25_idle_connections_of_many_addresses_leave_a_new_one_served(crowded):
    idle = []
    try:
        for number in range(40):
            source = (f"127.0.1.{number % 10 + 1}", 0)
            idle.append(socket.create_connection(("127.0.0.1", crowded.http_port), source_address=source))
        answer = get(crowded, "/dicomweb")
        # Who has been idle for longest makes room: 32 for the others and one for the request.
        oldest_ended = [True] * 33 + [False] * 7
        ended = settled(lambda: [has_ended(connection) for connection in idle], oldest_ended)
    finally:
        for connection in idle:
            connection.close()

    assert answer.status == 200
    assert ended == oldest_ended
    assert "limits.http.connections" in crowded.log.read_text()


def test_line_25_a_request_in_progress_is_not_cut_off_by_new_connections(crowded):
    file = synthetic_images.ct_instance(8, 2, size=16)
    body = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + file + b"\r\n--b--\r\n"
    with socket.create_connection(("127.0.0.1", crowded.http_port)) as storing:
        storing.settimeout(30)
        storing.sendall(store_head(crowded, f"Content-Length: {len(body)}".encode(), b"Expect: 100-continue"))
        assert b" 100 " in storing.recv(1000)
        idle = [
            socket.create_connection(("127.0.0.1", crowded.http_port), source_address=("127.0.0.2", 0))
            for _ in range(100)
        ]
        served = get(crowded, "/dicomweb").status
        storing.sendall(body)
        answer = storing.recv(1000)
        for connection in idle:
            connection.close()

    assert served == 200
    assert answer.startswith(b"HTTP/1.1 200 ")


def settled(look, expected):
    """What is seen once it is as expected, or after some seconds."""
    for _ in range(100):
        if (seen := look()) == expected:
            break
        time.sleep(0.05)
    return seen


# 100, 101: time, and other protocols


def trickle(first, piece, seconds, interval):
    """Pieces with pauses."""
    yield first
    for _ in range(int(seconds / interval)):
        time.sleep(interval)
        yield piece


def test_line_100_a_body_that_trickles_is_cut_off(impatient):
    for field, piece in ((b"Content-Length: 100000", b"x"), (b"Transfer-Encoding: chunked", b"1\r\nx\r\n")):
        answer = exchange(impatient.http_port, trickle(store_head(impatient, field), piece, 8, 0.2), seconds=10)

        assert answer.is_closed
        assert answer.status == 408
        assert answer.seconds < 9


def test_line_100_a_header_that_trickles_is_cut_off(impatient):
    answer = exchange(impatient.http_port, trickle(request_line("GET", STUDIES), b"X: a\r\n", 8, 0.2), seconds=10)

    assert answer.is_closed
    assert answer.seconds < 7


def test_line_100_a_connection_without_a_request_is_closed(impatient):
    answer = exchange(impatient.http_port, b"", seconds=10)

    assert answer.is_closed
    assert answer.seconds < 7


def test_line_100_a_reader_that_does_not_read_is_cut_off(impatient):
    image = synthetic_images.NativeMultiframe(64, set_name="slow")
    assert impatient.store([image.chunks()]).status_code == 200
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", impatient.http_port))
        connection.sendall(head(impatient, "GET", f"{STUDIES}/{image.study_instance_uid}", b"Connection: close"))
        connection.settimeout(10)
        received = len(connection.recv(100))
        # A kilobyte each half second keeps the connection from silence but not from being cut off.
        for _ in range(12):
            time.sleep(0.5)
            received += len(connection.recv(1024))
        # What the two systems had in their buffers still comes, and then the end.
        try:
            while data := connection.recv(1 << 20):
                received += len(data)
        except ConnectionResetError:
            pass

    assert received < 16 << 20


def test_line_100_slow_clients_do_not_keep_others_out(impatient):
    slow = [socket.create_connection(("127.0.0.1", impatient.http_port)) for _ in range(100)]
    for connection in slow:
        connection.sendall(request_line("GET", STUDIES))

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(lambda _: impatient.get("/studies", DICOM_JSON).status_code, range(8)))

    assert statuses == [200] * 8
    for connection in slow:
        connection.close()


@pytest.mark.parametrize(
    "opening",
    [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000"),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
        b"\0" * 1000,
        b"GET / HTTP/9.9\r\n\r\n",
        b"A" * 100_000,
    ],
    ids=["HTTP/2", "TLS", "zeros", "HTTP/9.9", "letters"],
)
def test_line_101_other_protocols_are_refused_and_closed(archive, opening):
    answer = exchange(archive.http_port, opening, seconds=5)

    assert_closed_with(answer, 400, 431)


def test_line_101_an_upgrade_to_http_2_is_not_made(archive):
    fields = [b"Connection: Upgrade, HTTP2-Settings, close", b"Upgrade: h2c"]
    fields.append(b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA")

    answer = exchange(archive.http_port, head(archive, "GET", "/dicomweb", *fields), seconds=2)

    assert answer.statuses == [200]
