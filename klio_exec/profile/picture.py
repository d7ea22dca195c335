"""A run as a picture: its CPU, its memory, and which transform was at which element, over one axis of time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle, pairwise
from pathlib import Path
from typing import Any

from klio_exec.profile.extras import needed
from klio_exec.profile.family import Family, Sample, Span

_INCHES = (11, 6.5)
_DPI = 110
_POINTS = 300  # of the curve of CPU: more of them show the clock of the kernel, not the job
_LEAST_NS = 10_000_000
_NAMED = 24  # elements beyond that have no room for their names
_COLOURS = ("#4878a8", "#e39c46")  # of two elements that follow each other
_NS = 1e9


def draw(family: Family, file: Path) -> None:
    """Write the picture, as a PNG. Needs matplotlib."""
    figures, agg = needed("matplotlib.figure"), needed("matplotlib.backends.backend_agg")
    begin = family.samples[0].at
    figure = figures.Figure(figsize=_INCHES, dpi=_DPI, layout="constrained")
    agg.FigureCanvasAgg(figure)  # no window, and no state that other code shares
    processors, memory, work = figure.subplots(3, 1, sharex=True, height_ratios=(2, 2, 1.5))
    times, loads = _load(family.samples, begin)
    processors.fill_between(times, loads, step="pre", color="#7a9a6b", alpha=0.8)
    processors.set_ylabel("CPU, % of a processor")
    processors.set_ylim(bottom=0)
    seconds = [(sample.at - begin) / _NS for sample in family.samples]
    memory.plot(seconds, [sample.memory / 1e6 for sample in family.samples], color="#8a4f7d")
    memory.set_ylabel("memory, MB")
    _draw_work(work, family.spans, begin)
    for border, _ in _borders(family.spans):
        for axes in (processors, memory):
            axes.axvline((border - begin) / _NS, color="#00000030", linewidth=0.8)
    work.set_xlabel("seconds")
    work.set_xlim(0, seconds[-1])
    figure.savefig(file, format="png")


def _load(samples: Sequence[Sample], begin: int) -> tuple[list[float], list[float]]:
    """Answer times (s), and of how many hundredths of a processor the time before each was."""
    least = max((samples[-1].at - begin) / _POINTS, _LEAST_NS)
    some = [samples[0]]
    some += (sample for sample in samples[1:] if sample.at - some[-1].at >= least)
    pairs = list(pairwise(some))
    return [(b.at - begin) / _NS for _, b in pairs], [100 * (b.cpu - a.cpu) / (b.at - a.at) for a, b in pairs]


def _borders(spans: Sequence[Span]) -> Iterator[tuple[int, bytes]]:
    """Yield when each element was begun with, in their order: when its first transform came to it."""
    before: bytes | None = None
    for span in sorted(spans, key=lambda span: span.begin):
        if span.element != before:
            yield span.begin, span.element
            before = span.element


def _draw_work(axes: Any, spans: Sequence[Span], begin: int) -> None:
    borders = list(_borders(spans))
    rows = list(dict.fromkeys(span.transform for span in sorted(spans, key=lambda span: span.begin)))
    colours = dict(zip(dict.fromkeys(element for _, element in borders), cycle(_COLOURS), strict=False))
    for span in spans:
        bar = [((span.begin - begin) / _NS, (span.end - span.begin) / _NS)]
        axes.broken_barh(bar, (rows.index(span.transform) - 0.4, 0.8), facecolors=colours[span.element])
    axes.set_yticks(range(len(rows)), rows)
    axes.invert_yaxis()
    if len(borders) <= _NAMED:
        for at, element in borders:
            name = element.decode(errors="backslashreplace")
            axes.annotate(name, ((at - begin) / _NS, -0.6), fontsize=7, rotation=30, va="bottom", annotation_clip=False)
