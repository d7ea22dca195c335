"""The manifests of the separator: Kubernetes knows every field, klio every argument, and both fit to the job files."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from klio_core.config import load
from klio_core.invocation import Invocation
from tests.kubernetes.typed import unknown_fields

SEPARATOR = Path(__file__).parents[3] / "examples" / "separator"
DIRECTORY = SEPARATOR / "deploy" / "kubernetes"
JOBS = ("separate", "mix", "callback")
KUSTOMIZATION: dict[str, Any] = yaml.safe_load((DIRECTORY / "kustomization.yaml").read_text())
OBJECTS = [
    document
    for name in KUSTOMIZATION["resources"]
    for document in yaml.safe_load_all((DIRECTORY / name).read_text())
]  # fmt: skip
BY_NAME = {(one["kind"], one["metadata"]["name"]): one for one in OBJECTS}
DEPLOYMENTS = {name: one for (kind, name), one in BY_NAME.items() if kind == "Deployment"}


def container(name: str) -> dict[str, Any]:
    (found,) = DEPLOYMENTS[name]["spec"]["template"]["spec"]["containers"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("which", BY_NAME, ids="/".join)
def test_kubernetes_knows_every_field(which: tuple[str, str]):
    assert unknown_fields(BY_NAME[which]) == []


def test_all_manifests_are_applied():
    files = {path.name for path in DIRECTORY.glob("*.yaml")} - {"kustomization.yaml"}
    assert files == set(KUSTOMIZATION["resources"])


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_a_pod_has_no_rights_that_it_does_not_need(name: str):
    pod, inside = DEPLOYMENTS[name]["spec"]["template"]["spec"], container(name)
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert inside["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert BY_NAME["ServiceAccount", pod["serviceAccountName"]]["automountServiceAccountToken"] is False


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_a_pod_is_asked_how_it_is_and_says_what_it_takes(name: str):
    inside = container(name)
    assert set(inside["resources"]) == {"requests", "limits"}
    assert {inside[f"{probe}Probe"]["httpGet"]["path"] for probe in ("startup", "readiness")} == {"/readyz"}
    assert inside["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert ("PodDisruptionBudget", name) in BY_NAME


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_each_image_has_a_version(name: str):
    (image,) = [one for one in KUSTOMIZATION["images"] if one["name"] == container(name)["image"]]
    assert re.fullmatch(r"\d+\.\d+\.\d+", str(image["newTag"]))


@pytest.mark.parametrize("job", JOBS)
def test_klio_takes_the_arguments_and_finishes_what_it_has_begun(job: str):
    inside = container(job)
    command, *arguments = [*inside["command"][1:], *inside["args"]]
    asked = Invocation.parse(arguments)
    assert (command, asked.direct_runner, asked.config_path) == ("run", True, Path(f"/run/klio/{job}.yaml"))
    config = load(DIRECTORY / "jobs" / f"{job}.yaml", overrides=asked.override).job_config
    assert config.health_port == inside["ports"][0]["containerPort"]
    assert config.drain_timeout_s < DEPLOYMENTS[job]["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]


@pytest.mark.parametrize("job", ["separate", "mix"])
def test_there_are_as_many_workers_as_the_waiting_songs_ask_for(job: str):
    scaler = BY_NAME["HorizontalPodAutoscaler", job]["spec"]
    (metric,) = scaler["metrics"]
    watched = metric["external"]["metric"]["selector"]["matchLabels"]["resource.labels.subscription_id"]
    read = [entry.subscription for entry in load(DIRECTORY / "jobs" / f"{job}.yaml").job_config.events.inputs]
    assert f"projects/studio-eu/subscriptions/{watched}" in read
    assert scaler["scaleTargetRef"]["name"] == job


def test_the_job_files_are_those_beside_the_code_for_another_project(tmp_path: Path):
    script = SEPARATOR / "deploy" / "for_project.py"
    subprocess.run([sys.executable, script, "studio-eu", "gs://studio-eu-separator", tmp_path], check=True)
    for job in JOBS:
        assert (tmp_path / f"{job}.yaml").read_text() == (DIRECTORY / "jobs" / f"{job}.yaml").read_text(), (
            f"run deploy/for_project.py again: {job}/klio-job.yaml has changed"
        )
        assert "klio-local" not in (tmp_path / f"{job}.yaml").read_text()
        assert load(tmp_path / f"{job}.yaml").pipeline_options.project == "studio-eu"


def test_a_bucket_is_one():
    script = SEPARATOR / "deploy" / "for_project.py"
    done = subprocess.run([sys.executable, script, "studio-eu", "bucket", "x"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (2, "expected: python for_project.py PROJECT gs://BUCKET DIRECTORY\n")


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="needs kubectl")
def test_kustomize_puts_all_of_it_together():
    made = list(_kustomized())
    assert {(one["kind"], one["metadata"]["name"]) for one in made} >= set(BY_NAME)
    assert [fault for one in made for fault in unknown_fields(one)] == []
    (jobs,) = [one for one in made if one["kind"] == "ConfigMap"]
    named = {
        volume["configMap"]["name"]
        for one in made
        if one["kind"] == "Deployment"
        for volume in one["spec"]["template"]["spec"]["volumes"]
        if "configMap" in volume
    }
    assert named == {jobs["metadata"]["name"]}


def _kustomized() -> Iterator[dict[str, Any]]:
    done = subprocess.run(["kubectl", "kustomize", DIRECTORY], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    yield from yaml.safe_load_all(done.stdout)
