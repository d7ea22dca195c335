"""What code prints in a child process: read all the time, so that it never waits, and kept within bounds."""

from __future__ import annotations

import os

# Of what is printed during one call so many bytes are kept: the last ones, which say most of how it ended.
KEPT = 10_000


class Output:
    """The reading end of the pipe that is a child's stdout and stderr."""

    def __init__(self) -> None:
        self._reader, self.writer = os.pipe()
        os.set_blocking(self._reader, False)
        self._kept = b""
        self._printed = 0

    def fileno(self) -> int:
        """Answer what can be waited for."""
        return self._reader

    def read(self) -> None:
        """Take what is there, without waiting for more."""
        while chunk := self._chunk():
            self._printed += len(chunk)
            self._kept = (self._kept + chunk)[-KEPT:]

    def taken(self) -> str:
        """Answer what was printed since the last time, its end at least."""
        self.read()
        text = self._kept.decode(errors="replace").strip("\n")
        cut = self._printed - len(self._kept)
        self._kept, self._printed = b"", 0
        return f"({cut} bytes before this are left out)\n{text}" if cut else text

    def close(self) -> None:
        """Let go of the pipe."""
        os.close(self._reader)

    def _chunk(self) -> bytes:
        try:
            return os.read(self._reader, 65536)
        except BlockingIOError:
            return b""
