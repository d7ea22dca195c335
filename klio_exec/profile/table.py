"""Figures as people read them, in columns."""

from __future__ import annotations

from collections.abc import Sequence

_UNITS = ((1e9, "s"), (1e6, "ms"), (1e3, "µs"))


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Answer lines whose columns are aligned: the first to the left, the others to the right.

    A row may be shorter than the header; what stands alone in a row is a line by itself.
    """
    lines = [header, *rows]
    widths = [max(len(line[at]) for line in lines if len(line) > max(at, 1)) for at in range(len(header))]
    return "\n".join("  ".join(_placed(line, widths)).rstrip() for line in lines)


def _placed(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    if len(line) == 1:
        return list(line)
    return [
        cell.rjust(width) if at else cell.ljust(width)
        for at, (cell, width) in enumerate(zip(line, widths, strict=False))
    ]


def time_text(ns: float) -> str:
    """Answer a time given in ns, in three digits and the unit that fits: `12.3 ms`."""
    for size, unit in _UNITS:
        if ns >= size:
            return f"{_three(ns / size)} {unit}"
    return f"{ns:.0f} ns"


def memory_text(size: float) -> str:
    """Answer a size in memory given in bytes, in MB of a million or less: `261 MB`, `1.2 kB`."""
    if size < 1e6:
        return f"{size / 1e3:.1f} kB"
    return f"{size / 1e6:.0f} MB" if size >= 1e7 else f"{size / 1e6:.1f} MB"


def share_text(part: float, whole: float) -> str:
    """Answer what part of the whole something is: `61 %`."""
    return f"{100 * part / whole:.0f} %" if whole else ""


def _three(number: float) -> str:
    return f"{number:.2f}" if number < 10 else f"{number:.1f}" if number < 100 else f"{number:.0f}"
