"""Looks for what a job needs: whether it is there, and whether this account may do with it what the job does."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from klio_cli.cloud.services import Services
from klio_core.errors import KlioError
from klio_core.needs import Kind, Need

_TOGETHER = 8


@dataclass(frozen=True, slots=True)
class Seen:
    """One resource as it was found. `wrong` is what does not fit, `lacking` the permissions that this account lacks.

    `refused` is why it could not be looked at.
    """

    need: Need
    there: bool = True
    wrong: str = ""
    lacking: tuple[str, ...] = ()
    refused: KlioError | None = None


def look(needs: Iterable[Need], services: Services) -> list[Seen]:
    """Look for each of them, several at a time."""
    with ThreadPoolExecutor(_TOGETHER) as pool:
        return list(pool.map(lambda need: _looked(need, services), needs))


def _looked(need: Need, services: Services) -> Seen:
    try:
        found = services.find(need)
        if found is None:
            return Seen(need, there=False)
        allowed = services.allowed(need) if need.rights else set()
    except KlioError as error:
        return Seen(need, refused=error)
    return Seen(need, wrong=_misfit(need, found), lacking=tuple(sorted(need.rights - allowed)))


def _misfit(need: Need, found: dict[str, object]) -> str:
    """Answer in which way a subscription is not the one that the job needs."""
    if need.kind is not Kind.SUBSCRIPTION:
        return ""
    if found["detached"] or found["topic"] == "_deleted-topic_":
        return "its topic is gone: nothing comes by it any more"
    wanted = need.made_as["topic"]
    if found["topic"] != wanted:
        return f"it is of {found['topic']}, and not of {wanted}"
    asked = need.made_as.get("filter", "")
    if found["filter"] != asked:
        return f"its filter is {found['filter'] or 'none'}: other events come than the job waits for"
    return ""
