"""What is certain to be wrong in a function for one element, from its syntax tree alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator

Function = ast.FunctionDef | ast.AsyncFunctionDef


def takes(arguments: ast.arguments, count: int) -> bool:
    """Whether a function may be called with so many positional arguments, and no other."""
    positional = len(arguments.posonlyargs) + len(arguments.args)
    required = positional - len(arguments.defaults)
    enough = positional >= count or arguments.vararg is not None
    return required <= count and enough and all(default is not None for default in arguments.kw_defaults)


def takes_at_least(arguments: ast.arguments, count: int) -> bool:
    """Whether a function may be called with so many positional arguments, and perhaps with more."""
    return len(arguments.posonlyargs) + len(arguments.args) >= count or arguments.vararg is not None


def returned_element(process: Function) -> ast.Return | None:
    """Answer the line of a plain DoFn's `process` that returns its element, or one text, in place of yielding it.

    Beam wants something to iterate over. What a generator returns is another matter.
    """
    own = list(_own(process))
    if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in own):
        return None
    element = {one.arg for one in process.args.args[1:2]}
    return next((node for node in own if isinstance(node, ast.Return) and _is_one(node.value, element)), None)


def last_return(function: Function) -> ast.Return | None:
    """Answer the last line of a function that returns something; None where there is none."""
    returns = [node for node in _own(function) if isinstance(node, ast.Return)]
    return max(returns, key=lambda node: node.lineno, default=None)


def _is_one(value: ast.expr | None, element: set[str]) -> bool:
    if isinstance(value, ast.Name):
        return value.id in element
    return isinstance(value, ast.JoinedStr) or (
        isinstance(value, ast.Constant) and isinstance(value.value, str | bytes)
    )


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a function, but not those of functions in it."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, Function | ast.Lambda | ast.ClassDef):
            yield from _own(child)
