"""The source as the tests of its shape read it: files, syntax trees, imports, functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("klio_core", "klio", "klio_exec", "klio_cli")
HOUSE = (*PACKAGES, "examples")
EVERYTHING = (*HOUSE, "tests", "benchmarks")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One file of Python; `path` is relative to the repository."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def package(self) -> str:
        return self.path.parts[0]

    @property
    def name(self) -> str:
        """The name by which it is imported."""
        return ".".join(self.path.with_suffix("").parts).removesuffix(".__init__")

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    def at(self, node: ast.AST | int) -> str:
        """The place of a node, or a line, as an editor takes it: `klio/gate.py:12`."""
        return f"{self.path}:{node if isinstance(node, int) else node.lineno}"


@dataclass(frozen=True)
class Import:
    """One imported name, whole: `from google.cloud import storage` is `google.cloud.storage`."""

    name: str
    line: int
    at_start: bool  # runs when the module is imported, not in a function and not for type checkers alone

    def is_of(self, package: str) -> bool:
        return self.name == package or self.name.startswith(f"{package}.")


@cache
def modules(*roots: str) -> tuple[Module, ...]:
    """Every file that people wrote: nothing generated, nothing in hidden directories."""
    found = [path for root in roots for path in sorted((ROOT / root).rglob("*.py")) if _ours(path.relative_to(ROOT))]
    return tuple(_read(path) for path in found)


def _ours(path: Path) -> bool:
    return "_pb2" not in path.name and not any(part.startswith((".", "__pycache__")) for part in path.parts)


@cache
def _read(path: Path) -> Module:
    text = path.read_text()
    return Module(path.relative_to(ROOT), text, ast.parse(text))


def imports(module: Module) -> Iterator[Import]:
    yield from _imports(module.tree, at_start=True)


def _imports(node: ast.AST, *, at_start: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, child.lineno, at_start) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            base = "." * child.level + (child.module or "")
            yield from (Import(f"{base}.{alias.name}", child.lineno, at_start) for alias in child.names)
        else:
            yield from _imports(child, at_start=at_start and not _runs_later(child))


def _runs_later(node: ast.AST) -> bool:
    return isinstance(node, Function) or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test))


def functions(module: Module) -> Iterator[Function]:
    return (node for node in ast.walk(module.tree) if isinstance(node, Function))


def public(module: Module) -> Iterator[tuple[str, Function | ast.ClassDef]]:
    """What others may use of a module, methods as `Class.method`."""
    yield from _public(module.tree, "")


def _public(node: ast.AST, prefix: str) -> Iterator[tuple[str, Function | ast.ClassDef]]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, Function | ast.ClassDef):
            if isinstance(child, ast.If):
                yield from _public(child, prefix)
        elif not child.name.startswith("_"):
            yield prefix + child.name, child
            if isinstance(child, ast.ClassDef):
                yield from _public(child, f"{prefix}{child.name}.")
