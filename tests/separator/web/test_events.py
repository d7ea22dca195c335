"""Changes as they happen: to many at once, resumed, and to those who cannot keep up."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from klio_core.status import State
from tests.separator.web.kit import PATIENCE_S, Jobs, Served, eventually, served


@dataclass
class Event:
    id: int
    name: str
    data: dict[str, Any]


class Events:
    """A stream of events, read in pieces as the browser does."""

    def __init__(self, response: httpx.Response) -> None:
        self.lines = response.iter_lines()
        self.last = 0
        self.comments = 0

    def __iter__(self) -> Iterator[Event]:
        fields: dict[str, str] = {}
        for line in self.lines:
            if line.startswith(":"):
                self.comments += 1
            elif line:
                name, _, value = line.partition(": ")
                fields[name] = value
            else:
                self.last = int(fields.get("id", self.last))
                if "data" in fields:
                    yield Event(self.last, fields["event"], json.loads(fields["data"]))
                fields = {}

    def until(self, **wanted: Any) -> Event:
        return next(event for event in self if wanted.items() <= event.data.items())


@contextmanager
def listening(web: Served, path: str = "/v1/events", last: int | None = None) -> Iterator[Events]:
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    with web.client.stream("GET", path, headers=headers) as response:
        assert response.status_code == 200, response.read()
        assert response.headers["Content-Type"].startswith("text/event-stream")
        assert response.headers["Cache-Control"] == "no-store"
        yield Events(response)


@pytest.fixture
def song(web: Served) -> str:
    song = web.jobs.upload()
    web.front.asking.look_at(song)
    return song


def test_a_song_is_told_of_at_once_and_then_at_each_change(web: Served, song: str):
    with listening(web, f"/v1/songs/{song}/events") as events:
        assert events.until(state="queued").name == "song"
        web.jobs.tell(song, State.LEASED)
        events.until(state="working")
        web.jobs.tell(song, State.WORKING, progress=0.5, note="separating")
        event = events.until(progress=0.5, stage="separating")
        assert event.data == web.song(song)
        web.jobs.make_stems(song)
        web.jobs.tell(song, State.COMMITTED)
        events.until(state="done")


def test_of_all_songs_the_unfinished_are_told_of_first_and_then_each_change(web: Served, song: str):
    done = web.jobs.upload(b"another")
    web.jobs.make_stems(done)
    web.front.look_again()
    with listening(web) as events:
        assert events.until().data["hash"] == song
        third = web.jobs.upload(b"a third")
        web.front.asking.look_at(third)
        assert events.until().data["hash"] == third
        assert web.client.delete(f"/v1/songs/{done}").status_code == 204
        event = events.until()
        assert (event.name, event.data) == ("removed", {"hash": done})


def test_events_of_one_song_are_of_no_other(web: Served, song: str):
    with listening(web, f"/v1/songs/{song}/events") as events:
        events.until(hash=song)
        other = web.jobs.upload(b"another")
        web.front.asking.look_at(other)
        web.jobs.tell(song, State.LEASED)
        assert events.until().data["hash"] == song


def test_who_resumes_gets_what_changed_meanwhile_once_and_as_it_is_now(web: Served, song: str):
    gone, quiet = web.jobs.upload(b"gone"), web.jobs.upload(b"quiet")
    web.front.look_again()
    with listening(web) as events:
        for _ in range(3):
            events.until()
        last = events.last
    web.jobs.tell(song, State.LEASED)
    web.until(song, state="working")
    web.jobs.tell(song, State.WORKING, progress=0.7)
    web.until(song, progress=0.7)
    web.client.delete(f"/v1/songs/{gone}")

    with listening(web, last=last) as events:
        first, second = events.until(), events.until()
        assert (first.data["hash"], first.data["progress"]) == (song, 0.7)
        assert (second.name, second.data) == ("removed", {"hash": gone})
        assert last < first.id < second.id
        web.jobs.tell(quiet, State.LEASED)
        assert events.until().data["hash"] == quiet


def test_who_has_seen_nothing_happen_can_resume_too(web: Served, song: str):
    web.jobs.make_stems(song)
    web.front.asking.look_at(song)
    with listening(web) as events:
        reader = iter(events)
        thread = threading.Thread(target=lambda: next(reader))
        thread.start()
        eventually(lambda: events.last)  # an id comes, though nothing has changed
        last = events.last
        other = web.jobs.upload(b"another")
        web.front.asking.look_at(other)
        thread.join(PATIENCE_S)
    with listening(web, last=last) as events:
        assert events.until().data["hash"] == other


def test_who_resumes_at_a_front_that_was_started_anew_gets_the_present_state(jobs: Jobs):
    song = jobs.upload()
    with served(jobs) as web, listening(web) as events:
        last = events.until(hash=song).id
    jobs.make_stems(song)
    with served(jobs) as web, listening(web, last=last) as events:
        assert events.until().data["state"] == "done"


@pytest.mark.parametrize("last", ["x", "-1", "", "9" * 40, "\u0661"])
def test_an_id_that_is_none_is_as_if_there_were_none(web: Served, song: str, last: str):
    headers = {"Last-Event-ID": last.encode()}
    with web.client.stream("GET", "/v1/events", headers=headers) as response:
        assert Events(response).until().data["hash"] == song


def test_events_of_a_song_that_is_not_here_are_refused(web: Served):
    answer = web.client.get(f"/v1/songs/{'0' * 64}/events")

    assert (answer.status_code, answer.json()["type"]) == (404, "urn:klio:separator:no-such-song")


def test_a_stream_with_nothing_to_say_says_so(jobs: Jobs):
    with served(jobs, heartbeat_s=0.05) as web, listening(web) as events:
        thread = threading.Thread(target=lambda: next(iter(events), None))
        thread.start()
        eventually(lambda: events.comments > 2)
        web.front.feed.close()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def test_fifty_who_listen_all_hear_of_it(jobs: Jobs):
    ready = threading.Barrier(51)

    def listen(web: Served) -> int:
        with listening(web) as events:
            events.until(state="queued")
            ready.wait(PATIENCE_S)
            return events.until(state="working").id

    song = jobs.upload()
    with served(jobs, streams_per_client=0) as web, ThreadPoolExecutor(50) as pool:
        ids = pool.map(listen, [web] * 50)
        ready.wait(PATIENCE_S)
        jobs.tell(song, State.LEASED)
        assert len(set(ids)) == 1
        eventually(lambda: len(web.front.feed) == 0)


def a_line(web: Served) -> socket.socket:
    """A connection on which events are asked for, and the first of them has come."""
    line = socket.create_connection(("127.0.0.1", int(web.url.rpartition(":")[2])), PATIENCE_S)
    line.sendall(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert b" 200 " in line.recv(1 << 16)
    return line


def test_who_listens_too_often_is_refused_until_one_of_the_streams_is_gone(jobs: Jobs):
    song = jobs.upload()
    with served(jobs, streams_per_client=2) as web:
        first, second = a_line(web), a_line(web)
        for path in ("/v1/events", f"/v1/songs/{song}/events"):
            refused = web.client.get(path)
            assert (refused.status_code, refused.headers["Retry-After"]) == (429, "10")
            assert refused.json()["type"] == "urn:klio:separator:too-many-streams"
        assert web.client.get("/v1/songs").status_code == 200

        second.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # reset, as of one who died
        second.close()
        eventually(lambda: len(web.front.feed) == 1)
        a_line(web).close()
        first.close()
        eventually(lambda: len(web.front.feed) == 0)


def test_streams_that_are_refused_or_break_off_count_no_longer(web: Served):
    for _ in range(25):
        assert web.client.get(f"/v1/songs/{'0' * 64}/events").status_code == 404
    with listening(web):
        pass


def test_one_who_cannot_keep_up_gets_the_newest_state_and_nothing_piles_up(web: Served, song: str):
    catalogue = web.front.catalogue
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        slow.settimeout(PATIENCE_S)
        slow.connect(("127.0.0.1", int(web.url.rpartition(":")[2])))
        slow.sendall(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        eventually(lambda: len(web.front.feed))
        lying = catalogue.lying(song)
        assert lying is not None
        title = "x" * 100_000  # so that buffers fill soon
        for number in range(200):
            file = lying.file.model_copy(update={"title": f"{title}{number}"})
            catalogue.put(song, type(lying)(file), time.monotonic())
        count, tail = 0, b""
        while f"{title}199".encode() not in tail:
            piece = slow.recv(1 << 20)
            assert piece, "the stream ended"
            count += piece.count(b"event: ")
            tail = (tail + piece)[-len(title) - 1000 :]
    assert 1 < count < 150
    eventually(lambda: len(web.front.feed) == 0)


def test_a_stream_ends_whole_when_the_server_does(jobs: Jobs):
    with served(jobs) as web, listening(web) as events:
        threading.Timer(0.2, web.front.feed.close).start()
        assert list(events) == []
