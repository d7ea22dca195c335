"""What a job's modules import, read from their text, and what of it is not there. Nothing is imported."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Missing:
    """An import that fails here."""

    file: str
    line: int
    module: str


def unresolved(root: Path) -> Iterator[Missing]:
    """Yield the imports of the job's modules that neither its directory nor this Python can fulfil.

    Only what a module imports when it is loaded counts, not what stands in a function or under try or if; a file that
    does not parse is left out. Asked is for the first part of a dotted name: more would import it.
    """
    for path in sorted(root.glob("*.py")):
        try:
            tree = ast.parse(path.read_bytes(), str(path))
        except SyntaxError:
            continue
        for line, module in _imported(tree):
            if not _is_there(module, root):
                yield Missing(path.name, line, module)


def names_bound_in(tree: ast.Module) -> set[str]:
    """Answer the names that a module's own lines import or assign."""
    aliases = [alias for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names]
    targets = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
    assigned = {target.id for target in targets if isinstance(target, ast.Name)}
    return assigned | {alias.asname or alias.name for alias in aliases}


def _imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.split(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.lineno, node.module.split(".")[0]


def _is_there(module: str, root: Path) -> bool:
    if (root / f"{module}.py").is_file() or (root / module).is_dir():
        return True
    try:
        return importlib.util.find_spec(module) is not None
    except ValueError:  # a module that is loaded and has no spec, such as __main__
        return True
