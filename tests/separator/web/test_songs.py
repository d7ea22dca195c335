"""Songs over REST: what they are as the jobs work on them, pages of them, and away with them."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from klio_core.errors import EmptyAudio
from klio_core.message import Limited
from klio_core.status import State
from tests.separator.web.kit import WORKER, Jobs, Served, a_cloud, eventually, hash_of, served
from web.model import SongFile


def uploaded(web: Served, content: bytes = b"a song", **said: Any) -> str:
    """Take in an upload as the route does, and let the job be asked."""
    song = hash_of(content)
    web.cloud.put(web.front.places.original(song), content)
    facts = {"file_name": "a.mp3", "kind": "mp3", "size_bytes": len(content), "title": "A"}
    web.front.asking.enqueue(song, SongFile.model_validate({"uploaded_at": datetime.now(UTC), **facts, **said}))
    return song


def test_a_song_that_is_taken_in_is_queued_and_the_job_is_asked(web: Served):
    song = uploaded(web, title="Title", artist="Artist", duration_s=3.5)

    answer = web.song(song)
    assert (answer["state"], answer["title"], answer["artist"], answer["progress"]) == ("queued", "Title", "Artist", 0)
    assert (answer["duration_s"], answer["stems"], answer["zip_url"], answer["problem"]) == (3.5, [], None, None)
    assert answer["links"] == {"self": f"/v1/songs/{song}", "events": f"/v1/songs/{song}/events"}
    assert datetime.fromisoformat(answer["uploaded_at"]).tzinfo is not None
    [message] = web.jobs.asked(web.front.places.separate)
    assert message.element == song.encode()
    assert isinstance(message.recipients, Limited)
    assert set(message.recipients.recipients) == {job.ref for job in web.front.places.jobs}
    assert message.payload == b"wishes"  # whatever mixes people wish for by then


def test_a_song_is_shown_as_the_records_tell_and_then_as_its_stems_are(web: Served):
    song = uploaded(web)
    web.jobs.tell(song, State.LEASED)
    assert web.until(song, state="working")["worker"] == WORKER
    web.jobs.tell(song, State.WORKING, progress=0.5, note="separating")
    web.until(song, progress=0.5, stage="separating")
    web.jobs.make_stems(song, seconds=7.5, attempt=2)
    web.jobs.tell(song, State.COMMITTED)

    answer = web.until(song, state="done")
    assert (answer["progress"], answer["stage"], answer["seconds_worked"], answer["attempt"]) == (1, None, 7.5, 2)
    assert answer["duration_s"] == 12.5
    assert [stem["name"] for stem in answer["stems"]] == ["vocals", "drums", "bass", "other"]
    assert answer["stems"][0]["url"] == f"/v1/songs/{song}/stems/vocals"
    assert answer["stems"][0]["size_bytes"] == len(f"vocals of {song}")
    assert (answer["peaks_url"], answer["zip_url"]) == (f"/v1/songs/{song}/peaks", f"/v1/songs/{song}/stems.zip")


def test_a_song_that_fails_says_why_and_what_to_do_and_may_be_tried_again(web: Served):
    song = uploaded(web)
    web.jobs.tell(song, State.LEASED)
    error = EmptyAudio("there is not one sample", where="/tmp/klio/work/x", expected="sound", got="0 frames")
    web.jobs.fail(song, error)

    answer = web.until(song, state="failed")
    assert answer["problem"] == {
        "type": "urn:klio:separator:empty-audio",
        "title": "There is no sound in this file",
        "detail": "there is not one sample, expected sound, got 0 frames",
        "todo": "Play it on your machine, and upload one that has sound.",
    }
    uploaded(web)
    assert web.song(song)["state"] == "queued"
    assert web.song(song)["problem"] is None


def test_a_song_that_failed_stays_so_whatever_else_is_noted_of_it_and_whoever_starts_anew(jobs: Jobs):
    song = jobs.upload()
    jobs.fail(song, EmptyAudio("no sound"))
    with served(jobs) as web:
        web.until(song, state="failed")
        lying = web.front.catalogue.lying(song)
        assert lying is not None
        web.front.asking.keep(song, lying.file.model_copy(update={"owners": ("ada",)}))
    with served(jobs) as web:
        assert web.song(song)["state"] == "failed"
        uploaded(web)
        assert web.song(song)["state"] == "queued"
    with served(jobs) as web:
        assert web.song(song)["state"] == "queued"


def test_an_error_of_the_code_itself_is_not_shown_with_its_words(web: Served):
    song = uploaded(web)
    web.jobs.fail(song, _of_code())

    problem = web.until(song, state="failed")["problem"]
    assert problem["title"] == "This song could not be worked on"
    assert "secret" not in str(problem)


def _of_code() -> Any:
    class Odd(EmptyAudio):
        reason = "exception"

    return Odd("secret words", got="/home/secret")


def test_an_etag_is_answered_by_304_until_something_changes(web: Served):
    song = uploaded(web)
    etag = web.client.get(f"/v1/songs/{song}").headers["ETag"]

    again = web.client.get(f"/v1/songs/{song}", headers={"If-None-Match": etag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    assert web.client.get(f"/v1/songs/{song}", headers={"If-None-Match": f'"x", W/{etag}'}).status_code == 304
    web.jobs.tell(song, State.LEASED)
    web.until(song, state="working")
    assert web.client.get(f"/v1/songs/{song}", headers={"If-None-Match": etag}).status_code == 200


def test_two_fronts_answer_the_same(jobs: Jobs):
    song = jobs.upload()
    jobs.make_stems(song)
    with served(jobs) as one, served(jobs) as other:
        first, second = (web.client.get(f"/v1/songs/{song}") for web in (one, other))

    assert first.json()["state"] == "done"
    assert (first.content, first.headers["ETag"]) == (second.content, second.headers["ETag"])


def test_pages_hold_every_song_once_the_newest_first(web: Served):
    began = datetime.now(UTC)
    songs = [web.jobs.upload(b"%d" % number, uploaded_at=began - timedelta(seconds=number // 2)) for number in range(7)]
    web.jobs.make_stems(songs[0])
    web.front.look_again()

    pages, after = [], None
    while True:
        query = {"limit": 3} | ({"after": after} if after else {})
        page = web.client.get("/v1/songs", params=query).json()
        pages.append([song["hash"] for song in page["songs"]])
        if (after := page["next"]) is None:
            break
    times = {song: began - timedelta(seconds=number // 2) for number, song in enumerate(songs)}
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [song for page in pages for song in page] == sorted(
        songs, key=lambda song: (times[song], song), reverse=True
    )
    done = web.client.get("/v1/songs", params={"state": "done"}).json()
    assert [song["hash"] for song in done["songs"]] == [songs[0]]
    assert web.client.get("/v1/songs", params={"state": "working"}).json() == {"songs": [], "next": None}


def test_a_page_that_ends_with_the_last_song_has_no_next(web: Served):
    for number in range(3):
        web.jobs.upload(b"%d" % number)
    web.front.look_again()

    assert web.client.get("/v1/songs", params={"limit": 3}).json()["next"] is None


def test_a_song_that_is_deleted_leaves_nothing_behind(web: Served):
    song, other = uploaded(web), uploaded(web, b"another")
    web.jobs.make_stems(song)
    web.jobs.make_mix(song, "bass+drums")
    web.jobs.fail(song, EmptyAudio("no sound"), job=web.front.places.mix, payload=b"vocals")
    web.cloud.put(web.front.places.callback_of(song), b"[]")

    assert web.client.delete(f"/v1/songs/{song}").status_code == 204
    assert [path for path in web.cloud.ls("gs://klio-local-separator/") if other not in path] == []
    assert web.client.get(f"/v1/songs/{song}").status_code == 404
    assert web.client.delete(f"/v1/songs/{song}").status_code == 404


def test_a_song_that_a_worker_has_is_not_deleted(web: Served):
    song = uploaded(web)
    web.jobs.tell(song, State.WORKING, progress=0.1)
    web.until(song, state="working")

    answer = web.client.delete(f"/v1/songs/{song}")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:klio:separator:being-worked-on")
    assert web.cloud.ls(web.front.places.original(song))


def test_a_front_that_starts_anew_knows_all_songs(jobs: Jobs):
    queued, done, failed, working = (jobs.upload(content) for content in (b"1", b"2", b"3", b"4"))
    jobs.make_stems(done)
    jobs.make_mix(done, "bass+drums")
    jobs.fail(failed, EmptyAudio("no sound"))
    with served(jobs) as web:
        jobs.tell(working, State.WORKING, progress=0.4)  # as workers repeat it while they live
        web.until(working, state="working", progress=0.4)
        found = {song["hash"]: song for song in web.client.get("/v1/songs").json()["songs"]}

    states = {song: answer["state"] for song, answer in found.items()}
    assert states == {queued: "queued", done: "done", failed: "failed", working: "working"}
    assert found[done]["mixes"][0]["state"] == "done"
    assert found[done]["seconds_worked"] == 3.0
    assert found[failed]["problem"]["type"] == "urn:klio:separator:empty-audio"


def test_what_one_front_takes_in_and_deletes_the_other_one_shows(jobs: Jobs):
    with served(jobs) as one, served(jobs) as other:
        song = uploaded(one)
        other.until(song, state="queued")
        jobs.tell(song, State.LEASED)
        one.until(song, state="working")
        other.until(song, state="working")
        jobs.make_stems(song)
        jobs.tell(song, State.COMMITTED)
        other.until(song, state="done")
        one.until(song, state="done")
        assert one.client.delete(f"/v1/songs/{song}").status_code == 204
        eventually(lambda: other.client.get(f"/v1/songs/{song}").status_code == 404)


def test_what_comes_and_goes_without_a_record_is_found_by_looking(jobs: Jobs):
    with served(jobs, look_again_s=0.1) as web:
        song = jobs.upload()
        web.until(song, state="queued")
        jobs.make_stems(song)
        web.until(song, state="done")
        web.front.store.delete(web.front.places.song_file(song))
        eventually(lambda: web.client.get(f"/v1/songs/{song}").status_code == 404)


def test_a_file_among_the_songs_that_is_none_hides_no_other(jobs: Jobs):
    song = jobs.upload()
    jobs.cloud.put(f"{jobs.places.songs}/{'0' * 64}.json", b"{")
    jobs.cloud.put(f"{jobs.places.songs}/readme.json", jobs.cloud.get(jobs.places.song_file(song)))
    jobs.cloud.put(f"{jobs.places.dead_letters}/odd.json", b"{}")
    with served(jobs) as web:
        assert [one["hash"] for one in web.client.get("/v1/songs").json()["songs"]] == [song]


def test_uploads_that_fronts_take_in_while_everything_is_looked_at_are_not_lost(web: Served):
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            web.front.look_again()

    thread = threading.Thread(target=look)
    thread.start()
    try:
        for number in range(10):
            song = uploaded(web, b"%d" % number)
            for _ in range(5):
                assert web.client.get(f"/v1/songs/{song}").status_code == 200
                time.sleep(0.005)
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "state=lost", "after=x", "after=1-ab"])
def test_a_query_that_is_none_says_so(web: Served, query: str):
    answer = web.client.get(f"/v1/songs?{query}")

    assert (answer.status_code, answer.json()["type"]) == (422, "urn:klio:separator:invalid-request")
    assert answer.json()["errors"][0]["where"] == f"query.{query.partition('=')[0]}"


def test_records_that_come_twice_late_or_never_change_nothing_in_the_end():
    faults = ("drop@pubsub.delivery,20%", "duplicate@pubsub.delivery,30%", "reorder@pubsub.delivery,30%")
    with a_cloud(faults) as jobs, served(jobs, look_again_s=0.5) as web:
        songs = [uploaded(web, b"%d" % number) for number in range(5)]
        for song in songs:
            jobs.tell(song, State.LEASED)
            for percent in range(10, 100, 30):
                jobs.tell(song, State.WORKING, progress=percent / 100)
            jobs.make_stems(song)
            jobs.tell(song, State.COMMITTED)
        for song in songs:
            web.until(song, state="done")


def test_records_of_elements_that_are_no_songs_are_passed_over(web: Served):
    song = uploaded(web)
    for element in ("../songs", "", "a" * 2000, "a" * 63, "b" * 64, song.upper(), "\x00"):
        web.jobs.tell(element, State.WORKING, progress=0.1)
    web.jobs.tell(song, State.LEASED)

    web.until(song, state="working")
    assert [one["hash"] for one in web.client.get("/v1/songs").json()["songs"]] == [song]
    assert web.client.get("/readyz").status_code == 200
