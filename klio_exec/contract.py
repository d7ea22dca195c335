"""What Beam asks of the author's DoFns, held before the first element comes: errors then, and at their line."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam import Pipeline
from apache_beam.pipeline import AppliedPTransform, PipelineVisitor

from klio_core.author_code import Function, last_return, returned_element
from klio_core.errors import JobCodeError
from klio_exec.blame import Place, definition_of, is_authors


def check(pipeline: Pipeline, job_dir: Path) -> None:
    """Raise JobCodeError at the first DoFn of the author's that Beam could not work with."""
    pipeline.visit(_DoFns(job_dir.resolve()))


def returns_at(func: Callable[..., Any]) -> Place:
    """Answer the last line on which a function returns something, or where it begins."""
    begins = definition_of(func)
    tree = _tree(func)
    found = last_return(tree) if tree else None
    return Place(begins.file, begins.line - tree.lineno + found.lineno) if tree and found else begins


class _DoFns(PipelineVisitor):
    """Looks at each DoFn of a graph that is written in the job's directory."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def visit_transform(self, applied: AppliedPTransform) -> None:
        transform = applied.transform
        process = getattr(type(getattr(transform, "fn", None)), "process", None)
        if not isinstance(transform, beam.ParDo) or not inspect.isfunction(process):
            return
        if is_authors(inspect.unwrap(process).__code__.co_filename, self._root):
            marks = getattr(process, "klio_marks", None)
            if marks is not None:
                _check_arguments(process, transform, ["context"] if marks.context_first else [])
            elif not hasattr(process, "__wrapped__"):  # another decorator may make anything of it
                _check_arguments(process, transform, [])
                _check_return(process)


def _check_arguments(process: Any, transform: Any, context: list[str]) -> None:
    given = ["self", *context, "data", *(f"side_input_{number}" for number, _ in enumerate(transform.args))]
    signature = inspect.signature(process)
    try:
        signature.bind(*given, **transform.kwargs)
    except TypeError as error:
        raise JobCodeError(
            f"{process.__qualname__}() does not take what it is given",
            where=str(definition_of(process)),
            expected=f"def process({', '.join([*given, *transform.kwargs])}): …",
            got=f"process{signature}: {error}",
        ) from error


def _check_return(process: Any) -> None:
    tree = _tree(process)
    wrong = returned_element(tree) if tree else None
    if tree is None or wrong is None:
        return
    begins = definition_of(process)
    raise JobCodeError(
        f"{process.__qualname__}() returns one thing, where Beam wants something to iterate over",
        where=str(Place(begins.file, begins.line - tree.lineno + wrong.lineno)),
        todo=f"`yield {ast.unparse(wrong.value) if wrong.value else ''}`",
    )


def _tree(func: Callable[..., Any]) -> Function | None:
    """Answer the syntax tree of a function; None where its source is not to be had."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(func)))).body[0]
    except (OSError, SyntaxError):
        return None
    return tree if isinstance(tree, Function) else None
