"""What does not fit between a job file and its manifests: it works, but not as was meant. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from klio_cli.kubernetes.manifests import Json, Manifests, worker_of

if TYPE_CHECKING:
    from klio_core.config import KlioConfig

_USUAL_GRACE_S = 30  # that of Kubernetes
_PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


class Remark(NamedTuple):
    """What is so, and what to do about it."""

    what: str
    todo: str

    def __str__(self) -> str:
        return f"{self.what}: {self.todo}"


def remarks(config: KlioConfig, manifests: Manifests) -> Iterator[Remark]:
    """Yield what to tell before a launch."""
    yield from misfits(config, manifests)
    letters = config.job_config.events.dead_letters
    if letters is None or (letters.type != "pubsub" and "://" not in letters.location):
        todo = "set job_config.events.dead_letters to a topic, or to a directory in Cloud Storage (`location: gs://…`)"
        yield Remark("dead letters are kept in the pod that the work fails in, and go away with it", todo)


def misfits(config: KlioConfig, manifests: Manifests) -> Iterator[Remark]:
    """Yield what the job file and the Deployment say differently."""
    file, pod = manifests.deployment.file, manifests.deployment.body["spec"]["template"]["spec"]
    grace, drain = pod.get("terminationGracePeriodSeconds", _USUAL_GRACE_S), config.job_config.drain_timeout_s
    if grace <= drain:
        what = f"{file}: a worker is killed {grace} s after it was asked to end, and finishes its work for {drain:g} s"
        yield Remark(what, f"set terminationGracePeriodSeconds above job_config.drain_timeout_s, say {drain + 30:g}")
    asked, answered = _asked_ports(worker_of(manifests.deployment)), config.job_config.health_port
    if asked - {answered}:
        ports = ", ".join(map(str, sorted(asked, key=str)))
        what = f"{file}: the probes ask port {ports}, where nothing answers"
        yield Remark(what, f"job_config.health_port is {answered or 'not set'}")


def _asked_ports(worker: Json) -> set[int | str]:
    named = {port.get("name"): port.get("containerPort") for port in worker.get("ports") or ()}
    asked = [(worker.get(probe) or {}).get("httpGet", {}).get("port") for probe in _PROBES]
    return {named.get(port, port) for port in asked if port is not None}
