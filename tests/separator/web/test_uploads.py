"""Uploads, over the wire: what comes in, what is refused and how, and what is left behind."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from klio_core.errors import NotAudio
from klio_core.status import State
from tests.separator.web.kit import Jobs, Served, hash_of, served
from tests.separator.web.sounds import ARTIST, TITLE, silence, song

MP3 = song("song.mp3")


def upload(web: Served, content: bytes = MP3, name: str = "a song.mp3", **more: Any) -> httpx.Response:
    return web.client.post("/v1/songs", files={"file": (name, content)}, **more)


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    said = answer.json()
    assert said["title"]
    assert said["detail"]
    assert said["todo"]
    return answer.status_code, said["type"].removeprefix("urn:klio:separator:")


def nothing_was_kept(web: Served) -> bool:
    store = web.front.store
    kept = [*store.paths(web.front.places.queue + "/"), *store.paths(web.front.places.songs + "/")]
    return not kept and web.front.room.used_bytes == 0 and not web.jobs.asked(web.front.places.separate)


def test_a_song_is_kept_and_its_stems_are_asked_for_before_the_answer(web: Served) -> None:
    answer = upload(web)

    assert answer.status_code == 202
    (got,) = answer.json()["songs"]
    assert answer.headers["location"] == f"/v1/songs/{hash_of(MP3)}" == got["links"]["self"]
    assert (got["hash"], got["state"], got["kind"]) == (hash_of(MP3), "queued", "mp3")
    assert (got["title"], got["artist"], got["file_name"]) == (TITLE, ARTIST, "a song.mp3")
    assert (got["size_bytes"], round(got["duration_s"])) == (len(MP3), 3)
    assert web.cloud.get(web.front.places.original(hash_of(MP3))) == MP3
    assert [message.element.decode() for message in web.jobs.asked(web.front.places.separate)] == [hash_of(MP3)]
    assert web.front.room.used_bytes == 0


def test_several_songs_come_in_one_request(web: Served) -> None:
    contents = [song("song.mp3"), song("song.flac"), song("song.ogg")]
    files = [("file", (f"{number}.bin", content)) for number, content in enumerate(contents)]

    answer = web.client.post("/v1/songs", files=files)

    assert answer.status_code == 202
    assert [one["hash"] for one in answer.json()["songs"]] == [hash_of(content) for content in contents]
    assert [one["kind"] for one in answer.json()["songs"]] == ["mp3", "flac", "ogg"]
    assert "location" not in answer.headers
    assert len(web.jobs.asked(web.front.places.separate)) == 3


def test_of_several_files_all_are_taken_or_none(web: Served) -> None:
    files = [("file", ("good.mp3", MP3)), ("file", ("notes.txt", b"Dear Sir"))]

    answer = web.client.post("/v1/songs", files=files)

    assert problem(answer) == (415, "not-audio")
    assert "notes.txt is a text" in answer.json()["detail"]
    assert nothing_was_kept(web)


def test_the_same_file_again_asks_nobody(web: Served) -> None:
    song = upload(web).json()["songs"][0]["hash"]
    assert len(web.jobs.asked(web.front.places.separate)) == 1

    assert upload(web).status_code == 202  # it waits
    web.jobs.tell(song, State.WORKING, progress=0.5)
    web.until(song, state="working")
    assert upload(web, name="another name.mp3").status_code == 202  # a worker has it
    web.jobs.make_stems(song)
    web.jobs.tell(song, State.COMMITTED)
    web.until(song, state="done")

    again = upload(web)
    assert again.status_code == 200
    assert again.json()["songs"][0]["file_name"] == "a song.mp3"
    assert web.jobs.asked(web.front.places.separate) == []


def test_a_song_that_failed_is_tried_again_when_it_is_uploaded_again(web: Served) -> None:
    song = upload(web).json()["songs"][0]["hash"]
    web.jobs.asked(web.front.places.separate)
    web.jobs.fail(song, NotAudio("no sound in it"))
    web.until(song, state="failed")

    again = upload(web)

    assert (again.status_code, again.json()["songs"][0]["state"]) == (202, "queued")
    assert [one.element.decode() for one in web.jobs.asked(web.front.places.separate)] == [song]


def test_a_song_whose_front_died_before_it_was_published_is_published_when_it_comes_again(jobs: Jobs) -> None:
    song = jobs.upload(MP3)  # as far as that front came
    with served(jobs) as web:
        web.until(song, state="queued")
        assert upload(web).status_code == 202
        assert [one.element.decode() for one in jobs.asked(jobs.places.separate)] == [song]


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
    assert nothing_was_kept(web)


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
    assert nothing_was_kept(web)
