from __future__ import annotations

from pathlib import Path

from klio_cli.top.tail import Tail
from klio_core.status import State, Status


def line(element: str) -> bytes:
    return Status(element.encode(), "hello", State.LEASED, 1.0).encode() + b"\n"


def new(tail: Tail) -> dict[str, list[bytes]]:
    return {worker: [record.element for record in told] for worker, told in tail.new()}


def test_each_record_is_read_once_when_its_line_is_whole(tmp_path: Path):
    tail = Tail(tmp_path / "status")
    assert new(tail) == {}

    (tmp_path / "status").mkdir()
    one, two = tmp_path / "status" / "host-1.jsonl", tmp_path / "status" / "host-2.jsonl"
    one.write_bytes(line("a") + b"no record\n" + line("b") + line("c")[:10])
    two.write_bytes(line("d"))
    assert new(tail) == {"host-1": [b"a", b"b"], "host-2": [b"d"]}

    with one.open("ab") as file:
        file.write(line("c")[10:])
    assert new(tail) == {"host-1": [b"c"]}
    assert new(tail) == {}
