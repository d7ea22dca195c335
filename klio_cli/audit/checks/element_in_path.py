from __future__ import annotations

import ast
from collections.abc import Iterator

from klio_cli.audit.derived import Derived
from klio_cli.audit.elements import Code
from klio_cli.audit.job import Job
from klio_core.finding import Check, Finding, Grade

CHECK = Check(
    "element-in-path",
    Grade.WARNING,
    "a path that is put together with an element",
    why="an element may hold slashes, and its directory is not there; /etc/x throws away all that stands before it, "
    "and ../x leads out of it",
    mend="self._klio.download(name) and .upload(name) see to it; for a file of your own, take pathlib.Path(name).name, "
    "or hashlib.sha256(data.element).hexdigest()",
)

_JOINS = {"os.path.join", "posixpath.join", "pathlib.Path", "pathlib.PurePath"}
_ELEMENT = {"element", "entity_id"}


def find(job: Job) -> Iterator[Finding]:
    """Yield the joins of paths with what comes of an element."""
    for code in job.per_element.code:
        elements = Derived(code, _is_element)
        for node in code.often:
            if any(elements.holds(part) for part in _behind(code, node)):
                what = f"{code.name}() joins {ast.unparse(node)}"
                yield CHECK.found(what, code.module.file, getattr(node, "lineno", 0))


def _is_element(node: ast.AST) -> bool:
    """`data.element`, and whatever is called `element`."""
    return (isinstance(node, ast.Attribute) and node.attr in _ELEMENT) or (
        isinstance(node, ast.Name) and node.id in _ELEMENT
    )


def _behind(code: Code, node: ast.AST) -> list[ast.expr]:
    """Answer what is put behind another part of a path."""
    match node:
        case ast.Call(func, args) if code.module.dotted(func) in _JOINS:
            return args[1:]
        case ast.Call(ast.Attribute(_, "joinpath"), args):
            return args
        case ast.BinOp(_, ast.Div(), right):
            return [right]
    return []
