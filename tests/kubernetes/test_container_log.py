"""What one container prints, read in pieces: no line twice, and none left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from klio_cli.kubernetes.container_log import ContainerLog
from klio_cli.kubernetes.spot import Spot
from tests.cli.conftest import Klio
from tests.flow.kit import eventually
from tests.kubernetes.objects import Json
from tests.kubernetes.server import Cluster


@pytest.fixture
def pod(klio: Klio, cluster: Cluster, job: Path) -> Json:
    """The one worker of a job."""
    assert klio("job", "run", "--no-container", "--image-tag", "v7").status == 0
    (one,) = cluster.pods()
    return one


@pytest.fixture
def log(pod: Json) -> ContainerLog:
    return ContainerLog(Spot().cluster(), pod["metadata"]["name"], "worker", "it")


def test_what_is_asked_for_again_comes_once(log: ContainerLog, cluster: Cluster, pod: Json):
    cluster.controller.say(pod, "a", "b", "b", at_once=True)
    assert [line.text for line in log.read(0)] == ["a", "b", "b"]
    assert list(log.read(0)) == []

    cluster.controller.say(pod, "c")
    assert [line.text for line in log.read(0)] == ["c"]


def test_lines_of_one_moment_are_told_apart(log: ContainerLog, cluster: Cluster, pod: Json):
    cluster.controller.say(pod, "a", "b", at_once=True)

    first, second = log.read(0)

    assert (first.time, first.id, second.id) == ("2026-11-21T01:00:00.123456+00:00", "it 1", "it 2")
    assert second.time == first.time


def test_a_clock_that_goes_back_hides_nothing(log: ContainerLog, cluster: Cluster, pod: Json):
    cluster.controller.say(pod, "a", "b", "c")
    said = cluster.controller.logs[pod["metadata"]["name"], "", False]
    said[2] = ("2026-11-21T01:00:00.000000000Z", "c")

    assert [line.text for line in log.read(0)] == ["a", "b", "c"]


@pytest.mark.slow
def test_a_connection_that_breaks_off_is_taken_up(log: ContainerLog, cluster: Cluster, pod: Json):
    cluster.controller.say(pod, "a", "b", at_once=True)
    assert [line.text for line in log.read(0)] == ["a", "b"]
    cluster.breaks.add(pod["metadata"]["name"])
    cluster.controller.say(pod, "c")

    come: list[str] = []
    for text in ("c", "d", "e"):
        eventually(lambda text=text: come.extend(line.text for line in log.follow(0)) or text in come)
        cluster.controller.say(pod, {"c": "d", "d": "e"}.get(text, "never read"))

    assert come == ["c", "d", "e"]
    assert cluster.breaks == set()
