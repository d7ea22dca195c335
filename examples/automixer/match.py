"""Which beats of two tracks can be laid on each other, and at what speed."""

import math
from dataclasses import dataclass

from beats import BeatGrid, Pulse

WIDEST_STRETCH = 0.08  # beyond it, drums and voices sound hurried or tired
SHORTEST_STEP_S = 0.5  # matched are the beats at 60 to 120 per minute or slower, those with the strongest onsets


@dataclass(frozen=True)
class Match:
    """Two grids of the same octave, and how fast the second track must play to keep step with the first."""

    first: BeatGrid
    second: BeatGrid
    tempo: float  # times as fast; 1.0 is as it is


@dataclass(frozen=True)
class Mismatch:
    """Why there is no match."""

    reason: str


def match_beats(first: Pulse | None, second: Pulse | None) -> Match | Mismatch:
    """Lay the second track's beats on the first's, in the slower octave of the two."""
    if first is None or second is None:
        which = [name for name, pulse in (("first", first), ("second", second)) if pulse is None]
        return Mismatch(f"no steady beat was found in the {' and in the '.join(which)} track")
    octaves = round(math.log2(second.grid.period_s / first.grid.period_s))
    tempo = second.grid.period_s / (first.grid.period_s * 2.0**octaves)
    if abs(tempo - 1) > WIDEST_STRETCH:
        tempi = f"{first.grid.tempo_bpm:.1f} and {second.grid.tempo_bpm:.1f} BPM"
        return Mismatch(f"the tempi differ by more than 8 %, octaves folded: {tempi}")
    step_s = max(first.grid.period_s, second.grid.period_s)
    slower = 2 ** max(0, math.ceil(math.log2(SHORTEST_STEP_S / step_s)))
    return Match(first.slowed(slower * 2 ** max(0, octaves)), second.slowed(slower * 2 ** max(0, -octaves)), tempo)
