"""The manifests of a job for Kubernetes: what they say, that kubectl reads them, and that they fit to the job file."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from klio_core.config import KlioConfig, load
from tests.cli.conftest import Klio

ON_KUBERNETES = ("--runner", "DirectGKERunner")


@pytest.fixture
def made(klio: Klio, tmp_path: Path) -> Path:
    screen = klio(
        "job",
        "create",
        "song",
        *ON_KUBERNETES,
        "--autoscale",
        "--gcp-project",
        "studio-eu",
        "--output",
        tmp_path / "song",
    )
    assert screen.status == 0, screen.err
    return tmp_path / "song"


@pytest.fixture
def config(made: Path) -> KlioConfig:
    return load(made / "klio-job.yaml")


@pytest.fixture
def worker(made: Path) -> dict[str, Any]:
    (container,) = deployment(made)["spec"]["template"]["spec"]["containers"]
    return dict(container)


def deployment(made: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((made / "kubernetes" / "deployment.yaml").read_text())
    return found


def test_the_manifests_are_shown_among_the_files(klio: Klio, tmp_path: Path):
    plain = klio("job", "create", "song", *ON_KUBERNETES, "--output", tmp_path / "plain")
    scaled = klio("job", "create", "song", *ON_KUBERNETES, "--autoscale", "--output", tmp_path / "scaled")

    assert "  ├── klio-job.yaml\n  ├── kubernetes/deployment.yaml\n  ├── run.py\n" in plain.out
    assert "  ├── kubernetes/autoscaler.yaml\n  ├── kubernetes/deployment.yaml\n" in scaled.out


def test_a_directory_that_is_there_is_filled(klio: Klio, tmp_path: Path):
    (tmp_path / "song").mkdir()

    assert klio("job", "create", "song", *ON_KUBERNETES, "--output", tmp_path / "song").status == 0
    assert [path.name for path in (tmp_path / "song" / "kubernetes").iterdir()] == ["deployment.yaml"]


def test_a_pod_has_the_time_to_finish_what_it_has_begun(made: Path, config: KlioConfig):
    pod = deployment(made)["spec"]["template"]["spec"]

    assert pod["terminationGracePeriodSeconds"] > config.job_config.drain_timeout_s


def test_probes_ask_where_the_run_answers(worker: dict[str, Any], config: KlioConfig):
    (port,) = worker["ports"]
    asked = {probe: worker[f"{probe}Probe"]["httpGet"] for probe in ("startup", "readiness", "liveness")}

    assert port == {"name": "health", "containerPort": config.job_config.health_port}
    assert {probe: (get["port"], get["path"]) for probe, get in asked.items()} == {
        "startup": ("health", "/readyz"),
        "readiness": ("health", "/readyz"),
        "liveness": ("health", "/healthz"),
    }


def test_a_worker_runs_the_image_that_klio_pushes_as_nobody_special(
    worker: dict[str, Any], made: Path, config: KlioConfig
):
    assert worker["image"].rpartition(":")[0] == config.pipeline_options.sdk_container_image
    assert worker["command"] == ["klioexec", "run", "--job-dir=/usr/src/app"]
    assert worker["securityContext"]["readOnlyRootFilesystem"] is True
    assert deployment(made)["spec"]["template"]["spec"]["securityContext"]["runAsNonRoot"] is True


def test_the_autoscaler_counts_the_events_that_wait_for_this_job(made: Path, config: KlioConfig):
    scaler = yaml.safe_load((made / "kubernetes" / "autoscaler.yaml").read_text())

    (metric,) = scaler["spec"]["metrics"]
    waiting = metric["external"]["metric"]
    assert waiting["name"] == "pubsub.googleapis.com|subscription|num_undelivered_messages"
    (subscription,) = waiting["selector"]["matchLabels"].values()
    assert config.job_config.events.inputs[0].subscription == f"projects/studio-eu/subscriptions/{subscription}"
    assert scaler["spec"]["scaleTargetRef"]["name"] == deployment(made)["metadata"]["name"]


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="no kubectl on this machine")
def test_kubectl_knows_every_field_of_the_deployment(made: Path):
    command = [
        "kubectl",
        "set",
        "image",
        "--local",
        "-f",
        "kubernetes/deployment.yaml",
        "worker=another:1",
        "-o",
        "yaml",
    ]

    done = subprocess.run(command, cwd=made, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    ours = deployment(made)
    ours["spec"]["template"]["spec"]["containers"][0]["image"] = "another:1"
    assert missing(ours, yaml.safe_load(done.stdout)) == []


def missing(ours: Any, theirs: Any, path: str = "") -> list[str]:
    """What of ours is not in what kubectl has read: it forgets the fields that it does not know."""
    if isinstance(ours, dict):
        lost = [f"{path}.{key}" for key in ours if key not in theirs]
        return lost + [one for key in ours if key in theirs for one in missing(ours[key], theirs[key], f"{path}.{key}")]
    if isinstance(ours, list):
        return [one for number, item in enumerate(ours) for one in missing(item, theirs[number], f"{path}[{number}]")]
    return [] if str(ours) == str(theirs) else [f"{path}: {ours} became {theirs}"]


def test_a_batch_job_is_no_deployment(klio: Klio, tmp_path: Path):
    screen = klio("job", "create", "song", *ON_KUBERNETES, "--job-type", "batch", "--output", tmp_path / "song")

    assert (screen.status, screen.out) == (2, "")
    assert screen.err.startswith("Error: only a streaming job is a Deployment\n")
    assert not (tmp_path / "song").exists()


def test_only_workers_on_kubernetes_are_scaled(klio: Klio, tmp_path: Path):
    screen = klio("job", "create", "song", "--autoscale", "--output", tmp_path / "song")

    assert (screen.status, screen.err) == (
        2,
        "Error: --autoscale is for workers on Kubernetes\n  to do: add --template kubernetes\n",
    )


def test_the_job_passes_verification(klio: Klio, made: Path):
    assert klio("job", "verify", "--offline", "-j", made).status == 0
