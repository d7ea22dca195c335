"""The older interface under /apiv1: its clients send what they always sent, and find what they always found."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from klio_core.errors import NotAudio
from klio_core.message import Limited
from klio_core.status import State
from tests.separator.web.exchange import HASH, SONG, exchange, expected, forget
from tests.separator.web.kit import Jobs, Served, a_cloud, served
from web.guard import tokens
from web.places import Stem

STEMS = {Stem.VOCALS: b"the vocals", Stem.BASS: b"the bass"}


@pytest.fixture(scope="module")
def one_front() -> Iterator[Served]:
    with a_cloud() as jobs, served(jobs) as web:
        yield web


@pytest.fixture
def web(one_front: Served) -> Iterator[Served]:
    """One front for all, which forgets everything in between."""
    yield one_front
    forget(one_front)


@pytest.fixture
def jobs(web: Served) -> Jobs:
    return web.jobs


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def reason(answer: Any) -> str:
    body = answer.json()
    assert body["reason"] == f"{body['title']}. {body['detail']}"
    return f"{answer.status_code} {body['type'].removeprefix('urn:klio:separator:')}"


def callbacks(web: Served) -> list[dict[str, Any]]:
    found = json.loads(web.cloud.get(web.front.places.callback_of(HASH)))
    return [{key: value for key, value in one.items() if key != "id"} for one in found]


@pytest.mark.parametrize("name", ["apiv1-separate", "apiv1-separate-model"])
def test_a_song_in_base64_is_taken_in_and_a_worker_is_asked(web: Served, name: str):
    assert exchange(web.url, name) == expected(name)

    assert web.cloud.get(web.front.places.original(HASH)) == SONG.read_bytes()
    (asked,) = web.jobs.asked(web.front.places.separate)
    assert asked.element.decode() == HASH
    assert isinstance(asked.recipients, Limited)
    assert [job.job_name for job in asked.recipients.recipients] == ["separate", "mix", "callback"]
    song = web.song(HASH)
    assert (song["title"], song["artist"], song["kind"], song["state"]) == ("Short Hop", "The Band", "mp3", "queued")


def test_who_is_to_be_told_is_kept_in_the_form_of_this_interface(web: Served):
    exchange(web.url, "apiv1-separate")

    data = {"mp3": "data/short-hop.mp3", "data": "to be returned"}
    assert callbacks(web) == [{"url": "http://localhost:5000", "data": data, "form": "apiv1"}]


def test_of_a_song_that_is_done_the_job_is_told_that_somebody_asks(web: Served):
    web.jobs.upload(SONG.read_bytes())
    web.jobs.make_stems(HASH)
    web.front.look_again()

    assert exchange(web.url, "apiv1-separate") == expected("apiv1-separate")
    assert [message.element.decode() for message in web.jobs.asked(web.front.places.callback)] == [HASH]
    assert web.jobs.asked(web.front.places.separate) == []


@pytest.mark.parametrize("name", ["apiv1-queue", "apiv1-queue-slash"])
def test_the_queue_has_the_songs_that_no_worker_has_yet(web: Served, name: str):
    exchange(web.url, "apiv1-separate")
    assert exchange(web.url, name) == expected(name)

    web.jobs.tell(HASH, State.WORKING, progress=0.5)
    web.until(HASH, state="working")
    assert exchange(web.url, name) == '200 application/json\n{"queue":[]}\n'


def test_the_next_song_of_the_queue_comes_first(web: Served, jobs: Jobs):
    songs = [jobs.upload(content) for content in (b"one", b"two", b"three")]
    web.front.look_again()
    assert web.client.get("/apiv1/queue").json() == {"queue": songs}


@pytest.mark.parametrize("name", ["apiv1-track", "apiv1-track-base"])
def test_a_track_is_answered_by_its_bytes(web: Served, name: str):
    web.jobs.upload(SONG.read_bytes())
    web.jobs.make_stems(HASH, STEMS)
    web.front.look_again()
    assert exchange(web.url, name) == expected(name)


@pytest.mark.parametrize("track", ["vocals", "vocals.mp3"])
def test_its_name_may_have_its_suffix_or_not(web: Served, track: str):
    web.jobs.upload(SONG.read_bytes())
    web.jobs.make_stems(HASH, STEMS)
    web.front.look_again()
    assert web.client.get(f"/apiv1/track/{HASH}/{track}").content == b"the vocals"


@pytest.mark.parametrize(("name", "stem"), [("apiv1-remove", "drums"), ("apiv1-remove-delete", "other")])
def test_a_track_is_removed_and_the_others_stay(web: Served, name: str, stem: str):
    web.jobs.upload(SONG.read_bytes())
    web.jobs.make_stems(HASH)
    web.front.look_again()

    assert exchange(web.url, name) == expected(name)
    assert {one["name"] for one in web.song(HASH)["stems"]} == {"vocals", "drums", "bass", "other"} - {stem}
    again = web.client.get(f"/apiv1/remove/{HASH}/{stem}")
    assert reason(again) == "404 no-such-track"


def test_a_song_that_lost_a_track_says_so_on_every_front_and_is_made_again_by_sending_it_again(web: Served):
    web.jobs.upload(SONG.read_bytes())
    web.jobs.make_stems(HASH)
    web.front.look_again()
    exchange(web.url, "apiv1-remove")
    with served(web.jobs) as other:
        assert (web.song(HASH)["state"], other.song(HASH)["state"]) == ("failed", "failed")
        assert web.client.get("/apiv1/queue").json() == {"queue": []}

    exchange(web.url, "apiv1-separate")
    assert web.song(HASH)["state"] == "queued"
    assert len(web.jobs.asked(web.front.places.separate)) == 1


def test_no_track_is_taken_from_a_worker(web: Served):
    exchange(web.url, "apiv1-separate")
    web.jobs.tell(HASH, State.WORKING, progress=0.5)
    web.until(HASH, state="working")
    assert web.client.delete(f"/apiv1/remove/{HASH}/bass").status_code == 409


def test_a_track_of_a_song_that_others_have_too_stays(jobs: Jobs, tmp_path: Path):
    file = tmp_path / "tokens.json"
    bearers = {
        name: {"Authorization": f"Bearer {tokens.add(file, name, admin=name == 'admin')}"} for name in ("admin", "ada")
    }
    with served(jobs, tokens_file=str(file)) as web:
        jobs.upload(SONG.read_bytes(), owners=["ada", "grace"])
        jobs.make_stems(HASH)
        web.front.look_again()

        path = f"/apiv1/remove/{HASH}/bass"
        assert reason(web.client.get(path, headers=bearers["ada"])) == "409 shared"
        assert web.client.get(path, headers=bearers["admin"]).status_code == 200


def test_another_site_s_page_removes_nothing(web: Served):
    web.jobs.upload(SONG.read_bytes())
    web.jobs.make_stems(HASH)
    web.front.look_again()

    answer = web.client.get(f"/apiv1/remove/{HASH}/bass", headers={"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, len(web.song(HASH)["stems"])) == (403, 4)


def test_what_is_not_there_is_refused_with_a_reason(web: Served):
    exchange(web.url, "apiv1-separate")
    paths = {
        f"/apiv1/track/{HASH}/vocals.mp3": "404 not-there-yet",
        f"/apiv1/track/{HASH}/guitar.mp3": "404 no-such-track",
        f"/apiv1/track/{'0' * 64}/vocals.mp3": "404 no-such-song",
        "/apiv1/track/..%2f..%2fetc/passwd": "404 no-such-page",
        "/apiv1/track/x/vocals.mp3": "404 no-such-song",
        f"/apiv1/remove/{HASH}/vocals.mp3": "404 not-there-yet",
        "/apiv1/nothing": "404 no-such-page",
    }
    assert {path: reason(web.client.get(path)) for path in paths} == paths


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "400 broken-json"),
        (b"null", "400 broken-json"),
        (b"{}", "400 no-file"),
        (b'{"mp3": "not base64!"}', "400 not-base64"),
        (b'{"mp3": ""}', "422 empty"),
        (json.dumps({"mp3": encoded(b"<!doctype html><p>404")}).encode(), "415 not-audio"),
        (json.dumps({"mp3": encoded(SONG.read_bytes()), "callback": "http://x"}).encode(), "422 invalid-request"),
        (json.dumps({"mp3": encoded(SONG.read_bytes()), "model": 5}).encode(), "422 invalid-request"),
        (
            json.dumps({"mp3": encoded(SONG.read_bytes()), "callback": {"url": "ftp://x/"}}).encode(),
            "422 no-callback-address",
        ),
    ],
)
def test_what_cannot_be_taken_in_is_refused_with_a_reason_and_nothing_is_kept(web: Served, body: bytes, expected: str):
    assert reason(web.client.post("/apiv1/separate", content=body)) == expected
    assert (len(web.front.catalogue), web.front.room.used_bytes) == (0, 0)
    assert web.jobs.asked(web.front.places.separate) == []


def test_more_than_may_be_uploaded_is_refused_before_it_has_all_come(jobs: Jobs):
    with served(jobs, max_upload_mb=1) as web:
        most = json.dumps({"mp3": encoded(b"\xff" * 1_000_001)}).encode()
        assert reason(web.client.post("/apiv1/separate", content=most)) == "413 too-large"

        pieces = [b'{"mp3": "', *[b"QUJD" * 16_384] * 40]  # without a Content-Length
        assert reason(web.client.post("/apiv1/separate", content=iter(pieces))) == "413 too-large"
        assert web.front.room.used_bytes == 0


def test_why_a_song_failed_is_its_track_s_reason(web: Served):
    exchange(web.url, "apiv1-separate")
    web.jobs.fail(HASH, NotAudio("no sound in it", where="queue"))
    web.until(HASH, state="failed")
    assert reason(web.client.get(f"/apiv1/track/{HASH}/bass.mp3")) == "404 no-such-track"
