"""A job for Kubernetes from its sources to a worker: built, pushed, applied, and run as a node would run it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from docker import DockerClient
from docker.models.containers import Container
from docker.types import Mount

from klio_core.message import Message
from tests.flow.conftest import cloud
from tests.flow.kit import Cloud, eventually
from tests.kubernetes.server import TOKEN, Cluster, kubeconfig, kubernetes_server

from .kit import Hand, NewJob, free_port
from .test_dataflow import history, pushed
from .test_services import ends

__all__ = ["cloud"]  # the fixture of whole jobs

ON_KUBERNETES = ("--runner", "DirectGKERunner")
QUANTITY = {"Gi": 2**30}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster whose pods are ready at once, and kubectl's file for it in the place where it usually is."""
    with kubernetes_server() as (cluster, address):
        (tmp_path / ".kube").mkdir()
        kubeconfig(tmp_path / ".kube" / "config", address)
        yield cluster


def options(job: Path, registry: str) -> tuple[str, ...]:
    """The overrides by which a job that klio has made goes to the local cloud, and its image to the registry."""
    said = {
        "pipeline_options.sdk_container_image": f"{registry}/{job.name}",
        "job_config.events.dead_letters.location": "gs://klio-local-output/dead",
        "job_config.health_port": str(free_port()),
    }
    return ("-j", str(job), *(f"-O{key}={value}" for key, value in said.items()))


@contextmanager
def worker(engine: DockerClient, cluster: Cluster, job_file: Path, cloud: Cloud) -> Iterator[Container]:
    """The worker's container as a node starts it: what the pod says, and nothing of this machine besides."""
    (pod,) = cluster.pods()
    (told,) = pod["spec"]["containers"]
    mounted = {one["name"]: one["mountPath"] for one in told["volumeMounts"]}
    variables = {one["name"]: one["value"] for one in told["env"]}
    context = pod["spec"]["securityContext"]
    container = engine.containers.create(
        told["image"],
        told["command"][1:],
        entrypoint=told["command"][:1],
        user=f"{context['runAsUser']}:{context['runAsGroup']}",
        read_only=told["securityContext"]["readOnlyRootFilesystem"],
        cap_drop=told["securityContext"]["capabilities"]["drop"],
        mem_limit=memory(told["resources"]["limits"]["memory"]),
        tmpfs={mounted["scratch"]: "mode=1777"},
        mounts=[Mount(mounted["klio-job"], str(job_file.parent), type="bind", read_only=True)],
        environment={**variables, **cloud.environment},
        network_mode="host",
    )
    try:
        container.start()
        yield container
    finally:
        container.remove(force=True)


def memory(quantity: str) -> int:
    number, unit = re.fullmatch(r"(\d+)(\w+)", quantity).groups()  # type: ignore[union-attr]  # the manifest is ours
    return int(number) * QUANTITY[unit]


def health(port: int, path: str) -> int:
    try:
        return requests.get(f"http://127.0.0.1:{port}{path}", timeout=5).status_code
    except requests.ConnectionError:
        return 0


def test_a_job_is_pushed_applied_by_its_digest_and_works_as_its_pod_says(
    klio: Hand, new_job: NewJob, engine: DockerClient, registry: str, cloud: Cloud, cluster: Cluster, tmp_path: Path
):
    job = new_job(*ON_KUBERNETES, "--gcp-project", "klio-local")
    inward, _, outward = ends(cloud, job.name)
    chosen = options(job, registry)

    done = klio("job", "run", *chosen)

    assert done.returncode == 0, done.stderr
    image = pushed(engine, registry, job)
    file, deployment = cluster.applied
    assert [one["image"] for one in deployment["spec"]["template"]["spec"]["containers"]] == [image]
    assert done.stdout == f"{job.name}: 1 of 1 workers are ready, in namespace audio of studio\n"
    assert TOKEN not in str([cluster.applied, history(engine, image), done.stdout, done.stderr])

    job_file = write(tmp_path / "node" / "klio-job.yaml", file["data"]["klio-job.yaml"])
    port = int(chosen[-1].rpartition("=")[2])
    with worker(engine, cluster, job_file, cloud) as running:
        eventually(lambda: health(port, "/readyz") == 200 or stopped(running))
        cloud.publish(inward, [Message.of(b"song").encode()])
        assert [Message.decode(raw).element for raw in eventually(lambda: cloud.pull(outward))] == [b"song"]
        assert health(port, "/healthz") == 200
        running.kill("SIGTERM")
        assert running.wait(timeout=120)["StatusCode"] == 0


def stopped(container: Container) -> bool:
    """Fail with what it said where it has ended."""
    container.reload()
    assert container.status == "running", container.logs().decode()
    return False


def write(path: Path, text: str) -> Path:
    path.parent.mkdir()
    path.parent.chmod(0o755)
    path.write_text(text)
    return path


def test_what_the_cluster_refuses_is_told_before_an_image_is_built(
    klio: Hand, new_job: NewJob, engine: DockerClient, registry: str, cluster: Cluster
):
    job = new_job(*ON_KUBERNETES)
    cluster.forbidden.add(("patch", "deployments"))

    done = klio("job", "deploy", *options(job, registry))

    assert done.returncode == 6
    assert "Error: the cluster does not allow you this\n" in done.stderr
    assert engine.images.list(f"{registry}/{job.name}") == []


def test_an_image_that_cannot_be_built_leaves_what_runs(klio: Hand, new_job: NewJob, registry: str, cluster: Cluster):
    job = new_job(*ON_KUBERNETES)
    (job / "Dockerfile").write_text((job / "Dockerfile").read_text() + "RUN false\n")

    done = klio("job", "deploy", *options(job, registry))

    assert done.returncode == 5
    assert "Error: the image could not be built\n" in done.stderr
    assert cluster.applied == []
