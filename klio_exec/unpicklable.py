"""Which part of the author's code cannot travel to a worker, and the line that it comes from."""

from __future__ import annotations

import ast
import inspect
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.internal import pickler

from klio_core.errors import JobCodeError
from klio_exec.blame import Place, at_author, is_authors

_WHAT = "the job's code cannot be sent to a worker"
_EXPECTED = "attributes and variables that can be pickled"
_MEND = "make it in setup(), which each worker calls before its first element"


def blamed(error: RuntimeError, job_dir: Path) -> JobCodeError | None:
    """Answer the JobCodeError for code that Beam could not pickle; None where `error` says something else."""
    held = _held_by_beam(error)
    if held is None:
        return None
    name, value, reason = next(_culprits(held), ("it", held, str(error)))
    place = _assigned(held, name, job_dir.resolve()) or at_author(error, _WHAT, job_dir).where
    got = f"a {type(value).__name__} in {name}: {reason}"
    return JobCodeError(_WHAT, where=str(place), expected=_EXPECTED, got=got, todo=_MEND)


def _held_by_beam(error: BaseException) -> Any:
    """Answer what Beam was about to pickle when it raised: a variable of its own frame."""
    trace = error.__traceback__
    while trace is not None and "Unable to pickle fn" in str(error):
        fn = trace.tb_frame.f_locals.get("self")
        if isinstance(fn, beam.ParDo):
            return getattr(fn, "fn", None)
        trace = trace.tb_next
    return None


def _culprits(held: Any) -> Iterator[tuple[str, Any, str]]:
    """Yield the parts that cannot be pickled: as the code calls them, what they are, and why."""
    for name, value in _parts(held):
        try:
            pickler.dumps(value)
        except Exception as error:  # noqa: BLE001  (whatever a class raises on its way into a pickle)
            within = next(_culprits(value), None) if isinstance(value, types.FunctionType) else None
            yield within or (name, value, str(error).partition(". User code")[0])


def _parts(held: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(held, types.FunctionType):
        yield from inspect.getclosurevars(held).nonlocals.items()
        return
    for name, value in vars(held).items():
        yield (f"self.{name}", value)


def _assigned(held: Any, name: str, root: Path) -> Place | None:
    """Answer the line of the class that makes the attribute."""
    attribute = name.removeprefix("self.")
    file = inspect.getsourcefile(type(held)) or ""
    if attribute == name or not is_authors(file, root):
        return None
    for node in ast.walk(ast.parse(Path(file).read_bytes())):
        for target in node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]:
            if isinstance(target, ast.Attribute) and ast.unparse(target) == name:
                return Place(file, target.lineno)
    return None
