"""The cross-fade: where it lies in both tracks, and its samples."""

from dataclasses import dataclass

import numpy as np
from match import Match, Mismatch
from numpy.typing import NDArray
from stretch import Stretched, stretch_head

from klio.audio import Sound

Audio = NDArray[np.float32]


@dataclass(frozen=True)
class Fade:
    """Where a cross-fade lies, in frames."""

    start: int  # of the first track: where the second one begins to be heard
    frames: int
    second_start: int  # of the second track: what is heard there first
    tempo: float  # how fast the second track plays meanwhile; 1.0 is as it is

    @property
    def end(self) -> int:
        """The first frame of the mix in which the second track plays alone."""
        return self.start + self.frames


def plan_fade(first: Sound, second: Sound, match: Match | Mismatch, beat_s: float, crossfade_s: float) -> Fade:
    """Put the fade at the end of the first track, on the beat where the beats match.

    It lasts `crossfade_s`, rounded to whole beats of `beat_s` seconds, but at most half of each track.
    """
    longest_s = min(first.duration_s, second.duration_s) / 2
    if isinstance(match, Mismatch):
        frames = int(min(crossfade_s, longest_s) * first.rate)
        return Fade(len(first.samples) - frames, frames, 0, 1.0)
    beats = max(1, min(round(crossfade_s / beat_s), int(longest_s / beat_s)))
    start_s = match.first.last_until(first.duration_s - beats * beat_s)
    second_start_s = match.second.first_from(0.0)
    start, end, second_start = (
        round(time_s * first.rate) for time_s in (start_s, start_s + beats * beat_s, second_start_s)
    )
    return Fade(start, end - start, second_start, match.tempo)


def render(first: Sound, second: Sound, fade: Fade, gain: float) -> tuple[list[Audio], Stretched]:
    """The mix as three pieces in a row (before, during and after the fade), and how the second was stretched.

    The fade is equal-power: the squares of the two gains add up to one.
    """
    entering = second.samples[fade.second_start :] * np.float32(gain)
    head = stretch_head(entering, second.rate, fade.frames, fade.tempo)
    angle = ((np.arange(fade.frames, dtype=np.float32) + 0.5) * (np.pi / 2 / max(1, fade.frames)))[:, None]
    leaving = first.samples[fade.start : fade.end]
    during = leaving * np.cos(angle) + head.samples * np.sin(angle)
    return [first.samples[: fade.start], during, entering[head.resume :]], head
