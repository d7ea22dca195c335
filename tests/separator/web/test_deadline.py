"""Clients that are slow, stop, go away, or send more than they may: each gets to know, and nothing stays."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator

import pytest

from tests.separator.web.kit import Served, a_cloud, eventually, served
from tests.separator.web.sounds import song
from tests.separator.web.wire import END, answered, begin, closed, connected, head

MB = 1_000_000


@pytest.fixture(scope="module")
def web() -> Iterator[Served]:
    """A front that takes 2 MB at once, and 3 MB of all together."""
    with a_cloud() as jobs, served(jobs, max_upload_mb=2, uploading_mb=3) as web:
        yield web


@pytest.fixture(scope="module")
def hurried() -> Iterator[Served]:
    """A front that waits for half a second."""
    with a_cloud() as jobs, served(jobs, silence_s=0.5, max_upload_mb=2) as web:
        yield web


def nothing_stays(web: Served) -> bool:
    return eventually(lambda: web.front.room.used_bytes == 0)


def test_a_client_that_stops_in_the_middle_of_its_file_is_told_so(hurried: Served) -> None:
    with connected(hurried) as line:
        line.sendall(head(MB) + begin() + b"\xff" * 1000)
        answer = answered(line)
        assert closed(line)

    assert (answer.status, answer.kind) == (408, "too-slow")
    assert answer.headers["connection"] == "close"
    assert nothing_stays(hurried)


def test_a_client_that_sends_a_byte_now_and_then_is_told_so_in_the_end() -> None:
    with a_cloud() as jobs, served(jobs, silence_s=5.0, grace_s=0.5) as web, connected(web) as line:
        line.sendall(head(MB) + begin())
        line.settimeout(0.05)
        first = b""
        while not first:
            line.send(b"\xff")
            try:
                first = line.recv(12)
            except TimeoutError:
                continue

        assert first == b"HTTP/1.1 408"


@pytest.mark.parametrize("said", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n"])
def test_a_connection_whose_headers_do_not_arrive_is_closed(hurried: Served, said: bytes) -> None:
    with connected(hurried) as line:
        line.sendall(said)
        assert closed(line)


def test_headers_that_come_drop_by_drop_do_not_keep_a_connection(hurried: Served) -> None:
    with connected(hurried) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
        line.settimeout(0.1)
        for _ in range(200):
            try:
                line.sendall(b"X-Drop: a\r\n")
                if line.recv(1) == b"":
                    return
            except TimeoutError:
                continue
            except ConnectionError:
                return
        pytest.fail("the connection was still open")


def test_a_slow_reader_and_a_connection_that_is_kept_open_are_not_closed(hurried: Served) -> None:
    with connected(hurried) as line:
        for _ in range(2):
            line.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert answered(line).status == 200
            time.sleep(0.7)  # longer than headers may take


def test_an_upload_that_says_it_is_too_large_is_refused_before_it_is_sent(web: Served) -> None:
    with connected(web) as line:
        line.sendall(head(500 * MB, more=b"Expect: 100-continue\r\n"))
        answer = answered(line)

    assert (answer.status, answer.kind) == (413, "too-large")
    assert "500 MB" in answer.json["detail"]


@pytest.mark.parametrize("length", [2 * MB + 1000, None], ids=["with a length", "in chunks"])
def test_an_upload_that_is_too_large_is_refused_while_it_arrives_and_its_sender_reads_why(
    web: Served, length: int | None
) -> None:
    content = b"\xff" * (2 * MB + 1)
    with connected(web) as line:
        line.sendall(head(length))
        send(line, begin(), chunked=length is None)
        send(line, content, chunked=length is None)
        answer = answered(line)  # more would have followed
        assert answer.headers["connection"] == "close"
        send(line, content[:500], chunked=length is None)  # what is on its way does not break the connection

    assert (answer.status, answer.kind) == (413, "too-large")
    assert nothing_stays(web)


def send(line: socket.socket, data: bytes, *, chunked: bool) -> None:
    line.sendall(b"%x\r\n%b\r\n" % (len(data), data) if chunked else data)


@pytest.mark.parametrize("before", [b"\r\n", begin() + b"x" + END], ids=["the first part", "the last part"])
def test_what_stands_before_and_behind_the_parts_is_counted_too(web: Served, before: bytes) -> None:
    with connected(web) as line:
        line.sendall(head())
        send(line, before, chunked=True)
        for _ in range(30):
            send(line, b"\r\n" * 50_000, chunked=True)
        answer = answered(line)

    assert (answer.status, answer.kind) == (413, "too-large")


def test_a_client_that_sends_all_before_it_reads_still_gets_the_answer(web: Served) -> None:
    answer = web.client.post("/v1/songs", files={"file": ("a.mp3", b"\xff" * 30 * MB)})

    assert (answer.status_code, answer.json()["title"]) == (413, "This upload is too large")


def test_a_refused_body_is_not_waited_for_for_ever(hurried: Served) -> None:
    with connected(hurried) as line:
        line.sendall(head(500 * MB) + begin())
        assert answered(line).status == 413
        assert closed(line)  # though nothing more was sent


@pytest.mark.parametrize("how", ["orderly", "by a reset"])
def test_nothing_stays_of_a_client_that_goes_away(web: Served, how: str) -> None:
    with connected(web) as line:
        line.sendall(head(2 * MB) + begin() + b"\xff" * 1_500_000)
        eventually(lambda: web.front.room.used_bytes > 1_000_000)
        if how == "by a reset":
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    assert nothing_stays(web)


def test_the_room_for_uploads_is_shared_and_who_finds_it_full_is_told_when_to_come_again(web: Served) -> None:
    with connected(web) as first, connected(web) as second:
        for line in (first, second):
            line.sendall(head(2 * MB) + begin() + b"\xff" * 1_200_000)
        eventually(lambda: web.front.room.used_bytes > 2_000_000)

        answer = web.client.post("/v1/songs", files={"file": ("a.mp3", b"\xff" * 1_500_000)})

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert nothing_stays(web)
    assert web.client.post("/v1/songs", files={"file": ("a.mp3", song("song.mp3"))}).status_code == 202


def test_a_form_that_ends_before_its_last_part_does_is_broken(web: Served) -> None:
    body = begin() + song("song.mp3")
    with connected(web) as line:
        line.sendall(head(len(body)) + body)
        answer = answered(line)

    assert (answer.status, answer.kind) == (400, "broken-form")
    assert nothing_stays(web)


@pytest.mark.parametrize(
    "body",
    [
        b"--other\r\n\r\n",
        begin()[:-2] + b"X\x00: y\r\n\r\nz" + END,
        begin()[:-2] + b"X-A: " + b"y" * 10_000 + b"\r\n\r\nz" + END,
        begin()[:-2] + b"X-A: y\r\n" * 50 + b"\r\nz" + END,
        begin().replace(b'name="file"; ', b"") + b"z" + END,
        begin().replace(b"form-data", b"attachment") + b"z" + END,
        b"",
    ],
    ids=["another boundary", "a bad header", "a long header", "many headers", "no name", "no form", "nothing"],
)
def test_a_broken_form_is_refused(web: Served, body: bytes) -> None:
    with connected(web) as line:
        line.sendall(head(len(body)) + body)
        answer = answered(line)

    assert answer.status == 400
    assert nothing_stays(web)


def test_a_form_may_come_in_the_smallest_pieces(web: Served) -> None:
    body = begin("Ärger.mp3".encode()) + song("song.mp3") + b"and more" + END
    with connected(web) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.sendall(head(len(body)))
        for at in range(0, len(body), 7):
            line.sendall(body[at : at + 7])
        answer = answered(line)

    assert answer.status == 202
    assert answer.json["songs"][0]["file_name"] == "Ärger.mp3"
