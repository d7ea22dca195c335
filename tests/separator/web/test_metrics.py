from __future__ import annotations

import time

from prometheus_client.parser import text_string_to_metric_families

from klio_core.errors import NotAudio
from klio_core.status import State
from tests.separator.web.exchange import HASH, SONG
from tests.separator.web.kit import Served, eventually


def told(web: Served) -> dict[str, float]:
    """Everything that is told, in the notation of Prometheus."""
    answer = web.client.get("/metrics")
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "text/plain")
    found = {}
    for family in text_string_to_metric_families(answer.text):
        assert family.documentation
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def test_songs_are_counted_by_their_states(web: Served):
    songs = [web.jobs.upload(content) for content in (b"one", b"two", b"three", b"four")]
    web.jobs.make_stems(songs[0])
    web.front.look_again()
    web.jobs.tell(songs[1], State.WORKING)
    web.jobs.fail(songs[2], NotAudio("no sound in it"))
    web.until(songs[1], state="working")
    web.until(songs[2], state="failed")

    states = {key: value for key, value in told(web).items() if key.startswith("separator_songs")}
    assert states == {f"separator_songs{{state={state}}}": 1 for state in ("queued", "working", "done", "failed")}


def test_how_long_the_oldest_song_waits_is_told(web: Served):
    assert told(web)["separator_oldest_queued_seconds"] == 0
    web.jobs.upload(b"one", uploaded_at=time.time() - 100)
    web.jobs.upload(b"two")
    web.front.look_again()
    assert 100 <= told(web)["separator_oldest_queued_seconds"] < 160


def test_uploads_and_their_bytes_are_counted(web: Served):
    content = SONG.read_bytes()
    for _ in range(2):
        assert web.client.post("/v1/songs", files={"file": ("a.mp3", content)}).status_code == 202
    now = told(web)
    assert (now["separator_uploads_total"], now["separator_upload_bytes_total"]) == (2, 2 * len(content))
    assert now["separator_uploading_bytes"] == 0


def test_requests_are_counted_by_the_pattern_of_their_route(web: Served):
    for number in range(3):
        web.client.get(f"/v1/songs/{number:064}")
    web.client.get("/v1/songs")
    web.client.request("PURGE", "/coffee")

    now = told(web)
    assert now["separator_requests_total{method=GET,route=/v1/songs/{song},status=404}"] == 3
    assert now["separator_request_seconds_count{method=GET,route=/v1/songs/{song}}"] == 3
    assert now["separator_request_seconds_bucket{le=+Inf,method=GET,route=/v1/songs}"] == 1
    assert now["separator_requests_total{method=other,route=none,status=404}"] == 1


def test_refusals_are_counted_by_their_type(web: Served):
    web.client.get(f"/v1/songs/{HASH}")
    web.client.get("/v1/nothing")
    web.client.post("/v1/songs", files={"file": ("a.mp3", b"<!doctype html>")})
    web.client.post("/apiv1/separate", content=b"{}")

    now = {key: value for key, value in told(web).items() if key.startswith("separator_refusals_total")}
    kinds = ("no-such-song", "no-such-page", "not-audio", "no-file")
    assert now == {f"separator_refusals_total{{type={kind}}}": 1 for kind in kinds}


def test_who_listens_to_events_is_counted(web: Served):
    with web.client.stream("GET", "/v1/events"):
        eventually(lambda: told(web)["separator_event_readers"] == 1)
    eventually(lambda: told(web)["separator_event_readers"] == 0)


def test_each_front_counts_for_itself(web: Served):
    assert told(web)["separator_uploads_total"] == 0
