from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.separator.web.sounds import ARTIST, SECONDS, TITLE, noise_free_wav, silence, song
from tests.separator.web.test_sniff import TAKEN, written
from web.upload.apart import Readers
from web.upload.sniff import Kind, sniff
from web.upload.tags import Tags, clean, read

COMPRESSED = 0x0009  # and with the length before it
WITHOUT_TAGS = {"no-tag.mp3", "song.wav", "rf64.wav", "song.webm", "song.aiff"}  # ffmpeg writes none that are read here


@pytest.fixture
def readers() -> Iterator[Readers]:
    readers = Readers()
    yield readers
    readers.close()


@pytest.mark.parametrize("name", TAKEN)
def test_what_a_song_says_of_itself_is_read_without_decoding_it(name: str, tmp_path: Path) -> None:
    tags = read(written(tmp_path, song(name)), TAKEN[name])

    assert tags.duration_s == pytest.approx(SECONDS, abs=0.1)
    assert tags.at_least_s <= SECONDS + 0.1
    expected = (None, None) if name in WITHOUT_TAGS else (TITLE, ARTIST)
    assert (tags.title, tags.artist) == expected


def test_three_hours_of_silence_in_a_small_file_are_known_to_be_three_hours(tmp_path: Path) -> None:
    content = silence(3 * 3600)

    assert len(content) < 2_000_000
    assert read(written(tmp_path, content), Kind.FLAC).at_least_s == 3 * 3600


def test_an_mp3_without_a_length_is_at_least_as_long_as_its_bytes_at_the_highest_rate(tmp_path: Path) -> None:
    path = written(tmp_path, song("no-tag.mp3"))
    with path.open("ab") as file:
        file.truncate(200_000_000)

    assert 4000 < read(path, Kind.MP3).at_least_s < 4200


@pytest.mark.parametrize("said", [0xFFFFFFFF, 0x7FFFFFF0, 0])
def test_a_wav_that_was_written_into_a_pipe_is_as_long_as_its_bytes(said: int, tmp_path: Path) -> None:
    tags = read(written(tmp_path, noise_free_wav(44_100, said)), Kind.WAV)

    assert tags.duration_s == (1.0 if said else 0.0)


def test_a_title_is_one_line_of_letters_that_can_be_shown() -> None:
    assert clean("  a\tb\r\nc\x00\x1b[31md ") == "a b c [31md"
    assert clean("gnp.\u202ecod\u2066\u200b") == "gnp. cod"
    assert clean("\ud800\ue000") is None
    assert clean(" \x00 ") is None
    assert clean("<b>&amp;</b>") == "<b>&amp;</b>"
    assert len(clean("ä" * 10_000) or "") == 200


def text_frame(content: bytes, flags: int = 0) -> bytes:
    def digits(number: int) -> bytes:
        return bytes((number >> shift) & 0x7F for shift in (21, 14, 7, 0))

    frame = b"TIT2" + digits(len(content)) + struct.pack(">H", flags) + content
    return b"ID3\x04\x00\x00" + digits(len(frame)) + frame


def packed_title(title: bytes) -> bytes:
    return text_frame(struct.pack(">I", len(title)) + title, COMPRESSED)


def test_a_title_that_is_packed_is_read(tmp_path: Path, readers: Readers) -> None:
    path = written(tmp_path, packed_title(zlib.compress(b"\x03A Song")) + song("no-tag.mp3"))

    assert readers.read(path, Kind.MP3).title == "A Song"


def test_a_title_that_unpacks_to_gigabytes_costs_the_title_and_nothing_else(tmp_path: Path, readers: Readers) -> None:
    packer = zlib.compressobj(9)
    begin = packer.compress(b"\x03") + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b"A" * (1 << 24)) + packer.flush(zlib.Z_FULL_FLUSH)
    path = written(tmp_path, packed_title(begin + block * 256) + song("no-tag.mp3"))  # 4 GB

    assert sniff(path).kind is Kind.MP3
    assert readers.read(path, Kind.MP3).title is None
    assert readers.read(written(tmp_path, song("song.mp3")), Kind.MP3).title == TITLE


def test_a_file_that_keeps_its_reader_busy_is_given_up_and_the_next_one_is_read(tmp_path: Path) -> None:
    blocks = b"\x01\x00\x00\x00" * 8_000_000  # empty padding, one after the other
    path = written(tmp_path, b"fLaC" + song("song.flac")[4:42] + blocks)
    readers = Readers(seconds=0.3)
    try:
        assert readers.read(path, Kind.FLAC) == Tags()
    finally:
        readers.close()
    readers = Readers()
    try:
        assert readers.read(written(tmp_path, song("song.flac")), Kind.FLAC).title == TITLE
    finally:
        readers.close()


@pytest.mark.parametrize("kind", Kind)
def test_a_file_that_is_not_what_it_seems_has_no_tags_and_no_reader_dies_of_it(
    kind: Kind, tmp_path: Path, readers: Readers
) -> None:
    for content in (
        b"",
        b"\x00" * 100,
        song("song.m4a")[:300],
        song("song.ogg")[:60],
        b"ID3\x04\x00\x80\x7f\x7f\x7f\x7f",
    ):
        tags = readers.read(written(tmp_path, content), kind)
        assert (tags.title, tags.artist) == (None, None)
