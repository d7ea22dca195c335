"""Why workers do not start, from what the cluster says of them (kubernetes.io/docs/concepts/workloads/pods). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from klio_cli.kubernetes.refusal import OVER_QUOTA, is_quota

Json = Mapping[str, Any]

_KILLED = 137
_MANIFEST = "kubernetes/deployment.yaml"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What keeps a worker from starting. Waiting helps where it is not `final`.

    `container` is the one of the `pod` that is about, "" for the pod, or for no pod at all.
    """

    what: str
    got: str
    todo: str
    pod: str = ""
    container: str = ""
    final: bool = True
    began: bool = False
    """Whether the container has run, so that it may have said something."""


PATIENCE = "`klio job logs` shows what they do; the startupProbe of the manifest says how long they may take"
_OF_IMAGE = (
    "the image cannot be pulled",
    "see that the cluster's nodes may read the registry (roles/artifactregistry.reader), and that the image is there",
)
_OF_START = (
    "the container cannot be started",
    f"see that command, volumes and rights in {_MANIFEST} fit to the image",
)
# Of a container that waits: what that means, and what to do; "ErrImagePull" comes first, and may be a moment's.
_WAITS = {
    "ImagePullBackOff": _OF_IMAGE,
    "ErrImagePull": _OF_IMAGE,
    "InvalidImageName": ("the image has no proper name", "look at pipeline_options.sdk_container_image"),
    "CreateContainerConfigError": (
        "the container lacks what its manifest names",
        f"make that Secret or ConfigMap, or take it out of {_MANIFEST}",
    ),
    "CreateContainerError": _OF_START,
    "RunContainerError": _OF_START,
}
_MAY_PASS = {"ErrImagePull"}


def of_deployment(deployment: Json) -> Iterator[Trouble]:
    """Yield what keeps a Deployment from making pods."""
    failure = condition(deployment, "ReplicaFailure")
    if failure.get("status") == "True":
        said = str(failure.get("message", ""))
        if is_quota(said):
            what, todo = OVER_QUOTA
            yield Trouble(what, said, todo)
        else:
            yield Trouble(
                "the cluster makes no workers", said, f"change it in {_MANIFEST}, or where the cluster says so"
            )


def of_pod(pod: Json) -> Iterator[Trouble]:
    """Yield what keeps one pod from working."""
    name = str(pod["metadata"]["name"])
    status = pod.get("status") or {}
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("reason") == "Unschedulable":
        todo = f"ask for less in {_MANIFEST} (resources, nodeSelector), or give the cluster larger or more nodes"
        yield Trouble("no node takes the worker", str(scheduled.get("message", "")), todo, name, final=False)
    if status.get("phase") == "Failed":
        said = f"{status.get('reason', '')}: {status.get('message', '')}".strip(": ")
        yield Trouble("the cluster ended the worker", said, "what it says is what to change", name, final=False)
    for container in containers(pod):
        yield from _of_container(name, container)


def not_ready(pod: Json) -> Iterator[Trouble]:
    """Yield that a pod is not ready, and which of its containers is not, where one has begun."""
    if condition(pod, "Ready").get("status") != "True":
        begun = [one for one in containers(pod) if "running" in (one.get("state") or {}) and not one.get("ready")]
        container = str(begun[0]["name"]) if begun else ""
        name = str(pod["metadata"]["name"])
        yield Trouble("the workers do not get ready", "", PATIENCE, name, container, final=False, began=bool(begun))


def containers(pod: Json) -> list[Json]:
    """Answer how the containers of a pod are."""
    status = pod.get("status") or {}
    return [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]


def condition(thing: Json, kind: str) -> Json:
    """Answer the condition of a kind of a pod or a Deployment; {} where it has none."""
    conditions = (thing.get("status") or {}).get("conditions") or ()
    found: Json = next((one for one in conditions if one.get("type") == kind), {})
    return found


def ended(container: Json) -> str:
    """Answer how a container ended the last time, "" where it has not."""
    last = _last_end(container)
    if not last:
        return ""
    if last.get("reason") == "OOMKilled":
        return "it took more memory than its limit"
    code = last.get("exitCode")
    return "killed" if code == _KILLED else f"exit status {code}"


def _of_container(pod: str, container: Json) -> Iterator[Trouble]:
    waiting = (container.get("state") or {}).get("waiting") or {}
    reason = str(waiting.get("reason", ""))
    if reason == "CrashLoopBackOff":
        got = f"{ended(container) or 'it ended'}, {container.get('restartCount', 0)} times"
        what = "a worker ends as soon as it starts"
        yield Trouble(what, got, _after_crash(container), pod, str(container["name"]), began=True)
    elif reason in _WAITS:
        what, todo = _WAITS[reason]
        got = f"{reason}: {waiting.get('message') or container.get('image', '')}"
        yield Trouble(what, got, todo, pod, str(container["name"]), final=reason not in _MAY_PASS)


def _after_crash(container: Json) -> str:
    last = _last_end(container)
    if last.get("reason") == "OOMKilled":
        return f"raise resources.limits.memory in {_MANIFEST}, or lower job_config.max_in_flight"
    if last.get("exitCode") == _KILLED:
        return "where a probe had it killed, give it more time: startupProbe in the manifest"
    return "`klio job run --direct-runner` runs the same image on this machine"


def _last_end(container: Json) -> Json:
    now = (container.get("state") or {}).get("terminated")
    before = (container.get("lastState") or {}).get("terminated")
    return now or before or {}
