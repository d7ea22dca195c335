"""How long songs that wait still take: those before them, at the pace of those that were done last."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from web.songs.known import Known

_RECENT = 20
_STEPS = ((60, 10), (300, 30), (3600, 60), (float("inf"), 600))
"""Up to so many seconds, told in steps of so many: nobody plans by more."""
_STAYS = 0.75  # of a step: what is told goes on being told while the estimate is not farther from it


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the work on a song takes: for each second of music and, where that is not known, as a whole."""

    of_music: float
    of_song: float

    @classmethod
    def of(cls, done: Sequence[tuple[float, float]]) -> Pace | None:
        """Answer the pace of songs that took so many seconds for so much music, in seconds; None where there is none.

        The middle one counts: one song in a hundred that met a busy machine says nothing of the others.
        """
        known = [(seconds, music) for seconds, music in done if seconds > 0 and music > 0]
        if not known:
            return None
        return cls(median(seconds / music for seconds, music in known), median(seconds for seconds, _ in known))

    def spent(self, music_s: float | None) -> float:
        """Answer how long a song takes of which that much is music."""
        return self.of_song if music_s is None else music_s * self.of_music


def estimates(busy: Iterable[float], queue: Iterable[float]) -> list[float]:
    """Answer in how many seconds each song of a queue is done.

    `busy` is in how many each worker that is seen to work is free, `queue` how long each song takes, the next one
    first: it goes to whoever is free first. Where nobody works, nothing is known, and nothing answered.
    """
    free = list(busy)
    heapq.heapify(free)
    ends: list[float] = []
    for seconds in queue if free else ():
        ends.append(free[0] + seconds)
        heapq.heapreplace(free, ends[-1])
    return ends


def told(seconds: float, before: float | None) -> float:
    """Answer what is told of an estimate: a round number, and the one of before as long as that is near."""
    step = next(step for most, step in _STEPS if seconds < most)
    if before is not None and abs(seconds - before) < _STAYS * step:
        return before
    return float(max(step, step * round(seconds / step)))


def waits(songs: Mapping[str, Known], queued: Sequence[str], working: Sequence[str], now: float) -> dict[str, float]:
    """Answer in how many seconds each queued song is done, as far as that is known."""
    pace = _pace(songs.values()) if queued and working else None
    if pace is None:
        return {}
    busy: dict[str, float] = defaultdict(float)
    for name in working:
        worker, left = _left(songs[name], pace, now)
        busy[worker] += left
    line = sorted(queued, key=lambda name: songs[name].asked(now))
    ends = estimates(busy.values(), (pace.spent(songs[name].music_s) for name in line))
    return dict(zip(line, ends, strict=False))  # there are none where nobody works


def _pace(songs: Iterable[Known]) -> Pace | None:
    done = (
        (song.lying.peaks.at, song.lying.work.seconds, song.music_s)
        for song in songs
        if song.lying.peaks and song.lying.work and song.lying.work.seconds and song.music_s
    )
    return Pace.of([(seconds, music) for _, seconds, music in heapq.nlargest(_RECENT, done)])


def _left(song: Known, pace: Pace, now: float) -> tuple[str, float]:
    """Answer who works on a song, and for how many seconds still."""
    newest = song.separate.newest(now)
    if newest is None:
        return "", 0.0
    if newest.seconds_left is None:
        return newest.record.worker, max(0.0, pace.spent(song.music_s) - (now - newest.began))
    return newest.record.worker, max(0.0, newest.seconds_left - (now - newest.heard))
