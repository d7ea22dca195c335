"""Lines of text files in and out, by the transforms that jobs import."""

from __future__ import annotations

from pathlib import Path

import pytest

from klio.transforms import io
from klio_core.message import ANYONE, Message

from .pipelines import messages_from, write


def test_each_line_is_a_message_to_anyone_whose_element_is_the_line(tmp_path: Path):
    (tmp_path / "in.txt").write_bytes(b"one\n two \r\nthree")

    messages, read = messages_from(io.KlioReadFromText(str(tmp_path / "in.txt")))

    assert [message.element for message in messages] == [b" two ", b"one", b"three"]
    assert {(message.version, message.recipients, message.audit_log) for message in messages} == {(2, ANYONE, ())}
    assert read == {("KlioReadFromText", "kmsg-read"): 3}


def test_blank_lines_are_no_elements(tmp_path: Path):
    (tmp_path / "in.txt").write_bytes(b"\none\n   \n\r\n\ntwo\n\n")

    messages, read = messages_from(io.KlioReadFromText(str(tmp_path / "in.txt")))

    assert [message.element for message in messages] == [b"one", b"two"]
    assert read == {("KlioReadFromText", "kmsg-read"): 2}


def test_an_element_that_is_no_text_comes_and_goes_as_it_is(tmp_path: Path):
    (tmp_path / "in.txt").write_bytes(b"caf\xe9\nna\xc3\xafve\n")

    messages, _ = messages_from(io.KlioReadFromText(str(tmp_path / "in.txt")))
    write(io.KlioWriteToText(str(tmp_path / "out")), [message.encode() for message in messages])

    assert (tmp_path / "out-00000-of-00001").read_bytes() == b"caf\xe9\nna\xc3\xafve\n"


def test_the_arguments_are_those_of_beam(tmp_path: Path):
    (tmp_path / "in.txt").write_text("head\none\n")

    messages, _ = messages_from(io.KlioReadFromText(str(tmp_path / "in.txt"), skip_header_lines=1))
    options = {"file_name_suffix": ".txt", "shard_name_template": "", "header": "elements"}
    write(io.KlioWriteToText(str(tmp_path / "out"), **options), [message.encode() for message in messages])

    assert (tmp_path / "out.txt").read_text() == "elements\none\n"


def test_a_payload_is_not_written(tmp_path: Path):
    written = write(io.KlioWriteToText(str(tmp_path / "out")), [Message.of(b"one", payload=b"secret").encode()])

    assert (tmp_path / "out-00000-of-00001").read_bytes() == b"one\n"
    assert written == {("KlioWriteToText", "kmsg-write"): 1}


def test_a_file_that_is_not_there_is_found_missing_before_the_run(tmp_path: Path):
    with pytest.raises(OSError, match="No files found"):
        io.KlioReadFromText(str(tmp_path / "missing"))
