"""Draw a mix: the whole of it, and both tracks with their beats where they meet."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from report import Mix, Track

from klio.audio import Sound, decode

Times = NDArray[np.float64]

FIRST, SECOND, BOTH = "#1b7a8c", "#d9622b", "#6d4a8f"
INK, QUIET, PAPER, FADE = "#23262b", "#8a8f98", "#fcfbf8", "#f1e9d8"
COLUMNS = 1300  # of a waveform: about one for each pixel
MARGIN_S = 2.0  # shown before and after the fade


def draw(first: Path, second: Path, mixed: Path, mix: Mix, out: Path) -> None:
    """Draw `mix`, made of `first` and `second` and written to `mixed`, as a PNG of 1400 x 1000 pixels.

    Raises: BadAudio when one of the three files cannot be read; OSError when `out` cannot be written.
    """
    figure = Figure(figsize=(14, 10), dpi=100, facecolor=PAPER, layout="constrained")
    FigureCanvasAgg(figure)
    whole, one, two, both = figure.subplots(4, 1)
    shown = np.linspace(mix.fade_start_s - MARGIN_S, mix.fade_start_s + mix.fade_s + MARGIN_S, COLUMNS + 1)
    heard = np.maximum(mix.playing_at(shown), mix.second_start_s)
    beats_one = _beats(mix.first, 0.0)
    beats_two = mix.heard_at(_beats(mix.second, mix.second_start_s - 0.001))  # it starts on a beat, rounded to frames

    figure.suptitle(_headline(first, second, mix), color=INK, fontsize=15, fontweight="bold", x=0.01, ha="left")
    sound = decode(mixed)
    _draw_whole(whole, sound, mix)
    _draw_wave(one, decode(first), np.minimum(shown, mix.first.duration_s), shown, FIRST)
    _draw_wave(two, decode(second), heard, shown, SECOND)
    _draw_wave(both, sound, shown, shown, BOTH)
    _draw_beats(one, beats_one, FIRST)
    _draw_beats(two, beats_two, SECOND)
    _draw_beats(both, beats_one[beats_one < shown[-1] - MARGIN_S], FIRST, half=True)
    _draw_beats(both, beats_two, SECOND, above=False, half=True)
    _draw_gains(one, two, mix)
    _finish(whole, f"The mix, {_clock(mix.duration_s)}", BOTH, mix)
    _finish(one, f"First: {_describe(first, mix.first)}", FIRST, mix)
    _finish(two, f"Second, {_speed(mix)}: {_describe(second, mix.second)}", SECOND, mix)
    _finish(both, "Where they meet: beats of the first above, of the second below", BOTH, mix)
    both.set_xlabel("seconds of the mix", color=INK)
    figure.savefig(out, format="png", facecolor=PAPER)
    figure.clear()


def _draw_whole(axes: Axes, sound: Sound, mix: Mix) -> None:
    corners = (0.0, mix.fade_start_s, mix.fade_start_s + mix.fade_s, sound.duration_s)
    for start_s, end_s, colour in zip(corners[:-1], corners[1:], (FIRST, BOTH, SECOND), strict=True):
        columns = max(2, round(COLUMNS * (end_s - start_s) / max(sound.duration_s, 1e-9)))
        times = np.linspace(start_s, end_s, columns + 1)
        _draw_wave(axes, sound, times, times, colour)
    axes.set_xlim(0.0, sound.duration_s)


def _draw_wave(axes: Axes, sound: Sound, times_s: Times, at_s: Times, colour: str) -> None:
    """Lowest and highest sample between each of `times_s` and the next, drawn at `at_s`."""
    mono = sound.samples.mean(axis=1)
    frames = np.clip((times_s * sound.rate).astype(int), 0, len(mono) - 1)
    silent = frames[1:] <= frames[:-1]
    high = np.where(silent, 0.0, np.maximum.reduceat(mono, frames)[:-1])
    low = np.where(silent, 0.0, np.minimum.reduceat(mono, frames)[:-1])
    axes.fill_between(at_s[:-1], low, high, color=colour, alpha=0.85, linewidth=0, step="post")
    axes.set_xlim(at_s[0], at_s[-1])


def _draw_beats(axes: Axes, beats_s: Times, colour: str, *, above: bool = True, half: bool = False) -> None:
    """A line for each beat, with a mark at its upper or lower end; half of the height where two tracks share it."""
    start_s, end_s = axes.get_xlim()
    bottom, top = (0.5 if half and above else 0.0), (0.5 if half and not above else 1.0)
    for beat_s in beats_s[(beats_s >= start_s) & (beats_s <= end_s)]:
        axes.axvline(beat_s, bottom, top, color=INK, linewidth=0.9, alpha=0.65)
        axes.plot(
            beat_s,
            top if above else bottom,
            marker="v" if above else "^",
            color=colour,
            markersize=7,
            transform=axes.get_xaxis_transform(),
            clip_on=False,
        )


def _draw_gains(one: Axes, two: Axes, mix: Mix) -> None:
    turn = np.linspace(0.0, np.pi / 2, 100)
    times = mix.fade_start_s + turn / (np.pi / 2) * mix.fade_s
    for axes, gain in ((one, np.cos(turn)), (two, np.sin(turn))):
        axes.plot(times, gain, color=INK, linewidth=1.6, linestyle=(0, (4, 2)))


def _finish(axes: Axes, title: str, colour: str, mix: Mix) -> None:
    axes.axvspan(mix.fade_start_s, mix.fade_start_s + mix.fade_s, color=FADE, zorder=0)
    axes.set_title(title, loc="left", color=colour, fontsize=12, fontweight="bold", pad=10)
    axes.set_facecolor(PAPER)
    axes.set_ylim(-1.05, 1.05)
    axes.set_yticks([])
    axes.tick_params(colors=QUIET, pad=6)
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(QUIET)


def _beats(track: Track, start_s: float) -> Times:
    return track.grid.between(start_s, track.duration_s) if track.grid else np.empty(0)


def _headline(first: Path, second: Path, mix: Mix) -> str:
    how = "on the beat" if mix.beats_matched else f"plain cross-fade: {mix.warning}"
    return f"{first.stem} into {second.stem}, {mix.fade_s:.1f} s, {how}"


def _describe(path: Path, track: Track) -> str:
    tempo = f"{track.tempo_bpm:.2f} BPM" if track.tempo_bpm else "no steady beat"
    return f"{path.name}, {_clock(track.duration_s)}, {tempo}, {track.loudness_lufs:.1f} LUFS"


def _speed(mix: Mix) -> str:
    return f"{(mix.tempo - 1) * 100:+.1f} % during the fade" if mix.beats_matched else "at its own tempo"


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
