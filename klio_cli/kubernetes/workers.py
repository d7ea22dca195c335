"""The workers of a job as they are now: its Deployments, their pods, and how each of those is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from klio_cli.kubernetes import trouble
from klio_cli.kubernetes.cluster import Cluster, Json
from klio_cli.kubernetes.workload import JOB, label


@dataclass(frozen=True, slots=True)
class Worker:
    """One pod. `since` is when it was made, ISO 8601; `state` says in a word how it is, and why."""

    pod: str
    ready: bool
    restarts: int
    since: str
    state: str

    @classmethod
    def of(cls, pod: Json) -> Self:
        """Read a pod."""
        containers = trouble.containers(pod)
        ready = trouble.condition(pod, "Ready").get("status") == "True"
        restarts = sum(int(container.get("restartCount", 0)) for container in containers)
        since = str(pod["metadata"].get("creationTimestamp", ""))
        return cls(pod["metadata"]["name"], ready, restarts, since, _state(pod, ready=ready))


def deployments(cluster: Cluster, job_name: str) -> list[Json]:
    """Answer the Deployments of a job: those that klio applied, else the one of its name."""
    found = list(cluster.all(cluster.deployments, labelSelector=f"{JOB}={label(job_name)}"))
    if found:
        return found
    by_name = cluster.find(f"{cluster.deployments}/{job_name}")
    return [] if by_name is None else [by_name]


def pods(cluster: Cluster, deployment: Json) -> Iterator[Json]:
    """Yield the pods of a Deployment."""
    wanted: dict[str, str] = deployment["spec"]["selector"].get("matchLabels") or {}
    yield from cluster.all(cluster.pods, labelSelector=",".join(f"{key}={value}" for key, value in wanted.items()))


def replicas(deployment: Json) -> int:
    """Answer how many workers a Deployment is to have."""
    return int(deployment["spec"].get("replicas", 1))


def ready(deployment: Json) -> int:
    """Answer how many of them are ready."""
    return int((deployment.get("status") or {}).get("readyReplicas") or 0)


def _state(pod: Json, *, ready: bool) -> str:
    if pod["metadata"].get("deletionTimestamp"):
        return "ends"
    ends = [told for container in trouble.containers(pod) if (told := trouble.ended(container))]
    last = f", ended last: {ends[0]}" if ends else ""
    if ready:
        return f"works{last}"
    for one in trouble.of_pod(pod):
        return f"{one.what}: {one.got}"
    return f"starts{last}"
