"""What a file is, by its content. Its name and what a client says of it are not asked."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from pathlib import Path

from web.upload import boxes, ebml, mpeg

HEAD_BYTES = 64 * 1024
"""How much of a file's beginning is looked at; of containers, the parts that say what is in them as well."""


class Kind(enum.StrEnum):
    """The formats that are taken: those that the job `separate` reads."""

    MP3 = "mp3"
    WAV = "wav"
    FLAC = "flac"
    OGG = "ogg"
    OPUS = "opus"
    M4A = "m4a"
    WEBM = "webm"
    AIFF = "aiff"

    @property
    def content_type(self) -> str:
        """The registered name of the format, for the header of that name."""
        return _CONTENT_TYPES[self]


_CONTENT_TYPES = {
    Kind.MP3: "audio/mpeg",
    Kind.WAV: "audio/wav",
    Kind.FLAC: "audio/flac",
    Kind.OGG: "audio/ogg",
    Kind.OPUS: "audio/ogg",
    Kind.M4A: "audio/mp4",
    Kind.WEBM: "audio/webm",
    Kind.AIFF: "audio/aiff",
}

TAKEN = "an audio file: MP3, WAV, FLAC, OGG (Vorbis or Opus), M4A, WebM or AIFF"


@dataclass(frozen=True, slots=True)
class Found:
    """What was found: a kind of audio, or None, and in both cases what it is in plain words."""

    kind: Kind | None
    what: str


_PICTURES = {
    b"\x89PNG\r\n": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"BM": "a BMP picture",
    b"II*\x00": "a TIFF picture",
    b"MM\x00*": "a TIFF picture",
}
_ARCHIVES = {
    b"PK\x03\x04": "a ZIP archive",
    b"PK\x05\x06": "an empty ZIP archive",
    b"\x1f\x8b": "a gzip archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an XZ archive",
    b"(\xb5/\xfd": "a Zstandard archive",
}
_OTHERS = {
    b"%PDF": "a PDF document",
    b"MZ": "a Windows program",
    b"\x7fELF": "a Linux program",
    b"\xcf\xfa\xed\xfe": "a macOS program",
    b"SQLite format 3": "a database",
    b"MThd": "a MIDI file, which holds notes and no sound",
    b"0&\xb2u": "a Windows Media file",
    b"#!AMR": "an AMR recording",
    b"caff": "a Core Audio file",
    b".snd": "an AU file",
    b"wvpk": "a WavPack file",
    b"MAC ": "a Monkey's Audio file",
    b"FLV": "a Flash video",
}
_NOT_TAKEN = _PICTURES | _ARCHIVES | _OTHERS
_RIFF = {b"AVI ": "an AVI video", b"WEBP": "a WebP picture"}
_FORM = {b"AIFF", b"AIFC"}
_OGG = {b"\x01vorbis": Kind.OGG, b"OpusHead": Kind.OPUS, b"\x7fFLAC": Kind.OGG}
_PICTURE_BRANDS = {b"heic", b"heix", b"mif1", b"avif", b"msf1"}
_HTML = re.compile(rb"\s*(<!--.*?-->\s*)*<(!doctype html|html|head|body|script)\b", re.IGNORECASE | re.DOTALL)
_XML = re.compile(rb"\s*<(\?xml|svg)\b", re.IGNORECASE)
_JSON = re.compile(rb"\s*[{\[]")
_MOST_TAGS = 4
_CONTROLS = frozenset(range(32)) - frozenset(b"\t\n\r\f\x1b")


def sniff(path: Path) -> Found:
    """Answer what the file at `path` is."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        behind = 0
        for _ in range(_MOST_TAGS):
            tag = mpeg.tag_size(head)
            if not tag:
                break
            behind += tag
            file.seek(behind)  # behind the ID3 tag, which may hold a picture of megabytes
            head = file.read(HEAD_BYTES)
    if behind:
        return _after_tag(head)
    return _container(path, head) or _known(head) or _mpeg(head) or _text(head)


def _container(path: Path, head: bytes) -> Found | None:
    """Answer what is in a file that can hold several things."""
    match head[:4]:
        case b"RIFF" | b"RF64" | b"BW64":
            return _riff(head)
        case b"FORM":
            return Found(Kind.AIFF, "AIFF") if head[8:12] in _FORM else Found(None, "an IFF file without sound")
        case b"fLaC":
            return Found(Kind.FLAC, "FLAC")
        case b"OggS":
            return _ogg(head)
        case b"\x1a\x45\xdf\xa3":
            return _matroska(path)
    return _mpeg4(path, head) if head[4:8] == b"ftyp" else None


def _riff(head: bytes) -> Found:
    if head[8:12] == b"WAVE":
        return Found(Kind.WAV, "WAV")
    return Found(None, _RIFF.get(head[8:12], "a RIFF file without sound"))


def _ogg(head: bytes) -> Found:
    kinds = [kind for mark, kind in _OGG.items() if mark in head[:4096]]
    if kinds:
        return Found(kinds[0], "Opus" if kinds[0] is Kind.OPUS else "OGG")
    what = "a Theora video without sound" if b"theora" in head else "an OGG file of a codec that is not read"
    return Found(None, what)


def _matroska(path: Path) -> Found:
    if ebml.look(path).sound:
        return Found(Kind.WEBM, "WebM")
    return Found(None, "a WebM or Matroska video without sound")


def _mpeg4(path: Path, head: bytes) -> Found:
    if head[8:12] in _PICTURE_BRANDS:
        return Found(None, "a HEIF or AVIF picture")
    if boxes.has_sound(path):
        return Found(Kind.M4A, "MPEG-4")
    return Found(None, "an MPEG-4 video without sound")


def _known(head: bytes) -> Found | None:
    return next((Found(None, what) for mark, what in _NOT_TAKEN.items() if head.startswith(mark)), None)


def _after_tag(head: bytes) -> Found:
    if head.startswith(b"fLaC"):
        return Found(Kind.FLAC, "FLAC")
    return _mpeg(head) or Found(None, "an ID3 tag without music behind it")


def _mpeg(head: bytes) -> Found | None:
    if mpeg.is_adts(head):
        return Found(None, "AAC without a container")
    return Found(Kind.MP3, "MP3") if mpeg.first_frame(head) is not None else None


def _text(head: bytes) -> Found:
    for pattern, what in ((_HTML, "a web page (HTML)"), (_XML, "an XML document")):
        if pattern.match(head):
            return Found(None, what)
    if not _CONTROLS.isdisjoint(head):
        return Found(None, "a file of no format that is known here")
    return Found(None, "a JSON document" if _JSON.match(head) else "a text")
