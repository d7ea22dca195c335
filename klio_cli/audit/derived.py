"""What comes of what, in one function: whether an expression holds something of the element."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from klio_cli.audit.elements import Code

Begins = Callable[[ast.AST], bool]

# Calls whose result is made of what they are given. Of all others it is thought that they make something else of it.
_FUNCTIONS = {"str", "bytes", "os.fsdecode", "os.fspath", "os.path.join", "pathlib.Path", "pathlib.PurePath", "open"}
_METHODS = {
    "decode", "encode", "format", "join", "lower", "lstrip", "partition", "removeprefix", "removesuffix", "rpartition",
    "rsplit", "rstrip", "split", "splitlines", "strip", "upper", "with_suffix", "joinpath", "open", "absolute",
}  # fmt: skip
# Of a path they are the last part, which leads nowhere else.
_LAST_PART = {"name", "stem", "suffix"}


class Derived:
    """The local names of a function that hold something of what `begins` says yes to."""

    def __init__(self, code: Code, begins: Begins) -> None:
        self._module = code.module
        self._begins = begins
        self._names: set[str] = set()
        pairs = [pair for node in ast.walk(code.node) for pair in _assigned(node)]
        while more := {name for name, value in pairs if name not in self._names and self.holds(value)}:
            self._names |= more

    def holds(self, node: ast.AST) -> bool:
        """Whether an expression holds something of it."""
        if self._begins(node):
            return True
        match node:
            case ast.Name(name):
                return name in self._names
            case ast.Attribute(value, name):
                return name not in _LAST_PART and self.holds(value)
            case ast.Call(func):
                return self._comes_out(func, [*node.args, *(word.value for word in node.keywords)])
            case ast.Compare() | ast.Lambda():
                return False
        return any(map(self.holds, ast.iter_child_nodes(node)))

    def _comes_out(self, func: ast.expr, given: list[ast.expr]) -> bool:
        if self._module.dotted(func) in _FUNCTIONS:
            return any(map(self.holds, given))
        method = isinstance(func, ast.Attribute) and func.attr in _METHODS
        return method and any(map(self.holds, [func.value, *given])) if isinstance(func, ast.Attribute) else False


def _assigned(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield each name that gets a value, with the value."""
    match node:
        case ast.Assign(targets, value):
            yield from ((name, value) for target in targets for name in _names(target))
        case ast.AnnAssign(target, _, ast.expr() as value) | ast.AugAssign(target, _, value):
            yield from ((name, value) for name in _names(target))
        case ast.NamedExpr(target, value) | ast.For(target, value) | ast.comprehension(target, value):
            yield from ((name, value) for name in _names(target))
        case ast.withitem(value, ast.expr() as target):
            yield from ((name, value) for name in _names(target))


def _names(target: ast.expr) -> list[str]:
    return [node.id for node in ast.walk(target) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
