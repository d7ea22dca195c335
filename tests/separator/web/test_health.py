from __future__ import annotations

from tests.separator.web.kit import Served


def test_a_front_that_is_up_is_alive_and_ready(web: Served) -> None:
    assert web.client.get("/healthz").json() == {"status": "alive", "songs": 0}
    assert web.client.get("/readyz").json() == {"status": "ready", "songs": 0}


def test_a_song_goes_from_queued_to_done(web: Served) -> None:
    song = web.jobs.upload()
    web.front.look_at(song)
    assert web.song(song)["state"] == "queued"
