"""The job on a cloud of its own: who has asked is told, once; nothing else depends on it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from klio.testing import JobOnCloud, LocalCloud, local_cloud
from tests.separator.callback.listener import CALLBACK, Listener, answer

BUCKET = "gs://klio-local-separator"
SONG = "5" * 64
STEMS = ("vocals", "drums", "bass", "other")
ASKED, DONE = 0, 1  # the job's inputs
QUICKLY = ["job_config.allow=[127.0.0.1]", "job_config.pause_s=0.01"]


@pytest.fixture
def cloud() -> Iterator[LocalCloud]:
    with local_cloud(CALLBACK) as cloud:
        for stem in STEMS:
            cloud.put(f"{BUCKET}/stems/{SONG}-{stem}.mp3", b"MP3")
        yield cloud


@pytest.fixture
def job(cloud: LocalCloud) -> JobOnCloud:
    return cloud.job(overrides=QUICKLY)


def ask(cloud: LocalCloud, *askers: dict[str, Any]) -> None:
    cloud.put(f"{BUCKET}/callbacks/{SONG}.json", json.dumps(askers).encode())


def told(cloud: LocalCloud) -> list[tuple[str, str]]:
    return [(one["id"], one["outcome"]) for one in json.loads(cloud.get(f"{BUCKET}/callbacks-sent/{SONG}.json"))]


def test_when_a_song_is_done_whoever_asked_is_told(cloud: LocalCloud, job: JobOnCloud, listener: Listener):
    ask(cloud, {"id": "a", "url": listener.url, "data": 1}, {"id": "b", "url": listener.url, "data": 2})
    job.publish(SONG, to=DONE)
    job.drain()

    assert sorted(heard.json["data"] for heard in listener.heard) == [1, 2]
    assert listener.heard[0].json["hash"] == SONG
    assert told(cloud) == [("a", "delivered"), ("b", "delivered")]


def test_who_asks_about_a_song_that_is_done_is_told_and_nobody_twice(
    cloud: LocalCloud, job: JobOnCloud, listener: Listener
):
    ask(cloud, {"id": "a", "url": listener.url})
    job.publish(SONG, to=DONE)
    job.drain()
    ask(cloud, {"id": "a", "url": listener.url}, {"id": "b", "url": f"{listener.url}/b"})
    job.publish(SONG, to=ASKED)
    job.publish(SONG, to=DONE)
    job.drain()

    assert [heard.first for heard in listener.heard] == ["POST / HTTP/1.1", "POST /b HTTP/1.1"]
    assert told(cloud) == [("a", "delivered"), ("b", "delivered")]


def test_where_nobody_asked_the_message_ends(job: JobOnCloud):
    job.publish(SONG, to=DONE)
    job.drain()
    assert job.verdicts == {SONG: "dropped: input missing"}


def test_nobody_is_told_of_a_song_whose_stems_are_gone(cloud: LocalCloud, job: JobOnCloud, listener: Listener):
    other = "6" * 64
    cloud.put(f"{BUCKET}/callbacks/{other}.json", json.dumps([{"id": "a", "url": listener.url}]).encode())
    job.publish(other, to=ASKED)
    job.drain()

    assert (job.verdicts, listener.heard) == ({other: "dropped: input missing"}, [])


def test_a_callback_that_fails_or_is_refused_is_written_down_and_no_dead_letter(
    cloud: LocalCloud, job: JobOnCloud, listener: Listener
):
    listener.answers = [answer(500)]
    ask(cloud, {"id": "a", "url": listener.url}, {"id": "b", "url": "http://169.254.169.254/"}, {"id": "c", "url": "x"})
    job.publish(SONG, to=DONE)
    job.drain()

    assert (job.verdicts, job.dead_letters) == ({SONG: "committed"}, [])
    assert told(cloud) == [("a", "failed"), ("b", "refused"), ("c", "refused")]


def test_a_list_that_nobody_of_us_wrote_is_a_dead_letter_without_what_was_in_it(cloud: LocalCloud, job: JobOnCloud):
    ask(cloud, {"id": "../../x", "url": "http://private.example/token"})
    job.publish(SONG, to=DONE)
    job.drain()

    (letter,) = job.dead_letters
    assert letter.reason == "data-corrupted"
    assert "private.example" not in letter.encode().decode()


def test_a_policy_that_cannot_be_is_said_before_anything_runs(cloud: LocalCloud):
    job = cloud.job(overrides=["job_config.allow=[10.0.0.1/8]"])
    job.publish(SONG)
    with pytest.raises(Exception, match="has host bits set"):
        job.drain()


def test_the_job_passes_its_own_tests_and_the_audit():
    command = [sys.executable, "-m", "klio_cli.app", "job", "audit", "-j", str(CALLBACK)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "nothing found" in done.stdout) == (0, True), done.stdout + done.stderr
