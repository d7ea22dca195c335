"""The server: uvicorn, which lets readers of events go before it waits for requests to end."""

from __future__ import annotations

import logging
from socket import socket

import uvicorn

from web.app import make
from web.front import Front
from web.guard.deadline import protocol

log = logging.getLogger("klio.separator.web")


class Server(uvicorn.Server):
    """Serves one front until it is told to end."""

    def __init__(self, front: Front) -> None:
        settings = front.settings
        self._front = front
        super().__init__(
            uvicorn.Config(
                make(front),
                host=settings.host,
                port=settings.port,
                http=protocol(settings.silence_s),
                proxy_headers=False,  # whom a request comes from is found out by the guard that counts
                timeout_graceful_shutdown=round(settings.shutdown_s),
                server_header=False,
                log_config=None,
                access_log=False,
            )
        )

    @property
    def url(self) -> str:
        """Where it is, as soon as it is up."""
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Begin to listen, and say where."""
        await super().startup(sockets)
        if self.started:
            log.info("the separator is at %s ; Ctrl-C ends it", self.url)

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Let all who listen go; otherwise an open page would keep this process for as long as it is allowed to."""
        self._front.feed.close()
        await super().shutdown(sockets)
