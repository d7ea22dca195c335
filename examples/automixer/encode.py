"""Write a mix as OGG Vorbis."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray


def write_ogg(path: Path, pieces: Iterable[NDArray[np.float32]], rate: int, gain: float = 1.0) -> int:
    """Write stereo pieces (frames, 2), one after the other and times `gain`, as one OGG Vorbis file.

    The file appears under its name only when it is whole.

    Returns: the number of frames written.

    Raises: OSError when the file that was written does not hold every frame (a full disk shows up here).
    """
    part = path.with_name(f".{path.name}.part")
    try:
        frames = _write(part, pieces, rate, gain)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return frames


def write_blocks(file: soundfile.SoundFile, samples: NDArray[np.float32], gain: float = 1.0) -> None:
    """Write one second at a time: more than about 30 s of Vorbis in one call overflows the stack of libvorbis
    and kills the process without a traceback (libsndfile issue 424)."""
    for start in range(0, len(samples), file.samplerate):
        block = samples[start : start + file.samplerate]
        file.write(block if gain == 1.0 else block * np.float32(gain))


def _write(part: Path, pieces: Iterable[NDArray[np.float32]], rate: int, gain: float) -> int:
    frames = 0
    with soundfile.SoundFile(part, "w", rate, 2, format="OGG", subtype="VORBIS") as file:
        for piece in pieces:
            write_blocks(file, piece, gain)
            frames += len(piece)
    written = soundfile.info(part).frames if frames else 0
    if written != frames:
        raise OSError(f"The mix was cut off while it was written: {written} of {frames} frames in {part}.")
    return frames
