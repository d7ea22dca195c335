"""A launch as people read it, before it is done. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from klio_cli.kubernetes.manifests import Json, Manifests, worker_of
from klio_cli.kubernetes.workload import Workload


def text(job_name: str, there: Iterable[tuple[str, str]], image: str, manifests: Manifests, workload: Workload) -> str:
    """Answer what would be done, a line for each thing; `there` says where."""
    worker = worker_of(workload.deployment)
    lines = [
        *there,
        ("image", image),
        ("command", " ".join(worker["command"])),
        ("workers", _workers(manifests)),
        *_resources(worker.get("resources") or {}),
    ]
    width = max(len(name) for name, _ in lines)
    above = "\n".join(f"  {name:{width}}  {said}" for name, said in lines)
    applied = "\n".join(f"  {one}, {one.file}" for one in workload.objects)
    return f"{job_name} would be put on Kubernetes so:\n{above}\nby applying\n{applied}"


def _workers(manifests: Manifests) -> str:
    if manifests.autoscaler is None:
        return str(manifests.deployment.body["spec"].get("replicas", 1))
    spec = manifests.autoscaler.body.get("spec", {})
    return f"{spec.get('minReplicas', 1)} to {spec.get('maxReplicas')}, as {manifests.autoscaler} says"


def _resources(resources: Json) -> Iterator[tuple[str, str]]:
    for kind, name in (("requests", "each asks for"), ("limits", "each has at most")):
        if said := resources.get(kind):
            yield name, ", ".join(f"{amount} {what}" for what, amount in said.items())
