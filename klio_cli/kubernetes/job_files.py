"""The job file in the cluster: a ConfigMap for each text it has had, so that pods of any launch find theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from klio_cli.kubernetes.cluster import Cluster, Json
from klio_cli.kubernetes.workload import JOB, Workload
from klio_cli.terminal import Terminal
from klio_core.errors import CloudError, UsageError

if TYPE_CHECKING:
    from klio_core.config import KlioConfig

_REVISIONS = 10  # to so many launches a Deployment can go back, if its manifest does not say otherwise


def text_of(config: KlioConfig) -> str:
    """Answer the effective job file. Raises UsageError where it holds a secret: whoever may look at pods reads it."""
    from klio_core.config.dump import dump
    from klio_core.redact import redacted

    text = dump(config)
    for before, after in zip(text.splitlines(), redacted(text).splitlines(), strict=False):
        if before != after:
            raise UsageError(
                "the job file holds a secret, which others in the cluster would read",
                got=after.strip(),
                todo="take it out of the job file; a worker gets it from a Secret, as env or a file in the manifest",
            )
    return text


def own(cluster: Cluster, workload: Workload, deployment: Json) -> None:
    """Have the job file go away with its Deployment, whoever deletes that."""
    metadata = deployment["metadata"]
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": metadata["name"], "uid": metadata["uid"]}
    cluster.change(f"{cluster.configmaps}/{workload.job_file.name}", {"metadata": {"ownerReferences": [owner]}})


def sweep(cluster: Cluster, workload: Workload, terminal: Terminal) -> None:
    """Remove the job files of launches that the Deployment cannot go back to; a refusal is only told."""
    kept = int(workload.deployment.body["spec"].get("revisionHistoryLimit", _REVISIONS)) + 1
    labels = workload.job_file.body["metadata"]["labels"]
    prefix = f"{workload.deployment.name}-job-"
    try:
        found = list(cluster.all(cluster.configmaps, labelSelector=f"{JOB}={labels[JOB]}"))
        ours = [one["metadata"] for one in found if one["metadata"]["name"].startswith(prefix) and one.get("immutable")]
        ours.sort(key=lambda metadata: str(metadata.get("creationTimestamp")), reverse=True)
        for metadata in ours[kept:]:
            if metadata["name"] != workload.job_file.name:
                cluster.delete(f"{cluster.configmaps}/{metadata['name']}")
    except CloudError as error:
        terminal.note(f"older job files stay in the cluster: {error.got or error.what}")
