"""Where a container engine may be: as Docker's own command looks for it, and where rootless ones listen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from socket import AF_UNIX, socket
from typing import TYPE_CHECKING

from klio_core.errors import EngineError

if TYPE_CHECKING:
    from docker.tls import TLSConfig

_SOCKET = Path("/var/run/docker.sock")
_OF_THIS_USER = ("docker.sock", "podman/podman.sock")  # below XDG_RUNTIME_DIR


@dataclass(frozen=True, slots=True)
class Address:
    """An engine's URL, and what named it, for people."""

    url: str
    named_by: str = ""
    tls: TLSConfig | None = None

    def knock(self) -> None:
        """Raise OSError where nobody listens at a socket of this machine.

        The SDK finds that out, too, but leaves its own socket open when it does.
        """
        path = self.url.removeprefix("unix://")
        if path != self.url:
            with socket(AF_UNIX) as ours:
                ours.connect(path)

    def __str__(self) -> str:
        place = self.url.removeprefix("unix://")
        return f"{place} ({self.named_by})" if self.named_by else place


def addresses(environ: Mapping[str, str]) -> list[Address]:
    """Answer where to look, in this order: DOCKER_HOST, the docker context that was chosen, the well-known sockets.

    Who names an engine means that one and no other. Raises EngineError for a context that is not there.
    """
    if environ.get("DOCKER_HOST"):
        return [Address(environ["DOCKER_HOST"], "DOCKER_HOST", _tls_of(environ))]
    chosen = _context(environ)
    if chosen is not None:
        return [chosen]
    own = environ.get("XDG_RUNTIME_DIR")
    sockets = [_SOCKET, *((Path(own) / name for name in _OF_THIS_USER) if own else ())]
    return [Address(f"unix://{path}") for path in sockets]


def _tls_of(environ: Mapping[str, str]) -> TLSConfig | None:
    from docker.utils import kwargs_from_env

    found: TLSConfig | None = kwargs_from_env(environment=dict(environ)).get("tls")
    return found


def _context(environ: Mapping[str, str]) -> Address | None:
    """Answer the engine of DOCKER_CONTEXT, else of the `docker context use` in config.json; None for the default."""
    from docker.context import ContextAPI
    from docker.context.config import get_current_context_name

    name = environ.get("DOCKER_CONTEXT") or get_current_context_name()
    if name == "default":
        return None
    try:
        context = ContextAPI.get_context(name)
    except Exception as error:  # the SDK raises whatever reading and parsing its files does
        raise EngineError("the docker context cannot be read", where=name, got=str(error)) from error
    if context is None or not context.Host:
        todo = "`docker context ls` lists those that are, `docker context use NAME` chooses one"
        raise EngineError("there is no such docker context", where=name, todo=todo)
    return Address(context.Host, f"the docker context {name}", context.TLSConfig)
