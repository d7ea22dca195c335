"""The separator's compose file, brought up by docker compose itself: the cloud, two jobs, the front, and no root."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile
from docker import DockerClient

from klio_core.names import LOCAL_PROJECT
from tests.flow.kit import eventually
from tests.separator.deploy import compose

from .kit import free_port

DOCKERFILE = compose.FILE.parents[1] / "web" / "Dockerfile"
FROM = re.findall(r"^FROM (\S+):(\S+)$", DOCKERFILE.read_text(), re.MULTILINE)[0]
WITHOUT_PYTORCH = {"services": {"separate": {"profiles": ["pytorch"]}}}
"""What is laid over the file: `separate` is started where it is asked for, and here it is not."""
STEMS = ("vocals", "drums", "bass", "other")
WITHIN_S = 120


@dataclass(frozen=True)
class Project:
    """A project of docker compose: its name, the port of its page, and where it keeps what it says."""

    name: str
    port: int
    directory: Path

    @property
    def log(self) -> Path:
        return self.directory / "log"

    def started(self, *flags: str) -> subprocess.Popen[bytes]:
        """All of it, in a terminal of its own, as people start it."""
        with self.log.open("ab") as log:
            return subprocess.Popen(
                self._command("up", *flags), env={**os.environ, "PORT": str(self.port)},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def __call__(self, *argv: str, given: bytes = b"", expected: Collection[int] = (0,)) -> str:
        """Answer what compose prints, when it has done this."""
        done = subprocess.run(self._command(*argv), input=given, capture_output=True, timeout=WITHIN_S)
        assert done.returncode in expected, done.stderr.decode()
        return done.stdout.decode().strip()

    def _command(self, *argv: str) -> list[str]:
        over = self.directory / "over.yaml"
        over.write_text(json.dumps(WITHOUT_PYTORCH))
        return compose.command("-f", str(over), "--project-name", self.name, *argv)


@dataclass(frozen=True)
class Composed:
    """A project that was started, and a client of its page."""

    project: Project
    started: subprocess.Popen[bytes]
    client: httpx.Client

    def until(self, what: Callable[[], httpx.Response], status: int = 200) -> None:
        """Wait until it is answered so."""

        def so() -> bool:
            assert self.started.poll() is None, self.project.log.read_text()
            time.sleep(0.2)  # a front counts who asks how often
            with suppress(httpx.TransportError):
                return what().status_code == status
            return False

        eventually(so, WITHIN_S)

    def end(self) -> None:
        """Press Ctrl-C, once."""
        self.started.send_signal(signal.SIGINT)
        self.started.wait(WITHIN_S)

    def put(self, name: str, content: bytes) -> None:
        """Write an object from inside the network, where the store listens."""
        script = (
            "import sys, urllib.request as u; u.urlopen(u.Request('http://127.0.0.1:4443/upload/storage/v1/b/"
            f"{LOCAL_PROJECT}-separator/o?uploadType=media&name={name}', data=sys.stdin.buffer.read()))"
        )
        self.project("exec", "-T", "cloud", "python", "-c", script, given=content)


@contextmanager
def up(project: Project, *flags: str) -> Iterator[Composed]:
    """Start all of it, and wait until it is ready; end it by Ctrl-C."""
    with httpx.Client(base_url=f"http://127.0.0.1:{project.port}", timeout=30) as client:
        composed = Composed(project, project.started(*flags), client)
        try:
            composed.until(lambda: client.get("/readyz"))
            yield composed
        finally:
            composed.end()


@pytest.fixture(scope="module")
def project(engine: DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project with images to build on; at the end, `down` has left nothing of it."""
    base = next(image for image in engine.images.list() if any("beam_python" in tag for tag in image.tags))
    base.tag(*FROM)
    project = Project(f"klio-test-{uuid.uuid4().hex[:8]}", free_port(), tmp_path_factory.mktemp("compose"))
    yield project
    project("down", "--volumes")
    ours = {"label": f"com.docker.compose.project={project.name}"}
    left = engine.containers.list(all=True, filters=ours) + engine.volumes.list(filters=ours)
    assert left + engine.networks.list(filters=ours) == []
    engine.images.remove(":".join(FROM), noprune=True)  # another one's name


@pytest.fixture(scope="module")
def composed(project: Project) -> Iterator[Composed]:
    with up(project, "--build") as started:
        yield started


def song(seconds: float) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, np.zeros((int(44_100 * seconds), 2)), 44_100, format="FLAC")
    return file.getvalue()


def stem(loudness: float) -> bytes:
    file = io.BytesIO()
    tone = loudness * np.sin(2 * np.pi * 220 * np.arange(44_100) / 44_100)
    soundfile.write(file, np.stack([tone, tone], axis=1), 44_100, format="MP3")
    return file.getvalue()


def upload(client: httpx.Client, content: bytes) -> str:
    """Take a song in, which waits then; answer its hash."""
    sent = client.post("/v1/songs", files={"file": ("song.flac", content, "audio/flac")})
    name = hashlib.sha256(content).hexdigest()
    assert (sent.status_code, [(one["hash"], one["state"]) for one in sent.json()["songs"]]) == (
        202,
        [(name, "queued")],
    ), sent.text
    return name


def test_the_page_answers_to_this_machine_and_nobody_in_it_is_root(composed: Composed):
    assert composed.client.get("/").headers["content-type"] == "text/html; charset=utf-8"
    assert composed.client.get("/", headers={"Host": "somewhere.example"}).status_code == 421
    running = composed.project("ps", "--services").splitlines()
    assert set(running) == {"network", "cloud", "mix", "callback", "web"}
    assert {composed.project("exec", "-T", name, "id", "-u") for name in running} == {"1000"}


def test_the_front_takes_songs_in_and_the_jobs_mix_them(composed: Composed):
    name = upload(composed.client, song(1.0))
    for number, what in enumerate(STEMS, 1):
        composed.put(f"stems/{name}-{what}.mp3", stem(0.1 * number))
    composed.put(f"stems/{name}-peaks.json", b'{"peaks": {}}')
    asked = composed.client.post(f"/v1/songs/{name}/mixes", json={"stems": ["bass", "drums"]})
    assert asked.status_code == 202, asked.text
    composed.until(lambda: composed.client.get(asked.headers["location"]))
    assert composed.client.get(asked.headers["location"]).headers["content-type"] == "audio/mpeg"


def test_a_cloud_that_is_killed_comes_back_to_all_others(composed: Composed):
    name = upload(composed.client, song(2.0))
    composed.project("exec", "-T", "cloud", "sh", "-c", "kill -9 -1", expected=(0, 137))  # its own shell may die, too
    composed.until(lambda: composed.client.post("/v1/songs", files={"file": song(2.5)}), 202)
    assert composed.client.get(f"/v1/songs/{name}").json()["state"] == "queued"


def test_ctrl_c_ends_all_and_the_next_start_goes_on(composed: Composed):
    name = upload(composed.client, song(3.0))

    composed.end()

    ended = [json.loads(line) for line in composed.project("ps", "--all", "--format", "json").splitlines()]
    assert {one["Service"]: (one["State"], one["ExitCode"]) for one in ended} == {
        **dict.fromkeys(("cloud", "setup", "mix", "callback", "web"), ("exited", 0)),
        "network": ("exited", 128 + signal.SIGTERM),
    }
    with up(composed.project) as again:
        assert again.client.get(f"/v1/songs/{name}").json()["state"] == "queued"
