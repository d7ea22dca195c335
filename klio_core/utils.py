"""klio's helpers for programs around jobs: values of the process, and where a job file is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["delete_global", "get_config_job_dir", "get_global", "get_or_initialize_global", "set_global"]

_values: dict[str, Any] = {}
_NAME = "klio-job.yaml"


def set_global(name: str, value: Any) -> None:
    """Keep a value of this process under a name."""
    _values[name] = value


def get_global(name: str) -> Any:
    """Answer the value of that name, None where there is none."""
    return _values.get(name)


def delete_global(name: str) -> None:
    """Forget the value of that name."""
    _values.pop(name, None)


def get_or_initialize_global(name: str, initializer: Callable[[], Any]) -> Any:
    """Answer the value of that name; the first time it is what `initializer` makes."""
    if name not in _values:
        _values[name] = initializer()
    return _values[name]


def get_config_job_dir(job_dir: str | None, config_file: str | None) -> tuple[str, str]:
    """Answer the job's directory and the path of its job file, as the options -j and -c mean them."""
    directory = Path(job_dir or ".").resolve()
    if config_file is None:
        return str(directory), str(directory / _NAME)
    return str(directory), str(directory / config_file) if job_dir else config_file
