"""klio job run on Kubernetes: what arrives in the cluster, and what people see."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from klio_cli.version import klio_version
from klio_core.config import load, parse
from tests.cli.conftest import Klio
from tests.kubernetes.server import TOKEN, Cluster
from tests.kubernetes.typed import lost, unknown_fields

RUN = ("job", "run", "--no-container", "--image-tag", "v7")
IMAGE = "europe-west1-docker.pkg.dev/studio-eu/klio/song:v7"
INSIDE = "/run/klio/klio-job.yaml"


def manifest(job: Path, name: str = "deployment") -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((job / "kubernetes" / f"{name}.yaml").read_text())
    return read


def change(job: Path, before: str, after: str, file: str = "kubernetes/deployment.yaml") -> None:
    text = (job / file).read_text()
    assert before in text
    (job / file).write_text(text.replace(before, after))


def applied(cluster: Cluster, kind: str) -> dict[str, Any]:
    return [one for one in cluster.applied if one["kind"] == kind][-1]


def worker(deployment: dict[str, Any]) -> dict[str, Any]:
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return dict(container)


def test_a_job_is_put_on_kubernetes_and_its_workers_are_waited_for(klio: Klio, cluster: Cluster, job: Path):
    screen = klio(*RUN)

    file, deployment = cluster.applied
    assert (screen.status, screen.out) == (0, "song: 1 of 1 workers are ready, in namespace audio of studio\n")
    assert screen.err == (
        f"applied ConfigMap {file['metadata']['name']}, Deployment song\nsong: 0 of 1 new workers are ready\n"
    )
    assert (file["kind"], deployment["kind"]) == ("ConfigMap", "Deployment")


def test_the_deployment_is_the_manifest_with_the_image_the_job_file_and_who_deployed_it(
    klio: Klio, cluster: Cluster, job: Path
):
    klio(*RUN, "-O", "pipeline_options.labels=['team=audio']")

    arrived, written = applied(cluster, "Deployment"), manifest(job)
    pod = arrived["spec"]["template"]["spec"]
    assert worker(arrived)["image"] == IMAGE
    assert worker(arrived)["command"] == ["klioexec", "run", "--job-dir=/usr/src/app", f"--config-file={INSIDE}"]
    assert worker(arrived)["volumeMounts"][-1] == {"name": "klio-job", "mountPath": "/run/klio", "readOnly": True}
    name = applied(cluster, "ConfigMap")["metadata"]["name"]
    assert pod["volumes"][-1] == {"name": "klio-job", "configMap": {"name": name}}
    version = klio_version().replace(".", "-")
    assert {key: arrived["metadata"]["labels"][key] for key in ("klio", "deployed_by", "team", "klio/job")} == {
        "klio": version,
        "deployed_by": "ada",
        "team": "audio",
        "klio/job": "song",
    }
    assert "deployed_by" not in arrived["spec"]["template"]["metadata"]["labels"]  # else whoever deploys restarts all
    assert arrived["spec"]["template"]["metadata"]["labels"]["team"] == "audio"
    assert arrived["spec"]["selector"] == written["spec"]["selector"]
    changed = lost(written, arrived)
    assert {one.split(" ")[0].split(":")[0] for one in changed} <= {
        ".spec.template.spec.containers[0].image",
        ".spec.template.spec.containers[0].command",
        ".spec.template.spec.containers[0].volumeMounts",
        ".spec.template.spec.volumes",
    }


def test_the_job_file_in_the_cluster_is_the_effective_one_and_never_changes(klio: Klio, cluster: Cluster, job: Path):
    change(job, "drain_timeout_s: 60", "drain_timeout_s: ${drain}", "klio-job.yaml")

    screen = klio(*RUN, "-Tdrain=45", "-Ojob_config.max_in_flight=3")

    assert screen.status == 0, screen.err
    file = cluster.objects.get(("configmaps", "audio", applied(cluster, "ConfigMap")["metadata"]["name"]))
    config = parse(file["data"]["klio-job.yaml"], "arrived")
    expected = load(job / "klio-job.yaml", templates=["drain=45"], overrides=["job_config.max_in_flight=3"])
    assert config == expected
    assert (config.job_config.drain_timeout_s, config.job_config.max_in_flight) == (45, 3)
    assert file["immutable"] is True
    (owner,) = file["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["uid"]) == ("Deployment", cluster.deployment()["metadata"]["uid"])


def test_all_that_arrives_is_what_kubernetes_knows(klio: Klio, cluster: Cluster, job: Path, tmp_path: Path):
    klio(*RUN, "--workers", "4", "--verbose")

    assert [unknown_fields(one) for one in cluster.applied] == [[], []]
    assert worker(cluster.applied[-1])["command"][-2:] == ["--workers=4", "--verbose"]
    if shutil.which("kubectl"):  # a second opinion, where there is one
        for one in cluster.applied:
            command = ["kubectl", "annotate", "--local", "-f", "-", "-o", "yaml", "seen=yes"]
            done = subprocess.run(command, input=yaml.safe_dump(one), capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            assert lost(one, yaml.safe_load(done.stdout)) == []


def test_everything_is_rehearsed_before_anything_is_done(klio: Klio, cluster: Cluster, job: Path):
    klio(*RUN)

    patches = [one for one in cluster.requests if one.startswith("PATCH") and "fieldValidation=Strict" in one]
    assert ["dryRun=All" in one for one in patches] == [True, True, False, False]


def test_without_an_engine_nothing_is_applied_and_what_the_cluster_refuses_comes_first(
    klio: Klio, cluster: Cluster, job: Path
):
    screen = klio("job", "run")
    assert (screen.status, cluster.applied) == (5, [])
    assert screen.err.startswith("Error: no container engine answers\n")

    cluster.forbidden.add(("patch", "deployments"))
    assert klio("job", "run").err.startswith("Error: the cluster does not allow you this\n")


def test_a_job_that_runs_is_not_replaced_by_chance(klio: Klio, cluster: Cluster, job: Path):
    klio(*RUN)
    before = len(cluster.applied)

    screen = klio("job", "run", "--no-container", "--image-tag", "v8")

    assert (screen.status, screen.out, len(cluster.applied)) == (2, "", before)
    assert screen.err == (
        "Error: song runs already\n"
        "  at: song, namespace audio of studio\n"
        "  to do: `klio job deploy` replaces it, `klio job stop` ends it\n"
    )
    assert klio("job", "run", "--update", "--no-container", "--image-tag", "v8").status == 0
    assert worker(cluster.deployment())["image"].endswith(":v8")


def test_the_same_again_restarts_nothing(klio: Klio, cluster: Cluster, job: Path):
    klio(*RUN)
    pods = [pod["metadata"]["name"] for pod in cluster.pods()]

    screen = klio(*RUN, "--update")

    assert screen.status == 0
    assert [pod["metadata"]["name"] for pod in cluster.pods()] == pods


def test_who_does_not_want_to_wait_does_not(klio: Klio, cluster: Cluster, job: Path):
    screen = klio(*RUN, "--no-blocking")

    assert (screen.status, screen.out) == (0, "")
    assert cluster.pods() == []


def test_what_an_autoscaler_has_chosen_stays(klio: Klio, cluster: Cluster, job: Path, tmp_path: Path):
    klio("job", "create", "song", "--runner", "DirectGKERunner", "--autoscale", "--output", tmp_path / "scaled")
    shutil.copy(tmp_path / "scaled" / "kubernetes" / "autoscaler.yaml", job / "kubernetes")
    change(job, "minReplicas: 1", "minReplicas: 2", "kubernetes/autoscaler.yaml")

    assert klio(*RUN).out == "song: 2 of 2 workers are ready, in namespace audio of studio\n"
    cluster.deployment()["spec"]["replicas"] = 5
    assert klio(*RUN, "--update").out == "song: 5 of 5 workers are ready, in namespace audio of studio\n"
    assert [one["kind"] for one in cluster.applied[-3:]] == ["HorizontalPodAutoscaler", "ConfigMap", "Deployment"]
    assert applied(cluster, "HorizontalPodAutoscaler")["metadata"]["labels"]["klio/job"] == "song"


def test_another_context_and_another_namespace_are_named_by_hand(klio: Klio, cluster: Cluster, job: Path):
    assert klio(*RUN, "-n", "default").out == "song: 1 of 1 workers are ready, in namespace default of studio\n"
    assert klio(*RUN, "-Opipeline_options.gke_namespace=audio").out.endswith("in namespace audio of studio\n")

    screen = klio(*RUN, "--kube-context", "elsewhere")

    assert screen.status == 6
    assert screen.err.startswith("Error: the cluster does not answer\n  at: elsewhere, http://127.0.0.1:1\n")


def test_a_dry_run_shows_all_and_asks_nobody(klio: Klio, cluster: Cluster, job: Path):
    screen = klio("job", "run", "--dry-run", "--image-tag", "v7", "--workers", "2")

    shown = screen.out.splitlines()
    assert (screen.status, screen.err, cluster.requests) == (0, "", [])
    assert shown[:-2] == [
        "song would be put on Kubernetes so:",
        "  cluster           studio",
        "  namespace         audio",
        f"  image             {IMAGE}, by its digest",
        f"  command           klioexec run --job-dir=/usr/src/app --config-file={INSIDE} --workers=2",
        "  workers           1",
        "  each asks for     1 cpu, 2Gi memory",
        "  each has at most  2Gi memory",
        "by applying",
    ]
    assert shown[-2].startswith("  ConfigMap song-job-")
    assert shown[-2].endswith(", the job file")
    assert shown[-1] == "  Deployment song, kubernetes/deployment.yaml"


def test_a_dry_run_takes_no_cluster(klio: Klio, job: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("KUBECONFIG")

    screen = klio("job", "run", "--dry-run")

    assert screen.status == 0
    assert "  cluster           not known: no cluster is named on this machine\n" in screen.out


def test_no_token_is_anywhere_but_in_the_request(klio: Klio, cluster: Cluster, job: Path):
    screens = [klio(*RUN, "--verbose"), klio("job", "status"), klio("job", "logs"), klio("job", "run", "--dry-run")]
    cluster.token = "another"
    screens.append(klio("job", "status"))

    assert [screen.status for screen in screens] == [0, 0, 0, 0, 6]
    assert [screen for screen in screens if TOKEN in screen.out + screen.err] == []
    assert TOKEN not in str(cluster.applied)


def test_a_worker_that_gives_its_job_file_by_arguments_of_its_own_keeps_them(klio: Klio, cluster: Cluster, job: Path):
    change(job, 'command: ["klioexec", "run", "--job-dir=/usr/src/app"]', 'args: ["klioexec", "run", "--workers=3"]')

    assert klio(*RUN).status == 0
    container = worker(applied(cluster, "Deployment"))
    assert "args" not in container
    assert container["command"][1:] == ["run", "--job-dir=/usr/src/app", f"--config-file={INSIDE}", "--workers=3"]


def test_what_does_not_fit_between_job_file_and_manifest_is_told(klio: Klio, cluster: Cluster, job: Path):
    screen = klio(
        "job", "run", "--dry-run", "-Ojob_config.drain_timeout_s=300", "-Ojob_config.health_port=9000",
        "-Ojob_config.events.dead_letters=null",
    )  # fmt: skip

    assert screen.err == (
        "kubernetes/deployment.yaml: a worker is killed 90 s after it was asked to end, and finishes its work for 300 s"
        ": set terminationGracePeriodSeconds above job_config.drain_timeout_s, say 330\n"
        "kubernetes/deployment.yaml: the probes ask port 8080, where nothing answers: job_config.health_port is 9000\n"
        "dead letters are kept in the pod that the work fails in, and go away with it: set "
        "job_config.events.dead_letters to a topic, or to a directory in Cloud Storage (`location: gs://…`)\n"
    )
