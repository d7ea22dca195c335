"""What code does once, although it stands where it is reached for each element: `if self.model is None: …`."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

_MISSING = {"AttributeError", "KeyError", "NameError"}


def often(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield all nodes of some code, but for what it does the first time only."""
    statements = list(body)
    for number, node in enumerate(statements):
        if isinstance(node, ast.If) and _answers_what_is_there(node, statements[number + 1 :]):
            yield from often([node.test])
            return
        yield node
        if isinstance(node, ast.If) and _is_first_time(node.test, node.body):
            yield from often([node.test, *node.orelse])
        elif isinstance(node, ast.ExceptHandler) and _MISSING & _names(node.type):
            continue
        else:
            for part in _parts(node):
                yield from often(part)


def _parts(node: ast.AST) -> Iterator[list[ast.AST]]:
    """Yield what a node holds: each list of statements is one, so that `often` sees what follows an `if`."""
    for _, value in ast.iter_fields(node):
        if isinstance(value, list):
            yield [one for one in value if isinstance(one, ast.AST)]
        elif isinstance(value, ast.AST):
            yield [value]


def _is_first_time(test: ast.expr, body: list[ast.stmt]) -> bool:
    """Whether the test asks whether something is missing that the body then sets."""
    missing = _asked_for(test)
    return missing is not None and missing in _set_in(body)


def _answers_what_is_there(node: ast.If, rest: list[ast.AST]) -> bool:
    """Whether it is `if self.model is not None: return self.model`, and the rest of the function makes it."""
    there = _asked_for(ast.UnaryOp(ast.Not(), node.test))
    return isinstance(node.body[-1], ast.Return) and there is not None and there in _set_in(rest)


def _asked_for(test: ast.expr) -> str | None:
    """Answer whose absence a test asks for, as code; None where it asks for something else."""
    match test:
        case ast.Compare(left, [ast.Is()], [ast.Constant(None)]):
            return _kept(left)
        case ast.UnaryOp(ast.Not(), ast.Compare(left, [ast.IsNot()], [ast.Constant(None)])):
            return _kept(left)
        case ast.Compare(left, [ast.NotIn()], [holder]):
            return f"{ast.unparse(holder)}[{ast.unparse(left)}]"
        case ast.UnaryOp(ast.Not(), ast.Compare(left, [ast.In()], [holder])):
            return f"{ast.unparse(holder)}[{ast.unparse(left)}]"
        case ast.UnaryOp(ast.Not(), ast.Call(ast.Name("hasattr"), [holder, ast.Constant(str(name))])):
            return f"{ast.unparse(holder)}.{name}"
        case ast.UnaryOp(ast.Not(), (ast.Name() | ast.Attribute()) as thing):
            return ast.unparse(thing)
    return None


def _kept(thing: ast.expr) -> str:
    match thing:
        case ast.Call(ast.Name("getattr"), [holder, ast.Constant(str(name)), *_]):
            return f"{ast.unparse(holder)}.{name}"
    return ast.unparse(thing)


def _set_in(body: Iterable[ast.AST]) -> set[str]:
    nodes = [node for statement in body for node in ast.walk(statement)]
    assigned = [target for node in nodes if isinstance(node, ast.Assign) for target in node.targets]
    return {ast.unparse(target) for target in assigned}


def _names(node: ast.AST | None) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)} if node else set()
