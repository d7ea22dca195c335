"""Which code of a job runs for each element: `process()`, what is under @handle_klio, and all that they call."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from klio_cli.audit.once import often
from klio_cli.audit.source import Function, Module

_CACHES = {"functools.cache", "functools.lru_cache", "functools.cached_property"}
_MAPS = {"Map", "FlatMap", "MapTuple", "FlatMapTuple", "Filter"}
HANDLE = ("klio.transforms.decorators.handle_klio", "klio.transforms.decorators._handle_klio")


@dataclass(frozen=True, eq=False)
class Code:
    """A function of the job, or a method of `owner`."""

    module: Module
    node: Function
    owner: ast.ClassDef | None = None

    @property
    def name(self) -> str:
        """Its name as Python tells it: `Mixer.process`."""
        return f"{self.owner.name}.{self.node.name}" if self.owner else self.node.name

    @cached_property
    def often(self) -> Sequence[ast.AST]:
        """All its nodes, but for what it does the first time only, and for what it yields in place of doing it."""
        return list(often(self.node.body))

    @property
    def calls(self) -> Iterator[tuple[ast.Call, str]]:
        """Each call among them, and the whole name of what is called; empty where that is no plain name."""
        return ((node, self.module.dotted(node.func)) for node in self.often if isinstance(node, ast.Call))

    def is_marked(self, *decorators: str) -> bool:
        """Whether it is under one of these decorators, which are whole names."""
        return any(name in decorators for name in self._decorators())

    def _decorators(self) -> Iterator[str]:
        for one in self.node.decorator_list:
            yield self.module.dotted(one.func if isinstance(one, ast.Call) else one)


class PerElement:
    """The code of a job that runs for each element."""

    def __init__(self, modules: Sequence[Module]) -> None:
        self._modules = modules
        self._functions = dict(_functions(modules))
        self._classes = dict(_classes(modules))

    @cached_property
    def code(self) -> Sequence[Code]:
        """All of it: where it begins, and all that is called from there, but for what is cached."""
        waiting, found = [*self.roots], dict[Function, Code]()
        while waiting:
            code = waiting.pop(0)
            if code.node in found or code.is_marked(*_CACHES):
                continue
            found[code.node] = code
            waiting += self.called(code)
        return list(found.values())

    @cached_property
    def roots(self) -> Sequence[Code]:
        """Where it begins: `process()` of each DoFn, functions under @handle_klio, and what beam.Map is given."""
        marked = [code for code in self._functions.values() if code.is_marked(*HANDLE)]
        process = [code for code in self._functions.values() if self._is_process(code)]
        return [*dict.fromkeys([*process, *marked, *self._mapped()])]

    def is_dofn(self, code: Code) -> bool:
        """Whether it is a method of a DoFn."""
        return code.owner is not None and self._is_dofn(code.module, code.owner)

    def _is_process(self, code: Code) -> bool:
        return code.node.name == "process" and self.is_dofn(code)

    def _is_dofn(self, module: Module, owner: ast.ClassDef, depth: int = 9) -> bool:
        names = [module.dotted(base) for base in owner.bases]
        known = [self._classes[name] for name in names if name in self._classes]
        beams = any(name.startswith("apache_beam.") and name.endswith(".DoFn") for name in names)
        return beams or any(self._is_dofn(*base, depth - 1) for base in known if depth)

    def _mapped(self) -> Iterator[Code]:
        for module in self._modules:
            for node in ast.walk(module.tree):
                if isinstance(node, ast.Call) and _is_map(module.dotted(node.func)) and node.args:
                    mapped = self._functions.get(module.dotted(node.args[0]))
                    yield from [mapped] if mapped else []

    def called(self, code: Code) -> Iterator[Code]:
        """Yield the functions and methods of the job that it calls."""
        for call, name in code.calls:
            if isinstance(call.func, ast.Attribute) and name.startswith("self.") and code.owner:
                found = self._method(code.module, code.owner, name.removeprefix("self."))
            elif name in self._classes:
                found = self._method(*self._classes[name], "__init__")
            else:
                found = self._functions.get(name)
            if found:
                yield found
        yield from self._looked_up(code)

    def _looked_up(self, code: Code) -> Iterator[Code]:
        """Yield the properties of its object that it looks at."""
        for node in code.often if code.owner else ():
            name = code.module.dotted(node) if isinstance(node, ast.Attribute) else ""
            found = self._method(code.module, code.owner, name[5:]) if name.startswith("self.") and code.owner else None
            if found and found.is_marked("property"):
                yield found

    def _method(self, module: Module, owner: ast.ClassDef, name: str, depth: int = 9) -> Code | None:
        own = self._functions.get(f"{module.name}.{owner.name}.{name}")
        if own or not depth:
            return own
        bases = [self._classes[base] for base in map(module.dotted, owner.bases) if base in self._classes]
        return next((found for base in bases if (found := self._method(*base, name, depth - 1))), None)


def _is_map(name: str) -> bool:
    return name.startswith("apache_beam.") and name.rpartition(".")[2] in _MAPS


def _functions(modules: Sequence[Module]) -> Iterator[tuple[str, Code]]:
    for module in modules:
        for name, node in module.defined.items():
            if not isinstance(node, ast.ClassDef):
                yield f"{module.name}.{name}", Code(module, node)
                continue
            methods = [one for one in node.body if isinstance(one, Function)]
            yield from ((f"{module.name}.{name}.{one.name}", Code(module, one, node)) for one in methods)


def _classes(modules: Sequence[Module]) -> Mapping[str, tuple[Module, ast.ClassDef]]:
    return {
        f"{module.name}.{name}": (module, node)
        for module in modules
        for name, node in module.defined.items()
        if isinstance(node, ast.ClassDef)
    }
