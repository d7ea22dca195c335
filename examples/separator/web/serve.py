"""The server: uvicorn, which lets readers of events go before it waits for requests to end."""

from __future__ import annotations

from socket import socket

import uvicorn

from web.app import make
from web.front import Front
from web.guard.deadline import Protocol


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
                http=Protocol,
                proxy_headers=False,  # whom a request comes from is found out by the guard that counts
                timeout_graceful_shutdown=round(settings.shutdown_s),
                server_header=False,
                log_config=None,
                access_log=False,
            )
        )

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Let all who listen go; otherwise an open page would keep this process for as long as it is allowed to."""
        self._front.feed.close()
        await super().shutdown(sockets)
