"""Uploads, over the wire: what comes in, what is refused and how, and what is left behind."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from klio_core.errors import NotAudio
from klio_core.status import State
from tests.separator.web.kit import Served, a_cloud, eventually, hash_of, served
from tests.separator.web.sounds import ARTIST, TITLE, silence, song

MP3 = song("song.mp3")
_numbers = itertools.count()


@pytest.fixture(scope="module")
def web() -> Iterator[Served]:
    """One front for all: each test has songs of its own."""
    with a_cloud() as jobs, served(jobs) as web:
        yield web


def fresh() -> bytes:
    """A song that nobody has uploaded before."""
    return MP3 + f"{next(_numbers)}".encode()


def upload(web: Served, content: bytes, name: str = "a song.mp3", **more: Any) -> httpx.Response:
    return web.client.post("/v1/songs", files={"file": (name, content)}, **more)


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    said = answer.json()
    assert said["title"]
    assert said["detail"]
    assert said["todo"]
    return answer.status_code, said["type"].removeprefix("urn:klio:separator:")


def nothing_is_kept(web: Served, *contents: bytes) -> bool:
    """Whether there is no trace of some files, and no job was asked for anything."""
    places = web.front.places
    paths = [path for one in map(hash_of, contents) for path in (places.original(one), places.song_file(one))]
    return not any(web.front.store.exists(paths)) and not web.front.room.used_bytes and not asked(web)


def asked(web: Served) -> list[str]:
    """The songs whose stems were asked for since the last time."""
    return [message.element.decode() for message in web.jobs.asked(web.front.places.separate)]


def test_a_song_is_kept_and_its_stems_are_asked_for_before_the_answer(web: Served) -> None:
    content = fresh()
    answer = upload(web, content)

    assert answer.status_code == 202
    (got,) = answer.json()["songs"]
    assert answer.headers["location"] == f"/v1/songs/{hash_of(content)}" == got["links"]["self"]
    assert (got["hash"], got["state"], got["kind"]) == (hash_of(content), "queued", "mp3")
    assert (got["title"], got["artist"], got["file_name"]) == (TITLE, ARTIST, "a song.mp3")
    assert (got["size_bytes"], round(got["duration_s"])) == (len(content), 3)
    assert web.cloud.get(web.front.places.original(hash_of(content))) == content
    assert asked(web) == [hash_of(content)]
    assert web.front.room.used_bytes == 0


def test_several_songs_come_in_one_request(web: Served) -> None:
    contents = [fresh(), song("song.flac"), song("song.ogg")]
    files = [("file", (f"{number}.bin", content)) for number, content in enumerate(contents)]

    answer = web.client.post("/v1/songs", files=files)

    assert answer.status_code == 202
    assert [one["hash"] for one in answer.json()["songs"]] == [hash_of(content) for content in contents]
    assert [one["kind"] for one in answer.json()["songs"]] == ["mp3", "flac", "ogg"]
    assert "location" not in answer.headers
    assert asked(web) == [hash_of(content) for content in contents]


def test_of_several_files_all_are_taken_or_none(web: Served) -> None:
    good, bad = fresh(), b"Dear Sir"
    files = [("file", ("good.mp3", good)), ("file", ("notes.txt", bad))]

    answer = web.client.post("/v1/songs", files=files)

    assert problem(answer) == (415, "not-audio")
    assert "notes.txt is a text" in answer.json()["detail"]
    assert nothing_is_kept(web, good, bad)


def test_the_same_file_again_asks_nobody(web: Served) -> None:
    content = fresh()
    song = upload(web, content).json()["songs"][0]["hash"]
    assert asked(web) == [song]

    assert upload(web, content).status_code == 202  # it waits
    web.jobs.tell(song, State.WORKING, progress=0.5)
    web.until(song, state="working")
    assert upload(web, content, name="another name.mp3").status_code == 202  # a worker has it
    web.jobs.make_stems(song)
    web.jobs.tell(song, State.COMMITTED)
    web.until(song, state="done")

    again = upload(web, content)
    assert again.status_code == 200
    assert again.json()["songs"][0]["file_name"] == "a song.mp3"
    assert asked(web) == []


def test_of_many_who_send_the_same_at_once_one_asks_for_it(web: Served) -> None:
    content = fresh()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: upload(web, content), range(8)))

    assert [answer.status_code for answer in answers] == [202] * 8
    assert asked(web) == [hash_of(content)]


def test_a_song_that_failed_is_tried_again_when_it_is_uploaded_again(web: Served) -> None:
    content = fresh()
    song = upload(web, content).json()["songs"][0]["hash"]
    assert asked(web) == [song]
    web.jobs.fail(song, NotAudio("no sound in it"))
    web.until(song, state="failed")

    again = upload(web, content)

    assert (again.status_code, again.json()["songs"][0]["state"]) == (202, "queued")
    assert asked(web) == [song]


def test_a_song_whose_front_died_before_it_was_published_is_published_when_it_comes_again(web: Served) -> None:
    content = fresh()
    song = web.jobs.upload(content)  # as far as that front came
    web.front.asking.look_at(song)

    assert upload(web, content).status_code == 202
    assert asked(web) == [song]


REFUSED = {
    "empty": (b"", (422, "empty")),
    "a text": (b"Dear Sir or Madam", (415, "not-audio")),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(100), (415, "not-audio")),
    "three hours": (silence(3 * 3600), (422, "too-long")),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_no_stems_can_be_made_of_is_refused_and_nothing_of_it_is_kept(what: str, web: Served) -> None:
    content, expected = REFUSED[what]

    answer = upload(web, content, "song.mp3")

    assert problem(answer) == expected
    assert nothing_is_kept(web, content)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"data": {"callback_url": "https://example.org"}}, (415, "no-form")),
        ({"content": b"", "headers": {"Content-Type": "multipart/form-data"}}, (415, "no-form")),
        ({"content": MP3, "headers": {"Content-Type": "audio/mpeg"}}, (415, "no-form")),
        ({"content": b"", "headers": {"Content-Type": "multipart/form-data; boundary=" + 300 * "b"}}, (415, "no-form")),
        ({"files": {"other": ("a.mp3", MP3)}}, (400, "no-file")),
        ({"content": b"--b--\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=b"}}, (400, "no-file")),
        ({"content": b"rubbish", "headers": {"Content-Type": "multipart/form-data; boundary=b"}}, (400, "broken-form")),
        ({"files": {"file": ("a.mp3", MP3)}, "data": {"x": "y" * 100_000}}, (413, "field-too-large")),
        ({"files": [("x", ("", b"y"))] * 70}, (413, "too-many-parts")),
        (
            {"files": {"file": ("a.mp3", MP3)}, "data": {"callback_url": "file:///etc/passwd"}},
            (422, "no-callback-address"),
        ),
    ],
)
def test_a_form_that_is_none_is_refused(web: Served, options: Any, expected: tuple[int, str]) -> None:
    assert problem(web.client.post("/v1/songs", **options)) == expected
    assert nothing_is_kept(web, MP3)


def test_where_nothing_can_be_published_the_same_upload_goes_on_when_it_can_again() -> None:
    content = fresh()
    with a_cloud(faults=["denied@pubsub.publish,times=2"]) as jobs, served(jobs) as web:
        refused = upload(web, content)
        assert problem(refused) == (503, "cloud-away")
        assert refused.headers["retry-after"] == "5"
        assert web.cloud.get(web.front.places.original(hash_of(content))) == content

        assert upload(web, content).status_code == 202
        assert asked(web) == [hash_of(content)]


def test_nobody_waits_long_for_a_pubsub_that_does_not_answer() -> None:
    content = fresh()
    with a_cloud(faults=["unavailable@pubsub.publish,times=8"]) as jobs, served(jobs, patience_s=0.3) as web:
        assert problem(upload(web, content)) == (503, "cloud-away")
        assert eventually(lambda: upload(web, content).status_code == 202)
        assert hash_of(content) in asked(web)


def test_where_the_store_does_not_answer_nothing_is_published() -> None:
    content = fresh()
    with a_cloud(faults=["denied@objects.upload,times=1"]) as jobs, served(jobs) as web:
        assert problem(upload(web, content)) == (503, "cloud-away")
        assert nothing_is_kept(web, content)
        assert upload(web, content).status_code == 202


def test_who_wants_to_be_told_is_kept_beside_the_song(web: Served) -> None:
    content, places = fresh(), web.front.places
    said = {"callback_url": "https://example.org/done?n=1", "callback_data": "order 7"}

    song = upload(web, content, data=said).json()["songs"][0]["hash"]
    assert upload(web, content, data={"callback_url": "http://10.0.0.1/"}).status_code == 202

    askers = json.loads(web.cloud.get(places.callback_of(song)))
    assert [(one["url"], one["data"], one["form"]) for one in askers] == [
        ("https://example.org/done?n=1", "order 7", "v1"),
        ("http://10.0.0.1/", None, "v1"),  # the job looks where it leads to
    ]
    assert asked(web) == [song]


def test_who_wants_to_be_told_of_a_song_that_is_done_is_told_at_once(web: Served) -> None:
    content, callback = fresh(), web.front.places.callback
    song = web.jobs.upload(content)
    web.jobs.make_stems(song)
    web.front.asking.look_at(song)

    assert upload(web, content, data={"callback_url": "https://example.org"}).status_code == 200
    assert callback is not None
    assert [message.element.decode() for message in web.jobs.asked(callback)] == [song]
    assert asked(web) == []


def test_what_a_client_calls_its_file_is_only_ever_shown(web: Served) -> None:
    names = ["../../etc/passwd", "C:\\Users\\me\\<i>song.mp3", "a\u202egnp.mp3", "x" * 1000 + ".mp3"]

    shown = [upload(web, fresh(), name=name).json()["songs"][0]["file_name"] for name in names]

    assert shown[:2] == ["passwd", "<i>song.mp3"]
    assert shown[2] == "agnp.mp3"
    assert len(shown[3]) == 255
