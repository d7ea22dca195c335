"""What a cluster does by itself: a Deployment becomes pods, and those get ready, or do not, as a test has it."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.kubernetes.objects import CREATED, Json, Objects

Fate = Callable[["Controller", Json], None]  # of a pod
Meanwhile = Callable[["Controller", Json], None]  # with a Deployment


def ready(controller: Controller, pod: Json) -> None:
    """It works."""
    pod["status"] = {
        "phase": "Running",
        "conditions": [
            {"type": "PodScheduled", "status": "True"},
            {"type": "Ready", "status": "True", "lastTransitionTime": CREATED},
        ],
        "containerStatuses": [container(pod, ready=True, state={"running": {"startedAt": CREATED}})],
    }


def waits(reason: str, message: str = "") -> Fate:
    """Its container waits, for this reason."""

    def become(controller: Controller, pod: Json) -> None:
        state = {"waiting": {"reason": reason, "message": message}}
        pod["status"] = not_ready([container(pod, ready=False, state=state)])

    return become


def crashes(exit_code: int, *says: str, reason: str = "Error", times: int = 3) -> Fate:
    """Its container ends again and again, and says something before."""

    def become(controller: Controller, pod: Json) -> None:
        state = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s restarting failed container"}}
        last = {"terminated": {"exitCode": exit_code, "reason": reason, "finishedAt": CREATED}}
        told = container(pod, ready=False, state=state) | {"restartCount": times, "lastState": last}
        pod["status"] = not_ready([told])
        controller.say(pod, *says, previous=True)

    return become


def unschedulable(message: str) -> Fate:
    """No node takes it."""

    def become(controller: Controller, pod: Json) -> None:
        refused = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
        pod["status"] = {"phase": "Pending", "conditions": [refused]}

    return become


def starts(controller: Controller, pod: Json) -> None:
    """It runs, and never gets ready."""
    pod["status"] = not_ready([container(pod, ready=False, state={"running": {"startedAt": CREATED}})])


def container(pod: Json, *, ready: bool, state: Json) -> Json:
    (one,) = pod["spec"]["containers"]
    return {"name": one["name"], "image": one["image"], "ready": ready, "restartCount": 0, "state": state}


def not_ready(containers: list[Json]) -> Json:
    conditions = [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": "False"}]
    return {"phase": "Pending", "conditions": conditions, "containerStatuses": containers}


@dataclass
class Controller:
    """Looks at Deployments each time that somebody does, so that nothing depends on a clock.

    `fate` is what becomes of new pods; `makes_no_pods` says why none are made; `patience` is how many looks a new
    template has before the deadline of its Deployment is over.
    """

    objects: Objects
    fate: Fate = ready
    makes_no_pods: str = ""
    patience: int = 1000
    vanishes: bool = False  # somebody removes the Deployment after the next look
    revives: bool = False  # something scales a Deployment that is stopped
    meanwhile: Meanwhile = lambda _controller, _deployment: None  # what else happens at a look
    then: list[Json] = field(default_factory=list)  # pods that the fate of now comes to at the next look
    logs: dict[tuple[str, str, bool], list[tuple[str, str]]] = field(default_factory=dict)
    ages: dict[tuple[str, str], int] = field(default_factory=dict)
    numbers: itertools.count[int] = field(default_factory=itertools.count)
    seconds: itertools.count[int] = field(default_factory=itertools.count)

    def say(self, pod: Json, *lines: str, previous: bool = False, container: str = "", at_once: bool = False) -> None:
        """Have a worker print lines, one each second, or all in one moment."""
        kept = self.logs.setdefault((pod["metadata"]["name"], container, previous), [])
        second = next(self.seconds)
        for number, line in enumerate(lines):
            second = second if at_once or not number else next(self.seconds)
            kept.append((f"2026-11-21T01:{second // 60:02}:{second % 60:02}.123456789Z", line))

    def warn(self, pod: Json, reason: str, message: str) -> None:
        """Have the cluster tell of a pod."""
        name = f"{pod['metadata']['name']}.{next(self.numbers)}"
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name},
            "involvedObject": {"kind": "Pod", "name": pod["metadata"]["name"]},
            "type": "Warning",
            "reason": reason,
            "message": message,
            "lastTimestamp": CREATED,
        }
        self.objects.put(("events", pod["metadata"]["namespace"], name), event)

    def look(self, namespace: str, name: str) -> None:
        """Go one step with a Deployment: see its change, make pods, let them become what they become, end the old."""
        if self.vanishes:
            self.objects.remove(("deployments", namespace, name))
        deployment = self.objects.get(("deployments", namespace, name))
        self.meanwhile(self, deployment)
        if self.revives and deployment["spec"].get("replicas") == 0:
            deployment["spec"]["replicas"] = 1
        template = deployment["spec"]["template"]
        mark = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:8]
        age = self.ages[namespace, name + mark] = self.ages.get((namespace, name + mark), 0) + 1
        seen = deployment.get("status", {}).get("observedGeneration") == deployment["metadata"]["generation"]
        if age == 1 or not seen:
            self._status(deployment, mark, age)
            return
        wanted = deployment["spec"].get("replicas", 1)
        new, old = self._pods(deployment, mark)
        if age == 2 or len(new) != wanted:
            self._scale(deployment, mark, new, wanted)
        else:
            for pod in new:
                if "status" not in pod or pod in self.then:
                    self.then = [one for one in self.then if one is not pod]
                    self.fate(self, pod)
        new, old = self._pods(deployment, mark)
        if len(new) == wanted and all(is_ready(pod) for pod in new):
            for pod in old:
                self.objects.remove(("pods", namespace, pod["metadata"]["name"]))
        self._status(deployment, mark, age)

    def _pods(self, deployment: Json, mark: str) -> tuple[list[Json], list[Json]]:
        namespace, uid = deployment["metadata"]["namespace"], deployment["metadata"]["uid"]
        pods = [pod for pod in self.objects.selected("pods", namespace) if pod["metadata"]["annotations"]["of"] == uid]
        new = [pod for pod in pods if pod["metadata"]["labels"]["pod-template-hash"] == mark]
        return new, [pod for pod in pods if pod not in new]

    def _scale(self, deployment: Json, mark: str, new: list[Json], wanted: int) -> None:
        for pod in new[wanted:]:
            self.objects.remove(("pods", pod["metadata"]["namespace"], pod["metadata"]["name"]))
        for _ in range(0 if self.makes_no_pods else wanted - len(new)):
            self._make(deployment, mark)

    def _make(self, deployment: Json, mark: str) -> None:
        metadata, template = deployment["metadata"], deployment["spec"]["template"]
        name = f"{metadata['name']}-{mark}-{next(self.numbers)}"
        body = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": name,
                "namespace": metadata["namespace"],
                "labels": {**template["metadata"]["labels"], "pod-template-hash": mark},
                "annotations": {"of": metadata["uid"]},
            },
            "spec": template["spec"],
        }
        self.objects.put(("pods", metadata["namespace"], name), body)

    def _status(self, deployment: Json, mark: str, age: int) -> None:
        new, old = self._pods(deployment, mark)
        late = age > self.patience
        reason = "ProgressDeadlineExceeded" if late else "ReplicaSetUpdated"
        since = f"2026-11-21T01:00:{self.patience:02}Z" if late else CREATED
        conditions: list[Json] = [{"type": "Progressing", "reason": reason, "lastUpdateTime": since}]
        if self.makes_no_pods:
            said = {"reason": "FailedCreate", "message": self.makes_no_pods}
            conditions.append({"type": "ReplicaFailure", "status": "True", **said})
        available = [pod for pod in [*new, *old] if is_ready(pod)]
        if available:
            conditions.append({"type": "Available", "status": "True", "lastTransitionTime": CREATED})
        deployment["status"] = {
            "observedGeneration": deployment["metadata"]["generation"] if age > 1 else 0,
            "replicas": len(new) + len(old),
            "updatedReplicas": len(new),
            "readyReplicas": len(available),
            "availableReplicas": len(available),
            "conditions": conditions,
        }


def is_ready(pod: Json) -> bool:
    conditions: list[dict[str, Any]] = pod.get("status", {}).get("conditions", [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
