"""The object store as a server on this machine, for Google's own clients (STORAGE_EMULATOR_HOST)."""

from __future__ import annotations

import errno
import socket
import socketserver
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from klio_core.errors import LocalCloudError
from klio_core.faults import Faults
from klio_exec.local.objects.faults import faulty
from klio_exec.local.objects.handler import Handler
from klio_exec.local.objects.routes import answer
from klio_exec.local.objects.shelf import Shelf

_HOST = "127.0.0.1"


class ObjectServer:
    """An object store that keeps its objects below `directory` and serves them from threads of this process.

    With `make_buckets`, a bucket comes to be when it is first named; `faults` befall the requests. Raises
    LocalCloudError where the port is taken or another server keeps the directory.
    """

    def __init__(
        self, directory: Path, *, port: int = 0, make_buckets: bool = False, faults: Faults | None = None
    ) -> None:
        self._shelf = Shelf(directory, make_buckets=make_buckets)
        well = partial(answer, self._shelf)
        try:
            self._server = _Server((_HOST, port), partial(Handler, faulty(well, faults) if faults else well))
        except OSError as error:
            self._shelf.close()
            raise _unbound(port, error) from error
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True, name="klio-objects"
        )

    @property
    def endpoint(self) -> str:
        """Where it listens, as STORAGE_EMULATOR_HOST wants it: `http://127.0.0.1:PORT`."""
        return f"http://{_HOST}:{self._server.server_address[1]}"

    def start(self) -> None:
        """Serve, in threads, until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and give the port and the directory back. Everything is on disk already."""
        self._server.shutdown()
        self._server.server_close()
        self._shelf.close()


@contextmanager
def local_objects(
    path: Path | None = None, port: int = 0, *, make_buckets: bool = False, faults: Faults | None = None
) -> Iterator[str]:
    """Run an object store while the block runs; answer its endpoint. Without a path, it forgets all at the end."""
    with tempfile.TemporaryDirectory(prefix="klio-objects-") as directory:
        server = ObjectServer(path or Path(directory), port=port, make_buckets=make_buckets, faults=faults)
        server.start()
        try:
            yield server.endpoint
        finally:
            server.stop()


def _unbound(port: int, error: OSError) -> LocalCloudError:
    if error.errno != errno.EADDRINUSE:
        return LocalCloudError("the local object store cannot listen", where=f"{_HOST}:{port}", got=str(error))
    return LocalCloudError(
        f"port {port} is in use by another program",
        where=f"{_HOST}:{port}",
        todo="stop that program, or choose another port for the local object store (0 finds a free one)",
    )


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True  # a port that closed a moment ago is free; one that is listened on is not
    daemon_threads = True
    request_queue_size = 128  # clients open many connections at once

    def __init__(self, address: tuple[str, int], handler: Any) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        super().server_close()
        for connection in list(self._open):  # kept alive by clients that may never come back
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:  # it closed in this very moment
                continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)
