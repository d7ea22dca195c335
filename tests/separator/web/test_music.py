"""The older interface of music and jobs: its clients send what they always sent, and find what they always found."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from klio_core.errors import NotAudio
from klio_core.status import State
from tests.separator.web.exchange import HASH, SONG, exchange, expected, forget
from tests.separator.web.kit import Jobs, Served, a_cloud, served
from web.guard import tokens
from web.places import Stem
from web.routes import numbers

NUMBER = 195753325634051


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


def done(web: Served) -> None:
    """The song of the recorded requests, with all its stems."""
    web.jobs.upload(SONG.read_bytes(), title="Short Hop", artist="The Band")
    web.jobs.make_stems(HASH, {Stem.VOCALS: b"the vocals"})
    web.front.look_again()


def kind(answer) -> str:
    return f"{answer.status_code} {answer.json()['type'].removeprefix('urn:klio:separator:')}"


def test_numbers_are_made_of_the_hash_and_exact_in_every_program():
    for song in ("f" * 64, "0" * 64, HASH):
        music, job = numbers.of_song(song), numbers.of_job(song, 4)
        assert music < job < numbers.LIMIT
        assert numbers.parted(job) == (music, 4)
        assert int(float(job)) == job  # what JavaScript takes it for
    assert numbers.of_song(HASH) == NUMBER


@pytest.mark.parametrize("name", ["music-post", "music-post-file"])
def test_a_song_of_a_form_is_taken_in_and_a_worker_is_asked(web: Served, name: str):
    assert exchange(web.url, name) == expected(name)
    assert web.cloud.get(web.front.places.original(HASH)) == SONG.read_bytes()
    assert [message.element.decode() for message in web.jobs.asked(web.front.places.separate)] == [HASH]


def test_all_songs_are_listed_the_newest_first(web: Served):
    done(web)
    assert exchange(web.url, "music-list") == expected("music-list")

    newer = web.jobs.upload(b"another", title="Newer")
    web.front.look_again()
    assert [music["name"] for music in web.client.get("/music").json()] == ["Newer", "Short Hop"]
    assert web.client.get("/music").json()[0]["band"] == "Unknown"
    assert web.client.get("/music").json()[0]["music_id"] == numbers.of_song(newer)


@pytest.mark.parametrize("name", ["music-mix", "music-mix-object"])
def test_some_tracks_are_asked_for_as_a_mix(web: Served, name: str):
    done(web)
    assert exchange(web.url, name) == expected(name)

    (asked,) = web.jobs.asked(web.front.places.mix)
    assert (asked.element.decode(), asked.payload) == (
        HASH,
        {"music-mix": b"drums+vocals", "music-mix-object": b"bass+vocals"}[name],
    )


def test_progress_goes_to_a_hundred_when_the_mix_is_there(web: Served):
    exchange(web.url, "music-post")
    exchange(web.url, "music-mix")
    web.jobs.tell(HASH, State.WORKING, progress=0.5, note="separating")
    web.until(HASH, progress=0.5)
    half = web.client.get(f"/music/{NUMBER}").json()
    assert half == {"progress": 50, "instruments": [], "final": None}

    web.jobs.make_stems(HASH)
    web.front.look_again()
    nearly = web.client.get(f"/music/{NUMBER}").json()
    assert (nearly["progress"], len(nearly["instruments"]), nearly["final"]) == (99, 4, None)
    assert web.jobs.asked(web.front.places.mix) == []  # it hears of the stems, and of all that is wished for

    web.jobs.make_mix(HASH, "drums+vocals", b"the mix")
    web.front.look_again()
    assert exchange(web.url, "music-progress") == expected("music-progress")


def test_its_links_lead_to_the_files(web: Served):
    done(web)
    exchange(web.url, "music-mix")
    web.jobs.make_mix(HASH, "drums+vocals", b"the mix")
    web.front.look_again()

    there = web.client.get(f"/music/{NUMBER}").json()
    links = {one["name"]: one["track"] for one in there["instruments"]}
    assert links["vocals"].startswith(web.url)
    assert web.client.get(links["vocals"]).content == b"the vocals"


def test_final_is_the_mix_that_was_asked_for_last(web: Served):
    done(web)
    for name in ("drums+vocals", "bass+vocals"):
        web.jobs.make_mix(HASH, name)
    finals = []
    for wanted in ([1, 3], [2, 3], [3, 1]):
        assert web.client.post(f"/music/{NUMBER}", json=wanted).status_code == 200
        finals.append(web.client.get(f"/music/{NUMBER}").json()["final"].rpartition("/")[2])
    assert finals == ["drums+vocals", "bass+vocals", "drums+vocals"]


def test_a_song_that_cannot_be_separated_says_why_instead_of_its_progress(web: Served):
    exchange(web.url, "music-post")
    web.jobs.fail(HASH, NotAudio("no sound in it", where="queue"))
    web.until(HASH, state="failed")
    assert kind(web.client.get(f"/music/{NUMBER}")) == "422 not-audio"


@pytest.mark.parametrize("body", [[], [5], [0, 1], [1, 1], {"tracks": [9]}, {"tracks": []}, {}, "1", ["drums"]])
def test_what_is_no_mix_is_refused(web: Served, body):
    done(web)
    assert kind(web.client.post(f"/music/{NUMBER}", json=body)) in {"422 no-such-mix", "422 invalid-request"}
    assert web.jobs.asked(web.front.places.mix) == []


def test_each_track_of_each_song_is_a_job(web: Served):
    done(web)
    assert exchange(web.url, "job-list") == expected("job-list")
    assert exchange(web.url, "job") == expected("job")


def test_until_its_track_is_there_a_job_has_the_size_of_the_song(web: Served):
    exchange(web.url, "music-post")
    job = web.client.get(f"/job/{NUMBER}2").json()
    assert (job["size"], job["time"]) == (SONG.stat().st_size, 0)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/music/1", "404 no-such-song"),
        (f"/music/{NUMBER + 2**48}", "404 no-such-song"),
        ("/music/-1", "422 invalid-request"),
        (f"/music/{2**53}", "422 invalid-request"),
        ("/music/x", "422 invalid-request"),
        (f"/job/{NUMBER}0", "404 no-such-song"),
        (f"/job/{NUMBER}5", "404 no-such-song"),
        ("/job/11", "404 no-such-song"),
    ],
)
def test_a_number_that_is_nobody_s_is_refused(web: Served, path: str, expected: str):
    done(web)
    assert kind(web.client.get(path)) == expected


def test_a_reset_from_this_machine_removes_all_songs_but_those_that_workers_have(web: Served):
    done(web)
    assert exchange(web.url, "reset") == expected("reset")
    assert web.cloud.ls("gs://klio-local-separator/") == []

    done(web)
    held = web.jobs.upload(b"another")
    web.front.look_again()
    web.jobs.tell(held, State.WORKING, progress=0.1)
    web.until(held, state="working")
    assert web.client.post("/reset").json() == {"removed": 1, "kept": [numbers.of_song(held)]}
    assert [song["hash"] for song in web.client.get("/v1/songs").json()["songs"]] == [held]


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
def test_a_reset_that_somebody_passed_on_is_refused(web: Served, header: str):
    done(web)
    assert kind(web.client.post("/reset", headers={header: "127.0.0.1"})) == "403 not-yours"
    assert len(web.front.catalogue) == 1


def test_with_tokens_a_reset_is_for_administrators_and_everybody_sees_their_own(jobs: Jobs, tmp_path):
    file = tmp_path / "tokens.json"
    said = {name: tokens.add(file, name, admin=name == "admin") for name in ("admin", "ada", "grace")}
    bearers = {name: {"Authorization": f"Bearer {token}"} for name, token in said.items()}
    with served(jobs, tokens_file=str(file)) as web:
        web.jobs.upload(SONG.read_bytes(), owners=["ada"])
        web.front.look_again()

        def status(who: str, method: str, path: str) -> int:
            return web.client.request(method, path, headers=bearers.get(who, {})).status_code

        asks = [("GET", f"/music/{NUMBER}"), ("GET", f"/job/{NUMBER}1"), ("GET", f"/apiv1/track/{HASH}/vocals")]
        assert [status("ada", *ask) for ask in asks] == [200, 200, 404]
        assert [status("grace", *ask) for ask in asks] == [404, 404, 404]
        assert [status("nobody", *ask) for ask in asks] == [401, 401, 401]
        listed = {who: web.client.get("/music", headers=bearers[who]).json() for who in bearers}
        queued = {who: web.client.get("/apiv1/queue", headers=bearers[who]).json()["queue"] for who in bearers}
        assert {who: len(there) for who, there in listed.items()} == {"admin": 1, "ada": 1, "grace": 0}
        assert queued == {"admin": [HASH], "ada": [HASH], "grace": []}
        assert [status(who, "POST", "/reset") for who in ("nobody", "ada", "admin")] == [401, 403, 200]
