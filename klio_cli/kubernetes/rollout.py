"""Waits until the workers of a launch are ready, or says why they are not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

from klio_cli.kubernetes import trouble
from klio_cli.kubernetes.cluster import Cluster, Json
from klio_cli.kubernetes.trouble import Trouble
from klio_cli.kubernetes.workload import TEMPLATE
from klio_cli.terminal import Terminal
from klio_core.errors import CloudError

_PAUSES_S = (0.02, 2.0)  # the first one, and the longest
_SILENCE_S = 30.0
_LAST_LINES = 10


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a Deployment is (kubernetes.io: "Deployment status"). `late` says that its own deadline is over."""

    wanted: int
    ready: int
    old: int
    done: bool
    late: bool

    @classmethod
    def of(cls, deployment: Json) -> Self:
        """Read it from the Deployment."""
        status: dict[str, Any] = deployment.get("status") or {}
        wanted = int(deployment["spec"].get("replicas", 1))
        every, new = int(status.get("replicas") or 0), int(status.get("updatedReplicas") or 0)
        if int(status.get("observedGeneration") or 0) < int(deployment["metadata"].get("generation", 0)):
            return cls(wanted, 0, every, done=False, late=False)  # what it says is about the launch before
        ready = max(0, min(new, int(status.get("availableReplicas") or 0) - (every - new)))
        available = int(status.get("availableReplicas") or 0)
        done = new >= wanted and every <= new and available >= new
        late = trouble.condition(deployment, "Progressing").get("reason") == "ProgressDeadlineExceeded"
        return cls(wanted, ready, every - new, done, late)

    def __str__(self) -> str:
        old = f", {self.old} of before are still there" if self.old else ""
        return f"{self.ready} of {self.wanted} new workers are ready{old}"


class Rollout:
    """The start of the workers that are made from one template."""

    def __init__(self, cluster: Cluster, name: str, template: str) -> None:
        self._cluster = cluster
        self._name = name
        self._pods = f"{TEMPLATE}={template}"
        self._heard = time.monotonic()

    def wait(self, terminal: Terminal) -> Progress:
        """Wait until all workers are ready, and say how far it is. Raises CloudError for what waiting does not help."""
        pause, longest = _PAUSES_S
        said = ""
        while True:
            looked = self._look()
            if looked is not None:
                progress, troubles = looked
                if progress.done:
                    return progress
                self._raise_for(progress, troubles)
                told = f"{self._name}: {'; '.join([str(progress), *_told(troubles)])}"
                if told != said:
                    said = told
                    terminal.note(told)
            time.sleep(pause)
            pause = min(2 * pause, longest)

    def _look(self) -> tuple[Progress, list[Trouble]] | None:
        """Answer how it is; None where the cluster does not answer for a moment."""
        try:
            deployment = self._cluster.find(f"{self._cluster.deployments}/{self._name}")
            pods = list(self._cluster.all(self._cluster.pods, labelSelector=self._pods))
        except CloudError:
            if time.monotonic() - self._heard > _SILENCE_S:
                raise
            return None
        if deployment is None:
            raise CloudError(f"{self._name} was removed while it started", where=str(self._cluster))
        self._heard = time.monotonic()
        found = [*trouble.of_deployment(deployment), *(one for pod in pods for one in trouble.of_pod(pod))]
        return Progress.of(deployment), found or list(self._unready(pods))

    def _unready(self, pods: list[Json]) -> Iterator[Trouble]:
        for pod in pods:
            if trouble.condition(pod, "Ready").get("status") != "True":
                yield Trouble(
                    "the workers do not get ready", "", _not_ready_todo(), pod["metadata"]["name"], final=False
                )

    def _raise_for(self, progress: Progress, troubles: list[Trouble]) -> None:
        worst = next((one for one in troubles if one.final), None)
        if worst is None and progress.late:
            worst = next(iter(troubles), Trouble("the workers do not get ready", "", _not_ready_todo()))
        if worst is None:
            return
        where = f"{worst.pod}, {self._cluster}" if worst.pod else f"{self._name}, {self._cluster}"
        raise CloudError(
            worst.what, where=where, got=self._in_full(worst, late=progress.late), todo=self._todo(worst, progress)
        )

    def _in_full(self, worst: Trouble, *, late: bool) -> str:
        """Answer what there is to know: what the cluster says, its warnings, and the last lines of who ended."""
        parts = [worst.got] if worst.got else []
        if worst.pod:
            warnings = self._warnings(worst.pod)
            parts += [one for one in warnings if one not in worst.got][-1:]
            parts += self._last_lines(worst) if worst.crashed or late else []
        return "\n    ".join(parts)

    def _warnings(self, pod: str) -> list[str]:
        chosen = f"involvedObject.name={pod},type=Warning"
        events = list(self._cluster.all(self._cluster.events, fieldSelector=chosen))
        events.sort(key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or ""))
        return [str(event.get("message", "")) for event in events if event.get("reason") != "BackOff"]

    def _last_lines(self, worst: Trouble) -> list[str]:
        from klio_core.redact import redacted

        path = f"{self._cluster.pods}/{worst.pod}/log"
        query = {"tailLines": str(_LAST_LINES)}
        before = list(self._cluster.lines(path, **query, previous="true")) if worst.crashed else []
        return redacted("\n".join(before or self._cluster.lines(path, **query))).splitlines()

    def _todo(self, worst: Trouble, progress: Progress) -> str:
        if progress.old:
            return (
                f"{worst.todo}. Those of before go on; `kubectl rollout undo deployment/{self._name}` leaves it at them"
            )
        return f"{worst.todo}. `klio job stop` ends the tries"


def _told(troubles: list[Trouble]) -> list[str]:
    """Answer what is waited for, once for all pods."""
    return list(dict.fromkeys(f"{one.what}: {one.got}" for one in troubles if one.got))[:1]


def _not_ready_todo() -> str:
    return "`klio job logs` shows what they do; the startupProbe of the manifest says how long they may take"
