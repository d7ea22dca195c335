"""The jobs of a graph, found in directories."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from klio_cli import job_dir, options
from klio_core.errors import UsageError
from klio_core.graph import Graph, Job
from klio_core.invocation import Invocation


def load(directories: Sequence[Path], chosen: Mapping[str, Any]) -> Graph:
    """Read the jobs in these directories, or right below them; `chosen` are the options for each of their job files.

    Raises UsageError where a directory holds no job, or two jobs have one name; ConfigError for a bad job file.
    """
    return Graph([Job(job_dir.load(one), one.job_dir) for one in invocations(directories, chosen)])


def invocations(directories: Sequence[Path], chosen: Mapping[str, Any]) -> list[Invocation]:
    """Answer one invocation for each job, in the order given."""
    each = options.invocation(chosen)
    found = [one for directory in directories for one in _jobs_in(directory, each)]
    return list({one.job_dir.resolve(): one for one in found}.values())


def _jobs_in(directory: Path, each: Invocation) -> Iterator[Invocation]:
    here = replace(each, job_dir=directory)
    below = [replace(each, job_dir=path) for path in sorted(directory.glob("*/"))]
    inside = [one for one in below if one.config_path.is_file()]
    if here.config_path.is_file() or not directory.is_dir():
        yield job_dir.check(here)
    elif inside:
        yield from inside
    else:
        raise UsageError(
            "no job here, and none in the directories below",
            where=str(directory.resolve()),
            expected=f"a {here.config_path.name}",
            todo="name the jobs' directories, or one that holds them",
        )
