"""Manifests and job files that nothing can be put on Kubernetes from: told before anybody is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Klio
from tests.kubernetes.server import Cluster
from tests.kubernetes.test_run import change

MANIFEST = "kubernetes/deployment.yaml"
COMMAND = '["klioexec", "run", "--job-dir=/usr/src/app"]'


def refused(klio: Klio, cluster: Cluster, *options: str) -> list[str]:
    """The error of a run, line by line; nobody was asked."""
    screen = klio("job", "run", "--no-container", "--image-tag", "v7", *options)
    assert (screen.status, screen.out, cluster.requests) == (2, "", []), screen.err
    return screen.err.splitlines()


def test_a_job_without_manifests(klio: Klio, cluster: Cluster, job: Path):
    (job / MANIFEST).unlink()

    assert refused(klio, cluster) == [
        "Error: a job on Kubernetes is one Deployment",
        f"  at: {job / 'kubernetes'}",
        "  got: none",
        "  to do: `klio job create NAME --runner DirectGKERunner` writes a job with one",
    ]


def test_two_deployments(klio: Klio, cluster: Cluster, job: Path):
    both = (job / MANIFEST).read_text()
    (job / "kubernetes" / "more.yml").write_text(f"---\n{both.replace('name: song', 'name: more')}---\n")

    assert "  got: Deployment song in kubernetes/deployment.yaml, Deployment more in kubernetes/more.yml" in refused(
        klio, cluster
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind: [", "Error: the manifest cannot be read"),
        ("- 1\n- 2\n", "Error: not an object of Kubernetes"),
        ("kind: ConfigMap\nmetadata: {name: a}\n", "  got: no apiVersion"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: a-}\n", "  got: no metadata.name"),
        ("{apiVersion: v1, kind: List, items: [{kind: ConfigMap}]}", "  got: no apiVersion, metadata.name"),
    ],
)
def test_what_is_no_object(klio: Klio, cluster: Cluster, job: Path, text: str, said: str):
    (job / "kubernetes" / "other.yaml").write_text(text)

    assert said in refused(klio, cluster)


def test_a_list_is_the_objects_in_it(klio: Klio, cluster: Cluster, job: Path):
    listed = "{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: ConfigMap, metadata: {name: words}}]}"
    (job / "kubernetes" / "other.yaml").write_text(listed)

    screen = klio("job", "run", "--no-container", "--image-tag", "v7")

    assert screen.status == 0
    assert [one["metadata"]["name"] for one in cluster.applied][::2] == ["words", "song"]


def test_two_containers_of_which_none_is_named_worker(klio: Klio, cluster: Cluster, job: Path):
    more = "      containers:\n        - {name: relay, image: relay}\n"
    change(job, "      containers:\n", more)
    assert klio("job", "run", "--dry-run").status == 0

    change(job, "- name: worker\n", "- name: mixer\n")

    assert refused(klio, cluster)[-1] == "  got: relay, mixer"


def test_a_worker_that_runs_something_else(klio: Klio, cluster: Cluster, job: Path):
    change(job, COMMAND, '["python", "run.py"]')

    assert refused(klio, cluster)[1:] == [
        "  at: kubernetes/deployment.yaml: command",
        '  expected: ["klioexec", "run", …]',
        '  got: ["python", "run.py"]',
    ]


def test_a_worker_with_an_option_that_there_is_not(klio: Klio, cluster: Cluster, job: Path):
    change(job, COMMAND, '["klioexec", "run", "--loudly"]')

    assert refused(klio, cluster)[0] == "Error: klioexec run: unrecognized arguments: --loudly"


def test_objects_in_two_namespaces(klio: Klio, cluster: Cluster, job: Path):
    change(job, "  name: song\n", "  name: song\n  namespace: audio\n")
    assert refused(klio, cluster, "-n", "default")[0] == "Error: the manifests are for another namespace"

    listed = "{apiVersion: v1, kind: ConfigMap, metadata: {name: words, namespace: default}}"
    (job / "kubernetes" / "other.yaml").write_text(listed)

    assert refused(klio, cluster)[0] == "Error: ConfigMap words is in another namespace"


def test_the_namespace_of_the_manifests_is_taken(klio: Klio, cluster: Cluster, job: Path):
    change(job, "  name: song\n", "  name: song\n  namespace: default\n")

    assert klio("job", "run", "--no-container", "--image-tag", "v7").out.endswith("in namespace default of studio\n")
    assert klio("job", "status").out.startswith("song  1 of 1 ready")


def test_a_job_file_with_a_secret_is_not_shown_to_a_namespace(klio: Klio, cluster: Cluster, job: Path):
    said = refused(klio, cluster, "-Ojob_config.token_url=https://ada:hunter2secret@example.org/x")

    assert said[0] == "Error: the job file holds a secret, which others in the cluster would read"
    assert "hunter2secret" not in "\n".join(said)


@pytest.mark.parametrize("flag", ["--max-failures=3", "--exit-when-idle=5"])
def test_runs_that_end(klio: Klio, cluster: Cluster, job: Path, flag: str):
    assert refused(klio, cluster, flag)[0] == f"Error: {flag.partition('=')[0]} is not for a job on Kubernetes"


def test_an_image_that_can_be_pushed_nowhere(klio: Klio, cluster: Cluster, job: Path):
    said = refused(klio, cluster, "-Opipeline_options.sdk_container_image=song")

    assert said[0] == "Error: the job file does not say where its image is pushed to"
