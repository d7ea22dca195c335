"""What does not fit between a job file and its manifests: it works, but not as was meant. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from klio_cli.kubernetes.manifests import Json, Manifests, worker_of

if TYPE_CHECKING:
    from klio_core.config import KlioConfig

_USUAL_GRACE_S = 30  # that of Kubernetes
_PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


def remarks(config: KlioConfig, manifests: Manifests) -> Iterator[str]:
    """Yield what to tell before a launch."""
    file = manifests.deployment.file
    pod = manifests.deployment.body["spec"]["template"]["spec"]
    grace, drain = pod.get("terminationGracePeriodSeconds", _USUAL_GRACE_S), config.job_config.drain_timeout_s
    if grace <= drain:
        yield (
            f"{file}: a worker that is asked to end is killed after {grace} s (terminationGracePeriodSeconds), and "
            f"finishes what it has begun for {drain:g} s (job_config.drain_timeout_s): some of it is done twice"
        )
    asked, answered = _asked_ports(worker_of(manifests.deployment)), config.job_config.health_port
    if asked - {answered}:
        ports = ", ".join(map(str, sorted(asked, key=str)))
        yield f"{file}: the probes ask port {ports}, and job_config.health_port is {answered or 'not set'}"
    if config.job_config.events.dead_letters is None:
        yield "events.dead_letters is not set: dead letters go away with the pod that wrote them"


def _asked_ports(worker: Json) -> set[int | str]:
    named = {port.get("name"): port.get("containerPort") for port in worker.get("ports") or ()}
    asked = [(worker.get(probe) or {}).get("httpGet", {}).get("port") for probe in _PROBES]
    return {named.get(port, port) for port in asked if port is not None}
