"""Runs a job's container: its output is ours, its exit status is ours, and it is gone afterwards.

Should we be killed, the job in it notices and ends; what is left of it is removed by the next run.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import TYPE_CHECKING, Any

from klio_cli.container.plan import CONFIG_INSIDE, PROGRAM, Plan
from klio_cli.images import engine
from klio_cli.places import Mount
from klio_cli.terminal import Terminal
from klio_core import lifeline, run_log
from klio_core.errors import EngineError

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

    from klio_core.config import KlioConfig
    from klio_core.runs import Run

_NOT_STARTED = "the container cannot be started"
_LATE_S = 15.0  # beyond the job's own drain_timeout_s: then it does not answer
_NO_PROGRAM, _KILLED = 127, 137
_LOG_INSIDE = "/run/klio/log"
_OWNER = "klio.owner"  # the label that says which process is to remove a container


def run(client: DockerClient, plan: Plan, config: KlioConfig, terminal: Terminal, record: Run | None = None) -> int:
    """Run the plan with `config` as its job file, and answer the exit status of the job.

    It has the name of its `record`, and keeps its log there.

    Ctrl-C and SIGTERM go to the job, which finishes what it has begun; one that does not end is killed.
    Raises EngineError where the engine refuses, has no such image, or goes away meanwhile.
    """
    from klio_core.config.dump import dump

    with TemporaryDirectory(prefix="klio-") as private:  # mode 0700: overrides may hold what others must not read
        file = Path(private) / "klio-job.yaml"
        file.write_text(dump(config))
        with _container(client, _with(plan, Mount(file, CONFIG_INSIDE), record), record) as container:
            return _watched(container, config.job_config.drain_timeout_s, terminal)


def _with(plan: Plan, config: Mount, record: Run | None) -> Plan:
    """Answer the plan with what only a run has: its job file, and where it keeps its log."""
    if record is None:
        return replace(plan, mounts=(*plan.mounts, config))
    log = Mount(record.directory.resolve(), _LOG_INSIDE, writable=True)
    environment = {**plan.environment, run_log.VARIABLE: _LOG_INSIDE}
    return replace(plan, mounts=(*plan.mounts, config, log), environment=environment)


@contextmanager
def _container(client: DockerClient, plan: Plan, record: Run | None) -> Iterator[Container]:
    """A container that is not started yet; it is removed whatever happens."""
    _sweep(client)
    with engine.asking(_NOT_STARTED, plan.image, "klio image build"):
        container = client.containers.create(plan.image, list(plan.command), name=_name(record), **_settings(plan))
    try:
        yield container
    finally:
        _remove(container)


def _name(record: Run | None) -> str | None:
    return None if record is None else f"klio-{record.id}"


def _settings(plan: Plan) -> dict[str, Any]:
    from docker.types import Mount as Bind

    binds = [Bind(mount.target, str(mount.source), type="bind", read_only=not mount.writable) for mount in plan.mounts]
    return {
        "entrypoint": [PROGRAM],
        "mounts": binds,  # unlike volumes=, refused where the source is not there
        "environment": {**plan.environment, **lifeline.BY_STDIN},
        "stdin_open": True,  # and closed when whoever is attached to it is gone
        "labels": {_OWNER: f"{socket.gethostname()} {os.getpid()}"},
        "user": plan.user,
        "init": True,  # as process 1 the job would get no signals before it asks for them, nor reap its children
        "network_mode": "host" if plan.host_network else None,
    }


def _watched(container: Container, drain_timeout_s: float, terminal: Terminal) -> int:
    name = str(container.name)
    # Attached before it starts: what a short-lived container says is not lost.
    with engine.asking(_NOT_STARTED, name), _line_to(container):
        output = container.attach(stdout=True, stderr=True, stream=True, demux=True)
        container.start()
        with _stopping(container, drain_timeout_s):
            for out, err in output:
                terminal.pass_on(out or b"", err or b"")
            status = int(container.wait(timeout=None)["StatusCode"])
    _raise_for(status, container)
    return status


@contextmanager
def _line_to(container: Container) -> Iterator[None]:
    """Be attached to the container's standard input, and write nothing."""
    line = container.attach_socket(params={"stdin": 1, "stream": 1})
    try:
        yield
    finally:
        line.close()


def _raise_for(status: int, container: Container) -> None:
    """Raise EngineError for an end that was not the job's own."""
    if status == _NO_PROGRAM:
        raise EngineError(
            f"there is no {PROGRAM} in the image",
            where=str(container.attrs["Config"]["Image"]),
            todo="add klio[exec] to job-requirements.txt, and run the command again",
        )
    if status == _KILLED:
        _raise_for_memory(container)


def _raise_for_memory(container: Container) -> None:
    with engine.asking("the engine does not say why the container was killed", str(container.name)):
        container.reload()
    if container.attrs["State"].get("OOMKilled"):
        raise EngineError(
            "the job took more memory than its container may",
            where=str(container.name),
            todo="give the engine more memory, or work on fewer elements at once (job_config.max_in_flight)",
        )


@contextmanager
def _stopping(container: Container, drain_timeout_s: float) -> Iterator[None]:
    """Hand Ctrl-C and SIGTERM on while the block runs; a terminal sends Ctrl-C to us only, not into the container."""
    late = threading.Timer(drain_timeout_s + _LATE_S, _kill, (container, "SIGKILL"))
    late.daemon = True

    def pass_on(number: int, _frame: FrameType | None) -> None:
        # In a thread: the main one may hold a lock of the client's at this moment.
        name = signal.Signals(number).name
        threading.Thread(target=_kill, args=(container, name), name="klio-signal", daemon=True).start()
        if not late.is_alive():
            late.start()

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        late.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)


def _kill(container: Container, name: str) -> None:
    import docker.errors
    import requests

    try:
        container.kill(signal=name)
    except (docker.errors.APIError, requests.RequestException):
        return  # it has ended by itself, or the engine has: the main thread sees that


def _sweep(client: DockerClient) -> None:
    """Remove the ended containers of commands of this machine that were killed."""
    with engine.asking("the engine does not list its containers", "exited containers"):
        ended = client.containers.list(all=True, filters={"label": _OWNER, "status": "exited"}, ignore_removed=True)
    for container in ended:
        host, _, pid = container.labels[_OWNER].partition(" ")
        if host == socket.gethostname() and not _is_alive(int(pid)):
            _remove(container)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # somebody else's
    return True


def _remove(container: Container) -> None:
    import docker.errors
    import requests

    try:
        container.remove(force=True, v=True)
    except (docker.errors.APIError, requests.RequestException):
        return  # the engine is gone, or removed it: what went wrong before is what counts
