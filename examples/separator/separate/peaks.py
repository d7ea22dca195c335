"""What a page draws of a stem: how loud it is, a thousand times from its beginning to its end."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np  # klio: audit-off blas-threads each worker gets its share from klio, and PyTorch takes that
from numpy.typing import NDArray

_COUNT = 1000


def of(stems: Mapping[str, NDArray[np.float32]]) -> dict[str, list[int]]:
    """Answer of each stem its peaks, 0 to 100, on one scale for all stems of the song."""
    peaks = {name: _peaks(samples) for name, samples in stems.items()}
    loudest = max((part.max(initial=0.0) for part in peaks.values()), default=0.0) or 1.0
    return {name: np.round(100 * part / loudest).astype(int).tolist() for name, part in peaks.items()}


def _peaks(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Answer the largest of the samples (frames, channels) in each of a thousand stretches, or fewer of a short one."""
    loud = np.abs(samples).max(axis=1)
    borders = np.linspace(0, len(loud), min(_COUNT, len(loud)) + 1).astype(int)[:-1]
    return np.maximum.reduceat(loud, borders)
