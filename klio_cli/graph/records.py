"""Status records that jobs write into directories, read while they are written."""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path


class Tail:
    """The records of a directory, each as soon as its line is whole. The directory may come later."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._read: dict[Path, int] = {}
        self._lines: deque[bytes] = deque()

    def __call__(self, seconds: float) -> bytes | None:
        """Answer the next record; None, after `seconds`, where there is none."""
        if not self._lines:
            self._look()
        if self._lines:
            return self._lines.popleft()
        time.sleep(seconds)
        return None

    def _look(self) -> None:
        for path in sorted(self._directory.glob("*.jsonl")):
            with path.open("rb") as file:
                file.seek(self._read.get(path, 0))
                whole, _, _ = file.read().rpartition(b"\n")
            if whole:
                self._read[path] = self._read.get(path, 0) + len(whole) + 1
                self._lines.extend(whole.split(b"\n"))
