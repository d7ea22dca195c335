"""The options that say where on Kubernetes a job is, under the names that they have elsewhere (helm, kubectl)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def spot(command: Decorated) -> Decorated:
    """Add --kube-context and --namespace. The command gets `kube_context` and `namespace`, None where not given."""
    namespace = click.option("--namespace", "-n", metavar="NAME", help="On Kubernetes: in which namespace.")
    context = click.option("--kube-context", metavar="NAME", help="On Kubernetes: by which context of kubectl's.")
    return context(namespace(command))
