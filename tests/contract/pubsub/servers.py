"""The servers that the contract is held against: ours, as a process of its own, and Google's emulator."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc

RUN_OURS = """
import asyncio, sys
from pathlib import Path
from klio_exec.local.pubsub import serve

def ready(port):
    print(port, flush=True)

asyncio.run(serve(Path(sys.argv[1]), port=int(sys.argv[2]), stopping=asyncio.Event(), ready=ready))
"""

_JAR = "platform/pubsub-emulator/lib/cloud-pubsub-emulator-*-all.jar"
_USUAL_PLACES = (
    "/usr/lib/google-cloud-sdk",
    "/usr/share/google-cloud-sdk",
    "/usr/local/google-cloud-sdk",
    "/opt/google-cloud-sdk",
    "/snap/google-cloud-cli/current",
    "~/google-cloud-sdk",
)


class Ours:
    """Our server as a real process, which may be killed and started again on its port and file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-c", RUN_OURS, str(self._path), str(self.port)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        self.port = int(self._process.stdout.readline())

    def kill(self) -> None:
        """kill -9: no chance to put anything in order."""
        assert self._process
        assert self._process.stdout
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._process.stdout.close()


def emulator_jar() -> Path | None:
    """Google's emulator, if this machine has it and a Java to run it."""
    if not shutil.which("java"):
        return None
    gcloud = shutil.which("gcloud")
    places = [
        os.environ.get("CLOUDSDK_ROOT_DIR", ""),
        str(Path(gcloud).resolve().parent.parent) if gcloud else "",
        *_USUAL_PLACES,
    ]
    found = (jar for place in places if place for jar in sorted(Path(place).expanduser().glob(_JAR)))
    return next(found, None)


@contextmanager
def google(jar: Path) -> Iterator[str]:
    """Google's emulator on a free port; yields its endpoint."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # One collector thread and no second compiler: the machine is shared with the tests themselves.
    java = ["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-jar", str(jar)]
    process = subprocess.Popen(
        [*java, "--host=127.0.0.1", f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(f"127.0.0.1:{port}", process)
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _wait_for(endpoint: str, process: subprocess.Popen[bytes]) -> None:
    with grpc.insecure_channel(endpoint) as channel:
        deadline = time.monotonic() + 30
        while process.poll() is None and time.monotonic() < deadline:
            try:
                return grpc.channel_ready_future(channel).result(timeout=1)
            except grpc.FutureTimeoutError:
                continue
    raise RuntimeError(f"Google's emulator did not come up on {endpoint}")
