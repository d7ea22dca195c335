"""Mixes that are wished for while their song is in work, with all parts running: made once the song is done.

The song is separated once for all of them, whoever is killed meanwhile.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile

from tests.separator.browser.stack import SMALL, Stack, a_stack, wait_until
from tests.separator.records import begun
from tests.separator.whole import sound

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
SECONDS = 16
SLOWLY = (*SMALL, "job_config.shifts=2")


@pytest.fixture
def stack(tmp_path: Path, repo: Path) -> Iterator[Stack]:
    """All of it, with a worker that takes its time."""
    with a_stack(tmp_path, repo) as running:
        running.kill_worker()
        running.separate(*SLOWLY)
        yield running


def wish(stack: Stack, song: dict[str, Any], *stems: str) -> dict[str, Any]:
    with stack.client as client:
        answer = client.post(f"{song['links']['self']}/mixes", json={"stems": stems})
    assert answer.status_code == 202, answer.text
    mix: dict[str, Any] = answer.json()
    return mix


def mixes(stack: Stack, song: dict[str, Any]) -> dict[str, str]:
    with stack.client as client:
        return {mix["name"]: mix["state"] for mix in client.get(song["links"]["self"]).json()["mixes"]}


def frames(stack: Stack, song: dict[str, Any], name: str) -> int:
    with stack.client as client:
        answer = client.get(f"{song['links']['self']}/mixes/{name}").raise_for_status()
    return int(soundfile.info(io.BytesIO(answer.content)).frames)


def test_two_mixes_that_are_wished_for_in_mid_song_and_a_front_that_is_killed_cost_no_second_separation(stack: Stack):
    stack.workers["another"] = stack.workers.pop("separate")
    stack.separate(*SLOWLY)  # who could do the song once more at the same time
    song = stack.until(stack.send(sound(SECONDS, seed=51)), "working")
    assert wish(stack, song, "bass", "drums")["state"] == "queued"
    stack.kill_front()
    stack.start_front()
    stack.until(song, "working")
    assert wish(stack, song, "vocals", "other")["state"] == "queued"
    assert mixes(stack, song) == {"bass+drums": "queued", "other+vocals": "queued"}

    stack.until(song, "done")
    wait_until(lambda: mixes(stack, song) == {"bass+drums": "done", "other+vocals": "done"})
    assert {frames(stack, song, name) for name in ("bass+drums", "other+vocals")} == {SECONDS * 44_100}
    assert [begun(stack.project, job) for job in ("separate", "mix")] == [{song["hash"]: 1}] * 2


def test_a_mix_of_a_song_whose_worker_is_killed_in_mid_song_is_made_of_the_second_attempt(stack: Stack):
    song = stack.until(stack.send(sound(SECONDS, seed=52)), "working")
    wish(stack, song, "vocals")
    stack.kill_worker()
    stack.separate(*SLOWLY)

    assert stack.until(song, "done")["attempt"] == 2
    wait_until(lambda: mixes(stack, song) == {"vocals": "done"})
    assert begun(stack.project) == {song["hash"]: 2}
    wish(stack, song, "drums")
    wait_until(lambda: mixes(stack, song) == {"drums": "done", "vocals": "done"})
