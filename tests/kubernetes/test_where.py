"""klio job list, status, stop and logs of a job on Kubernetes."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from tests.cli.conftest import Klio
from tests.kubernetes import controller
from tests.kubernetes.controller import Controller
from tests.kubernetes.objects import CREATED, Json
from tests.kubernetes.server import Cluster

IMAGE = "europe-west1-docker.pkg.dev/studio-eu/klio/song:v7"


def here(time: str) -> str:
    return f"{datetime.fromisoformat(time).astimezone():%Y-%m-%d %H:%M:%S}"


TALK = 14  # lines
SINCE = here(CREATED)


@pytest.fixture
def running(klio: Klio, cluster: Cluster, job: Path) -> Cluster:
    """A cluster in which the job runs, with one worker."""
    screen = klio("job", "run", "--no-container", "--image-tag", "v7")
    assert screen.status == 0, screen.err
    cluster.requests.clear()
    return cluster


def pod(cluster: Cluster) -> Json:
    (one,) = cluster.pods()
    return one


def test_the_jobs_of_a_namespace_are_listed_the_newest_first(klio: Klio, running: Cluster):
    running.objects.put(
        ("deployments", "audio", "shop"), {**running.deployment(), "metadata": {"name": "shop", "namespace": "audio"}}
    )
    running.objects.clock = "2026-11-21T02:00:00Z"
    klio("job", "run", "--no-container", "--image-tag", "v7", "-Ojob_name=other", "-n", "default")

    assert klio("job", "list").out == (
        f"name  state         since                kind       job\n"
        f"song  1 of 1 ready  {SINCE}  streaming  song\n"
    )  # fmt: skip
    (other,) = [json.loads(line) for line in klio("job", "list", "-n", "default", "--format", "json").out.splitlines()]
    assert (other["name"], other["state"], other["id"]) == ("other", "1 of 1 ready", "song")
    assert klio("job", "list", "--job-name", "another").err == "no job runs in namespace audio of studio\n"


def test_a_stopped_job_is_listed_with_all_the_others(klio: Klio, running: Cluster):
    klio("job", "stop")

    assert klio("job", "list").err == "no job runs in namespace audio of studio\n"
    assert "song  STOPPED  " in klio("job", "list", "--all").out


def test_the_status_shows_each_worker_and_why_it_does_not_work(klio: Klio, running: Cluster):
    running.deployment()["spec"]["replicas"] = 2
    running.controller.fate = controller.crashes(137, reason="OOMKilled", times=5)
    for _ in range(3):
        klio("job", "list")
    first, second = (one["metadata"]["name"] for one in running.pods())

    screen = klio("job", "status")

    assert (screen.status, screen.err) == (0, "")
    crash = "a worker ends as soon as it starts: it took more memory than its limit, 5 times"
    assert screen.out == (
        f"song  1 of 2 ready since {SINCE}\n"
        f"  deployment  song, namespace audio of studio\n"
        f"  image       {IMAGE}\n"
        f"\n"
        f"worker           ready  restarts  since                state\n"
        f"{first}  yes    0         {SINCE}  works\n"
        f"{second}  no     5         {SINCE}  {crash}\n"
    )


def test_what_a_worker_ended_of_before_is_told_while_it_works(klio: Klio, running: Cluster):
    (container,) = pod(running)["status"]["containerStatuses"]
    container |= {"restartCount": 1, "lastState": {"terminated": {"exitCode": 139, "reason": "Error"}}}

    assert klio("job", "status").out.endswith("works, ended last: exit status 139\n")


def test_a_job_that_there_is_not(klio: Klio, cluster: Cluster, job: Path):
    for command in ("status", "logs"):
        assert klio("job", command).err == (
            "Error: there is no job song on Kubernetes\n"
            "  at: namespace audio of studio\n"
            "  to do: `klio job list --all` lists the jobs there are; -n names another namespace\n"
        )
    assert klio("job", "stop").err == "no job song runs in namespace audio of studio\n"


def test_a_cluster_is_looked_at_without_a_job_file(
    klio: Klio, running: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)

    assert [line.split()[0] for line in klio("job", "list", "-n", "audio").out.splitlines()] == ["name", "song"]
    assert klio("job", "stop", "-n", "audio").err.startswith("Error: no job is named\n")
    assert klio("job", "stop", "-n", "audio", "--job-name", "song").out == "song: STOPPED\n"
    assert klio("job", "list").status == 2


def test_a_job_that_somebody_applied_by_hand_is_found_by_its_name(klio: Klio, running: Cluster):
    del running.deployment()["metadata"]["labels"]["klio/job"]

    assert klio("job", "status").out.startswith("song  1 of 1 ready")
    assert klio("job", "stop").out == "song: STOPPED\n"


def test_the_records_of_this_machine_come_first_and_remote_asks_the_cluster(klio: Klio, running: Cluster):
    assert running.requests == []
    assert klio("job", "status", "--state", "lost").status == 0
    assert running.requests == []
    assert klio("job", "status", "--remote").out.startswith("song  1 of 1 ready")


def test_a_job_is_stopped_and_its_workers_are_waited_for(klio: Klio, running: Cluster):
    screen = klio("job", "stop", "--drain")

    assert (screen.status, screen.out, screen.err) == (0, "song: STOPPED\n", "song drains\n")
    assert (running.deployment()["spec"]["replicas"], running.pods()) == (0, [])
    assert klio("job", "run", "--no-container", "--image-tag", "v7").status == 0  # it can be run again
    assert len(running.pods()) == 1


def test_a_job_that_something_else_gives_workers_is_not_stopped(klio: Klio, running: Cluster):
    running.controller.revives = True

    screen = klio("job", "stop")

    assert screen.status == 6
    assert screen.err.startswith("song drains\nError: song gets workers again\n  at: namespace audio of studio\n")


def said(klio: Klio, *options: str) -> list[str]:
    screen = klio("job", "logs", *options)
    assert (screen.status, screen.err) == (0, "")
    return [line.split("  ", 1)[1] for line in screen.out.splitlines()]


def test_the_log_is_that_of_all_workers_in_one_order_without_secrets(klio: Klio, running: Cluster):
    running.deployment()["spec"]["replicas"] = 2
    for _ in range(3):
        klio("job", "list")
    first, second = running.pods()
    running.controller.say(first, "10:00:00 INFO    klio.run: begins")
    running.controller.say(second, "10:00:01 ERROR   klio.run: Authorization: Bearer abcdefghijklmnopqrstuvwxyz")
    running.controller.say(second, "Traceback (most recent call last):")
    running.controller.say(first, "printed", "10:00:04 WARNING klio.run: much")

    one, two = first["metadata"]["name"], second["metadata"]["name"]
    assert said(klio) == [
        f"INFO     {one}  klio.run: begins",
        f"ERROR    {two}  klio.run: Authorization: Bearer <redacted>",
        f"ERROR    {two}  Traceback (most recent call last):",
        f"INFO     {one}  printed",
        f"WARNING  {one}  klio.run: much",
    ]
    assert [line.split()[0] for line in said(klio, "--severity", "WARNING")] == ["ERROR", "ERROR", "WARNING"]


def test_what_a_container_said_before_it_ended_is_in_the_log(klio: Klio, running: Cluster):
    (container,) = pod(running)["status"]["containerStatuses"]
    container["restartCount"] = 1
    running.controller.say(pod(running), "last words", previous=True)
    running.controller.say(pod(running), "first words")

    assert [line.split("  ")[-1] for line in said(klio)] == ["last words", "first words"]


def test_several_containers_of_a_pod_are_told_apart(klio: Klio, running: Cluster):
    one = pod(running)
    one["spec"] = {"containers": [{"name": "worker"}, {"name": "relay"}]}
    running.controller.say(one, "works", container="worker")
    running.controller.say(one, "relays", container="relay")

    name = one["metadata"]["name"]
    assert said(klio) == [f"INFO     {name}/worker  works", f"INFO     {name}/relay  relays"]


def test_a_worker_that_has_not_begun_has_no_log(klio: Klio, running: Cluster):
    del pod(running)["status"]

    assert said(klio) == []


def talks(one: Json) -> controller.Meanwhile:
    """At each look at its Deployment a worker says two lines; then somebody stops the job, and it has last words."""
    name = one["metadata"]["name"]

    def step(world: Controller, deployment: Json) -> None:
        count = len(world.logs.get((name, "", False), []))
        if count < TALK:
            world.say(one, f"line {count}", f"line {count + 1}", at_once=True)
        elif deployment["spec"]["replicas"]:
            world.say(one, "last words")
            deployment["spec"]["replicas"] = 0

    return step


@pytest.mark.slow
def test_a_log_is_followed_until_the_last_worker_has_said_its_last_words(klio: Klio, running: Cluster):
    running.controller.meanwhile = talks(pod(running))

    lines = [line.split("  ")[-1] for line in said(klio, "--follow")]

    assert lines == [*(f"line {number}" for number in range(TALK)), "last words"]


@pytest.mark.slow
def test_a_log_that_breaks_off_is_taken_up_where_it_was(klio: Klio, running: Cluster):
    running.controller.meanwhile = talks(pod(running))
    running.breaks.add(pod(running)["metadata"]["name"])

    lines = [line.split("  ")[-1] for line in said(klio, "--follow")]

    assert lines == [*(f"line {number}" for number in range(TALK)), "last words"]
    assert running.breaks == set()


def test_who_may_not_read_logs_is_told_which_right_that_takes(klio: Klio, running: Cluster):
    running.forbidden.add(("get", "pods/log"))

    screen = klio("job", "logs")

    assert screen.status == 6
    assert 'User "ada" cannot get resource "pods/log"' in screen.err
