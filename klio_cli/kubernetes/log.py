"""The log of a job on Kubernetes: what all containers of all its pods print."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from klio_cli.kubernetes import workers
from klio_cli.kubernetes.cluster import Cluster, Json
from klio_cli.kubernetes.container_log import ContainerLog
from klio_cli.where.place import Line
from klio_core.logging_api import SEVERITIES


@dataclass
class PodLog:
    """A Log of the Deployments that `found` answers. Each line is read once."""

    cluster: Cluster
    found: Callable[[], list[Json]]
    pause_s: float = 1.0
    _seen: list[Json] | None = None  # pods, where they have just been asked for
    _begun: bool = False
    _known: dict[tuple[str, str], ContainerLog] = field(default_factory=dict)

    def ended(self) -> bool:
        """Whether no worker is left, and none is to come."""
        deployments = self.found()
        self._seen = self._pods(deployments)
        return not self._seen and not any(workers.replicas(one) for one in deployments)

    def lines(self, since: str, severity: str) -> Iterator[Line]:  # noqa: ARG002 - each line comes once, whatever its time
        """Yield what is new, of this severity or worse: at first all that there is, and then what comes."""
        wanted = SEVERITIES[SEVERITIES.index(severity) :]
        follow, self._begun = self._begun, True
        yield from (line for line in self._new(follow=follow) if line.severity in wanted)

    def _new(self, *, follow: bool) -> Iterator[Line]:
        seen, self._seen = self._seen, None
        pods = self._pods(self.found()) if seen is None else seen
        there = {(pod["metadata"]["name"], one["name"]): pod for pod in pods for one in pod["spec"]["containers"]}
        for key, pod in there.items():
            log = self._known.setdefault(key, ContainerLog(self.cluster, *key, _source(pod, key[1])))
            restarts = _restarts(pod, key[1])
            yield from log.follow(restarts) if follow else log.read(restarts)
        for key in self._known.keys() - there.keys():
            yield from self._known.pop(key).rest()

    def _pods(self, deployments: list[Json]) -> list[Json]:
        return [pod for one in deployments for pod in workers.pods(self.cluster, one)]


def _source(pod: Json, container: str) -> str:
    name = str(pod["metadata"]["name"])
    return name if len(pod["spec"]["containers"]) == 1 else f"{name}/{container}"


def _restarts(pod: Json, container: str) -> int:
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return next((int(one.get("restartCount", 0)) for one in statuses if one["name"] == container), 0)
