"""Loads run.py: the author's `run(in_pcol, config)`, or an error that points at the author's line."""

from __future__ import annotations

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from klio_core.errors import JobCodeError

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
    except Exception as error:
        raise _at_author(error, "run() raised", inspect.getfile(run)) from error


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
    except Exception as error:
        sys.modules.pop("run", None)
        raise _at_author(error, "run.py cannot be imported", str(path)) from error
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


def _at_author(error: Exception, what: str, path: str) -> JobCodeError:
    """Point at the innermost line of the job's own directory; the frames of frameworks help nobody."""
    root = str(Path(path).resolve().parent)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(root)]
    if isinstance(error, SyntaxError):
        where = f"{error.filename}:{error.lineno}"
    else:
        where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else path
    line = (error.text or "").strip() if isinstance(error, SyntaxError) else (frames[-1].line if frames else "")
    todo = None
    if isinstance(error, ModuleNotFoundError):
        todo = f"install it ({error.name}), and add it to job-requirements.txt"
    return JobCodeError(
        what, where=where, got=f"{type(error).__name__}: {error}" + (f"\n    {line}" if line else ""), todo=todo
    )


def _functions(module: ModuleType) -> str:
    names = [name for name, value in vars(module).items() if inspect.isfunction(value)]
    return f"functions {', '.join(names)}" if names else "no function at all"
