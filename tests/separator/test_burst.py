"""Twenty songs at once, while a worker is killed in mid-song every fifteen seconds, for two minutes."""

from __future__ import annotations

import os
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.separator.whole import STEMS, Whole, patiently, sound, whole

SONGS = 20
EVERY_S = 15.0
FOR_S = 120.0
# A song must be at work for so long that what is killed is hit, and all of them for longer than workers are killed:
# on two workers they take two minutes and a half, and what is done again comes on top. A machine that has become
# quicker since its speed was taken may be done before the last kills, but not before half of them.
WORK_S = 15.0
MEASURED_S = 20.0
MEASURED = range(101, 105)  # seeds of their own
AT_LEAST = 4


@dataclass
class Hits:
    """Kills that hit work: of which songs, and the worker that was at it."""

    workers: list[str] = field(default_factory=list)
    songs: Counter[str] = field(default_factory=Counter)

    def kill(self, separator: Whole, songs: set[str]) -> bool:
        """Kill a worker in the middle of a song, whichever it is; answer False where all of them are done."""
        found = patiently(lambda: list(_at_work(separator)) or _all(separator, songs, "done"))
        if isinstance(found, dict):
            return False
        worker, song = found[0]
        os.kill(_number(worker), signal.SIGKILL)
        self.workers.append(worker)
        self.songs[song] += 1
        return True


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_of_a_burst_nothing_is_lost_and_little_is_done_again_however_often_workers_are_killed(tmp_path: Path):
    options = ("-O", "separate:job_config.lease_s=10", "-O", "separate:job_config.shifts=4")
    with whole(tmp_path, *options) as separator:
        length = _length(separator)
        burst = [sound(length, seed) for seed in range(1, SONGS + 1)]
        songs = {made["hash"] for made in separator.upload(*burst)}
        hits = _kill_now_and_then(separator, songs)
        states = patiently(lambda: _all(separator, songs, "done"), 900)

        assert len(hits.workers) >= AT_LEAST, hits
        assert states == dict.fromkeys(songs, "done")
        assert _made(separator, songs) == {(song, what) for song in songs for what in (*STEMS, "peaks")}
        begun = _begun(separator)
        too_often = {song: times for song in songs if (times := begun[song]) > 1 + 2 * hits.songs[song]}
        assert not too_often, (too_often, hits)
        assert sum(begun[song] for song in songs) <= SONGS + 2 * len(hits.workers)
        assert _ends(separator, songs) == {"committed"}


def _length(separator: Whole) -> float:
    """Answer how many seconds of sound keep a worker of this machine busy for as long as is wanted."""
    measured = [separator.upload(sound(MEASURED_S, seed))[0]["hash"] for seed in MEASURED]
    # The first song of each worker takes longer than those behind it.
    took = min(separator.until(song, "done")["seconds_worked"] for song in measured)
    return float(min(600.0, max(5.0, MEASURED_S * WORK_S / took)))


def _kill_now_and_then(separator: Whole, songs: set[str]) -> Hits:
    hits = Hits()
    for _ in range(round(FOR_S / EVERY_S)):
        time.sleep(EVERY_S)  # that much is what is tested
        if not hits.kill(separator, songs):
            break
    return hits


def _at_work(separator: Whole) -> Iterator[tuple[str, str]]:
    """Yield the workers that are in the midst of a song, and the song."""
    newest: dict[str, dict[str, Any]] = {}
    for record in separator.records():
        newest[record["worker"]] = record
    for worker, record in newest.items():
        alive = Path(f"/proc/{_number(worker)}").exists()
        if alive and record["state"] == "working" and 0.1 < (record.get("progress") or 0.0) < 0.9:
            yield worker, record["element"]


def _number(worker: str) -> int:
    found = re.search(r"-(\d+)$", worker)
    assert found is not None, worker
    return int(found[1])


def _all(separator: Whole, songs: set[str], state: str) -> dict[str, str] | None:
    found = separator.client.get("/v1/songs", params={"limit": 100}).raise_for_status().json()["songs"]
    states = {song["hash"]: song["state"] for song in found if song["hash"] in songs}
    assert "failed" not in states.values(), found
    return states if len(states) == len(songs) and set(states.values()) == {state} else None


def _made(separator: Whole, songs: set[str]) -> set[tuple[str, str]]:
    """What lies there of the songs: each stem, and what is drawn of it."""
    found = [separator.song(song) for song in songs]
    drawn = {(song["hash"], "peaks") for song in found if separator.client.get(song["peaks_url"]).status_code == 200}
    return drawn | {(song["hash"], stem["name"]) for song in found for stem in song["stems"] if stem["size_bytes"]}


def _begun(separator: Whole) -> Counter[str]:
    """How often each song was begun: by how many workers, in how many attempts."""
    tries = {
        (one["element"], one["worker"], one["attempt"]) for one in separator.records() if one["state"] == "working"
    }
    return Counter(element for element, _, _ in tries)


def _ends(separator: Whole, songs: set[str]) -> set[str]:
    """How the songs ended, all ends of all songs: one that was done when it came again is `passed on`."""
    finals = {"committed", "passed on", "dropped", "dead letter"}
    return {one["state"] for one in separator.records() if one["element"] in songs} & finals
