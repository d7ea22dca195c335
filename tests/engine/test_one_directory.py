"""One job directory, unedited: on this machine, in its container, handed to another runner of Beam, and to Dataflow."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from docker import DockerClient

from klio_core.message import Message
from tests.dataflow.server import dataflow_server
from tests.flow.bigquery_server import key_file
from tests.flow.conftest import cloud
from tests.flow.kit import Cloud, eventually

from .kit import Hand
from .test_portable import in_the_cloud, service, workers_of
from .test_services import ends

__all__ = ["cloud", "service"]  # fixtures

ROOT = Path(__file__).resolve().parents[2]
AUTOMIXER = ROOT / "examples" / "automixer"
PAIR = "one.wav,two.wav"
BUCKET = "gs://klio-local-automixer"
WORKERS = "klio-automixer:workers"
UNTIL_IDLE = ("--exit-when-idle", 5)
PORTABLE = (
    *("--no-container", "-Opipeline_options.runner=PortableRunner"),
    *("-Opipeline_options.job_endpoint=embed", "-Opipeline_options.environment_type=LOOPBACK"),
)


@pytest.fixture(scope="module")
def tracks() -> dict[str, bytes]:
    """Two short tracks whose beats are known."""
    code = (
        "import io, soundfile, sys, synth\n"
        "file = io.BytesIO()\n"
        "song = synth.compose(float(sys.argv[1]), 6.0, int(sys.argv[2]))\n"
        "soundfile.write(file, song.samples, 44_100, format='WAV', subtype='PCM_16')\n"
        "sys.stdout.buffer.write(file.getvalue())\n"
    )

    def track(*how: str) -> bytes:
        return subprocess.run([sys.executable, "-c", code, *how], capture_output=True, check=True, cwd=AUTOMIXER).stdout

    return {"one.wav": track("120", "1"), "two.wav": track("124", "2")}


@pytest.fixture
def job(tmp_path: Path, cloud: Cloud, tracks: dict[str, bytes], engine: DockerClient, klio: Hand) -> Iterator[Path]:
    """A copy of the automixer, so that nothing is written beside the example; its tracks are in the cloud."""
    job = tmp_path / "automixer"
    shutil.copytree(AUTOMIXER, job, ignore=shutil.ignore_patterns(".klio", "__pycache__"))
    for name, content in tracks.items():
        cloud.put(f"{BUCKET}/tracks/{name}", content)
    yield job
    for image in engine.images.list(filters={"label": "klio.job=automixer"}):
        engine.images.remove(str(image.id), force=True)


def into(place: str) -> str:
    """The option by which mixes go to a place of their own."""
    return f"-Ojob_config.data.outputs[0].location={BUCKET}/{place}"


def samples(mix: bytes | None) -> np.ndarray:
    assert mix is not None
    return soundfile.read(io.BytesIO(mix), always_2d=True)[0]


def test_the_automixer_is_the_same_wherever_it_runs(
    klio: Hand,
    engine: DockerClient,
    registry: str,
    cloud: Cloud,
    service: tuple[str, ...],
    job: Path,
    tracks: dict[str, bytes],
    tmp_path: Path,
):
    through = ends(cloud, "automixer")
    mixes = {
        "local": mixed_locally(klio, job, tracks, tmp_path),
        "container": mixed(klio, cloud, through, job, "container", "--direct-runner"),
        "portable": mixed(klio, cloud, through, job, "portable", *PORTABLE),
        "workers": mixed_by_workers(klio, engine, cloud, through, job, service),
        "dataflow": mixed_as_by_dataflow(klio, cloud, job, registry, tmp_path),
    }

    made = {place: samples(mix) for place, mix in mixes.items()}
    assert made["local"].shape[1] == 2
    assert len(made["local"]) / 44_100 > 6
    for place, mix in made.items():
        np.testing.assert_allclose(mix, made["local"], atol=1e-4, err_msg=place)
    base = next(line for line in (job / "Dockerfile").read_text().splitlines() if "FROM" in line)[5:]
    image = klio.ok("image", "build", "-j", job)
    assert engine.images.get(image).attrs["Size"] - engine.images.get(base).attrs["Size"] < 250_000_000


def mixed(
    klio: Hand, cloud: Cloud, through: tuple[str, str, str], job: Path, place: str, *flags: object
) -> bytes | None:
    inward, _, outward = through
    cloud.publish(inward, [Message.of(PAIR.encode()).encode()])

    done = klio("job", "run", *flags, "-j", job, into(place), *UNTIL_IDLE, **cloud.environment)

    assert done.returncode == 0, done.stdout + done.stderr
    assert [Message.decode(raw).element for raw in eventually(lambda: cloud.pull(outward))] == [PAIR.encode()]
    return cloud.get(f"{BUCKET}/{place}/{PAIR}.ogg")


def mixed_by_workers(
    klio: Hand,
    engine: DockerClient,
    cloud: Cloud,
    through: tuple[str, str, str],
    job: Path,
    service: tuple[str, ...],
) -> bytes | None:
    """Submitted from the job's container; worked on in another one, of an image that knows where this cloud is."""
    image = klio.ok("image", "build", "-j", job)
    file = io.BytesIO(f"FROM {image}\n{in_the_cloud(cloud)}".encode())
    engine.images.build(fileobj=file, tag=WORKERS, rm=True)
    with workers_of(engine, job) as workers:
        config = f"-Opipeline_options.environment_config={WORKERS}"
        mix = mixed(klio, cloud, through, job, "workers", *service, config)
        assert [worker.attrs["Config"]["Image"] for worker in workers()] == [WORKERS]
    return mix


def mixed_locally(klio: Hand, job: Path, tracks: dict[str, bytes], directory: Path) -> bytes:
    """By `--local`, on a local cloud that klio starts itself."""
    for name, content in tracks.items():
        (directory / name).write_bytes(content)
    here = ("--project", job)
    klio.ok("local", "up", *here)
    klio.ok("local", "cp", *(directory / name for name in tracks), f"{BUCKET}/tracks/", *here)
    try:
        klio.ok("message", "publish", "--local", "-j", job, PAIR)
        klio.ok("job", "run", "--local", "-j", job, *UNTIL_IDLE)
        klio.ok("local", "cp", f"{BUCKET}/mixes/{PAIR}.ogg", directory / "mix.ogg", *here)
    finally:
        klio.ok("local", "down", *here)
    return (directory / "mix.ogg").read_bytes()


def mixed_as_by_dataflow(klio: Hand, cloud: Cloud, job: Path, registry: str, directory: Path) -> bytes | None:
    """The code that arrives at Dataflow, when the job is launched from its image, works as a worker has it work."""
    staged = directory / "pipeline.pb"
    with dataflow_server() as (service, address):
        said = {
            "runner": "DataflowRunner",
            "temp_location": "gs://staged/temp",
            "dataflow_endpoint": address,
            "sdk_container_image": f"{registry}/automixer",
        }
        options = [f"-Opipeline_options.{name}={value}" for name, value in said.items()]
        key = str(key_file(directory, address))
        environment = {**cloud.environment, "GOOGLE_APPLICATION_CREDENTIALS": key, "NO_GCE_CHECK": "true"}
        klio.ok("job", "run", "-j", job, into("dataflow"), *options, **environment)
        (submitted,) = service.jobs
        staged.write_bytes(cloud.get(submitted.options["pipelineUrl"]) or b"")
    command = [sys.executable, str(ROOT / "tests" / "dataflow" / "staged.py"), str(staged), "AutomixerJob", PAIR]
    worker = Hand(job, {**cloud.environment, "PYTHONPATH": f"{job}:{ROOT}"})
    ran = subprocess.run(command, env=worker._with({}), capture_output=True, text=True, cwd="/")
    assert (ran.returncode, ran.stdout) == (0, PAIR), ran.stderr
    return cloud.get(f"{BUCKET}/dataflow/{PAIR}.ogg")
