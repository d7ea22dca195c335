"""A job's directory as the checks look at it; each part is read once, when the first check asks for it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from klio_cli import requirements
from klio_cli.audit import source
from klio_cli.audit.elements import PerElement
from klio_cli.audit.source import Module, Unreadable
from klio_cli.images import dockerfile
from klio_core.config import KlioConfig


@dataclass(frozen=True, eq=False)
class Job:
    """The job in the directory `root`, with its job file."""

    root: Path
    config: KlioConfig

    @cached_property
    def _python(self) -> tuple[list[Module], list[Unreadable]]:
        return source.read(self.root)

    @property
    def modules(self) -> Sequence[Module]:
        """Its Python, but for its tests."""
        return self._python[0]

    @property
    def unreadable(self) -> Sequence[Unreadable]:
        """The files that are no Python."""
        return self._python[1]

    @cached_property
    def per_element(self) -> PerElement:
        """The code that runs for each element."""
        return PerElement(self.modules)

    @property
    def calls(self) -> Iterator[tuple[Module, ast.Call, str]]:
        """Every call in its Python, with the whole name of what is called."""
        for module in self.modules:
            for node in ast.walk(module.tree):
                if isinstance(node, ast.Call):
                    yield module, node, module.dotted(node.func)

    def imports_of(self, packages: set[str]) -> Iterator[tuple[Module, int, str]]:
        """Yield where it imports one of these packages, the first line of each file."""
        for module in self.modules:
            lines = [(line, name) for name, line in module.imports.items() if name in packages]
            if lines:
                yield module, *min(lines)

    @cached_property
    def requirements(self) -> Sequence[requirements.Wanted]:
        """The lines of job-requirements.txt."""
        return requirements.wanted(self.root)

    @cached_property
    def dockerfile(self) -> str:
        """Its own Dockerfile; empty where it has none, and klio writes one for it."""
        path = self.root / dockerfile.NAME
        return path.read_text() if path.is_file() else ""
