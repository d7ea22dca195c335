"""Why workers do not start: each reason in plain words, with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from klio_cli.kubernetes.rollout import Progress
from tests.cli.conftest import Klio
from tests.kubernetes import controller
from tests.kubernetes.controller import Controller, Fate
from tests.kubernetes.objects import Json
from tests.kubernetes.server import Cluster

pytestmark = pytest.mark.slow

RUN = ("job", "run", "--no-container", "--image-tag", "v7")
NODES = "0/3 nodes are available: 3 Insufficient memory. preemption: 0/3 nodes are available."
WAITS = {
    "ImagePullBackOff": "the image cannot be pulled",
    "InvalidImageName": "the image has no proper name",
    "CreateContainerConfigError": "the container lacks what its manifest names",
    "RunContainerError": "the container cannot be started",
}
STOP = "`klio job stop` ends the tries"


def failed(klio: Klio, cluster: Cluster, fate: Fate) -> list[str]:
    """The error of a run whose pods have this fate, with POD for the name of the first."""
    cluster.controller.fate = fate
    screen = klio(*RUN)
    assert (screen.status, screen.out) == (6, ""), screen.err
    said = screen.err[screen.err.index("Error: ") :]
    for pod in cluster.pods():
        said = said.replace(pod["metadata"]["name"], "POD")
    return said.splitlines()


@pytest.mark.parametrize("reason", WAITS)
def test_a_container_that_cannot_start_says_why_at_once(klio: Klio, cluster: Cluster, job: Path, reason: str):
    said = failed(klio, cluster, controller.waits(reason, "its own words"))

    assert said[:3] == [
        f"Error: {WAITS[reason]}",
        "  at: POD, namespace audio of studio",
        f"  got: {reason}: its own words",
    ]
    assert said[3].startswith("  to do: ")
    assert said[3].endswith(STOP)


def test_why_an_image_is_not_pulled_is_in_the_events_of_the_pod(klio: Klio, cluster: Cluster, job: Path):
    def refused(world: Controller, pod: Json) -> None:
        controller.waits("ImagePullBackOff", "Back-off pulling image")(world, pod)
        world.warn(pod, "Failed", "Failed to pull image: v7: not found")
        world.warn(pod, "BackOff", "Back-off pulling image")

    said = failed(klio, cluster, refused)

    assert said[2:4] == ["  got: ImagePullBackOff: Back-off pulling image", "    Failed to pull image: v7: not found"]


def test_a_pull_that_fails_once_is_waited_for(klio: Klio, cluster: Cluster, job: Path):
    def recovers(world: Controller, pod: Json) -> None:
        controller.waits("ErrImagePull", "the registry is busy")(world, pod)
        world.fate = controller.ready
        world.then.append(pod)

    cluster.controller.fate = recovers
    screen = klio(*RUN)

    assert screen.status == 0, screen.err
    assert (
        "song: 0 of 1 new workers are ready; the image cannot be pulled: ErrImagePull: the registry is busy\n"
        in screen.err
    )


def test_a_worker_that_ends_is_quoted_without_its_secrets(klio: Klio, cluster: Cluster, job: Path):
    words = [f"line {number}" for number in range(20)]
    fate = controller.crashes(4, *words, "password=hunter2", "Error: the job's code has a fault")

    said = failed(klio, cluster, fate)

    assert said == [
        "Error: a worker ends as soon as it starts",
        "  at: POD, namespace audio of studio",
        "  got: exit status 4, 3 times",
        *[f"    line {number}" for number in range(12, 20)],
        "    password=<redacted>",
        "    Error: the job's code has a fault",
        f"  to do: `klio job run --direct-runner` runs the same image on this machine. {STOP}",
    ]


def test_a_worker_that_takes_too_much_memory_is_known_by_it(klio: Klio, cluster: Cluster, job: Path):
    said = failed(klio, cluster, controller.crashes(137, reason="OOMKilled"))

    todo = "raise resources.limits.memory in kubernetes/deployment.yaml, or lower job_config.max_in_flight"
    assert said[2:] == ["  got: it took more memory than its limit, 3 times", f"  to do: {todo}. {STOP}"]


def test_a_worker_that_no_node_takes_is_waited_for_and_told_when_the_deadline_is_over(
    klio: Klio, cluster: Cluster, job: Path
):
    cluster.controller.patience = 5
    cluster.controller.fate = controller.unschedulable(NODES)

    screen = klio(*RUN)

    assert screen.status == 6
    assert f"song: 0 of 1 new workers are ready; no node takes the worker: {NODES}\n" in screen.err
    assert "Error: no node takes the worker\n" in screen.err
    assert f"  got: {NODES}\n" in screen.err


def test_a_worker_that_never_gets_ready_is_told_with_its_probe_and_its_log(klio: Klio, cluster: Cluster, job: Path):
    def never(world: Controller, pod: Json) -> None:
        controller.starts(world, pod)
        world.warn(pod, "Unhealthy", "Startup probe failed: HTTP probe failed with statuscode: 503")
        world.say(pod, "10:00:00 INFO    klio.run: loading the model")

    cluster.controller.patience = 5
    said = failed(klio, cluster, never)

    assert said[:4] == [
        "Error: the workers do not get ready",
        "  at: POD, namespace audio of studio",
        "  got: Startup probe failed: HTTP probe failed with statuscode: 503",
        "    10:00:00 INFO    klio.run: loading the model",
    ]


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ('pods "song-1" is forbidden: exceeded quota: team, requested: cpu=1', "the quota of the namespace is used up"),
        ('pods "song-1" is forbidden: error looking up service account audio/mixer', "the cluster makes no workers"),
    ],
)
def test_a_cluster_that_makes_no_pods_says_why(klio: Klio, cluster: Cluster, job: Path, said: str, what: str):
    cluster.controller.makes_no_pods = said

    lines = failed(klio, cluster, controller.ready)

    assert lines[:3] == [f"Error: {what}", "  at: song, namespace audio of studio", f"  got: {said}"]


def test_a_cluster_that_is_silent_for_a_moment_is_asked_again(klio: Klio, cluster: Cluster, job: Path):
    def cut(world: Controller, pod: Json) -> None:
        controller.ready(world, pod)
        cluster.drops = 1

    cluster.controller.fate = cut
    screen = klio(*RUN)

    assert (screen.status, cluster.drops) == (0, 0), screen.err


def test_a_deployment_that_somebody_removes_meanwhile_is_told(klio: Klio, cluster: Cluster, job: Path):
    def gone(world: Controller, pod: Json) -> None:
        controller.starts(world, pod)
        world.vanishes = True

    lines = failed(klio, cluster, gone)

    assert lines[0] == "Error: song was removed while it started"


def test_why_is_told_to_those_who_may_not_read_events_and_logs(klio: Klio, cluster: Cluster, job: Path):
    cluster.forbidden |= {("list", "events"), ("get", "pods/log")}

    assert failed(klio, cluster, controller.crashes(4, "words"))[:3] == [
        "Error: a worker ends as soon as it starts",
        "  at: POD, namespace audio of studio",
        "  got: exit status 4, 3 times",
    ]


def test_what_was_mended_outside_is_tried_at_once_by_the_same_command(klio: Klio, cluster: Cluster, job: Path):
    """The registry may be read now: workers that the cluster would try again in minutes are replaced."""
    cluster.controller.patience = 5
    cluster.controller.fate = controller.waits("ImagePullBackOff", "403 Forbidden")
    assert klio(*RUN).status == 6
    (stuck,) = cluster.pods()
    for _ in range(cluster.controller.patience):
        klio("job", "list")  # the deadline is over, and stays so until something changes
    cluster.controller.fate = controller.ready

    screen = klio(*RUN, "--update")

    assert screen.status == 0, screen.err
    assert f"{stuck['metadata']['name']} is started anew (the image cannot be pulled)\n" in screen.err
    assert stuck not in cluster.pods()


def deployment(generation: int, observed: int, **status: int) -> Json:
    return {
        "metadata": {"generation": generation},
        "spec": {"replicas": 3},
        "status": {"observedGeneration": observed, **status},
    }


def test_a_rollout_is_done_when_all_are_new_and_ready():
    """The rules of `kubectl rollout status`."""
    every = {"replicas": 3, "updatedReplicas": 3, "availableReplicas": 3}

    assert Progress.of(deployment(2, 2, **every)).done
    assert not Progress.of(deployment(3, 2, **every)).done
    assert not Progress.of(deployment(2, 2, **{**every, "updatedReplicas": 2})).done
    assert not Progress.of(deployment(2, 2, **{**every, "replicas": 4})).done
    assert not Progress.of(deployment(2, 2, **{**every, "availableReplicas": 2})).done
    assert str(Progress.of(deployment(2, 2, replicas=4, updatedReplicas=2, availableReplicas=3))) == (
        "1 of 3 new workers are ready, 2 of before are still there"
    )
