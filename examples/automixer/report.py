"""What a mix was made of: the facts behind the file."""

from dataclasses import dataclass

import numpy as np
from beats import BeatGrid
from numpy.typing import NDArray


@dataclass(frozen=True)
class Track:
    """What was found out about one of the two tracks."""

    duration_s: float
    grid: BeatGrid | None  # None: there is no steady beat
    loudness_lufs: float  # -inf for silence

    @property
    def tempo_bpm(self) -> float | None:
        """Beats per minute."""
        return self.grid.tempo_bpm if self.grid else None


@dataclass(frozen=True)
class Mix:
    """How two tracks were mixed. Times are seconds of the mix, which begins where the first track begins."""

    first: Track
    second: Track
    rate: int  # frames per second of the mix: those of the first track
    duration_s: float
    fade_start_s: float
    fade_s: float
    tempo: float  # how fast the second track plays during the fade; 1.0 is as it is
    second_times: NDArray[np.float64]  # (copies, 2): from this time of the mix on, that time of the second track
    gain_db: float  # of the whole mix, to keep its peak down
    warning: str | None  # why the beats were not matched

    @property
    def beats_matched(self) -> bool:
        """Whether the tracks keep step during the fade."""
        return self.warning is None

    @property
    def second_start_s(self) -> float:
        """Which second of the second track is heard first, at fade_start_s."""
        return float(self.second_times[0, 1])

    def heard_at(self, second_track_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """When times of the second track are heard, in seconds of the mix."""
        copy = np.searchsorted(self.second_times[:, 1], second_track_s, side="right") - 1
        heard, played = self.second_times[np.maximum(copy, 0)].T
        return np.asarray(second_track_s - played + heard, np.float64)

    def playing_at(self, mix_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Which times of the second track are heard at times of the mix."""
        copy = np.searchsorted(self.second_times[:, 0], mix_s, side="right") - 1
        heard, played = self.second_times[np.maximum(copy, 0)].T
        return np.asarray(mix_s - heard + played, np.float64)
