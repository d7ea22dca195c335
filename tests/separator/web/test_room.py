"""Files on their way: bounded, hashed, gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.separator.web.kit import hash_of
from web.problems import Problem
from web.upload.room import Incoming, Room


def test_a_file_is_hashed_on_its_way_and_gone_afterwards() -> None:
    room = Room(100)
    with room.file() as incoming:
        for part in (b"a ", b"", b"song"):
            incoming.write(part)
        arrived = incoming.arrived()
        assert (arrived.size, arrived.hash) == (6, hash_of(b"a song"))
        assert arrived.path.read_bytes() == b"a song"
        assert room.used_bytes == 6

    assert not arrived.path.exists()
    assert room.used_bytes == 0
    room.close()


def test_all_files_together_have_so_many_bytes() -> None:
    room = Room(10)
    with room.file() as first, room.file() as second:
        first.write(b"1234567")
        with pytest.raises(Problem, match="Too much is being uploaded") as refused:
            second.write(b"1234")
        second.write(b"123")

    assert (refused.value.status, refused.value.headers) == (503, {"Retry-After": "5"})
    with room.file() as third:
        third.write(b"1234567890")
    room.close()


def test_a_disk_that_is_full_is_said_to_be(tmp_path: Path) -> None:
    full = tmp_path / "upload"
    full.symlink_to("/dev/full")
    incoming = Incoming(Room(10), full)

    with pytest.raises(Problem) as refused:
        incoming.write(b"a song")

    incoming.remove()
    assert (refused.value.status, refused.value.kind) == (507, "disk-full")


def test_a_room_that_somebody_has_swept_is_made_anew() -> None:
    room = Room(10)
    with room.file() as incoming:
        home = incoming.arrived().path.parent
    home.rmdir()

    with room.file() as incoming:
        incoming.write(b"a song")
        assert incoming.arrived().path.exists()
    room.close()
