"""The stream of a pull or a push, read as layers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from klio_cli.images import engine
from klio_cli.images.layers import Layers
from klio_cli.terminal import Terminal
from klio_core.errors import EngineError

_DONE = {"Pushed", "Layer already exists", "Mounted from", "Pull complete", "Already exists"}
_MEGABYTE = 1_000_000


def transfer(records: Iterable[dict[str, Any]], terminal: Terminal, what: str, where: str, todo: str) -> str | None:
    """Show the layers of a pull or a push as they go; answer the digest, where the registry told it.

    Raises EngineError, saying `what`, where the stream holds a refusal.
    """
    layers = Layers(terminal)
    digest = None
    with layers.shown():
        for record in records:
            if (why := engine.refusal(record)) is not None:
                raise EngineError(what, where=where, got=why, todo=todo)
            _tell(layers, record)
            digest = (record.get("aux") or {}).get("Digest", digest)
    return digest


def _tell(layers: Layers, record: dict[str, Any]) -> None:
    layer, status = record.get("id"), str(record.get("status", ""))
    if not layer or status.startswith(("Pulling from", "The push refers")):
        return
    layers.begin(layer, layer)
    detail = record.get("progressDetail") or {}
    done = any(status.startswith(word) for word in _DONE)
    layers.tell(layer, f"{status}{_share(detail)}", done=done)


def _share(detail: dict[str, int]) -> str:
    total, current = detail.get("total"), detail.get("current")
    if not total or current is None:
        return ""
    return f" {current / _MEGABYTE:.1f} of {total / _MEGABYTE:.1f} MB"
