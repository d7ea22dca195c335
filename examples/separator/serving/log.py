"""One log of several programs: each line with the name of who said it."""

from __future__ import annotations

import itertools
import threading
from collections import defaultdict, deque
from typing import IO, TextIO

_LAST = 20
_WIDTH = 8
_COLOURS = itertools.cycle(("36", "33", "35", "32", "34"))


class Log:
    """Writes whole lines, whoever says them at the same time, and remembers the last ones of each.

    Names are coloured where the stream is a terminal. A stream that nobody reads any more is written to no longer.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._last: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=_LAST))
        self._colours: dict[str, str] = {}
        self._gone = False

    def say(self, text: str = "", name: str = "") -> None:
        """Write a text, line by line."""
        with self._lock:
            for line in text.splitlines() or [""]:
                self._last[name].append(line)
                self._write(f"{self._label(name)}{line}" if name else line)

    def follow(self, name: str, stream: IO[bytes]) -> threading.Thread:
        """Write what a program says, in a thread of its own, to its end."""
        thread = threading.Thread(target=self._follow, args=(name, stream), name=f"log of {name}", daemon=True)
        thread.start()
        return thread

    def last_of(self, name: str) -> list[str]:
        """Answer the last lines of a program."""
        with self._lock:
            return list(self._last[name])

    def _follow(self, name: str, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                self.say(line.decode(errors="replace").rstrip("\n"), name)

    def _label(self, name: str) -> str:
        label = f"{name:<{_WIDTH}} │ "
        if not self._stream.isatty():
            return label
        colour = self._colours.setdefault(name, next(_COLOURS))
        return f"\x1b[{colour}m{label}\x1b[0m"

    def _write(self, line: str) -> None:
        try:
            if not self._gone:
                self._stream.write(line + "\n")
                self._stream.flush()
        except BrokenPipeError:
            self._gone = True
