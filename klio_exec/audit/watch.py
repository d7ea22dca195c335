"""How something is watched while a job's tests run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from klio_core.config import KlioConfig
from klio_core.finding import Check, Finding
from klio_exec.audit.author import Author


@dataclass(frozen=True)
class Scene:
    """Where the tests run: the job's directory, its job file, and where pytest keeps what the tests make."""

    root: Path
    config: KlioConfig
    scratch: Path

    @property
    def author(self) -> Author:
        """The one who wrote the job."""
        return Author(self.root)


class Watch(Protocol):
    """Watches the tests of one job for one thing. Made once, before they run."""

    @property
    def check(self) -> Check:
        """What it looks for."""

    def begin(self) -> None:
        """Begin to watch: the job's code has not been imported yet."""

    def found(self) -> Iterator[Finding]:
        """Yield what was seen; the tests have come to their end."""
