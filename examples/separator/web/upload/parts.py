"""The parts of a multipart body, as they arrive: nothing of it is kept. RFC 7578."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, MultipartState, parse_options_header

from web.problems import Problem

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_HEADER_BYTES = 4096
_HEADERS = 8
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class Begin:
    """A part begins. `file_name` is what a client calls its file, cut down to a name; None where it says none."""

    name: str
    file_name: str | None


@dataclass(frozen=True, slots=True)
class End:
    """A part has ended."""


Event = Begin | End | bytes


class Parts:
    """Reads a body piece by piece."""

    def __init__(self, content_type: str) -> None:
        """Begin with what the request's header of that name says. Raises Problem where that is no form with files."""
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise _no_form(content_type)
        self._events: list[Event] = []
        self._headers: dict[bytes, bytes] = {}
        self._name, self._value = b"", b""
        try:
            self._parser = MultipartParser(
                boundary, self._callbacks(), max_header_count=_HEADERS, max_header_size=_HEADER_BYTES
            )
        except FormParserError as error:
            raise _no_form(content_type) from error

    def feed(self, data: bytes) -> Iterator[Event]:
        """Yield what these bytes bring. Raises Problem where they cannot follow upon those before."""
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise _broken(str(error)) from error
        events, self._events = self._events, []
        yield from events

    def end(self) -> None:
        """Raise Problem unless the last part has ended."""
        if self._parser.state != MultipartState.END:
            raise _broken("it ends in the middle of a part")

    def _callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._headers.clear,
            "on_header_field": self._add_name,
            "on_header_value": self._add_value,
            "on_header_end": self._header,
            "on_headers_finished": self._begin,
            "on_part_data": lambda data, start, end: self._events.append(data[start:end]),
            "on_part_end": lambda: self._events.append(End()),
        }

    def _add_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name, self._value = b"", b""

    def _begin(self) -> None:
        kind, options = parse_options_header(self._headers.get(b"content-disposition"))
        if kind != b"form-data" or b"name" not in options:
            raise _broken("a part has no name")
        name = options.get(b"filename")
        self._events.append(Begin(_text(options[b"name"]), None if name is None else base_name(_text(name))))


def base_name(text: str) -> str:
    """Answer the last part of what a client calls a file, without what no name can have."""
    last = text.replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in last if letter.isprintable()).strip()[-_LONGEST_NAME:]


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _no_form(content_type: str) -> Problem:
    return Problem(
        415,
        "no-form",
        "This is no form with files",
        detail=f"Expected Content-Type: multipart/form-data; boundary=…, got {content_type[:100] or 'none'}.",
        todo="Send the file as the field `file` of a form: curl -F file=@song.mp3 …",
    )


def _broken(why: str) -> Problem:
    return Problem(
        400,
        "broken-form",
        "The form with the files is broken",
        detail=f"Expected multipart/form-data (RFC 7578), got one in which {why}.",
        todo="Send it again. If it was made by a program, compare it with what `curl -F file=@song.mp3` sends.",
    )
