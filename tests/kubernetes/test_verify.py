"""klio job verify and klio job delete, for a job on Kubernetes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from klio_core import local_state
from klio_core.local_state import LocalState
from klio_exec.local.objects import local_objects
from klio_exec.local.pubsub import local_pubsub
from tests.cli.conftest import Klio, Screen
from tests.kubernetes.server import Cluster
from tests.kubernetes.test_run import change

RUN = ("job", "run", "--no-container", "--image-tag", "v7")
VOLUME = "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: disk}}"


@pytest.fixture
def services(job: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A Pub/Sub and a Cloud Storage that take everybody, as somebody's emulators."""
    with local_pubsub() as pubsub, local_objects(job / ".klio" / "objects", 0) as objects:
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", pubsub)
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", objects)
        local_state.write(job, LocalState(os.getpid(), pubsub, objects))
        yield


def lines(screen: Screen, *beginnings: str) -> list[str]:
    return [line for line in screen.out.splitlines() if line.startswith(beginnings)]


def test_the_manifests_are_among_the_checks(klio: Klio, cluster: Cluster, job: Path):
    screen = klio("job", "verify", "--offline")

    assert (screen.status, cluster.requests) == (0, [])
    assert "✓ kubernetes/: Deployment song\n" in screen.out


def test_what_does_not_fit_is_a_warning_and_what_cannot_be_used_a_fault(klio: Klio, cluster: Cluster, job: Path):
    overrides = ("-Ojob_config.drain_timeout_s=300", "-Ojob_config.events.dead_letters=null")
    found = lines(klio("job", "verify", "--offline", *overrides), "!")
    assert [line.partition(": ")[0] for line in found] == [
        "! dead letters are kept on the machine that the work fails on; on Kubernetes that goes away, and they with it",
        "! kubernetes/deployment.yaml",
    ]

    change(job, "kind: Deployment", "kind: DaemonSet")
    screen = klio("job", "verify", "--offline")

    assert screen.status == 1
    assert "✗ kubernetes: a job on Kubernetes is one Deployment: none\n" in screen.out


@pytest.mark.slow
def test_the_cluster_is_asked_whether_it_would_take_the_job(klio: Klio, cluster: Cluster, job: Path, services: None):
    screen = klio("job", "verify")
    assert "✓ Kubernetes, namespace audio of studio: it takes the manifests; no job song runs\n" in screen.out
    assert cluster.applied == []

    klio(*RUN)
    assert "it takes the manifests; song runs\n" in klio("job", "verify").out

    cluster.forbidden.add(("patch", "deployments"))
    screen = klio("job", "verify")
    assert screen.status == 6
    assert "✗ the cluster does not allow you this: Deployment song, kubernetes/deployment.yaml: 403 " in screen.out


@pytest.mark.slow
def test_a_job_is_deleted_with_what_klio_applied_for_it(klio: Klio, cluster: Cluster, job: Path, services: None):
    klio("job", "verify", "--create-resources", "--yes")
    klio(*RUN)
    running = klio("job", "delete", "--yes")
    assert (running.status, running.out) == (2, "")
    assert running.err.startswith("Error: song runs on Kubernetes\n  at: deployment song, namespace audio of studio\n")

    klio("job", "stop")
    (job / "kubernetes" / "words.yaml").write_text("{apiVersion: v1, kind: ConfigMap, metadata: {name: words}}")
    cluster.objects.put(("configmaps", "audio", "words"), {"kind": "ConfigMap", "metadata": {"name": "words"}})
    screen = klio("job", "delete", "--yes")

    assert screen.status == 0, screen.err
    assert screen.out.startswith("To be deleted:\n  Deployment song in namespace audio of studio\n  subscription ")
    assert "  ConfigMap words in namespace audio of studio: klio did not apply it for this job\n" in screen.out
    assert screen.err.startswith("deleted Deployment song in namespace audio of studio\ndeleted subscription ")
    left = [name for kind, _, name in cluster.objects.kept if kind != "namespaces"]
    assert left == ["words"]  # the job files went with the Deployment that owned them
