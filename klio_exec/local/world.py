"""The local cloud of a project: one process that serves Pub/Sub and objects, and one file that says where."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from klio_core import local_state
from klio_core.errors import LocalCloudError
from klio_core.faults import Faults, of_cloud
from klio_core.local_state import LocalState, state_dir

_START_S = 30.0
_STOP_S = 10.0
_LOG = "local.log"


def up(project: Path, pubsub_port: int = 0, objects_port: int = 0, faults: Sequence[str] = ()) -> LocalState:
    """Answer where the local cloud of `project` is; start it unless it is up.

    A cloud that died is started again on its old ports, so that running jobs find it. `faults` are what it commits
    on purpose. Raises LocalCloudError where it does not start, or is up on other ports or with other faults than were
    asked for; UsageError for what is no fault.
    """
    of_cloud(faults)
    state = local_state.read(project)
    if state is not None and state.alive:
        _check_ports(state, pubsub_port, objects_port)
        _check_faults(state, faults)
        return state
    if state is not None:
        pubsub_port = pubsub_port or _free_again(_port(state.pubsub))
        objects_port = objects_port or _free_again(_port(state.objects))
    return _spawn(project, pubsub_port, objects_port, faults)


def down(project: Path) -> bool:
    """Stop the local cloud; what it holds stays. Answers whether it was up."""
    state = local_state.read(project)
    if state is None or not state.alive:
        return False
    os.kill(state.pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_S
    while state.running:
        if time.monotonic() > deadline:
            raise LocalCloudError(
                "the local cloud does not stop", where=f"process {state.pid}", todo=f"kill -9 {state.pid}"
            )
        time.sleep(0.02)
    return True


def reset(project: Path) -> None:
    """Stop the local cloud and throw away everything that it holds, and what jobs noted of its messages."""
    down(project)
    directory = state_dir(project)
    for name in ("pubsub", "objects", "status", "journal"):
        shutil.rmtree(directory / name, ignore_errors=True)
    (directory / "local.json").unlink(missing_ok=True)


def serve(project: Path, pubsub_port: int, objects_port: int, faults: Sequence[str] = ()) -> None:
    """Be the local cloud until SIGTERM. Raises LocalCloudError where a port is taken or another one serves here."""
    from klio_exec.local.objects import local_objects
    from klio_exec.local.pubsub import serve as serve_pubsub

    directory = state_dir(project)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "pubsub").mkdir(exist_ok=True)
    wrong = Faults(of_cloud(faults)) if faults else None
    with _alone(directory), local_objects(directory / "objects", objects_port, faults=wrong) as objects:

        def ready(bound: int) -> None:
            state = LocalState(os.getpid(), f"127.0.0.1:{bound}", objects, faults=tuple(faults))
            local_state.write(project, state)

        async def until_stopped() -> None:
            stopping = asyncio.Event()
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, stopping.set)
            file = directory / "pubsub" / "pubsub.db"
            await serve_pubsub(file, port=pubsub_port, stopping=stopping, ready=ready, faults=wrong)

        asyncio.run(until_stopped())


def _spawn(project: Path, pubsub_port: int, objects_port: int, faults: Sequence[str]) -> LocalState:
    directory = state_dir(project)
    directory.mkdir(parents=True, exist_ok=True)
    asked = [f"--pubsub-port={pubsub_port}", f"--objects-port={objects_port}", *(f"--fault={text}" for text in faults)]
    command = [sys.executable, "-m", "klio_exec.cli", "local", "serve", f"--project={project}", *asked]
    with (directory / _LOG).open("ab") as log:
        began = log.tell()
        # A session of its own: Ctrl-C in the terminal stops a job, not the cloud that it shares with others.
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        state = local_state.read(project)
        if state is not None and state.pid == child.pid:
            # A child that nobody waits for would seem to run after its death, for as long as this process does.
            threading.Thread(target=child.wait, name="klio-local-cloud", daemon=True).start()
            return state
        if child.poll() is not None:
            break
        time.sleep(0.02)
    state = local_state.read(project)
    if state is not None and state.alive:
        return state  # somebody else was faster
    child.kill()
    raise LocalCloudError(
        "the local cloud did not start", where=str(directory / _LOG), got=_since(directory / _LOG, began)
    )


def _since(log: Path, began: int) -> str:
    with log.open("rb") as file:
        file.seek(began)
        return file.read().decode(errors="replace").removeprefix("Error: ").strip()


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    with (directory / "local.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LocalCloudError(
                "another local cloud serves this project", where=str(directory), todo="klio local status"
            ) from error
        yield


def _check_ports(state: LocalState, pubsub_port: int, objects_port: int) -> None:
    asked = {"Pub/Sub": (pubsub_port, _port(state.pubsub)), "objects": (objects_port, _port(state.objects))}
    for name, (wanted, there) in asked.items():
        if wanted and wanted != there:
            raise LocalCloudError(
                "the local cloud is up already, on other ports",
                expected=f"{name} on port {wanted}",
                got=f"port {there}, process {state.pid}",
                todo="klio local down, then up again",
            )


def _check_faults(state: LocalState, faults: Sequence[str]) -> None:
    if faults and tuple(faults) != state.faults:
        raise LocalCloudError(
            "the local cloud is up already, with other faults",
            expected=", ".join(faults),
            got=", ".join(state.faults) or "none",
            todo="klio local down, then up again",
        )


def _port(endpoint: str) -> int:
    return int(endpoint.rsplit(":", 1)[1])


def _free_again(port: int) -> int:
    """Answer the port, or 0 (any) where somebody has taken it meanwhile."""
    import socket

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port
