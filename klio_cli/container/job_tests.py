"""The tests of a job, in its image: with its Python, its libraries and its files, and nothing of this machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from klio_cli.container.plan import Plan, plan_of_audit, plan_of_tests
from klio_cli.images.job_image import JobImage
from klio_cli.terminal import Terminal
from klio_core.invocation import Invocation

if TYPE_CHECKING:
    from klio_core.config import KlioConfig


def run(job: Invocation, terminal: Terminal, config: KlioConfig, arguments: Sequence[str], *, again: bool) -> int:
    """Run pytest with these arguments in the image of a job, whose job file is `config`; answer its exit status.

    The image is built where the engine does not have it, or `again`. Raises UsageError, EngineError.
    """
    return _run(job, terminal, config, lambda image: plan_of_tests(image, config, arguments), again=again)


def audit(job: Invocation, terminal: Terminal, config: KlioConfig, report: Path, *, again: bool) -> int:
    """Run the tests under watch, and have what was seen written to `report`; else as above."""
    return _run(job, terminal, config, lambda image: plan_of_audit(job, image, config, report), again=again)


def _run(
    job: Invocation, terminal: Terminal, config: KlioConfig, planned: Callable[[str], Plan], *, again: bool
) -> int:
    from klio_cli.container.run import run as run_container
    from klio_cli.images import engine

    image = JobImage.of(job, config)
    with engine.connected() as client:
        image.ensure(client, terminal, again=again)
        return run_container(client, planned(str(image.name)), config, terminal)
