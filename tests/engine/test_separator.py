"""The separator's compose file, put into containers as compose would: the cloud, two jobs, the front, and no root."""

from __future__ import annotations

import hashlib
import io
import re
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile
import yaml
from docker import DockerClient
from docker.models.containers import Container
from docker.types import Mount

from klio_core.names import LOCAL_PROJECT
from tests.flow.kit import eventually

SEPARATOR = Path(__file__).resolve().parents[2] / "examples" / "separator"
COMPOSE = SEPARATOR / "deploy" / "compose.yaml"
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]
FROM = re.search(r"^FROM (\S+)$", (SEPARATOR / "web" / "Dockerfile").read_text(), re.MULTILINE)[1]
STEMS = ("vocals", "drums", "bass", "other")
WITHIN_S = 120


@dataclass
class Composed:
    """What compose does with the file, as far as these containers need it."""

    engine: DockerClient
    stack: ExitStack
    volume: str
    network: str = ""

    def build(self, name: str) -> None:
        build = SERVICES[name]["build"]
        path = (COMPOSE.parent / build["context"]).resolve()
        dockerfile = build.get("dockerfile", "Dockerfile")
        self.engine.images.build(
            path=str(path), dockerfile=dockerfile, tag=SERVICES[name]["image"], rm=True, forcerm=True
        )

    def start(self, name: str, **more: Any) -> Container:
        said = SERVICES[name]
        container = self.engine.containers.create(
            said["image"],
            [word.replace("$$", "$") for word in said["command"]],
            entrypoint=said.get("entrypoint"),
            environment=said.get("environment", {}),
            user=said["user"],
            init=said["init"],
            cap_drop=said["cap_drop"],
            security_opt=said["security_opt"],
            working_dir=said.get("working_dir"),
            mounts=[self._mount(volume) for volume in said.get("volumes", ())],
            **({"network_mode": self.network} if "network_mode" in said else {}),
            **more,
        )
        self.stack.callback(container.remove, force=True)
        container.start()
        return container

    def _mount(self, said: str) -> Mount:
        source, target, *mode = said.split(":")
        if source.startswith("."):
            return Mount(target, str((COMPOSE.parent / source).resolve()), type="bind", read_only=mode == ["ro"])
        return Mount(target, self.volume, type="volume")


@pytest.fixture
def composed(engine: DockerClient) -> Iterator[Composed]:
    (base,) = [image for image in engine.images.list() for tag in image.tags if "beam_python" in tag][:1]
    base.tag(*FROM.split(":"))
    volume = engine.volumes.create(f"klio-test-{uuid.uuid4().hex[:8]}")
    with ExitStack() as stack:
        stack.callback(volume.remove, force=True)
        yield Composed(engine, stack, volume.name)


def stem(loudness: float) -> bytes:
    file = io.BytesIO()
    tone = loudness * np.sin(2 * np.pi * 220 * np.arange(44_100) / 44_100)
    soundfile.write(file, np.stack([tone, tone], axis=1), 44_100, format="MP3")
    return file.getvalue()


@contextmanager
def front(composed: Composed) -> Iterator[httpx.Client]:
    """All but `separate`, which needs PyTorch; gives a client of the front."""
    for name in ("cloud", "setup", "mix"):
        composed.build(name)
    cloud = composed.start("cloud", ports={"8080/tcp": ("127.0.0.1", 0), "4443/tcp": None})
    composed.network = f"container:{cloud.id}"
    eventually(lambda: cloud.exec_run(SERVICES["cloud"]["healthcheck"]["test"][1:]).exit_code == 0, WITHIN_S)
    setup = composed.start("setup")
    assert setup.wait(timeout=WITHIN_S)["StatusCode"] == 0, setup.logs().decode()
    running = [composed.start(name) for name in ("mix", "callback", "web")]
    cloud.reload()
    (published,) = cloud.ports["8080/tcp"]
    with httpx.Client(base_url=f"http://127.0.0.1:{published['HostPort']}", timeout=30) as client:
        eventually(lambda: _answers(client) or _ended(running), WITHIN_S)
        assert not _ended(running), _ended(running)
        yield client
        assert not _ended(running), _ended(running)


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def _ended(containers: list[Container]) -> str:
    for container in containers:
        container.reload()
    return "\n".join(one.logs().decode() for one in containers if one.status != "running")


def put(composed: Composed, name: str, content: bytes) -> None:
    """Write an object from inside the network, where the store listens."""
    script = (
        "import sys, urllib.request as u; u.urlopen(u.Request('http://127.0.0.1:4443/upload/storage/v1/b/"
        f"{LOCAL_PROJECT}-separator/o?uploadType=media&name=' + sys.argv[1], data=bytes.fromhex(sys.argv[2])))"
    )
    done = composed.engine.containers.get(composed.network.partition(":")[2]).exec_run(
        ["python", "-c", script, name, content.hex()]
    )
    assert done.exit_code == 0, done.output.decode()


def test_the_front_takes_songs_in_and_the_jobs_mix_them(composed: Composed):
    with front(composed) as client:
        song = io.BytesIO()
        soundfile.write(song, np.zeros((44_100, 2)), 44_100, format="FLAC")
        name = hashlib.sha256(song.getvalue()).hexdigest()
        sent = client.post("/v1/songs", files={"file": ("song.flac", song.getvalue(), "audio/flac")})
        assert (sent.status_code, sent.json()["songs"][0]["state"]) == (202, "queued"), sent.text
        for number, what in enumerate(STEMS, 1):
            put(composed, f"stems/{name}-{what}.mp3", stem(0.1 * number))
        put(composed, f"stems/{name}-peaks.json", b'{"peaks": {}}')
        asked = client.post(f"/v1/songs/{name}/mixes", json={"stems": ["bass", "drums"]})
        assert asked.status_code == 202, asked.text
        mixed = eventually(lambda: [one for one in client.get(f"/v1/songs/{name}").json()["mixes"] if one["url"]], 60)
        assert client.get(mixed[0]["url"]).headers["content-type"] == "audio/mpeg"
