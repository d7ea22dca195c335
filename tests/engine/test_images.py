"""Images on a real engine: built when something has changed, and only then, by both builders; pushed and refused."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import docker
import pytest
from docker import DockerClient

from tests.flow.kit import eventually

from .kit import PATIENCE_S, Hand, NewJob, processes
from .relay import Relay

BUILDERS = pytest.mark.parametrize("buildkit", ["0", "1"], ids=["classic", "BuildKit"])


def files_of(engine: DockerClient, image: str, directory: str = "/usr/src/app") -> set[str]:
    listed = engine.containers.run(image, [directory], entrypoint="/usr/bin/ls", remove=True)
    hidden = engine.containers.run(image, ["-A", directory], entrypoint="/usr/bin/ls", remove=True)
    return {*listed.decode().split(), *hidden.decode().split()}


def commands_of(engine: DockerClient) -> str:
    """What all containers run, those that have ended among them."""
    return str([one.attrs["Config"]["Cmd"] for one in engine.containers.list(all=True, ignore_removed=True)])


@BUILDERS
def test_an_image_is_built_with_a_line_for_each_layer_and_named_on_the_last_line(
    klio: Hand, new_job: NewJob, buildkit: str
):
    job = new_job()

    done = klio("image", "build", "-j", job, DOCKER_BUILDKIT=buildkit)

    assert done.returncode == 0, done.stderr
    assert re.fullmatch(rf"klio-{job.name}:[0-9a-f]{{12}}\n", done.stdout)
    lines = done.stderr.splitlines()
    assert lines[0] == f"Building {done.stdout.strip()}"
    assert [line.split()[2] for line in lines[1:] if line.startswith("✓")][:1] == ["FROM"]
    assert any("RUN pip install --no-cache-dir -r job-requirements.txt" in line for line in lines)


@BUILDERS
def test_only_a_change_makes_another_image_and_the_requirements_are_installed_once(
    klio: Hand, new_job: NewJob, buildkit: str
):
    job = new_job()
    first = klio.ok("image", "build", "-j", job)
    again = klio("image", "build", "-j", job)
    assert (again.stdout.strip(), again.stderr) == (first, "It is there already.\n")

    (job / "transforms.py").write_text((job / "transforms.py").read_text() + "# changed\n")
    changed = klio("image", "build", "-j", job, DOCKER_BUILDKIT=buildkit)
    (job / "transforms.py").write_text((job / "transforms.py").read_text().removesuffix("# changed\n"))

    assert changed.stdout.strip() != first
    assert klio.ok("image", "build", "-j", job) == first


def test_a_job_without_a_dockerfile_gets_one_that_runs_it(klio: Hand, new_job: NewJob, engine: DockerClient):
    job = new_job()
    (job / "Dockerfile").unlink()
    (job / "job-requirements.txt").unlink()

    image = klio.ok("image", "build", "-j", job)

    assert "run.py" in files_of(engine, image)
    assert not (job / "Dockerfile").exists()


def test_secrets_and_state_do_not_get_into_an_image(klio: Hand, new_job: NewJob, engine: DockerClient):
    job = new_job()
    (job / ".dockerignore").write_text("notes.txt\n")
    for name in (".env", "my-credentials.json", "host.key", "notes.txt", ".netrc"):
        (job / name).write_text("secret")
    for name in (".git", ".klio", ".venv"):
        (job / name).mkdir()
        (job / name / "config").write_text("secret")

    held = files_of(engine, klio.ok("image", "build", "-j", job))

    assert {"run.py", "transforms.py", "klio-job.yaml"} <= held
    assert held & {".env", "my-credentials.json", "host.key", "notes.txt", ".netrc", ".git", ".klio", ".venv"} == set()


@BUILDERS
def test_a_step_that_fails_is_named_with_its_last_words_and_leaves_no_container(
    klio: Hand, new_job: NewJob, engine: DockerClient, buildkit: str
):
    job = new_job()
    before = {container.id for container in engine.containers.list(all=True)}
    (job / "Dockerfile").write_text((job / "Dockerfile").read_text() + "RUN echo no such wheel; false\n")

    done = klio("image", "build", "-j", job, DOCKER_BUILDKIT=buildkit)

    assert (done.returncode, done.stdout) == (5, "")
    assert "Error: the image could not be built\n" in done.stderr
    assert re.search(r"  at: .*Dockerfile, step \d/\d RUN echo no such wheel; false\n", done.stderr)
    assert "    no such wheel\n" in done.stderr
    assert {container.id for container in engine.containers.list(all=True)} == before


def test_a_dockerfile_that_is_none_says_what_the_engine_says(klio: Hand, new_job: NewJob):
    job = new_job()
    (job / "Dockerfile").write_text("FORM scratch\n")

    done = klio("image", "build", "-j", job)

    assert done.returncode == 5
    assert "FORM" in done.stderr


def test_a_base_image_that_is_nowhere_says_what_to_look_at(klio: Hand, new_job: NewJob, registry: str):
    job = new_job()
    (job / "Dockerfile").write_text(f"FROM {registry}/nobody/nothing:1\n")

    done = klio("image", "build", "-j", job)

    assert done.returncode == 5
    assert f"Error: the base image cannot be pulled\n  at: {registry}/nobody/nothing:1\n" in done.stderr
    assert "to do: see that the name in the Dockerfile's FROM is right" in done.stderr


def test_an_image_of_a_chosen_tag_is_taken_as_it_is_and_said_to_be_old(klio: Hand, new_job: NewJob):
    job = new_job()
    first = klio.ok("image", "build", "-j", job, "--image-tag", "mine")
    (job / "run.py").write_text((job / "run.py").read_text() + "# changed\n")

    old = klio("image", "build", "-j", job, "--image-tag", "mine")
    new = klio("image", "build", "-j", job, "--image-tag", "mine", "--force-build")

    assert first == old.stdout.strip() == new.stdout.strip() == f"klio-{job.name}:mine"
    assert "was not built from the job as it is now; --force-build builds it again" in old.stderr
    assert "Building" in new.stderr


def test_a_pushed_image_comes_back_by_its_digest(klio: Hand, new_job: NewJob, engine: DockerClient, registry: str):
    job = new_job()
    (job / "Dockerfile").write_text("FROM scratch\nCOPY . .\n")  # to push Beam takes a minute
    repository = f"{registry}/jobs/{job.name}"
    override = ("-O", f"pipeline_options.sdk_container_image={repository}")

    pushed = klio("image", "push", "-j", job, *override)
    assert pushed.returncode == 0, pushed.stderr
    by_digest = pushed.stdout.strip()
    assert re.fullmatch(rf"{re.escape(repository)}@sha256:[0-9a-f]{{64}}", by_digest)
    assert "✓" in pushed.stderr
    listed = klio.ok("image", "list", "-j", job, *override).splitlines()
    assert listed[1].split()[0] == "→"
    assert listed[1].split()[-1] == by_digest.rpartition("@")[2][:19]

    made = engine.images.get(by_digest).id
    engine.images.remove(str(made), force=True)
    with pytest.raises(docker.errors.ImageNotFound):
        engine.images.get(by_digest)
    assert engine.images.pull(by_digest).id == made


def test_a_registry_that_refuses_says_so_and_what_to_do(klio: Hand, new_job: NewJob):
    job = new_job()
    (job / "Dockerfile").write_text("FROM scratch\nCOPY . .\n")

    done = klio("image", "push", "-j", job, "-O", "pipeline_options.sdk_container_image=127.0.0.1:1/jobs/hello")

    assert (done.returncode, done.stdout) == (5, "")
    assert "Error: the image cannot be pushed\n  at: 127.0.0.1:1/jobs/hello:" in done.stderr
    assert "to do: see that the repository is there and that you may write to it (`docker login`" in done.stderr


@BUILDERS
def test_an_engine_that_goes_away_in_the_middle_of_a_build_is_said_to_be_gone_and_nothing_is_left_of_it(
    klio: Hand, new_job: NewJob, engine: DockerClient, tmp_path: Path, buildkit: str
):
    job = new_job()
    step = f"sleep 59{buildkit}73"
    (job / "Dockerfile").write_text((job / "Dockerfile").read_text() + f"RUN {step}\n")

    with Relay(tmp_path / "relay.sock") as relay:
        environment = {"DOCKER_HOST": f"unix://{relay.path}", "DOCKER_BUILDKIT": buildkit}
        with klio.started("image", "build", "-j", job, **environment) as building:
            eventually(lambda: step in processes())
            relay.cut()
            _, said = building.communicate(timeout=PATIENCE_S)

    assert building.returncode == 5
    assert "Error: the container engine went away\n" in said
    assert "Traceback" not in said
    eventually(lambda: step not in processes())
    eventually(lambda: step not in commands_of(engine))


def test_an_engine_that_goes_away_in_the_middle_of_a_push_is_said_to_be_gone(
    klio: Hand, new_job: NewJob, engine: DockerClient, tmp_path: Path
):
    job = new_job()
    (job / "Dockerfile").write_text("FROM scratch\nCOPY . .\n")

    with socket.create_server(("127.0.0.1", 0)) as silent, Relay(tmp_path / "relay.sock") as relay:
        silent.settimeout(PATIENCE_S)
        image = f"-Opipeline_options.sdk_container_image=127.0.0.1:{silent.getsockname()[1]}/jobs/hello"
        with (
            klio.started("image", "push", "-j", job, image, DOCKER_HOST=f"unix://{relay.path}") as pushing,
            silent.accept()[0],  # a registry that takes the engine's call, and says nothing
        ):
            relay.cut()
            _, said = pushing.communicate(timeout=PATIENCE_S)

    assert pushing.returncode == 5
    assert "Error: the container engine went away\n" in said
    assert "Traceback" not in said


def test_a_job_without_images_says_how_to_make_one(klio: Hand, tmp_path: Path, engine: DockerClient):
    klio.ok("job", "create", "nothing-yet")

    done = klio("image", "list", "-j", "nothing-yet")

    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "no images of klio-nothing-yet: `klio image build` makes one\n"
