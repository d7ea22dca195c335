"""Loads run.py: the author's `run(in_pcol, config)`, or an error that points at the author's line."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from klio_core.errors import JobCodeError
from klio_exec import unpicklable
from klio_exec.blame import at_author, definition_of

_EXPECTED = "def run(in_pcol, config): … that returns a PCollection"


def load_run(job_dir: Path) -> Callable[[Any, Any], Any]:
    """Answer the job's `run_basic` or `run`. Its directory stays on the path, so that its modules import each other.

    Raises JobCodeError where run.py is missing, cannot be imported, or has no such function.
    """
    path = job_dir.resolve() / "run.py"
    if not path.is_file():
        raise JobCodeError(
            "the job has no run.py", where=str(path), expected=_EXPECTED, todo="`klio job create` writes a working one"
        )
    module = _import(path)
    run: Any = getattr(module, "run_basic", None) or getattr(module, "run", None)
    if not callable(run):
        raise _no_run(module, path)
    _check_signature(run, path)
    return cast("Callable[[Any, Any], Any]", run)


def call_run(run: Callable[[Any, Any], Any], events: Any, config: Any) -> Any:
    """Call the author's run(); whatever it raises becomes a JobCodeError at the author's line."""
    try:
        return run(events, config)
    except Exception as error:  # the author's code may raise anything; raised as theirs
        here = directory_of(run)
        unsent = unpicklable.blamed(error, here) if isinstance(error, RuntimeError) else None
        raise unsent or at_author(error, "run() raised", here) from error


def directory_of(run: Callable[[Any, Any], Any]) -> Path:
    """Answer the directory of the author's code."""
    return Path(inspect.getfile(run)).parent if inspect.isfunction(run) else Path.cwd()


def _import(path: Path) -> ModuleType:
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location("run", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["run"] = module  # what the pipeline pickles by name is found again by this name
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # the author's code may raise anything; raised as theirs
        sys.modules.pop("run", None)
        raise at_author(error, "run.py cannot be imported", path.parent) from error
    return module


def _check_signature(run: Callable[..., Any], path: Path) -> None:
    try:
        inspect.signature(run).bind(None, None)
    except TypeError as error:
        raise JobCodeError(
            "run() does not take what klio gives it",
            where=str(definition_of(run) if inspect.isfunction(run) else path),
            expected=_EXPECTED,
            got=f"{run.__name__}{inspect.signature(run)}: {error}",
        ) from error


def _no_run(module: ModuleType, path: Path) -> JobCodeError:
    functions = {name: value for name, value in vars(module).items() if inspect.isfunction(value)}
    near = next(iter(get_close_matches("run", functions, 1)), None)
    return JobCodeError(
        "run.py has no run()",
        where=str(definition_of(functions[near]) if near else path),
        expected=_EXPECTED,
        got=f"functions {', '.join(functions)}" if functions else "no function at all",
        todo=f"rename {near}() to run(), if it is meant" if near else None,
    )
