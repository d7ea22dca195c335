"""Whether objects are what the API knows, by the models of Google's and the CNCF's own client."""

from __future__ import annotations

import json
from typing import Any

from kubernetes.client import ApiClient

MODELS = {
    "ConfigMap": "V1ConfigMap",
    "Deployment": "V1Deployment",
    "HorizontalPodAutoscaler": "V2HorizontalPodAutoscaler",
    "Ingress": "V1Ingress",
    "Namespace": "V1Namespace",
    "Pod": "V1Pod",
    "PodDisruptionBudget": "V1PodDisruptionBudget",
    "Secret": "V1Secret",
    "Service": "V1Service",
    "ServiceAccount": "V1ServiceAccount",
}


class _Answer:
    def __init__(self, body: Any) -> None:
        self.data = json.dumps(body)


def unknown_fields(body: dict[str, Any]) -> list[str]:
    """The fields that a model does not keep; raises ValueError for one that lacks what it must have."""
    api = ApiClient()
    read = api.deserialize(_Answer(body), MODELS[body["kind"]])
    return list(lost(body, api.sanitize_for_serialization(read)))


def lost(ours: Any, theirs: Any, path: str = "") -> list[str]:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        gone = [f"{path}.{key}" for key, value in ours.items() if key not in theirs and value is not None]
        return gone + [one for key in ours if key in theirs for one in lost(ours[key], theirs[key], f"{path}.{key}")]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return [one for number, item in enumerate(ours) for one in lost(item, theirs[number], f"{path}[{number}]")]
    return [] if str(ours) == str(theirs) else [f"{path}: {ours} became {theirs}"]
