"""klio's helpers for programs around jobs: values of the process, where a job file is, and what is in it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from klio_core.config.problems import InvalidConfig
from klio_core.config.read import read_text, read_tree
from klio_core.config.values import Values
from klio_core.errors import EngineError

__all__ = ["KlioConfigMeta", "delete_global", "get_config_by_path", "get_config_job_dir", "get_global",
           "get_or_initialize_global", "get_publisher", "set_global"]  # fmt: skip

_values: dict[str, Any] = {}
_NAME = "klio-job.yaml"


@dataclass
class KlioConfigMeta:
    """Where a configuration is from: the job's directory, the path of the job file, and what the option -c said."""

    job_dir: str
    config_path: str
    config_file: str | None


def set_global(name: str, value: Any) -> None:
    """Keep a value of this process under a name."""
    _values[name] = value


def get_global(name: str) -> Any:
    """Answer the value of that name, None where there is none."""
    return _values.get(name)


def delete_global(name: str) -> None:
    """Forget the value of that name."""
    _values.pop(name, None)


def get_or_initialize_global(name: str, initializer: Callable[[], Any] | Any) -> Any:
    """Answer the value of that name; where there is none, it is `initializer`, or what that answers when called."""
    if get_global(name) is None:
        set_global(name, initializer() if callable(initializer) else initializer)
    return get_global(name)


def get_config_job_dir(job_dir: str | None, config_file: str | None) -> tuple[str, str]:
    """Answer the job's directory and the path of its job file, as the options -j and -c mean them."""
    directory = Path(job_dir or ".").resolve()
    if config_file is None:
        return str(directory), str(directory / _NAME)
    return str(directory), str(directory / config_file) if job_dir else config_file


def get_config_by_path(config_filepath: str, parse_yaml: bool = True) -> Any:  # noqa: FBT001, FBT002 - klio's signature
    """Answer what is in a job file, as plain data or as text; nothing is filled in, and only its form is judged.

    Raises:
        InvalidConfig: there is no such file, it cannot be read, or it is no YAML that a job file may be.

    """
    text = read_text(Path(config_filepath))
    if not parse_yaml:
        return text
    values = Values.of(read_tree(text, config_filepath))
    if values.problems:
        raise InvalidConfig(config_filepath, values.problems)
    return values.data


def get_publisher(topic: str) -> Any:
    """Answer a PublisherClient of Google's, and make the topic where there is none; one client for each topic.

    Raises EngineError where Google's client is not installed, and what Google's client raises.
    """
    return get_or_initialize_global(f"publisher_{topic}", lambda: _publisher(topic))


def _publisher(topic: str) -> Any:
    try:
        from google.api_core.exceptions import AlreadyExists
        from google.cloud import pubsub
    except ImportError as error:
        todo = "pip install 'klio[exec]'"
        raise EngineError("google-cloud-pubsub is not installed", got=str(error), todo=todo) from error
    publisher = pubsub.PublisherClient()
    with suppress(AlreadyExists):
        publisher.create_topic(name=topic)
    return publisher
