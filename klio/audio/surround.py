"""More than two channels, mixed down to stereo."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_HALF_POWER = 2**-0.5
_LEFT, _RIGHT = (1.0, 0.0), (0.0, 1.0)
_CENTRE = (_HALF_POWER, _HALF_POWER)
_LEFT_BEHIND, _RIGHT_BEHIND = (_HALF_POWER, 0.0), (0.0, _HALF_POWER)
_CENTRE_BEHIND = (0.5, 0.5)
_DEEP = (0.0, 0.0)
_IN_FRONT = (_LEFT, _RIGHT, _CENTRE)
_SHARES = {
    3: _IN_FRONT,
    4: (_LEFT, _RIGHT, _LEFT_BEHIND, _RIGHT_BEHIND),
    5: (*_IN_FRONT, _LEFT_BEHIND, _RIGHT_BEHIND),
    6: (*_IN_FRONT, _DEEP, _LEFT_BEHIND, _RIGHT_BEHIND),
    7: (*_IN_FRONT, _DEEP, _CENTRE_BEHIND, _LEFT_BEHIND, _RIGHT_BEHIND),
    8: (*_IN_FRONT, _DEEP, _LEFT_BEHIND, _RIGHT_BEHIND, _LEFT_BEHIND, _RIGHT_BEHIND),
}

FORMATS = frozenset({"WAV", "WAVEX", "FLAC", "RF64", "W64"})
"""Formats whose channels are in the order that is meant here: front left, right, centre, deep, back, side."""

MOST = max(_SHARES)
"""Channels that can be mixed down."""


def stereo(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Answer (frames, 2) of samples (frames, 3 to 8), in the order of WAV and FLAC.

    Centre and back are 3 dB lower in both or in their own channel, the deep one is left out: ITU-R BS.775-4, annex 4.
    Nothing is scaled: what was at full scale in several channels is beyond it.
    """
    return samples @ np.array(_SHARES[samples.shape[1]], np.float32)
