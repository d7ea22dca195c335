import errno
from pathlib import Path

import pytest

from klio.data.disk_full import disk_full
from klio_core.errors import DataError, DiskFull, KlioRetriesExhausted


def written_to_a_full_disk() -> OSError:
    try:
        with Path("/dev/full").open("wb", buffering=0) as file:
            file.write(b"x")
    except OSError as error:
        return error
    raise AssertionError("/dev/full had room")


def caused(by: Exception) -> Exception:
    error = KlioRetriesExhausted("failed 3 times")
    error.__cause__ = by
    return error


@pytest.mark.parametrize(
    "error",
    [
        written_to_a_full_disk(),
        OSError(errno.EDQUOT, "Disk quota exceeded", "/data/x"),
        caused(by=written_to_a_full_disk()),
    ],
)
def test_a_full_disk_is_told_from_what_is_behind_an_exception(error: Exception):
    full = disk_full(error)

    assert full is not None
    assert (full.reason, full.transient) == ("disk-full", True)


@pytest.mark.parametrize(
    "error",
    [ValueError("no good"), OSError(errno.EACCES, "Permission denied"), DataError("no answer"), KeyError(28)],
)
def test_other_exceptions_are_no_full_disk(error: Exception):
    assert disk_full(error) is None


def test_where_no_room_is_left_any_exception_of_the_code_is_one_and_none_of_klios_own():
    error = RuntimeError("System error.")

    full = disk_full(error, no_room_bytes=1 << 62)

    assert full is not None
    assert (full.__cause__, full.got) == (error, "RuntimeError: System error.")
    assert disk_full(DataError("no answer"), no_room_bytes=1 << 62) is None


def test_what_is_known_to_be_one_stays_as_it_is():
    known = DiskFull("the disk is full", where="/data")

    assert disk_full(known) is known
