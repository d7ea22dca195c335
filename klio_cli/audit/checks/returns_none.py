from __future__ import annotations

import ast
from collections.abc import Iterator

from klio_cli.audit.elements import HANDLE, Code
from klio_cli.audit.job import Job
from klio_cli.audit.source import Function
from klio_core.finding import Check, Finding, Grade

CHECK = Check(
    "returns-none",
    Grade.FAULT,
    "`return` where `yield` was meant",
    why="klio passes a message on for whatever a function returns, None too, and for nothing that a generator returns",
    mend="yield what is to go on; a generator that yields nothing, and a bare `return` in it, ends the message's way",
)


def find(job: Job) -> Iterator[Finding]:
    """Yield the returns, under @handle_klio, that do not do what they say."""
    for code in job.per_element.roots:
        if code.is_marked(*HANDLE) and code.node.name != "expand":
            yield from _returns(code)


def _returns(code: Code) -> Iterator[Finding]:
    nodes = list(_own(code.node))
    yields = any(isinstance(node, ast.Yield | ast.YieldFrom) for node in nodes)
    returns = [node for node in nodes if isinstance(node, ast.Return)]
    wrong = [node for node in returns if _is_nothing(node.value) != yields]
    if wrong == [code.node.body[-1]] and len(returns) == 1 and not yields:
        return  # as if it were not there
    for node in wrong:
        what = f"{code.name}() is a generator, and what it returns is lost" if yields else _passes_on(code)
        yield CHECK.found(f"{what}: {ast.unparse(node)}", code.module.file, node.lineno)


def _passes_on(code: Code) -> str:
    return f"{code.name}() yields nothing anywhere, so this passes the message on"


def _is_nothing(value: ast.expr | None) -> bool:
    return value is None or (isinstance(value, ast.Constant) and value.value is None)


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a function, but not those of functions in it."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, Function | ast.Lambda | ast.ClassDef):
            yield from _own(child)
