"""A class of the author's own, which the job file names by its dotted path: found, looked at, and made."""

from __future__ import annotations

import importlib
import inspect
import traceback
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from klio_core.config.suggest import did_you_mean
from klio_core.errors import JobCodeError


def made(path: str, options: Mapping[str, Any], protocol: Any) -> Any:
    """Answer an instance of the class at `path`, made with `options` by keyword.

    Raises JobCodeError where there is no such class, where it lacks a method of `protocol`, or where it does not take
    the options or raises when it is made.
    """
    kind = class_at(path)
    missing = [name for name in _methods(protocol) if not callable(getattr(kind, name, None))]
    if missing:
        raise JobCodeError(
            f"{path} lacks {', '.join(missing)}",
            where=_line_of(kind),
            expected=f"the methods of {protocol.__module__}.{protocol.__name__}: {', '.join(_methods(protocol))}",
        )
    try:
        return kind(**options)
    except Exception as error:  # the author's class may raise anything; it is told as that
        raise JobCodeError(
            f"{path} cannot be made with the options of the job file",
            where=_line_of(kind),
            expected=f"{kind.__name__}({', '.join(f'{name}=…' for name in options)}) answers an instance",
            got=f"{type(error).__name__}: {error}",
        ) from error


def _methods(protocol: Any) -> list[str]:
    return [name for name, value in vars(protocol).items() if inspect.isfunction(value) and not name.startswith("_")]


def class_at(path: str) -> type[Any]:
    """Answer the class at a dotted path. Raises JobCodeError where there is none."""
    module_name, _, name = path.rpartition(".")
    module = _module(module_name, path)
    found = getattr(module, name, None)
    if isinstance(found, type):
        return found
    raise JobCodeError(
        f"there is no class {path}",
        where=module.__file__ or module_name,
        expected=f"class {name}",
        got="nothing of that name" if found is None else f"a {type(found).__name__}",
        todo=did_you_mean(name, [key for key, value in vars(module).items() if isinstance(value, type)]),
    )


def _module(name: str, path: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except Exception as error:  # so may importing their module
        missing = isinstance(error, ModuleNotFoundError) and name.startswith(error.name or " ")
        frame = traceback.extract_tb(error.__traceback__)[-1]
        raise JobCodeError(
            f"the module of {path} " + ("is not there" if missing else "cannot be imported"),
            where=f"class: {path}" if missing else f"{frame.filename}:{frame.lineno}",
            expected=f"the module {name}, in the job's directory or installed",
            got=f"{type(error).__name__}: {error}",
        ) from error


def _line_of(kind: type) -> str:
    try:
        return f"{inspect.getsourcefile(kind)}:{inspect.getsourcelines(kind)[1]}"
    except (OSError, TypeError):  # made at run time, or in C
        return f"{kind.__module__}.{kind.__qualname__}"
