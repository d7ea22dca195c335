"""Lines of text, several at a time: what Beam does for each thing that it reads or writes takes longer than a line.

For what Beam hands from one step to the next takes it a microsecond, and for what goes through a Flatten and into a
file some ten.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any

from apache_beam.coders import BytesCoder, Coder, registry
from apache_beam.io.textio import ReadFromText, WriteToText, _TextSource

from klio.events.place import make_directory
from klio_core.message import Message

TOGETHER = 1000
"""So many lines go together at most."""
# As long as those before were done with within this time, the next are twice as many.
_QUICK_S = 0.01
_CODER_AT = 4  # the place of `coder` among the arguments of Beam's ReadFromText


class _LinesTogether(_TextSource):
    """Beam's source of lines. It claims each by itself, as ever, and hands them on in lists.

    A runner may give to other workers what a worker has not claimed yet, so where lines take long there is one in each
    list.
    """

    def read_records(self, file_name: str, range_tracker: Any) -> Iterator[list[Any]]:
        """Yield the lines of a file, as far as they are ours."""
        together: list[Any] = []
        most = 1
        for line in super().read_records(file_name, range_tracker):
            together.append(line)
            if len(together) >= most:
                began = time.monotonic()
                yield together
                most = min(2 * most, TOGETHER) if time.monotonic() - began < _QUICK_S else 1
                together = []
        if together:
            yield together

    def output_type_hint(self) -> type:
        """Answer what Beam is to think of the lists."""
        return list

    def default_output_coder(self) -> Coder:
        """Answer how Beam would write a list down, where it does not hand it on at once."""
        return registry.get_coder(list)


class ReadLines(ReadFromText):
    """Beam's ReadFromText, but it answers lists of lines, which are bytes unless a `coder` is given."""

    _source_class = _LinesTogether

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if len(args) <= _CODER_AT:
            kwargs.setdefault("coder", BytesCoder())  # an element need not be text
        super().__init__(*args, **kwargs)


def messages_of(lines: Iterable[str | bytes]) -> Iterator[Message]:
    """Yield a new message for each line, whose element is the line as it is. Blank lines are no elements."""
    for line in lines:
        element = (line.encode() if isinstance(line, str) else line).rstrip(b"\r")
        if element.strip():
            yield Message.of(element)


class WriteLines(WriteToText):
    """Beam's WriteToText, but it makes the directory that it writes to. Several lines may come as one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._prefix = str(args[0] if args else kwargs.get("file_path_prefix", ""))

    def expand(self, lines: Any) -> Any:
        """Draw the writer."""
        make_directory(self._prefix)
        return super().expand(lines)
