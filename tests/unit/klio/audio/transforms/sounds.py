"""A second of 440 Hz, and the way of an element through steps."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import soundfile

from klio.testing import Result, run_one

RATE = 22_050
TONE = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE).astype(np.float32)


def wav(samples: np.ndarray = TONE, rate: int = RATE) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV", subtype="FLOAT")
    return file.getvalue()


def through(*steps: Any, element: str = "tone", payload: bytes = b"", **world: Any) -> Result:
    """What the last of these steps makes of an element, the file of which is a second of 440 Hz."""
    world = {"files": {element: wav()}, **world}
    for step in steps:
        result = run_one(getattr(step, "fn", step), element, payload=payload, **world)
        payload = result.payloads[0] if result.payloads else b""
    return result
