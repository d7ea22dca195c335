"""Secrets of a build on a real engine: a step reads them, and nothing that is left of the build holds them."""

from __future__ import annotations

import io
import json
import re
import tarfile
from pathlib import Path

from docker import DockerClient

from tests.flow.kit import eventually

from .kit import Hand, NewJob, processes

SECRET = "hush-5f1d8c0e"


# A shell and no Python, so that all layers are looked through in a moment.
SMALL = """
FROM {base} AS tools
FROM scratch
COPY --from=tools /usr/bin /bin
COPY --from=tools /usr/lib /lib
COPY --from=tools /usr/lib64 /lib64
"""


def held_by(engine: DockerClient, image: str) -> bytes:
    """All that an image holds: its settings, its history, and each file of each layer."""
    saved = io.BytesIO(b"".join(engine.images.get(image).save()))
    with tarfile.open(fileobj=saved) as archive:
        files = [archive.extractfile(entry) for entry in archive if entry.isfile()]
        return b"".join(file.read() for file in files if file)


def with_steps(job: Path, *steps: str) -> None:
    """Let the job's Dockerfile be these, in a small image."""
    (base,) = re.findall(r"^FROM (.+)$", (job / "Dockerfile").read_text(), re.MULTILINE)
    (job / "Dockerfile").write_text(SMALL.format(base=base) + "\n".join([*steps, ""]))


def test_steps_read_secrets_of_a_file_and_of_a_variable_and_neither_the_image_nor_the_log_holds_them(
    klio: Hand, new_job: NewJob, engine: DockerClient, tmp_path: Path
):
    job = new_job()
    (tmp_path / "pip.conf").write_text(f"extra-index-url = https://ada:{SECRET}@host/simple\n")
    with_steps(
        job,
        "RUN --mount=type=secret,id=pip,target=/etc/pip.conf sed s/hush/pip-saw/ /etc/pip.conf > /seen.txt",
        "RUN --mount=type=secret,id=TOKEN sed s/hush/step-saw/ /run/secrets/TOKEN >> /seen.txt",
    )
    flags = ("--secret", f"id=pip,src={tmp_path}/pip.conf", "--secret", "id=TOKEN")

    done = klio("image", "build", "-j", job, *flags, DOCKER_BUILDKIT="1", TOKEN=SECRET)

    assert done.returncode == 0, done.stderr
    image = done.stdout.strip()
    held = held_by(engine, image)
    assert b"extra-index-url = https://ada:pip-saw-5f1d8c0e@host/simple\nstep-saw-5f1d8c0e" in held
    assert SECRET.encode() not in held
    assert SECRET not in json.dumps(engine.api.history(image)) + done.stdout + done.stderr


def test_a_secret_that_a_failing_step_prints_is_not_repeated(klio: Hand, new_job: NewJob, engine: DockerClient):
    job = new_job()
    with_steps(job, "RUN --mount=type=secret,id=TOKEN cat /run/secrets/TOKEN; echo; echo and so it fails; false")

    done = klio("image", "build", "-j", job, "--secret", "id=TOKEN", DOCKER_BUILDKIT="1", TOKEN=SECRET)

    assert done.returncode == 5
    assert "    <secret>\n    and so it fails\n" in done.stderr
    assert SECRET not in done.stderr


def test_a_secret_that_was_not_given_is_named(klio: Hand, new_job: NewJob, engine: DockerClient):
    job = new_job()
    with_steps(job, "RUN --mount=type=secret,id=other,required=true true")

    done = klio("image", "build", "-j", job, "--secret", "id=TOKEN", DOCKER_BUILDKIT="1", TOKEN=SECRET)

    assert done.returncode == 5
    assert "secret other not found" in done.stderr


def test_the_classic_builder_is_not_trusted_with_secrets(klio: Hand, new_job: NewJob, engine: DockerClient):
    done = klio("image", "build", "-j", new_job(), "--secret", "id=TOKEN", DOCKER_BUILDKIT="0", TOKEN=SECRET)

    assert (done.returncode, done.stdout) == (5, "")
    assert "Error: the engine's classic builder knows no secrets\n" in done.stderr


def test_while_it_builds_no_process_shows_the_secret_to_others_and_a_command_that_is_ended_ends_the_build(
    klio: Hand, new_job: NewJob, engine: DockerClient
):
    job = new_job()
    with_steps(job, "RUN --mount=type=secret,id=TOKEN sleep 5981")

    flags = ("--secret", "id=TOKEN")
    with klio.started("image", "build", "-j", job, *flags, DOCKER_BUILDKIT="1", TOKEN=SECRET) as building:
        eventually(lambda: "sleep 5981" in processes())
        shown = processes()
        building.terminate()
        building.communicate(timeout=60)

    assert f"-j {job} --secret id=TOKEN" in shown
    assert SECRET not in shown
    eventually(lambda: "sleep 5981" not in processes())
