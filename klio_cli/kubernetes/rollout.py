"""Waits until the workers of a launch are ready."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

from klio_cli.kubernetes import trouble
from klio_cli.kubernetes.cluster import Cluster, Json
from klio_cli.kubernetes.reason import failure
from klio_cli.kubernetes.trouble import Trouble
from klio_cli.kubernetes.workload import TEMPLATE
from klio_cli.terminal import Terminal
from klio_core.errors import CloudError

_PAUSES_S = (0.02, 2.0)  # the first one, and the longest
_SILENCE_S = 30.0
_DEADLINE_S = 600  # that of a Deployment which says none


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a Deployment is (kubernetes.io: "Deployment status").

    It is not `seen` while what the cluster says is about the launch before. `late` is since when its own deadline is
    over, "" where it is not.
    """

    wanted: int
    ready: int
    old: int
    seen: bool
    done: bool
    late: str

    @classmethod
    def of(cls, deployment: Json) -> Self:
        """Read it from the Deployment."""
        status: dict[str, Any] = deployment.get("status") or {}
        wanted = int(deployment["spec"].get("replicas", 1))
        every, new, available = (
            int(status.get(key) or 0) for key in ("replicas", "updatedReplicas", "availableReplicas")
        )
        seen = int(status.get("observedGeneration") or 0) >= int(deployment["metadata"].get("generation", 0))
        new = new if seen else 0
        ready = max(0, min(new, available - (every - new)))
        done = seen and new >= wanted and every <= new and available >= new
        return cls(wanted, ready, every - new, seen, done, _late(deployment))

    def __str__(self) -> str:
        old = f", {self.old} of before are still there" if self.old else ""
        return f"{self.ready} of {self.wanted} new workers are ready{old}"


class Rollout:
    """The start of the workers that are made from one template, of the Deployment of that name."""

    def __init__(self, cluster: Cluster, name: str, template: str) -> None:
        self._cluster = cluster
        self._name = name
        self._pods = f"{TEMPLATE}={template}"
        self._begun = self._heard = time.monotonic()
        self._late_before = ""
        self._deadline_s = _DEADLINE_S

    def wait(self, terminal: Terminal) -> Progress:
        """Wait until all workers are ready, and say how far it is. Raises CloudError for what waiting does not help."""
        self._begin_anew(terminal)
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

    def _begin_anew(self, terminal: Terminal) -> None:
        """Have workers tried at once that an earlier launch of the same has given up on, and forget its deadline."""
        deployment = self._deployment()
        self._late_before = Progress.of(deployment).late
        self._deadline_s = int(deployment["spec"].get("progressDeadlineSeconds", _DEADLINE_S))
        for pod in self._cluster.all(self._cluster.pods, labelSelector=self._pods):
            stuck = next((one for one in trouble.of_pod(pod) if one.final), None)
            if stuck is not None:
                self._cluster.delete(f"{self._cluster.pods}/{stuck.pod}")
                terminal.note(f"{stuck.pod} is started anew ({stuck.what})")

    def _deployment(self) -> Json:
        found = self._cluster.find(f"{self._cluster.deployments}/{self._name}")
        if found is None:
            raise _Removed(f"{self._name} was removed while it started", where=str(self._cluster))
        return found

    def _look(self) -> tuple[Progress, list[Trouble]] | None:
        """Answer how it is; None where the cluster does not answer for a moment."""
        try:
            deployment = self._deployment()
            pods = list(self._cluster.all(self._cluster.pods, labelSelector=self._pods))
        except CloudError as error:
            if isinstance(error, _Removed) or time.monotonic() - self._heard > _SILENCE_S:
                raise
            return None
        self._heard = time.monotonic()
        progress = Progress.of(deployment)
        found = [*trouble.of_deployment(deployment)] if progress.seen else []
        found += [one for pod in pods for one in trouble.of_pod(pod)]
        return progress, found or [one for pod in pods for one in trouble.not_ready(pod)]

    def _raise_for(self, progress: Progress, troubles: list[Trouble]) -> None:
        worst = next((one for one in troubles if one.final), None)
        if worst is None and self._is_late(progress):
            worst = next(iter(troubles), Trouble("the workers do not get ready", "", trouble.PATIENCE))
        if worst is not None:
            raise failure(self._cluster, self._name, worst, old=progress.old)

    def _is_late(self, progress: Progress) -> bool:
        """Whether this launch's deadline is over: the cluster keeps that of one before until something changes."""
        if progress.late and progress.late != self._late_before:
            return progress.seen
        return bool(progress.late) and time.monotonic() - self._begun > self._deadline_s


class _Removed(CloudError):
    """The Deployment is not there any more."""


def _late(deployment: Json) -> str:
    said = trouble.condition(deployment, "Progressing")
    return str(said.get("lastUpdateTime") or "then") if said.get("reason") == "ProgressDeadlineExceeded" else ""


def _told(troubles: list[Trouble]) -> Iterator[str]:
    """Yield what is waited for, once for all pods."""
    yield from list(dict.fromkeys(f"{one.what}: {one.got}" for one in troubles if one.got))[:1]
