"""Files of a song, over the wire: whole, in part, as an archive, under names that people can read."""

from __future__ import annotations

import io
import uuid
import zipfile
from collections.abc import Iterator
from urllib.parse import unquote

import httpx
import pytest

from tests.separator.web.kit import Served, a_cloud, hash_of, served
from web.files.file_names import attachment, readable
from web.model import State
from web.places import Stem

VOCALS = bytes(range(256)) * 20_000  # 5 MB, several pieces


@pytest.fixture(scope="module")
def web() -> Iterator[Served]:
    """One front for all: each test has a song of its own."""
    with a_cloud() as jobs, served(jobs) as web:
        yield web


@pytest.fixture
def song(web: Served) -> str:
    song = web.jobs.upload(uuid.uuid4().bytes, title="Größe / <Live>", kind="flac")
    web.jobs.make_stems(song, {Stem.VOCALS: VOCALS})
    web.front.asking.look_at(song)
    return song


def vocals(web: Served, song: str, method: str = "GET", **headers: str) -> httpx.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.client.request(method, f"/v1/songs/{song}/stems/vocals", headers=sent)


def kind(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).removeprefix("urn:klio:separator:")


def test_a_stem_is_sent_whole_under_a_name_that_people_can_read(web: Served, song: str) -> None:
    answer = vocals(web, song)

    assert (answer.status_code, answer.content == VOCALS) == (200, True)
    assert answer.headers["content-type"] == "audio/mpeg"
    assert answer.headers["content-length"] == str(len(VOCALS))
    assert answer.headers["accept-ranges"] == "bytes"
    name = answer.headers["content-disposition"]
    assert unquote(name.rpartition("''")[2]) == "Größe _ _Live_ - vocals.mp3"
    assert 'attachment; filename="Groe _ _Live_ - vocals.mp3"' in name


@pytest.mark.parametrize(
    ("asked", "first", "behind"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=1048570-2097160", 1048570, 2097161),
        ("bytes=5119990-", 5119990, 5120000),
        ("bytes=5119990-99999999", 5119990, 5120000),
        ("bytes=-5", 5119995, 5120000),
        ("bytes=-99999999", 0, 5120000),
        ("bytes=0-", 0, 5120000),
    ],
)
def test_a_part_of_a_stem_is_that_part(web: Served, song: str, asked: str, first: int, behind: int) -> None:
    answer = vocals(web, song, Range=asked)

    assert answer.status_code == 206
    assert answer.content == VOCALS[first:behind]
    assert answer.headers["content-range"] == f"bytes {first}-{behind - 1}/{len(VOCALS)}"
    assert answer.headers["content-length"] == str(behind - first)


@pytest.mark.parametrize(
    "asked", ["bytes=5120000-", "bytes=9999999-9999999", "bytes=-0", "bytes=0-1,5-6", "bytes=0-,-1"]
)
def test_what_is_not_there_and_several_parts_at_once_are_refused(web: Served, song: str, asked: str) -> None:
    answer = vocals(web, song, Range=asked)

    assert (answer.status_code, kind(answer)) == (416, "no-such-range")
    assert answer.headers["content-range"] == f"bytes */{len(VOCALS)}"


@pytest.mark.parametrize(
    "asked", ["bytes=9-3", "bytes=-", "bytes=a-b", "seconds=1-2", "bytes 0-1", "bytes=٣-٤", "x" * 5000]
)
def test_a_range_that_is_none_is_left_out(web: Served, song: str, asked: str) -> None:
    answer = web.client.get(f"/v1/songs/{song}/stems/vocals", headers={"Range": asked.encode()})

    assert (answer.status_code, len(answer.content)) == (200, len(VOCALS))


def test_who_has_the_stem_is_told_so_and_who_has_an_older_part_gets_all(web: Served, song: str) -> None:
    etag = vocals(web, song, "HEAD").headers["etag"]

    again = vocals(web, song, If_None_Match=f'"other", W/{etag}')
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert vocals(web, song, If_None_Match="*").status_code == 304
    assert vocals(web, song, If_None_Match='"other"').status_code == 200
    assert vocals(web, song, Range="bytes=0-9", If_Range=etag).status_code == 206
    assert vocals(web, song, Range="bytes=0-9", If_Range='"other"').status_code == 200

    web.cloud.put(web.front.places.stem(song, Stem.VOCALS), b"made anew")
    anew = vocals(web, song, If_None_Match=etag)
    assert (anew.status_code, anew.content) == (200, b"made anew")
    assert vocals(web, song, Range="bytes=0-3", If_Range=etag).content == b"made anew"


def test_head_says_what_get_would_and_sends_nothing(web: Served, song: str) -> None:
    head, get = vocals(web, song, "HEAD", Range="bytes=0-9"), vocals(web, song)

    assert (head.status_code, head.content) == (200, b"")
    same = ("content-length", "content-type", "content-disposition", "etag", "accept-ranges")
    assert {name: head.headers[name] for name in same} == {name: get.headers[name] for name in same}
    for path in ("original", "stems.zip"):
        assert web.client.head(f"/v1/songs/{song}/{path}").status_code == 200


def test_the_upload_itself_is_there_as_it_came(web: Served, song: str) -> None:
    answer = web.client.get(f"/v1/songs/{song}/original")

    assert hash_of(answer.content) == song
    assert answer.headers["content-type"] == "audio/flac"
    assert "Live_.flac" in answer.headers["content-disposition"]


def test_peaks_are_numbers_by_stem(web: Served, song: str) -> None:
    answer = web.client.get(f"/v1/songs/{song}/peaks")

    assert answer.json() == {stem: [1, 2, 3] for stem in Stem}
    etag = answer.headers["etag"]
    assert web.client.get(f"/v1/songs/{song}/peaks", headers={"If-None-Match": etag}).status_code == 304


def test_all_stems_come_as_one_archive(web: Served, song: str) -> None:
    answer = web.client.get(f"/v1/songs/{song}/stems.zip")

    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [f"Größe _ _Live_ - {stem}.mp3" for stem in Stem]
        assert archive.read("Größe _ _Live_ - vocals.mp3") == VOCALS
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}


def test_an_archive_is_sent_while_it_is_made(web: Served, song: str) -> None:
    with web.client.stream("GET", f"/v1/songs/{song}/stems.zip") as answer:
        first = next(answer.iter_raw())

    assert first.startswith(b"PK\x03\x04")
    assert len(first) < len(VOCALS)


def test_a_mix_is_sent_as_a_stem_is(web: Served, song: str) -> None:
    web.jobs.make_mix(song, "bass+drums", VOCALS)

    answer = web.client.get(f"/v1/songs/{song}/mixes/bass+drums", headers={"Range": "bytes=5-9"})
    assert (answer.status_code, answer.content) == (206, VOCALS[5:10])
    assert unquote(answer.headers["content-disposition"]).endswith("Größe _ _Live_ - bass+drums.mp3")
    same = web.client.get(f"/v1/songs/{song}/mixes/drums+bass")
    assert same.content == VOCALS
    missing = web.client.get(f"/v1/songs/{song}/mixes/vocals")
    assert (missing.status_code, kind(missing)) == (404, "not-there-yet")
    assert web.client.get(f"/v1/songs/{song}/mixes/bass+bass").status_code == 422


def test_what_is_not_made_yet_is_not_there_yet(web: Served) -> None:
    song = web.jobs.upload(uuid.uuid4().bytes)
    web.front.asking.look_at(song)

    for path in ("stems/vocals", "peaks", "stems.zip"):
        answer = web.client.get(f"/v1/songs/{song}/{path}")
        assert (answer.status_code, kind(answer)) == (404, "not-there-yet")
        assert State.QUEUED in answer.json()["detail"]


@pytest.mark.parametrize(
    "path",
    [
        f"{hash_of(b'nobody')}/stems/vocals",
        f"{hash_of(b'nobody')}/original",
        "{song}/stems/voice",
        "{song}/stems/..%2f..%2foriginal",
        "{song}/stems/vocals.mp3%00",
        "..%2f..%2fetc%2fpasswd/original",
        "{upper}/stems/vocals",
        "{song}0/stems/vocals",
    ],
)
def test_nothing_else_that_a_client_writes_is_ever_looked_for(web: Served, song: str, path: str) -> None:
    answer = web.client.get(f"/v1/songs/{path.format(song=song, upper=song.upper())}")

    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_file_has_a_name_that_any_system_can_keep() -> None:
    assert readable('a/b\\c:"d"?', "vocals", ".mp3") == "a_b_c__d__ - vocals.mp3"
    assert readable("..", "vocals", ".mp3") == "song - vocals.mp3"
    assert readable("x\r\nSet-Cookie: a\u202e", "", ".flac") == "x_ _Set-Cookie_ a_.flac".replace("x_ _", "x__")
    assert len(readable("ä" * 500, "drums", ".mp3")) < 140


def test_a_name_in_a_header_is_ascii_with_the_whole_name_beside_it() -> None:
    assert attachment("Song - drums.mp3") == 'attachment; filename="Song - drums.mp3"'
    assert attachment("東京.mp3") == "attachment; filename=\".mp3\"; filename*=UTF-8''%E6%9D%B1%E4%BA%AC.mp3"
    assert attachment('a"b%c.mp3').startswith('attachment; filename="a_b_c.mp3"; ')
