from __future__ import annotations

from pathlib import Path

from klio_core import mail


def test_what_is_posted_is_collected_byte_for_byte(tmp_path: Path) -> None:
    mail.post(tmp_path / "box", [b"\0\n\xff", b"two"])
    mail.post(tmp_path / "box", [b"three"])

    assert sorted(mail.collect(tmp_path / "box")) == [b"\0\n\xff", b"three", b"two"]


def test_a_box_that_is_not_there_or_empty_holds_nothing(tmp_path: Path) -> None:
    mail.post(tmp_path / "empty", [])

    assert mail.collect(tmp_path / "empty") == mail.collect(tmp_path / "none") == []


def test_a_file_that_is_not_whole_yet_is_not_collected(tmp_path: Path) -> None:
    mail.post(tmp_path, [b"one"])
    (tmp_path / "half.part").write_bytes(b"dHdv\ndGhy")

    assert mail.collect(tmp_path) == [b"one"]
