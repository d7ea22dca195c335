from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from klio_core.finding import Check, Finding, Grade
from klio_exec.audit.author import Line
from klio_exec.audit.events import listen
from klio_exec.audit.watch import Scene

CHECK = Check(
    "temp-files-left",
    Grade.FAULT,
    "temporary files that are left behind, seen while the job's tests run",
    why="each element leaves some more, until the disk of its worker is full, and all elements fail",
    mend="with tempfile.TemporaryDirectory() as directory: …; what self._klio.download() answers goes away by itself",
)
_MAKING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class TempFilesLeft:
    """Notes the temporary files that the job's code makes, and looks which of them are there in the end."""

    check = CHECK

    def __init__(self, scene: Scene) -> None:
        self._author = scene.author
        self._scratch = scene.scratch.resolve()
        self._temporary = Path(tempfile.gettempdir()).resolve()
        self._made: dict[Path, Line] = {}

    def begin(self) -> None:
        """Listen to what is made."""
        listen("tempfile.mkstemp", self._note)
        listen("tempfile.mkdtemp", self._note)
        listen("open", self._note_opened)

    def found(self) -> Iterator[Finding]:
        """Yield the lines that made files which are still there."""
        left = Counter(line for path, line in self._made.items() if path.exists())
        for line, count in left.items():
            files = "a temporary file" if count == 1 else f"{count} temporary files"
            yield CHECK.found(f"{line.function}() leaves {files} behind", line.file, line.line)

    def _note(self, arguments: tuple[object, ...]) -> None:
        path = Path(os.fsdecode(str(arguments[0]))).absolute()
        if path not in self._made and not path.is_relative_to(self._scratch) and (line := self._author.behind()):
            self._made[path] = line

    def _note_opened(self, arguments: tuple[object, ...]) -> None:
        """Note a file that is made by its name, where temporary files are; a directory is opened for one without."""
        name, mode, flags = arguments
        writes = isinstance(flags, int) and flags & _MAKING
        if isinstance(name, str) and writes and self._is_temporary(name) and not Path(name).is_dir():
            self._note((name, mode))

    def _is_temporary(self, name: str) -> bool:
        return name.startswith(str(self._temporary))
