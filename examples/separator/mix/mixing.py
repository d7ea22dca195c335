"""Some stems of a song, played together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from klio.audio.mp3 import open_mp3
from klio_core.errors import BadPayload

STEMS = ("bass", "drums", "other", "vocals")
DEFAULT = b"bass+drums"
WISHES = b"wishes"


def stems(payload: bytes) -> tuple[str, ...]:
    """Answer the stems that a message asks for, sorted: `drums+vocals`; of an empty one, drums and bass.

    Raises BadPayload for what is no stem, and for one that is named twice.
    """
    names = (payload or DEFAULT).decode(errors="replace").split("+")
    if set(names) - set(STEMS) or len(set(names)) != len(names):
        raise BadPayload(
            "the payload names no mix",
            expected=f"some of {', '.join(STEMS)}, each once, with + between them",
            got=f"{payload!r:.80}",
            todo="publish the message again, with stems that there are",
        )
    return tuple(sorted(names))


def wanted(payload: bytes, wishes: Iterable[str]) -> tuple[bytes, ...]:
    """Answer the payloads of the mixes to be made of a song whose stems have come, each once.

    Whoever sent for the stems may want a mix himself: the payload says which, or `wishes` for none. What others have
    wished for meanwhile is made in any case.
    """
    own = () if payload == WISHES else (payload or DEFAULT,)
    return tuple(dict.fromkeys((*own, *(wish.encode() for wish in wishes))))


def mix(stems: Sequence[Path], target: Path, bitrate: int) -> None:
    """Add stems, MP3 files of one length and one rate, into one MP3, a second at a time.

    What is louder than full scale makes the whole mix quieter; so the stems are read twice.
    """
    loudest = max((float(np.abs(block).max(initial=0.0)) for block in _sums(stems)), default=0.0)
    rate = soundfile.info(stems[0]).samplerate
    with open_mp3(target, rate, bitrate=bitrate) as file:
        for block in _sums(stems):
            file.write(block / np.float32(max(1.0, 1.01 * loudest)))


def _sums(stems: Sequence[Path]) -> Iterator[NDArray[np.float32]]:
    with ExitStack() as stack:
        files = [stack.enter_context(soundfile.SoundFile(stem)) for stem in stems]
        while True:
            blocks = [file.read(file.samplerate, dtype="float32", always_2d=True) for file in files]
            longest = max(map(len, blocks))
            if not longest:
                return
            total = np.zeros((longest, 2), np.float32)
            for block in blocks:
                total[: len(block)] += block
            yield total
