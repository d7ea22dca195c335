"""Why a worker does not start, with all that the cluster knows of it, as one error."""

from __future__ import annotations

from collections.abc import Iterator

from klio_cli.kubernetes.cluster import Cluster
from klio_cli.kubernetes.trouble import Trouble
from klio_core.errors import CloudError, KlioError

_LAST_LINES = "10"


def failure(cluster: Cluster, deployment: str, worst: Trouble, *, old: int) -> CloudError:
    """Answer the error: what the cluster says, its last warning, and the last lines of a worker that has begun.

    `old` is how many workers of before there are. What cannot be asked for more is left out.
    """
    got = [worst.got] if worst.got else []
    if worst.pod:
        got += [one for one in _asked(_warnings(cluster, worst)) if one not in worst.got][-1:]
        got += _asked(_last_lines(cluster, worst)) if worst.began else []
    where = f"{worst.pod or deployment}, {cluster}"
    if old:
        then = f"Those of before go on; `kubectl rollout undo deployment/{deployment}` leaves it at them"
    else:
        then = "`klio job stop` ends the tries"
    return CloudError(worst.what, where=where, got="\n    ".join(got), todo=f"{worst.todo}. {then}")


def _asked(lines: Iterator[str]) -> list[str]:
    try:
        return list(lines)
    except KlioError:
        return []  # the reason is known, and told, without it


def _warnings(cluster: Cluster, worst: Trouble) -> Iterator[str]:
    chosen = f"involvedObject.name={worst.pod},type=Warning"
    events = list(cluster.all(cluster.events, fieldSelector=chosen))
    events.sort(key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or ""))
    yield from (str(event.get("message", "")) for event in events if event.get("reason") != "BackOff")


def _last_lines(cluster: Cluster, worst: Trouble) -> Iterator[str]:
    from klio_core.redact import redacted

    path = f"{cluster.pods}/{worst.pod}/log"
    query = {"tailLines": _LAST_LINES, "container": worst.container}
    before = list(cluster.lines(path, **query, previous="true"))
    yield from redacted("\n".join(before or cluster.lines(path, **query))).splitlines()
