"""A job on Kubernetes: looked at, rehearsed, its image built and pushed, applied, and waited for."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from klio_cli.images import push
from klio_cli.images.backend import DOCKER, published
from klio_cli.images.job_image import JobImage
from klio_cli.kubernetes import job_files, plan, workers
from klio_cli.kubernetes.cluster import Cluster, Json
from klio_cli.kubernetes.manifests import Manifests
from klio_cli.kubernetes.remarks import remarks
from klio_cli.kubernetes.rollout import Rollout
from klio_cli.kubernetes.spot import Spot
from klio_cli.kubernetes.workload import Fill, Workload
from klio_cli.terminal import Terminal
from klio_cli.version import klio_version
from klio_core.errors import KlioError, UsageError
from klio_core.invocation import FLAGS, Invocation

if TYPE_CHECKING:
    from klio_core.config import KlioConfig

# What a Deployment takes of a run; all else is about runs that end, or about this machine.
_TAKEN = {
    "job_dir", "config_file", "override", "template", "image_tag", "blocking", "update", "workers", "verbose"
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Launch:
    """A launch that was looked at: its manifests and its job file can be applied, as far as one sees from here."""

    job: Invocation
    config: KlioConfig
    manifests: Manifests
    image: JobImage
    spot: Spot
    build: bool

    @classmethod
    def of(cls, job: Invocation, config: KlioConfig, spot: Spot, *, build: bool) -> Launch:
        """Look at a job, whose image is built and pushed, unless the registry has it (`build`).

        Raises UsageError for all that keeps it from Kubernetes; nobody is asked.
        """
        _check(job, config)
        manifests = Manifests.of(job.job_dir.resolve())
        spot.check(manifests)
        image = JobImage.of(job, config)
        push.check(image.name)
        made = cls(job, config, manifests, image, spot, build)
        made.workload(str(image.name), None)
        return made

    def workload(self, image: str, now: Json | None) -> Workload:
        """Answer what is applied, with this image, in the place of `now`."""
        from klio_core.on_dataflow.labels import labels

        given = self.config.pipeline_options.all_labels
        fill = Fill(
            self.job,
            self.config.job_name,
            job_files.text_of(self.config),
            image,
            _as_dict(labels(given, klio_version(), os.environ)),
            _as_dict(given),
        )
        return Workload.of(self.manifests, fill, replicas=None if now is None else workers.replicas(now))

    def show(self, terminal: Terminal) -> int:
        """Print what would be done, and answer 0."""
        for remark in remarks(self.config, self.manifests):
            terminal.note(str(remark))
        image = str(self.image.name)
        there = self.spot.lines(self.config, self.manifests)
        shown = f"{image}, by its digest" if self.build else image
        terminal.say(plan.text(self.config.job_name, there, shown, self.manifests, self.workload(image, None)))
        return 0

    def rehearse(self, cluster: Cluster, now: Json | None = None) -> None:
        """Ask for everything without doing it; what is in a namespace that is made with it cannot be asked for.

        Raises UsageError and CloudError for what the cluster would refuse.
        """
        objects = self.workload(str(self.image.name), now).objects
        if not any(one.kind == "Namespace" for one in objects):
            for one in objects:
                cluster.apply(one.body, f"{one}, {one.file}", rehearse=True)

    def run(
        self,
        terminal: Terminal,
        *,
        again: bool = False,
        backend: str = DOCKER,
        in_place: bool = False,
        before: Callable[[], None] = lambda: None,
    ) -> int:
        """Have the image built and pushed by `backend`, apply all, and wait until the workers are ready; answer 0.

        What the cluster would refuse is told before anything is built. `before` is called when all is there.
        Raises UsageError where the job runs, and neither `in_place` nor --update nor the job file says that it is
        replaced; EngineError and CloudError.
        """
        for remark in remarks(self.config, self.manifests):
            terminal.note(str(remark))
        cluster = self.spot.cluster(self.config, self.manifests)
        now = cluster.find(f"{cluster.deployments}/{self.manifests.deployment.name}")
        if now is not None and workers.replicas(now) and not (in_place or self._update):
            todo = "`klio job deploy` replaces it, `klio job stop` ends it"
            raise UsageError(f"{self.config.job_name} runs already", where=f"{self._name}, {cluster}", todo=todo)
        self.rehearse(cluster, now)
        image = str(self.image.name)
        if self.build:
            image = published(self.image, self.config, terminal, backend=backend, again=again)
        before()
        workload = self.workload(image, now)
        self._apply(cluster, workload, terminal)
        if self.job.blocking is False:
            return 0
        reached = Rollout(cluster, self._name, workload.template).wait(terminal)
        terminal.say(f"{self._name}: {reached.ready} of {reached.wanted} workers are ready, in {cluster}")
        job_files.sweep(cluster, workload, terminal)
        return 0

    @property
    def _update(self) -> bool:
        return self.config.pipeline_options.update if self.job.update is None else self.job.update

    @property
    def _name(self) -> str:
        return self.manifests.deployment.name

    def _apply(self, cluster: Cluster, workload: Workload, terminal: Terminal) -> None:
        done: list[str] = []
        made: Json = {}
        try:
            for one in workload.objects:
                made = cluster.apply(one.body, f"{one}, {one.file}")
                done.append(str(one))
        except KlioError:
            if done:
                terminal.note(f"applied before that: {', '.join(done)}")
            raise
        terminal.note(f"applied {', '.join(done)}")
        job_files.own(cluster, workload, made)


def _check(job: Invocation, config: KlioConfig) -> None:
    """Raise UsageError for what no Deployment does."""
    if not config.pipeline_options.streaming:
        raise UsageError(
            "only a streaming job is a Deployment",
            got="pipeline_options.streaming: false",
            todo="run a batch job on Dataflow, or on a machine",
        )
    for flag in FLAGS:
        if flag.field not in _TAKEN and getattr(job, flag.field):
            todo = "leave it away: there a worker runs until it is stopped, and is started again when it ends"
            raise UsageError(f"{flag.name} is not for a job on Kubernetes", todo=todo)


def _as_dict(labels: list[str]) -> dict[str, str]:
    """Answer labels `key=value` as Kubernetes takes them: a value begins and ends with a letter or a digit."""
    return {key: value.strip("-_.") for key, _, value in (one.partition("=") for one in labels)}
