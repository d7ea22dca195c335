"""A job on Dataflow, launched from its own image: looked at, built, pushed, and submitted from inside."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from klio_cli.container.plan import Plan, launch_plan
from klio_cli.images import push
from klio_cli.images.backend import CLOUD_BUILD, published
from klio_cli.images.job_image import JobImage
from klio_cli.terminal import Terminal
from klio_cli.version import klio_version
from klio_core.invocation import Invocation
from klio_core.on_dataflow.fit import fitted, remarks
from klio_core.on_dataflow.options import options_there

if TYPE_CHECKING:
    from klio_core.config import KlioConfig


@dataclass(frozen=True, slots=True)
class Launch:
    """A launch that was looked at: what it takes is in the job file, and nothing of it is on this machine only."""

    job: Invocation
    config: KlioConfig
    image: JobImage

    @classmethod
    def of(cls, job: Invocation, config: KlioConfig) -> Launch:
        """Look at a job. Raises UsageError and InvalidConfig for all that keeps it from Dataflow; nobody is asked."""
        fitted(config, job)
        image = JobImage.of(job, config)
        if _is_the_workers(config):
            push.check(image.name)
        return cls(job, config, image)

    def show(self, terminal: Terminal) -> None:
        """Print what would be done."""
        for remark in remarks(self.config):
            terminal.note(remark)
        lines = [*_destination(self), *_workers(self.config), *_rest(self)]
        terminal.say(f"{self.config.job_name} would be launched on Dataflow so:\n{_table(lines)}")
        terminal.say(f"from a container with\n{self._plan(str(self.image.name)).text()}")

    def run(self, terminal: Terminal, *, again: bool = False, before: Callable[[], None] = lambda: None) -> int:
        """Build and push the image, call `before`, and launch the job; answer the exit status of that.

        Raises EngineError and CloudError.
        """
        from klio_cli.container.run import run as run_container
        from klio_cli.images import engine

        with engine.connected() as client:
            self.image.ensure(client, terminal, again=again)
            config = self.config
            if _is_the_workers(config):
                terminal.note(f"Pushing {self.image.name}")
                config = _with_image(config, push.push(client, self.image.name, terminal))
            before()
            return run_container(client, self._plan(str(self.image.name)), config, terminal)

    def built_in_cloud(self, terminal: Terminal) -> Invocation:
        """Have Cloud Build build and push the image; answer the launch of a job whose workers run it, by its digest.

        What `run` raises, and UsageError where the job file lacks what Cloud Build needs.
        """
        if not _is_the_workers(self.config):
            return self.job
        name = published(self.image, self.config, terminal, backend=CLOUD_BUILD)
        image = f"pipeline_options.sdk_container_image={name}"
        return replace(self.job, override=(*self.job.override, image), image_tag=None)

    def _plan(self, image: str) -> Plan:
        return launch_plan(self.job, image, self.config)


def _is_the_workers(config: KlioConfig) -> bool:
    """Whether workers run the job's image; else Beam's own, which installs what the job file says."""
    options = config.pipeline_options
    return not (options.setup_file or options.requirements_file)


def _with_image(config: KlioConfig, image: str) -> KlioConfig:
    options = config.pipeline_options.model_copy(update={"sdk_container_image": image})
    return config.model_copy(update={"pipeline_options": options})


def _destination(launch: Launch) -> Iterator[tuple[str, str]]:
    options = launch.config.pipeline_options
    kind = "streaming" if options.streaming else "batch"
    update = options.update if launch.job.update is None else launch.job.update
    yield "job", f"{options.job_name}, {kind}{', in the place of the one that runs' if update else ''}"
    yield "project", f"{options.project}, {options.region}"
    yield "account", options.service_account_email or "the default of Compute Engine in that project"
    yield "image", str(launch.image.name) if _is_the_workers(launch.config) else "Beam's own"


def _workers(config: KlioConfig) -> Iterator[tuple[str, str]]:
    options = config.pipeline_options
    most = options.max_num_workers_given or "as many as Dataflow allows"
    stays = options.autoscaling_algorithm == "NONE"
    yield "workers", f"{options.num_workers}, always" if stays else f"{options.num_workers} at first, {most} at most"
    yield "each", f"{options.machine_type}, {options.disk_size_gb} GB of disk"


# They have a line of their own above.
_TOLD = {
    "job_name", "streaming", "project", "region", "service_account_email", "sdk_container_image", "runner",
    "num_workers", "max_num_workers", "machine_type", "disk_size_gb", "update",
}  # fmt: skip


def _rest(launch: Launch) -> Iterator[tuple[str, str]]:
    fit = fitted(launch.config, launch.job)
    options: dict[str, Any] = options_there(fit, image=None, update=False, version=klio_version(), environ=os.environ)
    for name, value in options.items():
        if name not in _TOLD and value not in (None, False, []):
            yield name, ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _table(lines: list[tuple[str, str]]) -> str:
    width = max(len(name) for name, _ in lines)
    return "\n".join(f"  {name:{width}}  {said}" for name, said in lines)
