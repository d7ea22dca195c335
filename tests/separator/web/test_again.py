"""A song that failed is asked for again, without being sent again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from klio_core.errors import EmptyAudio, EventError
from klio_core.status import State
from tests.separator.web.kit import Jobs, Served, a_cloud, served
from web.guard import tokens


@pytest.fixture
def failed(web: Served) -> str:
    song = web.jobs.upload(b"a song", title="Title")
    web.jobs.fail(song, EmptyAudio("no sound"))
    web.until(song, state="failed")
    return song


def again(web: Served, song: str, **headers: str) -> Any:
    return web.client.post(f"/v1/songs/{song}/again", headers=headers)


def test_a_song_that_failed_is_queued_again_and_all_jobs_are_asked(web: Served, failed: str):
    answer = again(web, failed)

    assert (answer.status_code, answer.json()) == (202, web.song(failed))
    assert (answer.json()["state"], answer.json()["problem"], answer.json()["title"]) == ("queued", None, "Title")
    [message] = web.jobs.asked(web.front.places.separate)
    assert (message.element, message.payload) == (failed.encode(), b"wishes")
    web.jobs.tell(failed, State.LEASED, attempt=2)
    web.until(failed, state="working")
    web.jobs.make_stems(failed)
    web.jobs.tell(failed, State.COMMITTED)
    assert web.until(failed, state="done")["problem"] is None


def test_it_may_fail_again_and_be_asked_for_again_whoever_has_started_anew(jobs: Jobs):
    with served(jobs) as web:
        song = jobs.upload()
        for _ in range(2):
            jobs.fail(song, EmptyAudio("no sound"))
            web.until(song, state="failed")
            assert again(web, song).status_code == 202
    with served(jobs) as web:
        assert web.song(song)["state"] == "queued"
        assert len(jobs.asked(web.front.places.separate)) == 2


def test_of_many_who_ask_at_once_one_asks_the_job(web: Served, failed: str):
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: again(web, failed).status_code, range(6)))

    assert sorted(answers) == [202, *[409] * 5]
    assert len(web.jobs.asked(web.front.places.separate)) == 1


def test_a_song_that_has_not_failed_is_not_asked_for_again(web: Served, failed: str):
    again(web, failed)
    refusals = {"queued": again(web, failed)}
    web.jobs.tell(failed, State.LEASED)
    web.until(failed, state="working")
    refusals["working"] = again(web, failed)
    web.jobs.make_stems(failed)
    web.jobs.tell(failed, State.COMMITTED)
    web.until(failed, state="done")
    refusals["done"] = again(web, failed)

    assert {answer.status_code for answer in refusals.values()} == {409}
    assert {answer.json()["type"] for answer in refusals.values()} == {"urn:klio:separator:not-failed"}
    assert [state for state, answer in refusals.items() if state not in answer.json()["detail"]] == []
    assert len(web.jobs.asked(web.front.places.separate)) == 1


def test_a_song_whose_upload_is_gone_says_so(web: Served, failed: str):
    web.front.store.delete(web.front.places.original(failed))
    answer = again(web, failed)

    assert (answer.status_code, answer.json()["type"]) == (409, "urn:klio:separator:original-gone")
    assert answer.json()["todo"] == "Upload the song again."
    assert web.song(failed)["state"] == "failed"
    assert web.jobs.asked(web.front.places.separate) == []


def test_a_song_of_somebody_else_is_not_here(jobs: Jobs, tmp_path: Path):
    file = tmp_path / "tokens.json"
    ada, eve = (tokens.add(file, name) for name in ("ada", "eve"))
    song = jobs.upload(owners=("ada",))
    jobs.fail(song, EmptyAudio("no sound"))
    with served(jobs, tokens_file=str(file)) as web:
        statuses = [again(web, song, **said).status_code for said in ({}, bearer(eve), bearer(ada))]

    assert statuses == [401, 404, 202]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_song_that_is_not_here_is_not_asked_for_and_who_asks_too_often_is_told_to_wait(jobs: Jobs):
    with served(jobs, requests_per_minute=2) as web:
        answers = [again(web, "0" * 64) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [404, 404, 429]
    assert answers[0].json()["type"] == "urn:klio:separator:no-such-song"


def test_where_the_cloud_was_away_it_can_be_asked_for_once_more():
    with a_cloud(["denied@pubsub.publish,times=3"]) as jobs:
        song = jobs.upload()
        with pytest.raises(EventError):
            jobs.fail(song, EmptyAudio("no sound"))  # the letter is there, its record is lost
        with served(jobs) as web:
            answers = [again(web, song) for _ in range(2)]
            assert [answer.status_code for answer in answers] == [503, 202]
            assert len(jobs.asked(web.front.places.separate)) == 1
