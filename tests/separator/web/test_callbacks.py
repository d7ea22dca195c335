"""From asking to being told: the front keeps who asks, the real job tells them, on one cloud."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from klio.events import pubsub
from klio.testing import JobOnCloud
from klio_core.config import load
from tests.separator.callback.listener import CALLBACK, Listener
from tests.separator.web.exchange import HASH, SONG, exchange
from tests.separator.web.kit import JOBS, Jobs, Served, served
from web.problems import Problem
from web.upload import callbacks
from web.upload.callbacks import Asker

STEMS = ["vocals", "drums", "bass", "other"]
DONE = load(JOBS / "separate" / "klio-job.yaml").job_config.events.outputs[0].topic


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as listening:
        yield listening


@pytest.fixture
def callback(jobs: Jobs) -> JobOnCloud:
    return jobs.cloud.job(CALLBACK, overrides=["job_config.allow=[127.0.0.1]", "job_config.pause_s=0.01"])


def upload(web: Served, **fields: str) -> None:
    answer = web.client.post("/v1/songs", files={"file": ("song.mp3", SONG.read_bytes())}, data=fields)
    assert answer.status_code in {200, 202}


def separate(web: Served) -> None:
    """Do what the job `separate` does with what it was asked."""
    for message in web.jobs.asked(web.front.places.separate):
        web.jobs.make_stems(message.element.decode())
        pubsub.wait_for(DONE, [pubsub.publish(DONE, message.encode())])
    web.front.look_again()


def kept(web: Served) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(web.cloud.get(web.front.places.callback_of(HASH)))
    return found


def test_who_asks_with_an_upload_is_told_when_the_stems_are_there(
    web: Served, callback: JobOnCloud, listener: Listener
):
    upload(web, callback_url=listener.url, callback_data="order 7")
    callback.drain()
    assert listener.heard == []

    separate(web)
    callback.drain()
    (heard,) = listener.heard
    assert heard.json == {"hash": HASH, "state": "done", "stems": STEMS, "data": "order 7"}
    assert heard.headers["webhook-id"] == kept(web)[0]["id"]


def test_who_asks_by_the_older_interface_gets_their_data_as_ever(web: Served, callback: JobOnCloud, listener: Listener):
    data = {"mp3": "data/short-hop.mp3", "data": "to be returned"}
    exchange(web.url, "apiv1-separate")  # its own address is nobody's here
    callbacks.add(web.front, HASH, Asker(listener.url, data, "apiv1"))
    separate(web)
    callback.drain()

    assert [heard.json for heard in listener.heard] == [{"hash": HASH, "state": "done", "stems": STEMS} | data]


def test_who_asks_about_a_song_that_is_done_is_told_at_once_and_the_others_not_again(
    web: Served, callback: JobOnCloud, listener: Listener
):
    upload(web, callback_url=f"{listener.url}/first")
    separate(web)
    callback.drain()
    upload(web, callback_url=f"{listener.url}/second")
    callback.drain()

    assert [heard.first for heard in listener.heard] == ["POST /first HTTP/1.1", "POST /second HTTP/1.1"]


def test_who_asks_the_same_again_is_told_again_and_kept_once(web: Served, callback: JobOnCloud, listener: Listener):
    for _ in range(2):
        upload(web, callback_url=listener.url, callback_data="x")
    assert len(kept(web)) == 1
    separate(web)
    callback.drain()
    assert len(listener.heard) == 1

    upload(web, callback_url=listener.url, callback_data="x")
    callback.drain()
    assert len({heard.headers["webhook-id"] for heard in listener.heard}) == len(listener.heard) == 2


def test_several_who_ask_several_fronts_at_once_are_all_kept(jobs: Jobs):
    with served(jobs) as one, served(jobs) as other, ThreadPoolExecutor(8) as pool:
        asking = [(web, Asker(f"http://example.org/{number}")) for number, web in enumerate([one, other] * 4)]
        list(pool.map(lambda each: callbacks.add(each[0].front, HASH, each[1]), asking))
        assert {entry["id"] for entry in kept(one)} == {asker.id for _, asker in asking}


def test_too_many_are_refused(web: Served):
    many = [{"id": str(number), "url": f"http://example.org/{number}"} for number in range(100)]
    web.cloud.put(web.front.places.callback_of(HASH), json.dumps(many).encode())
    with pytest.raises(Problem, match="Too many want to be told"):
        callbacks.add(web.front, HASH, Asker("http://example.org/more"))


@pytest.mark.parametrize("content", [b"", b"{", b'{"id": 1}', b"\xff"])
def test_what_is_no_list_of_theirs_is_begun_anew(web: Served, content: bytes):
    web.cloud.put(web.front.places.callback_of(HASH), content)
    callbacks.add(web.front, HASH, Asker("http://example.org/"))
    assert [entry["url"] for entry in kept(web)] == ["http://example.org/"]


def test_with_a_song_who_asked_and_who_was_told_are_forgotten(web: Served, callback: JobOnCloud, listener: Listener):
    upload(web, callback_url=listener.url)
    separate(web)
    callback.drain()
    assert web.client.delete(f"/v1/songs/{HASH}").status_code == 204
    assert web.cloud.ls("gs://klio-local-separator/") == []


def test_nobody_is_told_of_a_song_that_was_deleted_meanwhile(web: Served, callback: JobOnCloud, listener: Listener):
    upload(web, callback_url=listener.url)
    (message,) = web.jobs.asked(web.front.places.separate)
    assert web.client.delete(f"/v1/songs/{HASH}").status_code == 204
    pubsub.wait_for(DONE, [pubsub.publish(DONE, message.encode())])
    callback.drain()
    assert (listener.heard, callback.verdicts) == ([], {HASH: "dropped: input missing"})
