"""Whether klio can call run.py, and the modules of the job find what they import. Nothing is imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from klio_cli import imports
from klio_core.finding import Finding, Grade

_RUN = "def run(in_pcol, config): …"


def findings(root: Path) -> Iterator[Finding]:
    """Look at the job's modules."""
    yield from _run_py(root)
    yield from _imports(root)


def _run_py(root: Path) -> Iterator[Finding]:
    path = root / "run.py"
    if not path.is_file():
        yield Finding(Grade.FAULT, "there is no run.py", f"write one, with `{_RUN}`")
        return
    try:
        tree = ast.parse(path.read_bytes(), str(path))
    except SyntaxError as error:
        yield Finding(Grade.FAULT, f"run.py:{error.lineno}: {error.msg}")
        return
    yield _run_function(tree)


def _run_function(tree: ast.Module) -> Finding:
    defined = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    bound = imports.names_bound_in(tree)
    for name in ("run_basic", "run"):  # klioexec looks for them in this order
        if name in defined:
            return _signature(defined[name])
        if name in bound:
            return Finding(Grade.FINE, f"run.py: {name}, defined elsewhere")
    return Finding(Grade.FAULT, "run.py has no run()", f"write `{_RUN}`")


def _signature(run: ast.FunctionDef | ast.AsyncFunctionDef) -> Finding:
    written = f"{run.name}({ast.unparse(run.args)})"
    if isinstance(run, ast.AsyncFunctionDef) or not _takes_two(run.args):
        return Finding(Grade.FAULT, f"run.py:{run.lineno}: klio cannot call {written}", f"write `{_RUN}`")
    return Finding(Grade.FINE, f"run.py: {written}")


def _takes_two(arguments: ast.arguments) -> bool:
    positional = len(arguments.posonlyargs) + len(arguments.args)
    required = positional - len(arguments.defaults)
    enough = positional >= 2 or arguments.vararg is not None
    return required <= 2 and enough and all(default is not None for default in arguments.kw_defaults)


def _imports(root: Path) -> Iterator[Finding]:
    missing = list(imports.unresolved(root))
    for one in missing:
        yield Finding(Grade.FAULT, str(one), f"install it ({one.module}), and add it to job-requirements.txt")
    if not missing:
        yield Finding(Grade.FINE, "every import of the job's modules is installed here")
