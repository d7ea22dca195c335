"""Write a mix as OGG Vorbis, loud enough and never too loud."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

Audio = NDArray[np.float32]

CEILING_DBFS = -1.0  # of the decoded file
HEADROOM_DB = 1.0  # what Vorbis overshoots the samples by, for most music; more is found by decoding
ATTEMPTS = 4


def write_ogg(path: Path, pieces: Sequence[Audio], rate: int) -> float:
    """Write stereo pieces (frames, 2), one after the other, as one OGG Vorbis file whose peak is at most -1 dBFS.

    All pieces are made quieter by the same gain where that is needed. The file appears under its name only when it
    is whole.

    Returns: the gain in dB, at most 0.

    Raises: OSError when the file cannot be written, or does not hold every frame afterwards.
    """
    part = path.with_name(f".{path.name}.part")
    gain_db = min(0.0, CEILING_DBFS - HEADROOM_DB - _dbfs(max(map(_peak, pieces))))
    try:
        for _ in range(ATTEMPTS):
            _write(part, pieces, rate, 10 ** (gain_db / 20))
            excess_db = _dbfs(_peak_of_file(part)) - CEILING_DBFS
            if excess_db <= 0:
                break
            gain_db -= excess_db + 0.1
        part.replace(path)
    except soundfile.SoundFileError as error:
        raise OSError(f"The mix could not be written to {path}: {error}") from error
    finally:
        part.unlink(missing_ok=True)
    return gain_db


def write_blocks(file: soundfile.SoundFile, samples: Audio, gain: float = 1.0) -> None:
    """Write one second at a time: more than about 30 s of Vorbis in one call overflows the stack of libvorbis
    and kills the process without a traceback (libsndfile issue 424)."""
    for start in range(0, len(samples), file.samplerate):
        block = samples[start : start + file.samplerate]
        file.write(block if gain == 1.0 else block * np.float32(gain))


def _write(part: Path, pieces: Sequence[Audio], rate: int, gain: float) -> None:
    with soundfile.SoundFile(part, "w", rate, 2, format="OGG", subtype="VORBIS") as file:
        for piece in pieces:
            write_blocks(file, piece, gain)
    frames, written = sum(map(len, pieces)), soundfile.info(part).frames
    if written != frames:
        raise OSError(f"The mix was cut off while it was written: {written} of {frames} frames in {part}.")


def _peak_of_file(path: Path) -> float:
    return max(map(_peak, soundfile.blocks(path, 65_536, dtype="float32")), default=0.0)


def _peak(samples: Audio) -> float:
    return float(max(samples.max(initial=0.0), -samples.min(initial=0.0)))


def _dbfs(peak: float) -> float:
    return 20 * math.log10(max(peak, 1e-9))
