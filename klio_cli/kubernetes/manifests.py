"""What a job's directory says of it for Kubernetes: the objects in kubernetes/*.yaml, one of them its Deployment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from klio_core.errors import UsageError

Json = dict[str, Any]

DIRECTORY = "kubernetes"
_WORKER = "worker"


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object, and the file that it is from, as people know it."""

    body: Json
    file: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    @property
    def kind(self) -> str:
        """What it is."""
        return str(self.body["kind"])

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.body["metadata"]["name"])


@dataclass(frozen=True, slots=True)
class Manifests:
    """All objects of a job: the Deployment, whose pods are its workers, and the others in their order."""

    deployment: Manifest
    others: tuple[Manifest, ...]

    @classmethod
    def of(cls, job_dir: Path) -> Self:
        """Read a job's manifests. Raises UsageError where there are none, or not one Deployment among them."""
        found = list(_read(job_dir / DIRECTORY))
        deployments = [one for one in found if one.kind == "Deployment"]
        if len(deployments) != 1:
            raise UsageError(
                "a job on Kubernetes is one Deployment",
                where=str(job_dir / DIRECTORY),
                got=", ".join(f"{one} in {one.file}" for one in deployments) or "none",
                todo="`klio job create NAME --runner DirectGKERunner` writes a job with one",
            )
        made = cls(deployments[0], tuple(one for one in found if one is not deployments[0]))
        made._check()
        return made

    @property
    def namespace(self) -> str | None:
        """The namespace that the Deployment names, if it names one."""
        named: str | None = self.deployment.body["metadata"].get("namespace")
        return named

    @property
    def autoscaler(self) -> Manifest | None:
        """The HorizontalPodAutoscaler that says how many workers there are, if one does."""
        for one in self.others:
            target = one.body.get("spec", {}).get("scaleTargetRef", {})
            if one.kind == "HorizontalPodAutoscaler" and target.get("name") == self.deployment.name:
                return one
        return None

    def _check(self) -> None:
        """Raise UsageError for a Deployment without a worker, and for objects in another namespace than it."""
        worker_of(self.deployment)
        for one in self.others:
            named = one.body["metadata"].get("namespace")
            if named not in {None, self.namespace}:
                expected = f"{self.namespace or 'none'}, as in {self.deployment.file}"
                raise UsageError(f"{one} is in another namespace", where=one.file, expected=expected, got=named)


def worker_of(deployment: Manifest) -> Json:
    """Answer the container that does the work: the only one, else the one named worker. Raises UsageError if none."""
    containers = _containers(deployment.body)
    found = _worker_among(containers)
    if found is None:
        raise UsageError(
            f"{deployment} does not say which container works",
            where=f"{deployment.file}: spec.template.spec.containers",
            expected=f"one container, or one of them named {_WORKER}",
            got=", ".join(str(one.get("name")) for one in containers) or "none",
        )
    return found


def image_of(deployment: Json) -> str:
    """Answer the image of the workers of a Deployment, "" where it does not say which container works."""
    found = _worker_among(_containers(deployment))
    return str(found.get("image", "")) if found else ""


def _worker_among(containers: list[Json]) -> Json | None:
    named = containers if len(containers) == 1 else [one for one in containers if one.get("name") == _WORKER]
    return named[0] if len(named) == 1 else None


def _containers(deployment: Json) -> list[Json]:
    pod = deployment.get("spec", {}).get("template", {}).get("spec", {})
    return pod.get("containers") or []


def _read(directory: Path) -> Iterator[Manifest]:
    for file in sorted([*directory.glob("*.yaml"), *directory.glob("*.yml")]):
        for body in _documents(file):
            yield _checked(body, f"{directory.name}/{file.name}")


def _documents(file: Path) -> Iterator[Any]:
    import yaml

    try:
        found = list(yaml.safe_load_all(file.read_text()))
    except (yaml.YAMLError, ValueError, OSError) as error:
        raise UsageError("the manifest cannot be read", where=str(file), got=str(error)) from error
    for body in found:
        if isinstance(body, dict) and body.get("kind") == "List":
            yield from body.get("items") or ()
        elif body is not None:
            yield body


def _checked(body: Any, file: str) -> Manifest:
    parts = body if isinstance(body, dict) else {}
    metadata = parts.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    missing = [
        key
        for key, said in (("apiVersion", parts.get("apiVersion")), ("kind", parts.get("kind")), ("metadata.name", name))
        if not isinstance(said, str)
    ]
    if missing:
        expected = "apiVersion, kind and metadata.name, as every object has"
        raise UsageError("not an object of Kubernetes", where=file, expected=expected, got=f"no {', '.join(missing)}")
    return Manifest(parts, file)
