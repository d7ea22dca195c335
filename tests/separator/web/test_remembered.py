"""Small files of the bucket: read where nothing is noted on them, and not otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from klio.data.gcs import GcsStore
from klio.data.gcs_client import Patience
from klio.data.store import ABSENT
from tests.separator.web.kit import Jobs
from web.songs.objects import Seen, listed
from web.songs.remembered import Remembered

PATH = "gs://klio-local-separator/songs/a.json"
STORE = GcsStore(Patience(5.0))


class Older(BaseModel):
    """What a file says, to a front of last year."""

    title: str


class Said(Older):
    """What it says today."""

    beats: int | None = None


@pytest.fixture
def files(jobs: Jobs) -> Remembered[Said]:
    jobs.cloud.put(PATH, b'{"title": "one"}')
    return Remembered(STORE, Said)


def seen() -> Seen:
    (found,) = listed(PATH, Patience(5.0))
    return found


def only(files: Remembered[Said], one: Seen | None = None) -> Said | None:
    (said,) = files.of([one or seen()])
    return said


def noted(files: Remembered[Said]) -> Seen:
    """Have a file read and noted on, and answer it."""
    only(files)
    files.note()
    return seen()


def test_a_file_is_read_once_for_as_long_as_it_stays_the_same(jobs: Jobs, files: Remembered[Said]) -> None:
    first = seen()
    assert only(files, first) == Said(title="one")

    jobs.cloud.put(PATH, b'{"title": "two"}')
    assert only(files, first) == Said(title="one")
    assert only(files) == Said(title="two")


def test_a_file_that_nobody_asks_for_is_forgotten(jobs: Jobs, files: Remembered[Said]) -> None:
    first = seen()
    only(files, first)
    files.forget_unasked()
    jobs.cloud.put(PATH, b'{"title": "two"}')
    assert only(files, first) == Said(title="one")

    for _ in range(2):
        files.forget_unasked()
    assert only(files, first) == Said(title="two")


def test_what_is_no_such_file_and_what_is_gone_is_none(jobs: Jobs, files: Remembered[Said]) -> None:
    jobs.cloud.put(PATH, b"[1, 2")
    broken, gone = seen(), Seen(f"{PATH}x", 0, 0.0, 1)
    assert files.of([broken, gone]) == [None, None]
    files.note()
    assert seen().says is None


def test_what_is_noted_on_a_file_is_not_read_again(jobs: Jobs, files: Remembered[Said]) -> None:
    there = noted(files)
    assert there.says == '{"title": "one", "beats": null}'

    STORE.delete(PATH)
    assert only(Remembered(STORE, Said), there) == Said(title="one")


def test_a_note_belongs_to_one_writing_of_a_file(jobs: Jobs, files: Remembered[Said]) -> None:
    first = noted(files)
    only(later := Remembered(STORE, Said), Seen(PATH, first.size, first.at, first.generation))
    jobs.cloud.put(PATH, b'{"title": "two"}')
    later.note()
    assert seen().says is None
    assert only(Remembered(STORE, Said)) == Said(title="two")


def test_a_note_of_an_older_front_that_knew_less_does_not_count_and_is_replaced(jobs: Jobs) -> None:
    jobs.cloud.put(PATH, b'{"title": "one", "beats": 120}')
    older = Remembered(STORE, Older)
    older.of([seen()])
    older.note()
    assert seen().says == '{"title": "one"}'

    files = Remembered(STORE, Said)
    assert only(files) == only(files) == Said(title="one", beats=120)
    files.note()
    assert seen().says == '{"title": "one", "beats": 120}'


@pytest.mark.parametrize("said", ["nonsense", '{"beats": 3}', '{"title": 5, "beats": 3}'])
def test_what_somebody_else_has_noted_and_is_no_note_does_not_count(jobs: Jobs, said: str) -> None:
    jobs.cloud.put(PATH, b'{"title": "one", "beats": 120}')
    there = seen()
    strange = Seen(there.path, there.size, there.at, there.generation, said)
    assert only(Remembered(STORE, Said), strange) == Said(title="one", beats=120)


def test_what_is_too_long_for_a_note_is_read_each_time(jobs: Jobs) -> None:
    jobs.cloud.put(PATH, b'{"title": "%b"}' % (4000 * b"a"))
    assert noted(files := Remembered(STORE, Said)).says is None
    assert only(files) == Said(title=4000 * "a")


def test_a_note_leaves_a_file_as_whole_and_as_old_as_it_was(tmp_path: Path, jobs: Jobs) -> None:
    file = tmp_path / "a.json"
    file.write_text('{"title": "ö"}')
    STORE.delete(PATH)
    committed = STORE.commit(file, PATH, expect=ABSENT)
    before = seen()
    assert noted(Remembered(STORE, Said)) == before
    assert seen().says == r'{"title": "\u00f6", "beats": null}'
    assert STORE.generation(PATH) == committed.generation
    assert STORE.intact([PATH]) == [True]
