"""What code does once, although it stands where it is reached for each element: `if self.model is None: …`."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

_MISSING = {"AttributeError", "KeyError", "NameError"}


def often(body: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Yield all nodes of a function's body, but for what it does the first time only."""
    return _Body(body).often(body)


class _Body:
    """A function's body, and what it knows of things that outlive a call: attributes, entries, global names."""

    def __init__(self, body: Sequence[ast.AST]) -> None:
        nodes = [node for statement in body for node in ast.walk(statement)]
        self._global = {name for node in nodes if isinstance(node, ast.Global | ast.Nonlocal) for name in node.names}
        self._called: dict[str, str] = {}  # local names of such things
        for name, value in (pair for node in nodes for pair in _named(node)):
            if thing := self._thing(value):
                self._called[name] = thing

    def often(self, statements: Sequence[ast.AST]) -> Iterator[ast.AST]:
        for number, node in enumerate(statements):
            if isinstance(node, ast.If) and self._answers_what_is_there(node, statements[number + 1 :]):
                yield from self.often([node.test])
                return
            yield node
            if isinstance(node, ast.If) and self._is_missing(node.test, node.body):
                yield from self.often([node.test, *node.orelse])
            elif isinstance(node, ast.ExceptHandler) and _MISSING & _names(node.type):
                continue
            else:
                for part in _parts(node):
                    yield from self.often(part)

    def _is_missing(self, test: ast.expr, body: Iterable[ast.AST]) -> bool:
        """Whether the test asks whether something is missing that the body then sets."""
        missing = self._asked_for(test)
        return missing is not None and missing in _set_in(body)

    def _answers_what_is_there(self, node: ast.If, rest: Iterable[ast.AST]) -> bool:
        """Whether it is `if self.model is not None: return self.model`, and the rest of the function makes it."""
        return isinstance(node.body[-1], ast.Return) and self._is_missing(ast.UnaryOp(ast.Not(), node.test), rest)

    def _asked_for(self, test: ast.expr) -> str | None:
        """Answer the thing whose absence a test asks for; None where it asks for something else."""
        match test:
            case ast.Compare(left, [ast.Is()], [ast.Constant(None)]):
                return self._thing(left)
            case ast.UnaryOp(ast.Not(), ast.Compare(left, [ast.IsNot()], [ast.Constant(None)])):
                return self._thing(left)
            case ast.Compare(left, [ast.NotIn()], [holder]):
                return f"{ast.unparse(holder)}[{ast.unparse(left)}]"
            case ast.UnaryOp(ast.Not(), ast.Compare(left, [ast.In()], [holder])):
                return f"{ast.unparse(holder)}[{ast.unparse(left)}]"
            case ast.UnaryOp(ast.Not(), ast.Call(ast.Name("hasattr"), [holder, ast.Constant(str(name))])):
                return f"{ast.unparse(holder)}.{name}"
            case ast.UnaryOp(ast.Not(), thing):
                return self._thing(thing)
        return None

    def _thing(self, node: ast.expr) -> str | None:
        """Answer what an expression looks up, as code; None where that ends with the call of the function."""
        match node:
            case ast.Name(name):
                return name if name in self._global else self._called.get(name)
            case ast.Attribute() | ast.Subscript():
                return ast.unparse(node)
            case ast.NamedExpr(_, value):
                return self._thing(value)
            case ast.Call(ast.Name("getattr"), [holder, ast.Constant(str(name)), *_]):
                return f"{ast.unparse(holder)}.{name}"
            case ast.Call(ast.Attribute(holder, "get"), [key, *_]):
                return f"{ast.unparse(holder)}[{ast.unparse(key)}]"
        return None


def _named(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    match node:
        case ast.Assign([ast.Name(name)], value) | ast.NamedExpr(ast.Name(name), value):
            yield name, value


def _parts(node: ast.AST) -> Iterator[list[ast.AST]]:
    """Yield what a node holds: each list of statements is one, so that what follows an `if` is seen with it."""
    for _, value in ast.iter_fields(node):
        if isinstance(value, list):
            yield [one for one in value if isinstance(one, ast.AST)]
        elif isinstance(value, ast.AST):
            yield [value]


def _set_in(body: Iterable[ast.AST]) -> set[str]:
    nodes = [node for statement in body for node in ast.walk(statement)]
    assigned = [target for node in nodes if isinstance(node, ast.Assign) for target in node.targets]
    return {ast.unparse(target) for target in assigned}


def _names(node: ast.AST | None) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)} if node else set()
