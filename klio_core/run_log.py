"""The log of a run on this machine: one file of JSON lines for each of its processes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

VARIABLE = "KLIO_RUN_LOG"
"""The variable that says in which directory the processes of a run keep their logs."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line. `time` is ISO 8601, in UTC; `id` is the line's own among all processes of the run."""

    time: str
    id: str
    severity: str
    source: str
    text: str

    def encode(self) -> str:
        """Answer the line as one line of JSON, without its end."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def decode(cls, line: bytes) -> Self | None:
        """Read a line, None where it is none, such as half of one."""
        try:
            return cls(**json.loads(line))
        except (ValueError, TypeError):
            return None


def file_for(directory: Path, process: int) -> Path:
    """Answer the file of one process of the run."""
    return directory / f"log-{process}.jsonl"


def files(directory: Path) -> list[Path]:
    """Answer the files of all processes, the older half of a long log first."""
    return sorted(directory.glob("log-*.jsonl*"), reverse=True)
