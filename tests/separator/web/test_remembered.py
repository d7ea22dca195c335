"""Small files of the bucket: read when they are new or have changed, and not otherwise."""

from __future__ import annotations

from klio.data.gcs import GcsStore
from klio.data.gcs_client import Patience
from tests.separator.web.kit import Jobs
from web.songs.objects import Seen, listed
from web.songs.remembered import Remembered

PATH = "gs://klio-local-separator/songs/a.json"


def seen() -> Seen:
    (found,) = listed(PATH, Patience(5.0))
    return found


def test_a_file_is_read_once_for_as_long_as_it_stays_the_same(jobs: Jobs) -> None:
    read: list[bytes] = []
    files = Remembered(GcsStore(Patience(5.0)), lambda content: read.append(content) or content.decode())
    jobs.cloud.put(PATH, b"one")
    first = seen()
    assert [files.of(first), files.of(first)] == ["one", "one"]

    jobs.cloud.put(PATH, b"two")
    assert [files.of(first), files.of(seen()), files.of(seen())] == ["one", "two", "two"]
    assert read == [b"one", b"two"]


def test_a_file_that_is_forgotten_is_read_again(jobs: Jobs) -> None:
    files = Remembered(GcsStore(Patience(5.0)), bytes.decode)
    jobs.cloud.put(PATH, b"one")
    first = seen()
    assert files.of(first) == "one"

    files.forget_others(set())
    jobs.cloud.put(PATH, b"two")
    assert files.of(first) == "two"


def test_what_is_no_such_file_and_what_is_gone_is_none(jobs: Jobs) -> None:
    files = Remembered(GcsStore(Patience(5.0)), int)
    jobs.cloud.put(PATH, b"not a number")
    assert files.of(seen()) is None

    gone = Seen(f"{PATH}x", 0, 0.0, 1)
    assert files.of(gone) is None
