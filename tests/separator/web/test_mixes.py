"""Mixes over REST: asked for, told apart, made or not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from klio_core.errors import BadPayload, EmptyAudio, NotAudio
from klio_core.message import JobRef, Limited
from klio_core.status import State
from tests.separator.web.kit import Jobs, Served, eventually, served
from web.model import SongFile


@pytest.fixture
def song(web: Served) -> str:
    song = web.jobs.upload()
    web.front.asking.look_at(song)
    return song


def ask(web: Served, song: str, *stems: str) -> Any:
    return web.client.post(f"/v1/songs/{song}/mixes", json={"stems": stems})


def mixes(web: Served, song: str) -> dict[str, str]:
    return {mix["name"]: mix["state"] for mix in web.song(song)["mixes"]}


def wished(web: Served, song: str) -> set[str]:
    """What the job reads when it is told of the stems."""
    return set(json.loads(web.cloud.get(web.front.places.song_file(song)))["mixes"])


def test_a_mix_that_is_asked_for_is_queued_and_the_job_is_asked_for_it(web: Served, song: str):
    web.jobs.make_stems(song)
    answer = ask(web, song, "drums", "bass")

    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/v1/songs/{song}/mixes/bass+drums"
    said = {"name": "bass+drums", "stems": ["bass", "drums"], "state": "queued", "url": None, "problem": None}
    assert answer.json() == said
    assert web.song(song)["mixes"] == [said]
    [message] = web.jobs.asked(web.front.places.mix)
    assert (message.element, message.payload) == (song.encode(), b"bass+drums")
    assert message.recipients == Limited((JobRef("mix", "klio-local"),))


@pytest.mark.parametrize("state", ["queued", "working"])
def test_of_a_song_that_is_on_its_way_no_job_is_asked_for_a_mix_that_is_wished_for(web: Served, state: str):
    song = web.jobs.upload()
    web.front.asking.enqueue(song, SongFile.model_validate_json(web.cloud.get(web.front.places.song_file(song))))
    if state == "working":
        web.jobs.tell(song, State.WORKING, progress=0.1)
    web.until(song, state=state)
    [message] = web.jobs.asked(web.front.places.separate)
    assert message.payload == b"wishes"
    assert isinstance(message.recipients, Limited)
    assert JobRef("mix", "klio-local") in message.recipients.recipients

    assert [ask(web, song, *stems).json()["state"] for stems in (("bass", "drums"), ("vocals",))] == ["queued"] * 2
    assert wished(web, song) == {"bass+drums", "vocals"}
    web.jobs.make_stems(song)
    web.jobs.tell(song, State.COMMITTED)
    web.until(song, state="done")
    assert [web.jobs.asked(job) for job in (web.front.places.mix, web.front.places.separate)] == [[], []]


def test_stems_that_come_while_a_mix_is_asked_for_are_seen(web: Served, song: str):
    web.until(song, state="queued")
    web.jobs.make_stems(song)  # nobody has told of them yet

    assert ask(web, song, "vocals").json()["state"] == "queued"
    assert [message.payload for message in web.jobs.asked(web.front.places.mix)] == [b"vocals"]


def test_a_mix_that_is_on_its_way_is_asked_for_once_and_again_where_nobody_is_heard_of(jobs: Jobs):
    with served(jobs) as web:
        song = jobs.upload()
        jobs.make_stems(song)
        web.front.asking.look_at(song)
        assert [ask(web, song, "vocals").status_code for _ in range(3)] == [202] * 3
        assert len(jobs.asked(web.front.places.mix)) == 1  # and then all workers died
    with served(jobs) as web:
        assert ask(web, song, "vocals").status_code == 202
        assert len(jobs.asked(web.front.places.mix)) == 1


def test_a_mix_that_failed_among_all_that_were_wished_for_says_why(web: Served, song: str):
    ask(web, song, "vocals")
    ask(web, song, "bass", "drums")
    web.jobs.make_stems(song)
    web.jobs.make_mix(song, "bass+drums")
    web.jobs.fail(song, NotAudio("no sound"), job=web.front.places.mix, payload=b"wishes")
    eventually(lambda: mixes(web, song) == {"bass+drums": "done", "vocals": "failed"})

    assert ask(web, song, "vocals").json()["state"] == "queued"
    assert len(web.jobs.asked(web.front.places.mix)) == 1


def test_a_mix_works_and_is_done_while_another_one_waits(web: Served, song: str):
    web.jobs.make_stems(song)
    ask(web, song, "bass", "drums")
    ask(web, song, "vocals")
    mix = web.front.places.mix
    web.jobs.tell(song, State.LEASED, job=mix)
    web.jobs.tell(song, State.WORKING, job=mix, note="bass+drums", progress=0.0)
    eventually(lambda: mixes(web, song) == {"bass+drums": "working", "vocals": "queued"})
    web.jobs.make_mix(song, "bass+drums")
    web.jobs.tell(song, State.COMMITTED, job=mix)
    eventually(lambda: mixes(web, song) == {"bass+drums": "done", "vocals": "queued"})

    assert ask(web, song, "bass", "drums").status_code == 200
    assert web.song(song)["mixes"][0]["url"] == f"/v1/songs/{song}/mixes/bass+drums"


def test_a_mix_that_failed_says_why_and_may_be_asked_for_again(web: Served, song: str):
    web.jobs.make_stems(song)
    ask(web, song, "vocals")
    ask(web, song, "other")
    web.jobs.fail(song, BadPayload("the payload names no mix"), job=web.front.places.mix, payload=b"vocals")
    eventually(lambda: mixes(web, song) == {"other": "queued", "vocals": "failed"})

    problem = web.song(song)["mixes"][1]["problem"]
    assert (problem["type"], problem["todo"]) == (
        "urn:klio:separator:bad-payload",
        "Choose at least one of the stems.",
    )
    answer = ask(web, song, "vocals")
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    assert mixes(web, song) == {"other": "queued", "vocals": "queued"}


def test_asking_for_a_mix_of_a_song_that_failed_tries_the_song_again(web: Served, song: str):
    web.jobs.fail(song, EmptyAudio("no sound"))
    web.until(song, state="failed")

    assert ask(web, song, "vocals").json()["state"] == "queued"
    assert web.song(song)["state"] == "queued"
    assert (len(web.jobs.asked(web.front.places.separate)), web.jobs.asked(web.front.places.mix)) == (1, [])
    web.jobs.fail(song, EmptyAudio("no sound"))
    web.until(song, state="failed")
    assert web.song(song)["mixes"][0]["problem"]["type"] == "urn:klio:separator:empty-audio"


def test_a_mix_that_waits_is_remembered_by_every_front(jobs: Jobs):
    with served(jobs) as one, served(jobs) as other:
        song = jobs.upload()
        one.front.asking.look_at(song)
        ask(one, song, "vocals")
        eventually(lambda: other.client.get(f"/v1/songs/{song}").status_code == 200)
        eventually(lambda: mixes(other, song) == {"vocals": "queued"})
    with served(jobs) as anew:
        assert mixes(anew, song) == {"vocals": "queued"}


def test_two_fronts_that_are_asked_at_once_both_remember(jobs: Jobs):
    from concurrent.futures import ThreadPoolExecutor

    names = [("vocals",), ("drums",), ("bass",), ("other",), ("bass", "drums"), ("other", "vocals")]
    with served(jobs) as one, served(jobs) as other:
        song = jobs.upload()
        for web in (one, other):
            web.front.asking.look_at(song)
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda job: ask(job[0], song, *job[1]), zip([one, other] * 3, names, strict=True)))
        assert {answer.status_code for answer in answers} == {202}
        eventually(lambda: len(mixes(one, song)) == len(mixes(other, song)) == 6)


@pytest.mark.parametrize("body", [{"stems": []}, {"stems": ["violin"]}, {"stems": ["bass", "bass"]}, {}, {"stem": 1}])
def test_what_is_no_mix_is_refused(web: Served, song: str, body: dict[str, Any]):
    answer = web.client.post(f"/v1/songs/{song}/mixes", json=body)

    assert answer.status_code == 422
    assert answer.json()["type"] in {"urn:klio:separator:invalid-request", "urn:klio:separator:no-such-mix"}
    assert web.jobs.asked(web.front.places.mix) == []


def test_a_mix_of_a_song_that_is_not_here_is_refused(web: Served):
    answer = ask(web, "0" * 64, "vocals")

    assert (answer.status_code, answer.json()["type"]) == (404, "urn:klio:separator:no-such-song")
