"""What of a job may be deleted with it: never a bucket, never what others use, never what holds lost messages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from klio_cli.cloud.services import Services
from klio_core.needs import Kind, Need

_OF_OTHERS = "whoever publishes to it may publish to others by it"
_HOLDS = {
    "dead letters": "dead letters are in it: `klio dlq list`",
    "status records": "other jobs may tell by it",
    "event input": _OF_OTHERS,
}


@dataclass(frozen=True, slots=True)
class Removal:
    """What is deleted, and what stays for which reason. What is not there is in neither."""

    gone: tuple[Need, ...]
    stays: tuple[tuple[Need, str], ...]


def plan(needs: Iterable[Need], services: Services) -> Removal:
    """Look at what there is, and decide. Raises CloudError where a service refuses to tell."""
    needs = list(needs)
    ours = {need.name for need in needs if need.kind is Kind.SUBSCRIPTION}
    gone, stays = [], []
    for need in needs:
        if need.kind is Kind.BUCKET:
            stays.append((need, "buckets are never deleted: media is in it"))
        elif services.find(need) is not None:
            why = _reason_to_stay(need, ours, services)
            if why:
                stays.append((need, why))
            else:
                gone.append(need)
    # Subscriptions first: they would stay behind their topics without any.
    return Removal(tuple(sorted(gone, key=lambda need: need.kind is Kind.TOPIC)), tuple(stays))


def _reason_to_stay(need: Need, ours: set[str], services: Services) -> str:
    if not need.own:
        known = (why for use, why in _HOLDS.items() if use in need.uses)
        return next(known, "it is another job's")
    if need.kind is Kind.TOPIC:
        others = [name for name in services.pubsub.subscriptions_of(need.name) if name not in ours]
        if others:
            return f"others read it: {', '.join(sorted(others)[:3])}{' …' if len(others) > 3 else ''}"
    return ""
