"""Which cluster, and as whom: what kubectl's own files say (kubernetes.io/docs/concepts/configuration)."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from klio_core.errors import CloudError, EngineError, UsageError

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

_GET_ONE = "`gcloud container clusters get-credentials CLUSTER` writes one; KUBECONFIG names another file of kubectl's"
_LOG_IN = "log in again: `gcloud auth login` for a cluster of Google's, else as whoever runs the cluster says"

_FOLLOWED = 200  # connections that are kept: one for each log that is followed


class Context(NamedTuple):
    """A cluster and somebody who may use it, by kubectl's name for both; and the namespace that is usual there."""

    name: str
    namespace: str
    files: str


def context(wanted: str | None) -> Context:
    """Answer a context, the current one if none is named, of the files of KUBECONFIG, else of ~/.kube/config.

    Raises EngineError where the client is not installed, UsageError for an unknown context, CloudError where no
    cluster is named.
    """
    _, config = _modules()
    files = os.environ.get("KUBECONFIG") or "~/.kube/config"
    if not any(Path(name).expanduser().is_file() for name in files.split(os.pathsep) if name):
        raise CloudError("no cluster is named on this machine", where=files, todo=_GET_ONE)
    try:
        known, current = config.list_kube_config_contexts(files)
    except (config.ConfigException, *_not_readable()) as error:
        if wanted is not None or "current-context" not in str(error):
            raise CloudError("kubectl's file cannot be used", where=files, got=str(error), todo=_GET_ONE) from error
        todo = "kubectl config use-context NAME, or --kube-context NAME"
        raise CloudError("no context is the current one", where=files, todo=todo) from error
    chosen = current if wanted is None else _named(wanted, known, files)
    return Context(chosen["name"], chosen["context"].get("namespace") or "default", files)


def client(chosen: Context) -> ApiClient:
    """Answer a client of the cluster of a context; nobody is asked but the program that gives credentials.

    Raises CloudError where that fails, or the file lacks something.
    """
    api, config = _modules()
    settings = api.Configuration()
    try:
        with _told() as complaints:
            config.load_kube_config(chosen.files, chosen.name, settings, persist_config=False)
    except (config.ConfigException, *_not_readable()) as error:
        raise CloudError("kubectl's file cannot be used", where=chosen.files, got=str(error), todo=_GET_ONE) from error
    if complaints and not settings.api_key:
        todo = f"see that the program is installed; {_LOG_IN}"
        raise CloudError("no credentials for the cluster", where=chosen.files, got=complaints[0], todo=todo)
    settings.connection_pool_maxsize = _FOLLOWED
    settings.retries = False  # what fails is told, and asked again where that makes sense
    return api.ApiClient(settings)


def _modules() -> tuple[Any, Any]:
    try:
        from kubernetes import client, config
    except ImportError as error:
        todo = "pip install 'klio[kubernetes]'"
        raise EngineError(
            "what speaks to Kubernetes is not installed here", expected="kubernetes", todo=todo
        ) from error
    return client, config


def _not_readable() -> tuple[type[Exception], ...]:
    from yaml import YAMLError

    return (YAMLError, OSError, ValueError, TypeError, AttributeError)  # the last three: YAML of another shape


def _named(wanted: str, known: list[Any], files: str) -> Any:
    for one in known:
        if one["name"] == wanted:
            return one
    names = ", ".join(sorted(one["name"] for one in known))
    raise UsageError("there is no such context", where=files, expected=names, got=wanted)


@contextmanager
def _told() -> Iterator[list[str]]:
    """Take what the client says in a log of its own: a program for credentials that fails is only said there."""
    said: list[str] = []

    class Taker(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    taker, root = Taker(logging.ERROR), logging.getLogger()
    root.addHandler(taker)
    try:
        yield said
    finally:
        root.removeHandler(taker)
