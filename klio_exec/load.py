"""Loads run.py: the author's `run(in_pcol, config)`, or an error that points at the author's line."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from klio_core.errors import JobCodeError
from klio_exec.blame import at_author

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
        raise JobCodeError("run.py has no run()", where=str(path), expected=_EXPECTED, got=_functions(module))
    _check_signature(run, path)
    return cast("Callable[[Any, Any], Any]", run)


def call_run(run: Callable[[Any, Any], Any], events: Any, config: Any) -> Any:
    """Call the author's run(); whatever it raises becomes a JobCodeError at the author's line."""
    try:
        return run(events, config)
    except Exception as error:  # the author's code may raise anything; raised as theirs
        raise at_author(error, "run() raised", Path(inspect.getfile(run)).parent) from error


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
            where=f"{path}:{run.__code__.co_firstlineno}" if inspect.isfunction(run) else str(path),
            expected=_EXPECTED,
            got=f"{run.__name__}{inspect.signature(run)}: {error}",
        ) from error


def _functions(module: ModuleType) -> str:
    names = [name for name, value in vars(module).items() if inspect.isfunction(value)]
    return f"functions {', '.join(names)}" if names else "no function at all"
