from __future__ import annotations

import os
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from tests.separator.web.sounds import SONGS, song, video
from web.upload.sniff import Kind, sniff

TAKEN = {
    "song.mp3": Kind.MP3,
    "no-tag.mp3": Kind.MP3,
    "song.wav": Kind.WAV,
    "rf64.wav": Kind.WAV,
    "song.flac": Kind.FLAC,
    "song.ogg": Kind.OGG,
    "flac.ogg": Kind.OGG,
    "song.opus": Kind.OPUS,
    "song.m4a": Kind.M4A,
    "song.webm": Kind.WEBM,
    "song.aiff": Kind.AIFF,
}
REFUSED = {
    b"\x89PNG\r\n\x1a\n" + bytes(40): "a PNG picture",
    b"\xff\xd8\xff\xe0\x00\x10JFIF\x00": "a JPEG picture",
    b"RIFF\x00\x00\x00\x00WEBPVP8 ": "a WebP picture",
    b"\x00\x00\x00\x18ftypheic" + bytes(40): "a HEIF or AVIF picture",
    b"<!DOCTYPE html><html><body>404": "a web page (HTML)",
    b"\n <!-- saved --> <HTML><head>": "a web page (HTML)",
    b'<?xml version="1.0"?><a/>': "an XML document",
    b'{"error": "no such song"}': "a JSON document",
    b"Dear Sir or Madam": "a text",
    b"%PDF-1.7\n": "a PDF document",
    b"MZ\x90\x00\x03": "a Windows program",
    b"\x7fELF\x02\x01": "a Linux program",
    b"MThd\x00\x00\x00\x06": "a MIDI file, which holds notes and no sound",
    b"FORM\x00\x00\x00\x10ILBM": "an IFF file without sound",
    bytes(1000): "a file of no format that is known here",
}
VIDEOS = {
    "v.mp4": "an MPEG-4 video without sound",
    "v.webm": "a WebM or Matroska video without sound",
    "v.mkv": "a WebM or Matroska video without sound",
    "v.avi": "an AVI video",
    "v.ogv": "a Theora video without sound",
}


def written(directory: Path, content: bytes, name: str = "upload") -> Path:
    path = directory / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", TAKEN)
def test_a_song_is_what_its_content_is_whatever_it_is_called(name: str, tmp_path: Path) -> None:
    found = sniff(written(tmp_path, song(name), "holiday.png"))

    assert found.kind is TAKEN[name]
    assert found.kind.content_type.startswith("audio/")


@pytest.mark.parametrize(("content", "what"), REFUSED.items(), ids=REFUSED.values())
def test_what_is_no_audio_is_called_by_its_name(content: bytes, what: str, tmp_path: Path) -> None:
    found = sniff(written(tmp_path, content, "song.mp3"))

    assert (found.kind, found.what) == (None, what)


@pytest.mark.parametrize("name", VIDEOS)
def test_a_video_without_sound_is_no_song(name: str, tmp_path: Path) -> None:
    found = sniff(written(tmp_path, video(name), "song.m4a"))

    assert (found.kind, found.what) == (None, VIDEOS[name])


@pytest.mark.parametrize(
    ("name", "what"), {"song.aac": "AAC without a container", "song.wma": "a Windows Media file"}.items()
)
def test_sound_that_the_jobs_do_not_read_is_refused_by_its_name(name: str, what: str, tmp_path: Path) -> None:
    assert name in SONGS

    found = sniff(written(tmp_path, song(name)))
    assert (found.kind, found.what) == (None, what)


def test_an_archive_of_songs_is_an_archive(tmp_path: Path) -> None:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("song.mp3", song("song.mp3"))

    assert sniff(written(tmp_path, file.getvalue())).what == "a ZIP archive"


def test_a_song_behind_a_large_picture_and_two_tags_is_found(tmp_path: Path) -> None:
    def tag(size: int) -> bytes:
        digits = bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
        return b"ID3\x03\x00\x00" + digits + os.urandom(size)

    music = song("no-tag.mp3")
    assert sniff(written(tmp_path, tag(3_000_000) + tag(2_000) + bytes(500) + music)).kind is Kind.MP3
    assert sniff(written(tmp_path, tag(2_000) + song("song.flac"))).kind is Kind.FLAC
    assert sniff(written(tmp_path, tag(2_000))).what == "an ID3 tag without music behind it"


@pytest.mark.parametrize("name", ["no-tag.mp3", "song.ogg", "song.wav", "song.flac", "song.webm"])
def test_the_first_part_of_a_song_is_still_a_song(name: str, tmp_path: Path) -> None:
    assert sniff(written(tmp_path, song(name)[:2000])).kind is TAKEN[name]


def test_noise_is_no_song(tmp_path: Path) -> None:
    kinds = {sniff(written(tmp_path, b"\x00" + os.urandom(20_000))).kind for _ in range(200)}

    assert kinds == {None}


@pytest.mark.parametrize(
    "content",
    [
        b"\x00\x00\x00\x10ftypM4A \x00\x00\x00\x00" + b"\x00\x00\x00\x08moov" * 200_000,
        b"\x00\x00\x00\x10ftypM4A \x00\x00\x00\x00" + b"\x7f\xff\xff\xffmoov" * 50_000,
        b"\x1a\x45\xdf\xa3\x80" + b"\x18\x53\x80\x67\xff" * 200_000,
        b"\x1a\x45\xdf\xa3\x80" + b"\x18\x53\x80\x67\xff" + b"\x16\x54\xae\x6b\x80" * 200_000,
        b"\x1a\x45\xdf\xa3",
        b"\x00\x00\x00\x10ftyp",
        b"RIFF",
        b"OggS",
        b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f",
        b"\xff" * 200_000,
        b"\xff\xfb" * 100_000,
    ],
    ids=range(11),
)
def test_a_file_that_was_made_to_keep_one_busy_is_soon_known_to_be_none(content: bytes, tmp_path: Path) -> None:
    assert sniff(written(tmp_path, content)).kind is None
