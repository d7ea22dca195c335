"""Whether klio and Beam can call the job's code, and its modules find what they import. Nothing is imported."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator
from pathlib import Path

from klio_cli import imports
from klio_cli.audit import source
from klio_cli.audit.elements import HANDLE, Code
from klio_core.author_code import Function, returned_element, takes, takes_at_least
from klio_core.finding import Finding, Grade

_RUN = "def run(in_pcol, config): …"
_DECORATORS = "klio.transforms.decorators"  # the names with an underscore are klio 22.3's
_CONTEXT_FIRST = (f"{_DECORATORS}.inject_klio_context", f"{_DECORATORS}._inject_klio_context")


def findings(root: Path) -> Iterator[Finding]:
    """Look at the job's modules."""
    modules, unreadable = source.read(root)
    for one in unreadable:
        yield _fault(root, one.what, one.file, one.line, "Python cannot read this line, or what is left open before it")
    if "run.py" not in {one.file for one in unreadable}:
        yield from _run_py(root, next((module for module in modules if module.file == "run.py"), None))
    for module in modules:
        yield from _processes(root, module)
    yield from _imports(root)


def _run_py(root: Path, module: source.Module | None) -> Iterator[Finding]:
    if module is None:
        yield Finding(Grade.FAULT, "there is no run.py", f"write one, with `{_RUN}`")
        return
    functions = {node.name: node for node in module.tree.body if isinstance(node, Function)}
    bound = imports.names_bound_in(module.tree)
    for name in ("run_basic", "run"):  # klioexec looks for them in this order
        if name in functions:
            yield _signature(root, functions[name])
            return
        if name in bound:
            yield Finding(Grade.FINE, f"run.py: {name}, defined elsewhere")
            return
    yield Finding(Grade.FAULT, "run.py has no run()", f"write `{_RUN}`")


def _signature(root: Path, run: Function) -> Finding:
    written = f"{run.name}({ast.unparse(run.args)})"
    if isinstance(run, ast.AsyncFunctionDef) or not takes(run.args, 2):
        return _fault(root, f"klio cannot call {written}", "run.py", run.lineno, f"write `{_RUN}`")
    return Finding(Grade.FINE, f"run.py: {written}")


def _processes(root: Path, module: source.Module) -> Iterator[Finding]:
    """Look at each `process` of a DoFn that no decorator makes something else of."""
    for code in _methods(module):
        node = code.node
        handled, context = code.is_marked(*HANDLE), code.is_marked(*_CONTEXT_FIRST)
        given = ["self", *(["context"] if context else []), "data"]
        if (handled or not node.decorator_list) and not takes_at_least(node.args, len(given)):
            what = f"klio cannot call {code.name}({ast.unparse(node.args)})"
            yield _fault(root, what, module.file, node.lineno, f"write `def process({', '.join(given)}): …`")
        if not node.decorator_list and (wrong := returned_element(node)) is not None:
            what = f"{code.name}() returns one thing, where Beam wants something to iterate over"
            todo = f"`yield {ast.unparse(wrong.value) if wrong.value else ''}`"
            yield _fault(root, what, module.file, wrong.lineno, todo)


def _methods(module: source.Module) -> Iterator[Code]:
    for owner in module.defined.values():
        if isinstance(owner, ast.ClassDef) and any(module.dotted(base) == "apache_beam.DoFn" for base in owner.bases):
            for node in owner.body:
                if isinstance(node, Function) and node.name == "process":
                    yield Code(module, node, owner)


def _imports(root: Path) -> Iterator[Finding]:
    missing = list(imports.unresolved(root))
    for one in missing:
        todo = f"install it ({one.module}), and add it to job-requirements.txt"
        yield _fault(root, f"there is no module named {one.module}", one.file, one.line, todo)
    if not missing:
        yield Finding(Grade.FINE, "every import of the job's modules is installed here")


def _fault(root: Path, what: str, file: str, line: int, todo: str) -> Finding:
    """Answer a fault with the author's line below it."""
    text = linecache.getline(str(root / file), line).strip()
    return Finding(Grade.FAULT, f"{what}\n      {text}" if text else what, todo, file=file, line=line)
