"""What a cluster keeps: objects with their versions, applied, changed and selected as the API does it."""

from __future__ import annotations

import itertools
import uuid
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
Key = tuple[str, str, str]  # collection, namespace, name

CREATED = "2026-11-21T01:00:00Z"
# Of each group and version: the kinds there are, and what their collections are called.
KINDS = {
    "v1": {"ConfigMap": "configmaps", "Event": "events", "Namespace": "namespaces", "Pod": "pods", "Secret": "secrets"},
    "apps/v1": {"Deployment": "deployments"},
    "autoscaling/v2": {"HorizontalPodAutoscaler": "horizontalpodautoscalers"},
}
OUTSIDE = {"namespaces"}


class Refused(Exception):
    """What the API answers as a Status object."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason


@dataclass
class Objects:
    """All objects of a cluster."""

    kept: dict[Key, Json] = field(default_factory=dict)
    clock: str = CREATED
    versions: itertools.count[int] = field(default_factory=lambda: itertools.count(100))

    def get(self, key: Key) -> Json:
        if key not in self.kept:
            raise Refused(404, "NotFound", f'{named(key[0])} "{key[2]}" not found')
        return self.kept[key]

    def selected(self, collection: str, namespace: str, labels: str = "", fields: str = "") -> list[Json]:
        return [
            one
            for (kind, where, _), one in self.kept.items()
            if (kind, where) == (collection, namespace)
            and all(labelled(one, k, v) for k, v in pairs(labels))
            and all(valued(one, k) == v for k, v in pairs(fields))
        ]

    def put(self, key: Key, body: Json) -> Json:
        """Keep an object that is new, or is another one now: its `generation` counts the changes of its spec."""
        before = self.kept.get(key)
        made = deepcopy(body)
        metadata = made.setdefault("metadata", {})
        if before is None:
            metadata |= {"uid": str(uuid.uuid4()), "creationTimestamp": metadata.get("creationTimestamp", self.clock)}
            metadata["generation"] = 1
        elif made.get("spec") != before.get("spec"):
            metadata["generation"] = before["metadata"]["generation"] + 1
        metadata["resourceVersion"] = str(next(self.versions))
        self.kept[key] = made
        return made

    def remove(self, key: Key) -> Json:
        gone = self.get(key)
        del self.kept[key]
        owned = [k for k, one in self.kept.items() if gone["metadata"]["uid"] in owners(one)]
        for k in owned:
            self.remove(k)
        return gone


def labelled(one: Json, key: str, value: str) -> bool:
    """`key=value`, or `key` alone for any value."""
    labels = one["metadata"].get("labels") or {}
    return key in labels and value in {"", labels[key]}


def owners(one: Json) -> set[str]:
    return {owner["uid"] for owner in one["metadata"].get("ownerReferences", ())}


def named(collection: str) -> str:
    return {"deployments": "deployments.apps", "horizontalpodautoscalers": "horizontalpodautoscalers.autoscaling"}.get(
        collection, collection
    )


def merged(old: Any, new: Any) -> Any:
    """JSON merge patch (RFC 7396)."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return deepcopy(new)
    made = {**old, **{key: merged(old.get(key), value) for key, value in new.items()}}
    return {key: value for key, value in made.items() if value is not None}


def pairs(selector: str) -> list[tuple[str, str]]:
    return [(key, value) for key, _, value in (one.partition("=") for one in selector.split(",") if one)]


def valued(one: Any, path: str) -> object:
    for step in path.split("."):
        one = one.get(step, {})
    return one
