"""What all commands of `klio job profile` have in common: their options, and how they start `klioexec`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from klio_cli import here, job_dir, options
from klio_core.invocation import Invocation
from klio_core.profiling import FOR_ALL, FOR_SOME, JOB_FLAGS, OWN_FLAGS, Profiling, What

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

_JOB = tuple(flag.field for flag in JOB_FLAGS)


def profiles(what: What) -> Callable[[Decorated], Decorated]:
    """Add the arguments and options of a profile."""

    def decorate(command: Decorated) -> Decorated:
        command = options.flags(*_JOB)(options.flags(*FOR_ALL, *FOR_SOME[what], of=OWN_FLAGS)(command))
        return click.argument("elements", nargs=-1, metavar="[ELEMENT]...")(command)

    return decorate


def run(what: What, chosen: Mapping[str, Any]) -> int:
    """Profile a job here, and answer the exit status of its run. Raises UsageError and EngineError."""
    given = {field: value for field, value in chosen.items() if value is not None}
    job = Invocation(**{field: given.pop(field) for field in _JOB if field in given})
    job_dir.check(job)
    return here.klioexec(["profile", *Profiling(what, job=job, **given).argv()])
