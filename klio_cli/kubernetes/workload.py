"""What is applied for a job: its manifests, with the image, the job file and the labels of a launch in them. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Self

from klio_cli.container.plan import CONFIG_INSIDE, JOB_DIR, PROGRAM
from klio_cli.kubernetes.manifests import Json, Manifest, Manifests, worker_of
from klio_core.errors import UsageError
from klio_core.invocation import Invocation

JOB = "klio/job"
"""The label of all that is applied for a job: its name."""
TEMPLATE = "klio/template"
"""The label of a pod: what it was made from, so that the new ones are told from the old."""
_JOB_FILE = "klio-job"
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Workload:
    """The objects of a launch, as they are applied: what the Deployment needs, the job file, the Deployment."""

    others: tuple[Manifest, ...]
    job_file: Manifest
    deployment: Manifest

    @classmethod
    def of(cls, manifests: Manifests, launch: Fill, *, replicas: int | None) -> Self:
        """Fill the manifests; `replicas` is how many workers there are now, None where there is no Deployment.

        Raises UsageError where the worker's command is not `klioexec run`.
        """
        labels = {**launch.labels, JOB: label(launch.job_name)}
        job_file = _job_file(manifests.deployment.name, launch.job_file, labels)
        deployment = replace(manifests.deployment, body=deepcopy(manifests.deployment.body))
        _fill_worker(deployment, launch, job_file.name)
        _add_labels(deployment.body, labels)
        _fill_pod(deployment.body["spec"]["template"], launch, labels[JOB])
        if manifests.autoscaler is not None:
            deployment.body["spec"]["replicas"] = replicas or _least(manifests.autoscaler)
        return cls(tuple(_labelled(one, labels) for one in manifests.others), job_file, deployment)

    @property
    def objects(self) -> tuple[Manifest, ...]:
        """All of them, in the order in which they are applied."""
        return (*self.others, self.job_file, self.deployment)

    @property
    def template(self) -> str:
        """What marks the pods that are made from this."""
        return str(self.deployment.body["spec"]["template"]["metadata"]["labels"][TEMPLATE])


@dataclass(frozen=True, slots=True)
class Fill:
    """What a launch puts into the manifests: the text of the job file, the image, labels, and what a run is asked."""

    job: Invocation
    job_name: str
    job_file: str
    image: str
    labels: Mapping[str, str]
    pod_labels: Mapping[str, str]


def label(name: str) -> str:
    """Answer a job's name as the value of a label: itself where that is one, else its beginning and a digest."""
    if _LABEL.fullmatch(name):
        return name
    return f"{name[:50].rstrip('-_.')}-{_digest(name)}"


def command(manifest: Manifest, job: Invocation) -> list[str]:
    """Answer the command of the worker: that of the manifest, with the job file that is mounted, and `job`'s flags.

    Raises UsageError where it is not `klioexec run`.
    """
    worker = worker_of(manifest)
    written = [*(worker.get("command") or ()), *(worker.get("args") or ())] or [PROGRAM, "run"]
    if written[:2] != [PROGRAM, "run"]:
        raise UsageError(
            "the worker does not run the job",
            where=f"{manifest.file}: command",
            expected=f'["{PROGRAM}", "run", …]',
            got=json.dumps(written),
        )
    inside = Invocation.parse([str(part) for part in written[2:]])
    asked = replace(
        inside,
        job_dir=inside.job_dir if inside.job_dir != Path() else Path(JOB_DIR),
        config_file=Path(CONFIG_INSIDE),
        workers=job.workers or inside.workers,
        verbose=job.verbose or inside.verbose,
    )
    return [PROGRAM, "run", *asked.argv()]


def _fill_worker(deployment: Manifest, launch: Fill, job_file: str) -> None:
    worker = worker_of(deployment)
    worker["command"] = command(deployment, launch.job)
    worker.pop("args", None)
    worker["image"] = launch.image
    mount = {"name": _JOB_FILE, "mountPath": str(PurePosixPath(CONFIG_INSIDE).parent), "readOnly": True}
    worker["volumeMounts"] = [*(worker.get("volumeMounts") or ()), mount]
    pod = deployment.body["spec"]["template"]["spec"]
    pod["volumes"] = [*(pod.get("volumes") or ()), {"name": _JOB_FILE, "configMap": {"name": job_file}}]


def _fill_pod(template: Json, launch: Fill, job: str) -> None:
    _add_labels(template, {**launch.pod_labels, JOB: job})
    _add_labels(template, {TEMPLATE: _digest(json.dumps(template, sort_keys=True, default=str))})


def _job_file(deployment: str, text: str, labels: Mapping[str, str]) -> Manifest:
    """Answer the job file as an object that never changes: pods of another launch keep theirs, and go back to it."""
    body: Json = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"{deployment}-job-{_digest(text)}"},
        "immutable": True,
        "data": {PurePosixPath(CONFIG_INSIDE).name: text},
    }
    _add_labels(body, labels)
    return Manifest(body, "the job file")


def _labelled(manifest: Manifest, labels: Mapping[str, str]) -> Manifest:
    body = deepcopy(manifest.body)
    _add_labels(body, labels)
    return replace(manifest, body=body)


def _add_labels(body: Json, labels: Mapping[str, str]) -> None:
    metadata = body.setdefault("metadata", {})
    metadata["labels"] = {**(metadata.get("labels") or {}), **labels}


def _least(autoscaler: Manifest) -> int:
    return int(autoscaler.body.get("spec", {}).get("minReplicas") or 1)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:10]
