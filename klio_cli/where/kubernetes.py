"""Jobs on Kubernetes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Self

from klio_cli.kubernetes import workers
from klio_cli.kubernetes.cluster import Cluster, Json
from klio_cli.kubernetes.log import PodLog
from klio_cli.kubernetes.manifests import image_of
from klio_cli.kubernetes.workers import Worker
from klio_cli.kubernetes.workload import JOB, label
from klio_cli.terminal import Terminal
from klio_cli.where.place import Ran, when
from klio_core.errors import CloudError, UsageError

if TYPE_CHECKING:
    from klio_cli.kubernetes.manifests import Manifests
    from klio_cli.kubernetes.spot import Spot
    from klio_core.config import KlioConfig

_WITHIN_S = 600.0
_PAUSES_S = (0.02, 2.0)  # the first one, and the longest


class OnKubernetes:
    """A Place: a namespace of a cluster, and the name of a job, "" for none. With no `only` all jobs are listed."""

    called = "Kubernetes"

    def __init__(self, cluster: Cluster, name: str, only: str | None = None) -> None:
        self._cluster = cluster
        self._name = name
        self._only = only

    @classmethod
    def of(cls, config: KlioConfig, spot: Spot, manifests: Manifests | None = None) -> Self:
        """Answer where the job of a job file runs. Raises what Spot.cluster does."""
        return cls(spot.cluster(config, manifests), config.job_name)

    def jobs(self, *, everything: bool) -> Iterator[Ran]:
        """Yield the jobs that klio put into the namespace, the newest first; with `everything` the stopped ones."""
        selector = f"{JOB}={label(self._only)}" if self._only else JOB
        found = list(self._cluster.all(self._cluster.deployments, labelSelector=selector))
        for one in sorted(found, key=_since, reverse=True):
            if everything or workers.replicas(one):
                metadata = one["metadata"]
                yield Ran(metadata["labels"][JOB], _state(one), _since(one), "streaming", metadata["name"])

    def none(self) -> str:
        """Answer what is said where no job runs."""
        return f"no job runs in {self._cluster}"

    def running(self) -> tuple[str, str] | None:
        """Answer the name and the place of the job, where it runs."""
        alive = [one for one in self._found() if workers.replicas(one)]
        return (self._name, f"deployment {alive[0]['metadata']['name']}, {self._cluster}") if alive else None

    def show(self, terminal: Terminal) -> None:
        """Print how the job and each of its workers are. Raises UsageError where there is none."""
        for one in self._there():
            pods = [Worker.of(pod) for pod in workers.pods(self._cluster, one)]
            rows = {"deployment": f"{one['metadata']['name']}, {self._cluster}", "image": image_of(one)}
            lines = [f"  {name:<12}{value}" for name, value in rows.items()]
            terminal.say("\n".join([f"{self._name}  {_state(one)} since {when(_since(one))}", *lines]))
            if pods:
                terminal.say()
                terminal.table(("worker", "ready", "restarts", "since", "state"), [_row(pod) for pod in pods])

    def stop(self, terminal: Terminal, *, drain: bool) -> None:  # noqa: ARG002 - a worker always finishes what it has begun, as long as its grace lets it
        """Have no workers, and wait until they have ended. Raises CloudError where that takes ten minutes."""
        running = [one for one in self._found() if workers.replicas(one)]
        if not running:
            terminal.note(f"no job {self._name} runs in {self._cluster}")
        for one in running:
            path = f"{self._cluster.deployments}/{one['metadata']['name']}"
            self._cluster.change(path, {"spec": {"replicas": 0}})
            terminal.note(f"{one['metadata']['name']} drains")
            self._wait(path)
            terminal.say(f"{self._name}: STOPPED")

    def log(self) -> PodLog:
        """Answer what all workers of the job print. Raises UsageError where there is no job."""
        self._there()
        return PodLog(self._cluster, self._found)

    def _found(self) -> list[Json]:
        if not self._name:
            raise UsageError("no job is named", todo="--job-name NAME, or run this in the job's directory")
        return workers.deployments(self._cluster, self._name)

    def _there(self) -> list[Json]:
        found = self._found()
        if not found:
            todo = "`klio job list --all` lists the jobs there are; -n names another namespace"
            raise UsageError(f"there is no job {self._name} on Kubernetes", where=str(self._cluster), todo=todo)
        return found

    def _wait(self, path: str) -> None:
        pause, longest = _PAUSES_S
        deadline = time.monotonic() + _WITHIN_S
        while (one := self._cluster.find(path)) is not None:
            pods = [pod["metadata"]["name"] for pod in workers.pods(self._cluster, one)]
            if workers.replicas(one):
                todo = "stop what scales it first: an autoscaler of another kind, or somebody else"
                raise CloudError(f"{self._name} gets workers again", where=str(self._cluster), todo=todo)
            if not pods:
                return
            if time.monotonic() > deadline:
                todo = "they go on ending: `klio job status --remote` shows how far they are"
                what = f"{self._name} has not ended within {_WITHIN_S:g} s"
                raise CloudError(what, where=str(self._cluster), got=", ".join(pods), todo=todo)
            time.sleep(pause)
            pause = min(2 * pause, longest)


def _state(deployment: Json) -> str:
    wanted = workers.replicas(deployment)
    return f"{workers.ready(deployment)} of {wanted} ready" if wanted else "STOPPED"


def _since(deployment: Json) -> str:
    return str(deployment["metadata"].get("creationTimestamp", ""))


def _row(pod: Worker) -> tuple[str, ...]:
    return pod.pod, "yes" if pod.ready else "no", str(pod.restarts), when(pod.since), pod.state
