"""What of a job may be deleted from its cluster: what klio applied for it, and never what others or its data need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from klio_cli.kubernetes.cluster import Cluster
from klio_cli.kubernetes.manifests import Manifest, Manifests
from klio_cli.kubernetes.workload import JOB, label

_STAY = {
    "Namespace": "all in it would go, too",
    "PersistentVolumeClaim": "media may be on it",
}


@dataclass(frozen=True, slots=True)
class Found:
    """An object of the job's manifests that is in the cluster, and why it stays there, "" if it does not."""

    manifest: Manifest
    stays: str
    _cluster: Cluster

    def __str__(self) -> str:
        return f"{self.manifest} in {self._cluster}"

    def delete(self) -> None:
        """Remove it; with a Deployment its workers and its job files go."""
        self._cluster.delete(self._cluster.path(self.manifest.body, self.manifest.file))


def found(cluster: Cluster, manifests: Manifests, job_name: str) -> Iterator[Found]:
    """Yield the objects that are there, the Deployment first."""
    for one in (manifests.deployment, *manifests.others):
        there = cluster.find(cluster.path(one.body, one.file))
        if there is not None:
            of = (there["metadata"].get("labels") or {}).get(JOB)
            ours = "" if of == label(job_name) else "klio did not apply it for this job"
            yield Found(one, _STAY.get(one.kind, ours), cluster)
