"""What a song says of itself: title, artist, duration. Nothing is decoded, and nothing of it is believed."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mutagen
from mutagen.aiff import AIFF
from mutagen.easymp4 import EasyMP4
from mutagen.flac import FLAC
from mutagen.mp3 import EasyMP3
from mutagen.oggflac import OggFLAC
from mutagen.oggopus import OggOpus
from mutagen.oggvorbis import OggVorbis
from mutagen.wave import WAVE

from web.upload import ebml, mpeg, riff
from web.upload.sniff import Kind

MOST_LETTERS = 200
_READERS: dict[Kind, list[Callable[[str], Any]]] = {
    Kind.MP3: [EasyMP3],
    Kind.WAV: [WAVE],
    Kind.FLAC: [FLAC],
    Kind.OGG: [OggVorbis, OggFLAC],
    Kind.OPUS: [OggOpus],
    Kind.M4A: [EasyMP4],
    Kind.AIFF: [AIFF],
    Kind.WEBM: [],
}
_TITLE, _ARTIST = ("title", "TIT2"), ("artist", "TPE1")
# Controls, what turns a line round, and what is no letter.
_UNSHOWN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Tags:
    """What is known before decoding. `duration_s` may be a guess; the song has `at_least_s` for certain."""

    title: str | None = None
    artist: str | None = None
    duration_s: float | None = None
    at_least_s: float = 0.0


def read(path: Path, kind: Kind) -> Tags:
    """Answer what a file says, with whatever memory and time that takes, and whatever mutagen raises."""
    if kind is Kind.WEBM:
        seconds = ebml.look(path).duration_s
        return Tags(duration_s=seconds, at_least_s=seconds or 0.0)
    said = _said(path, kind)
    seconds = riff.duration_s(path) if kind is Kind.WAV else _seconds(said)
    at_least = _at_least(path) if kind is Kind.MP3 else seconds
    tags = (said.tags if said is not None else None) or {}
    return Tags(_first(tags, _TITLE), _first(tags, _ARTIST), seconds, at_least or 0.0)


def clean(text: str) -> str | None:
    """Answer a text of a stranger as one line of letters that can be shown, or None where nothing is left."""
    line = "".join(" " if unicodedata.category(letter) in _UNSHOWN else letter for letter in text[: 8 * MOST_LETTERS])
    return " ".join(line.split())[:MOST_LETTERS].strip() or None


def _said(path: Path, kind: Kind) -> Any:
    try:
        return mutagen.File(str(path), options=_READERS[kind])
    except mutagen.MutagenError:
        return None


def _seconds(said: Any) -> float | None:
    """Answer the duration that the header says, where that is a number one can use."""
    length = float(getattr(getattr(said, "info", None), "length", None) or 0.0)
    return length if 0.0 < length < float("inf") else None


def _at_least(path: Path) -> float:
    """Answer the seconds of an MP3 if all of it were music of the highest rate: a shorter one has fewer bytes."""
    with path.open("rb") as file:
        music = path.stat().st_size - mpeg.tag_size(file.read(10))
    return max(0.0, 8 * music / (1000 * mpeg.MOST_KBITS))


def _first(tags: Any, keys: tuple[str, ...]) -> str | None:
    for key in keys:
        if key in tags:
            values = tags[key]
            return clean(str(values[0] if isinstance(values, list) and values else values))
    return None
