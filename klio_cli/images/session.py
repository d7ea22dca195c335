"""A session with the engine's BuildKit, in which it asks for the secrets of a build when a step needs one.

BuildKit's protocol turns the roles round: over a connection that we opened, the engine is the client and we are the
server, of two small services of gRPC (moby/buildkit, session/secrets/secrets.proto; grpc/health/v1/health.proto).
"""

from __future__ import annotations

import socket
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from klio_cli.images import buildkit, engine
from klio_cli.images.secrets import Secret
from klio_core.errors import EngineError

if TYPE_CHECKING:
    from io import BufferedReader

    from docker import DockerClient

_SERVICE, _METHOD = "moby.buildkit.secrets.v1.Secrets", "GetSecret"
_HEALTH, _CHECK, _SERVING = "grpc.health.v1.Health", "Check", b"\x08\x01"
_SWITCHED = 101  # HTTP's status
_PIECE = 65_536  # bytes


@contextmanager
def session(client: DockerClient, secrets: Sequence[Secret]) -> Iterator[str]:
    """Be there for the engine while the block builds; the value is what a build names the session by.

    The engine can ask for these secrets, by their names, and for nothing else. Raises EngineError where it takes no
    session, or where grpcio is not installed.
    """
    name = uuid.uuid4().hex
    with TemporaryDirectory(prefix="klio-") as private:  # mode 0700: nobody else reaches the server in it
        address = Path(private) / "secrets"
        with _served(address, secrets), _opened(client, name) as connection, _joined(*connection, address):
            yield name


@contextmanager
def _served(address: Path, secrets: Sequence[Secret]) -> Iterator[None]:
    try:
        import grpc
    except ImportError as error:
        todo = "pip install grpcio"
        raise EngineError("secrets of a build are handed over by gRPC, which is not installed", todo=todo) from error
    from concurrent.futures import ThreadPoolExecutor

    values = {secret.name: secret.value for secret in secrets}
    answers = {_SERVICE: {_METHOD: _answering(values)}, _HEALTH: {_CHECK: lambda _asked, _call: _SERVING}}
    server = grpc.server(ThreadPoolExecutor(max_workers=2))
    for service, methods in answers.items():
        handlers = {method: grpc.unary_unary_rpc_method_handler(answer) for method, answer in methods.items()}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
    server.add_insecure_port(f"unix:{address}")
    server.start()
    try:
        yield
    finally:
        server.stop(None).wait()


def _answering(values: Mapping[str, bytes]) -> Any:
    import grpc

    def answer(asked: bytes, call: grpc.ServicerContext) -> bytes:
        name = buildkit.secret_asked_for(asked)
        if name not in values:
            call.abort(grpc.StatusCode.NOT_FOUND, name)
        return buildkit.secret_answered(values[name])

    return answer


@contextmanager
def _opened(client: DockerClient, name: str) -> Iterator[tuple[BufferedReader, socket.socket]]:
    """The connection, from the moment on at which it no longer speaks HTTP/1: what reads it, and what writes it."""
    api = client.api
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "h2c",
        "X-Docker-Expose-Session-Uuid": name,
        "X-Docker-Expose-Session-Name": "klio",
        "X-Docker-Expose-Session-Grpc-Method": f"/{_SERVICE}/{_METHOD}",
    }
    with engine.asking("the engine takes no session", "/session"):
        answer = api.post(f"{api.base_url}/session", headers=headers, stream=True, timeout=None)
    with closing(answer):
        if answer.status_code != _SWITCHED:
            raise EngineError("the engine takes no session", where="/session", got=f"{answer.status_code}")
        raw: Any = answer.raw
        reader = raw._fp.fp  # noqa: SLF001 - no public way leads there; another would have to find the engine again
        yield reader, reader.raw._sock  # noqa: SLF001 - the reader only reads


@contextmanager
def _joined(reader: BufferedReader, engines: socket.socket, address: Path) -> Iterator[None]:
    """Hand bytes on between the engine and our server."""
    with socket.socket(socket.AF_UNIX) as ours:
        ours.connect(str(address))
        # By the reader, and not by the socket: it may have read more than the headers.
        ways = (reader.read1, ours), (ours.recv, engines)
        threads = [threading.Thread(target=_hand_on, args=way, name="klio-session") for way in ways]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            for end in (engines, ours):
                with suppress(OSError):  # the other side was faster
                    end.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()


def _hand_on(read: Callable[[int], bytes], target: socket.socket) -> None:
    with suppress(OSError):  # the end of the session, from whichever side
        while piece := read(_PIECE):
            target.sendall(piece)
