"""A job's Python as the checks read it: its files, their syntax trees, and what names in them stand for.

Nothing is imported.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePath

from klio_core.job_files import python_files

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef


@dataclass(frozen=True, eq=False)
class Module:
    """One file; `file` is its path below the job's directory, `name` the one by which the job imports it."""

    file: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """The dotted name."""
        return ".".join(PurePath(self.file).with_suffix("").parts).removesuffix(".__init__")

    @cached_property
    def defined(self) -> Mapping[str, Definition]:
        """The functions and classes of the module itself, by name."""
        return {node.name: node for node in self.tree.body if isinstance(node, Definition)}

    @cached_property
    def _stands_for(self) -> Mapping[str, str]:
        own = {name: f"{self.name}.{name}" for name in self.defined}
        return own | dict(_imported(self.tree, self.name))

    def dotted(self, node: ast.AST) -> str:
        """Answer the whole name of what an expression names: `numpy.load` for `np.load`; empty for anything else."""
        if isinstance(node, ast.Name):
            return self._stands_for.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            before = self.dotted(node.value)
            return f"{before}.{node.attr}" if before else ""
        return ""

    @cached_property
    def imports(self) -> Mapping[str, int]:
        """The packages that it imports anywhere, each with its first line."""
        found: dict[str, int] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                for name in _packages(node):
                    found.setdefault(name, node.lineno)
        return found


@dataclass(frozen=True)
class Unreadable:
    """A file that is no Python."""

    file: str
    line: int
    what: str


def read(root: Path) -> tuple[list[Module], list[Unreadable]]:
    """Read the Python of a job, but for its tests, hidden directories and virtual environments."""
    modules, unreadable = list[Module](), list[Unreadable]()
    for path in python_files(root):
        file = str(path.relative_to(root))
        try:
            modules.append(Module(file, ast.parse(path.read_bytes(), file)))
        except SyntaxError as error:
            unreadable.append(Unreadable(file, error.lineno or 0, error.msg))
        except ValueError as error:  # bytes that are no text
            unreadable.append(Unreadable(file, 0, str(error)))
    return modules, unreadable


def _packages(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name.split(".")[0] for alias in node.names]
    return [node.module.split(".")[0]] if node.module and not node.level else []


def _imported(tree: ast.Module, here: str) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield (alias.asname, alias.name) if alias.asname else (alias.name.split(".")[0],) * 2
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, here)
            yield from ((alias.asname or alias.name, f"{base}{alias.name}") for alias in node.names)


def _base(node: ast.ImportFrom, here: str) -> str:
    around = here.split(".")[: -node.level] if node.level else []
    return "".join(f"{part}." for part in [*around, *([node.module] if node.module else [])])
