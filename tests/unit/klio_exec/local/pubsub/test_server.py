from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path

import grpc
import pytest

from klio_core.errors import LocalCloudError
from klio_exec.local.pubsub import PubSubServer, local_pubsub, serve, stats


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "local-pubsub"]


def test_the_context_manager_serves_on_a_free_port_and_ends() -> None:
    before = threads()
    with local_pubsub() as endpoint:
        assert stats(endpoint) == {}
    host, port = endpoint.split(":")
    with socket.socket() as free:
        free.bind((host, int(port)))
    assert threads() == before


def test_a_port_in_use_is_said_with_its_number_and_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(LocalCloudError, match=f"Port {port} is in use") as error, local_pubsub(port=port):
            pass
    assert error.value.where == f"127.0.0.1:{port}"
    assert "klio local status" in str(error.value)


def test_two_servers_never_share_a_port() -> None:
    with local_pubsub() as endpoint:
        port = int(endpoint.rsplit(":", 1)[1])
        with pytest.raises(LocalCloudError, match="in use"), local_pubsub(port=port):
            pass


def test_two_servers_never_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "pubsub.db"
    with (
        local_pubsub(path),
        pytest.raises(LocalCloudError, match="Another local Pub/Sub is using this file"),
        local_pubsub(path),
    ):
        pass


def test_a_server_that_could_not_have_its_file_leaves_the_port_free(tmp_path: Path) -> None:
    path = tmp_path / "pubsub.db"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with local_pubsub(path), pytest.raises(LocalCloudError), local_pubsub(path, port):
        pass
    with local_pubsub(port=port) as endpoint:
        assert endpoint.endswith(str(port))


def test_stats_of_nobody_is_an_error_not_an_empty_answer() -> None:
    with pytest.raises(grpc.RpcError):
        stats("127.0.0.1:1")


def test_serve_tells_its_port_and_ends_when_it_is_told_to(tmp_path: Path) -> None:
    async def main() -> list[int]:
        stopping, ports = asyncio.Event(), []

        def ready(port: int) -> None:
            ports.append(port)
            stopping.set()

        await serve(tmp_path / "pubsub.db", stopping=stopping, ready=ready)
        return ports

    [port] = asyncio.run(main())
    assert port > 0


def test_a_stopped_server_can_be_started_again(tmp_path: Path) -> None:
    async def main() -> None:
        server = PubSubServer(tmp_path / "pubsub.db")
        for _ in range(2):
            assert await server.start() > 0
            assert server.stats() == {}
            await server.stop()
        await server.stop()

    asyncio.run(main())
