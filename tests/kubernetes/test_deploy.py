"""klio job deploy on Kubernetes: workers are replaced, by new ones that are ready."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Klio
from tests.kubernetes import controller
from tests.kubernetes.server import Cluster

pytestmark = pytest.mark.slow

DEPLOY = ("job", "deploy", "--no-container", "--image-tag")

BATCH = """
job_name: song
pipeline_options: {runner: DirectGKERunner, project: studio-eu, streaming: false}
job_config: {events: {inputs: [{type: file, location: in.txt}]}}
"""


def job_files(cluster: Cluster) -> list[str]:
    return [one["metadata"]["name"] for one in cluster.objects.selected("configmaps", "audio")]


def test_what_runs_is_replaced_and_pods_of_before_keep_their_job_file(klio: Klio, cluster: Cluster, job: Path):
    klio(*DEPLOY, "v1")
    (before,) = cluster.pods()

    screen = klio(*DEPLOY, "v2", "-Ojob_config.max_in_flight=3")

    assert (screen.status, screen.out) == (0, "song: 1 of 1 workers are ready, in namespace audio of studio\n")
    assert "song: 0 of 1 new workers are ready, 1 of before are still there\n" in screen.err
    (after,) = cluster.pods()
    assert before["metadata"]["name"] != after["metadata"]["name"]
    assert len(job_files(cluster)) == 2


def test_job_files_that_no_launch_can_go_back_to_are_removed(klio: Klio, cluster: Cluster, job: Path):
    manifest = job / "kubernetes" / "deployment.yaml"
    manifest.write_text(manifest.read_text().replace("  replicas: 1\n", "  replicas: 1\n  revisionHistoryLimit: 1\n"))
    other = {"metadata": {"name": "song-job-of-hand", "labels": {"klio/job": "song"}}}
    cluster.objects.put(("configmaps", "audio", "song-job-of-hand"), other)

    for number in range(3):
        cluster.objects.clock = f"2026-11-21T01:00:0{number}Z"
        klio(*DEPLOY, f"v{number}", f"-Ojob_config.max_in_flight={number + 1}")

    kept = [one["data"]["klio-job.yaml"] for one in cluster.objects.selected("configmaps", "audio") if "data" in one]
    assert ["max_in_flight: 2" in text or "max_in_flight: 3" in text for text in kept] == [True, True]
    assert "song-job-of-hand" in job_files(cluster)


def test_who_may_not_remove_job_files_is_told_and_no_more(klio: Klio, cluster: Cluster, job: Path):
    cluster.forbidden.add(("list", "configmaps"))

    screen = klio(*DEPLOY, "v1")

    assert screen.status == 0
    assert 'older job files stay in the cluster: 403 configmaps "" is forbidden' in screen.err


def test_with_drain_all_have_ended_before_a_new_one_starts(klio: Klio, cluster: Cluster, job: Path):
    klio(*DEPLOY, "v1")

    screen = klio(*DEPLOY, "v2", "--drain")

    assert screen.status == 0, screen.err
    assert screen.out == "song: STOPPED\nsong: 1 of 1 workers are ready, in namespace audio of studio\n"
    assert screen.err.index("song drains") < screen.err.index("applied ConfigMap")


def test_a_change_that_does_not_start_leaves_the_workers_of_before(klio: Klio, cluster: Cluster, job: Path):
    klio(*DEPLOY, "v1")
    (before,) = cluster.pods()
    cluster.controller.fate = controller.waits("ImagePullBackOff", 'Back-off pulling image "song:v2"')

    screen = klio(*DEPLOY, "v2")

    assert (screen.status, screen.out) == (6, "")
    assert "Those of before go on; `kubectl rollout undo deployment/song` leaves it at them\n" in screen.err
    assert before in cluster.pods()


def test_a_dry_run_of_a_deployment_asks_nobody(klio: Klio, cluster: Cluster, job: Path):
    screen = klio("job", "deploy", "--dry-run", "--image-tag", "v1")

    assert (screen.status, cluster.requests) == (0, [])
    assert screen.out.startswith("song would be put on Kubernetes so:\n")


@pytest.mark.parametrize("command", ["run", "deploy"])
def test_what_a_deployment_never_does_is_refused(klio: Klio, cluster: Cluster, job: Path, command: str):
    (job / "klio-job.yaml").write_text(BATCH)

    screen = klio("job", command, "--dry-run")

    assert (screen.status, screen.out) == (2, "")
    assert screen.err.startswith("Error: only a streaming job is a Deployment\n")
