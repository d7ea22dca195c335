"""Mix two tracks into one: beats aligned, equal-power cross-fade, loudness matched, no clipping."""

import logging
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from beats import Pulse, find_pulse
from encode import write_ogg
from fade import plan_fade, render
from loudness import integrated_loudness
from match import Mismatch, match_beats
from report import Mix, Track

from klio.audio import Sound, decode

ANALYSED_S = 60.0  # of the first track's end and of the second track's beginning
MOST_GAIN_DB = 12.0

log = logging.getLogger("automixer")
Progress = Callable[[float, str], object]


def _say_nothing(_fraction: float, _next: str) -> None:
    pass


def mix(first: Path, second: Path, out: Path, *, crossfade_s: float = 8.0, progress: Progress = _say_nothing) -> Mix:
    """Write the mix of two tracks to `out` as OGG Vorbis, in stereo, at the first track's rate.

    The fade lasts `crossfade_s` seconds, rounded to whole beats of the first track, but at most half of either track.
    It begins on a beat of both; what the second track holds before that beat, at most a second or two, is not
    heard. Where a track has no steady beat, or the tempi differ by more than 8 % after folding octaves, it is a plain
    cross-fade, and a warning in the log and in the report says why. `progress` is called with how much is done, 0 to
    1, and what is done next.

    Raises: BadAudio or TooLarge when a track cannot be used (see klio.audio.decode); OSError when a file cannot be read
    or written; ValueError when `crossfade_s` is not a positive number.
    """
    if not 0 < crossfade_s < math.inf:
        raise ValueError(f"crossfade_s must be a positive number of seconds, not {crossfade_s}.")
    progress(0.0, "decoding")
    one = decode(first)
    two = decode(second).at_rate(one.rate)
    progress(0.15, "finding the beats")
    before = max(0.0, one.duration_s - ANALYSED_S)
    pulse_one = find_pulse(one.samples[round(before * one.rate) :], one.rate, before)
    pulse_two = find_pulse(two.samples[: round(ANALYSED_S * two.rate)], two.rate)
    track_one, track_two = _describe(one, pulse_one), _describe(two, pulse_two)
    match = match_beats(pulse_one, pulse_two)
    warning = match.reason if isinstance(match, Mismatch) else None
    if warning:
        log.warning("%s and %s: plain cross-fade, for %s", first.name, second.name, warning)

    progress(0.4, "cross-fading")
    beat_s = pulse_one.grid.period_s if pulse_one else 1.0
    fade = plan_fade(one, two, match, beat_s, crossfade_s)
    pieces, head = render(one, two, fade, _gain(track_one, track_two))
    progress(0.5, "encoding")
    gain_db = write_ogg(out, pieces, one.rate)
    return Mix(
        first=track_one,
        second=track_two,
        rate=one.rate,
        duration_s=sum(map(len, pieces)) / one.rate,
        fade_start_s=fade.start / one.rate,
        fade_s=fade.frames / one.rate,
        tempo=fade.tempo,
        second_times=np.add(head.copies, [fade.start, fade.second_start]) / one.rate,
        gain_db=gain_db,
        warning=warning,
    )


def _describe(sound: Sound, pulse: Pulse | None) -> Track:
    loudness = integrated_loudness(sound.samples, sound.rate)
    return Track(sound.duration_s, pulse.grid if pulse else None, loudness)


def _gain(first: Track, second: Track) -> float:
    """What makes the second track as loud as the first; silence stays as it is."""
    difference_db = first.loudness_lufs - second.loudness_lufs
    if not math.isfinite(difference_db):
        return 1.0
    return float(10 ** (np.clip(difference_db, -MOST_GAIN_DB, MOST_GAIN_DB) / 20))
