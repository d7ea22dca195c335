"""`klio job profile cpu`: where the time goes, by transform and by call."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from klio.transforms import profile
from klio_core.profiling import Profiling
from klio_exec.profile.family import Family
from klio_exec.profile.once import Ran, run_over
from klio_exec.profile.picture import draw
from klio_exec.profile.shares import headed
from klio_exec.profile.tree import Tree


def cpu(asked: Profiling, elements: list[bytes]) -> tuple[str, Ran]:
    """Answer the report, and the run that it is of. Raises KlioError."""
    tree = Tree()
    family = Family(asked.interval, spans=asked.plot is not None, also=tree.look)
    profile.activate(None, family.meter)
    ran = run_over(asked, elements, family.meter, lambda _: _both(family, tree))
    tree.write(asked.html, asked.speedscope)
    if asked.plot:
        draw(family, asked.plot)
    coloured = asked.output_file is None and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return f"{headed(family, ran)}\n\n{tree.text(asked.job.job_dir, coloured=coloured)}", ran


@contextmanager
def _both(family: Family, tree: Tree) -> Iterator[None]:
    tree.begin()
    with family:
        yield
