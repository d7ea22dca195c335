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
    pause_s: float = 0.5
    _begun: bool = False
    _known: dict[tuple[str, str], ContainerLog] = field(default_factory=dict)

    def ended(self) -> bool:
        """Whether no worker is left, and none is to come."""
        return not any(workers.replicas(one) or list(workers.pods(self.cluster, one)) for one in self.found())

    def lines(self, since: str, severity: str) -> Iterator[Line]:  # noqa: ARG002 - each line comes once, whatever its time
        """Yield what is new, of this severity or worse: at first all that there is, and then what comes."""
        wanted = SEVERITIES[SEVERITIES.index(severity) :]
        follow, self._begun = self._begun, True
        yield from (line for line in self._new(follow=follow) if line.severity in wanted)

    def _new(self, *, follow: bool) -> Iterator[Line]:
        there = {
            (pod["metadata"]["name"], one["name"]): pod for pod in self._pods() for one in pod["spec"]["containers"]
        }
        for key, pod in there.items():
            log = self._known.setdefault(key, ContainerLog(self.cluster, *key, _source(pod, key[1])))
            restarts = _restarts(pod, key[1])
            yield from log.follow(restarts) if follow else log.read(restarts)
        for key in self._known.keys() - there.keys():
            yield from self._known.pop(key).rest()

    def _pods(self) -> Iterator[Json]:
        for deployment in self.found():
            yield from workers.pods(self.cluster, deployment)


def _source(pod: Json, container: str) -> str:
    name = str(pod["metadata"]["name"])
    return name if len(pod["spec"]["containers"]) == 1 else f"{name}/{container}"


def _restarts(pod: Json, container: str) -> int:
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return next((int(one.get("restartCount", 0)) for one in statuses if one["name"] == container), 0)
