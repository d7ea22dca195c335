"""The elements that somebody wants to publish: from the command line, a file or a pipe, checked before any is sent."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from klio_core.errors import UsageError

MAX_BYTES = 1024
_SHOWN = 5


def gather(arguments: Sequence[str], file: str | None, stdin: TextIO) -> list[bytes]:
    """Answer the elements of the arguments, then of `file`: one in each line, empty lines left out, `-` for stdin.

    Raises UsageError where there is none, where the file cannot be read, and, naming each, for those that no job could
    work on: empty ones, those over 1024 bytes, those with a control character.
    """
    elements = [os.fsencode(argument) for argument in arguments]
    if file is not None:
        elements += [line for line in _read(file, stdin).splitlines() if line]
    if not elements:
        raise UsageError("nothing to publish", todo="name elements, or --file FILE with one in each line")
    _check(elements)
    return elements


def _read(file: str, stdin: TextIO) -> bytes:
    if file == "-":
        return stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise UsageError("the file of elements cannot be read", where=file, got=error.strerror) from error


def _check(elements: Sequence[bytes]) -> None:
    wrong = [f"{_shown(element)}: {fault}" for element in elements if (fault := _fault(element))]
    if wrong:
        more = [f"and {len(wrong) - _SHOWN} more"] if len(wrong) > _SHOWN else []
        raise UsageError(
            f"{len(wrong)} of {len(elements)} elements cannot be sent, so none was",
            expected=f"1 to {MAX_BYTES} bytes, no control characters",
            got="\n    ".join(wrong[:_SHOWN] + more),
        )


def _fault(element: bytes) -> str | None:
    if not element:
        return "empty"
    if len(element) > MAX_BYTES:
        return f"{len(element)} bytes"
    control = next((byte for byte in element if byte < 0x20 or byte == 0x7F), None)
    return None if control is None else f"the control character 0x{control:02x}"


def _shown(element: bytes, limit: int = 40) -> str:
    return repr(element[:limit].decode(errors="backslashreplace")) + ("…" if len(element) > limit else "")
