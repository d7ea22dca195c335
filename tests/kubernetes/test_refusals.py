"""What a cluster, or the way to it, refuses: in plain words, with what to do."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import Klio
from tests.kubernetes.server import TOKEN, Cluster, kubeconfig
from tests.kubernetes.test_run import change

RUN = ("job", "run", "--no-container", "--image-tag", "v7")
GET_ONE = (
    "  to do: `gcloud container clusters get-credentials CLUSTER` writes one; "
    "KUBECONFIG names another file of kubectl's"
)
COMMANDS = [("job", "list"), ("job", "status"), ("job", "logs"), ("job", "stop"), RUN]


def said(klio: Klio, *command: str, status: int = 6) -> list[str]:
    screen = klio(*command)
    assert (screen.status, screen.out) == (status, ""), screen.err
    return screen.err.splitlines()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[1])
def test_credentials_that_have_expired(klio: Klio, cluster: Cluster, job: Path, command: tuple[str, ...]):
    cluster.token = "renewed"

    lines = said(klio, *command)

    assert lines[0] == "Error: the cluster does not take these credentials; they may have expired"
    assert "  got: 401 Unauthorized" in lines
    assert lines[-1].startswith("  to do: log in again: ")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[1])
def test_no_file_of_kubectls(klio: Klio, job: Path, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("KUBECONFIG")

    assert said(klio, *command) == [
        "Error: no cluster is named on this machine",
        "  at: ~/.kube/config",
        GET_ONE,
    ]


def test_the_usual_file_of_kubectls_is_found(klio: Klio, job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / ".kube").mkdir()
    (tmp_path / "config").rename(tmp_path / ".kube" / "config")
    monkeypatch.delenv("KUBECONFIG")

    assert klio("job", "list").err == "no job runs in namespace audio of studio\n"


def test_several_files_are_one(klio: Klio, job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "other").write_text(yaml.safe_dump({"current-context": "studio"}))
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'missing'}:{tmp_path / 'other'}:{tmp_path / 'config'}")

    assert klio("job", "list").status == 0


def test_a_context_that_there_is_not(klio: Klio, cluster: Cluster, job: Path, tmp_path: Path):
    for dry in ((), ("--dry-run",)):
        assert said(klio, *RUN, *dry, "--kube-context", "stage", status=2) == [
            "Error: there is no such context",
            f"  at: {tmp_path / 'config'}",
            "  expected: elsewhere, studio",
            "  got: stage",
        ]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{apiVersion: v1, kind: Config, clusters: [], contexts: [], users: []}", "no context is the current one"),
        ("current-context: [", "kubectl's file cannot be used"),
        ("just words", "kubectl's file cannot be used"),
        ("", "kubectl's file cannot be used"),
        (
            "{current-context: a, contexts: [{name: a, context: {cluster: b, user: c}}], clusters: [], users: []}",
            "kubectl's file cannot be used",
        ),
    ],
)
def test_a_file_that_names_no_cluster(klio: Klio, job: Path, tmp_path: Path, text: str, what: str):
    (tmp_path / "config").write_text(text)

    lines = said(klio, "job", "list")

    assert lines[:2] == [f"Error: {what}", f"  at: {tmp_path / 'config'}"]


def test_a_cluster_that_does_not_answer(klio: Klio, job: Path):
    lines = said(klio, "job", "list", "--kube-context", "elsewhere")

    assert lines[:2] == ["Error: the cluster does not answer", "  at: elsewhere, http://127.0.0.1:1"]
    assert "Connection refused" in lines[2]


def test_what_answers_and_is_no_cluster(klio: Klio, job: Path, tmp_path: Path, address: str):
    kubeconfig(tmp_path / "config", address.replace("http:", "https:"))

    lines = said(klio, "job", "list")

    assert lines[0] == "Error: the cluster does not answer"
    assert "SSL" in lines[2]


def plugin(tmp_path: Path, address: str, code: str) -> None:
    """A program for credentials, as clusters of Google's have one."""
    api = "client.authentication.k8s.io/v1beta1"
    run = {"apiVersion": api, "command": sys.executable, "args": ["-c", code], "interactiveMode": "Never"}
    kubeconfig(tmp_path / "config", address, {"exec": run})


@pytest.fixture
def address(job: Path, tmp_path: Path) -> str:
    return str(yaml.safe_load((tmp_path / "config").read_text())["clusters"][0]["cluster"]["server"])


def test_a_program_gives_the_credentials(klio: Klio, cluster: Cluster, tmp_path: Path, address: str):
    api = "client.authentication.k8s.io/v1beta1"
    given = {"apiVersion": api, "kind": "ExecCredential", "status": {"token": TOKEN}}
    plugin(tmp_path, address, f"import json; print(json.dumps({given!r}))")

    assert klio("job", "list").status == 0


def test_a_program_for_credentials_that_fails(klio: Klio, cluster: Cluster, tmp_path: Path, address: str):
    plugin(tmp_path, address, "import sys; sys.exit('gcloud: Reauthentication required.')")

    lines = said(klio, "job", "list")

    assert lines[0] == "Error: no credentials for the cluster"
    assert lines[2] == "  got: exec: process returned 1. gcloud: Reauthentication required."
    assert cluster.requests == []


def test_a_program_for_credentials_that_is_not_installed(klio: Klio, cluster: Cluster, tmp_path: Path, address: str):
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "no-such-auth-plugin"}}
    kubeconfig(tmp_path / "config", address, user)

    lines = said(klio, "job", "list")

    assert lines[0] == "Error: no credentials for the cluster"
    assert "no-such-auth-plugin" in lines[2]


@pytest.mark.parametrize(
    ("right", "command"),
    [
        (("list", "deployments"), ("job", "list")),
        (("patch", "deployments"), RUN),
        (("patch", "configmaps"), RUN),
        (("get", "deployments"), RUN),
    ],
)
def test_what_somebody_may_not_do(
    klio: Klio, cluster: Cluster, job: Path, right: tuple[str, str], command: tuple[str, ...]
):
    cluster.forbidden.add(right)

    lines = said(klio, *command)

    assert lines[0] == "Error: the cluster does not allow you this"
    assert f'User "ada" cannot {right[0]} resource "{right[1]}"' in lines[2]
    assert "--clusterrole=edit" in lines[3]
    assert lines[3].endswith("-n audio")
    assert cluster.applied == []


def test_a_namespace_that_there_is_not(klio: Klio, cluster: Cluster, job: Path):
    assert said(klio, *RUN, "-n", "stage")[0:1] == ["Error: there is no namespace stage"]
    assert cluster.applied == []


def test_a_namespace_that_is_full(klio: Klio, cluster: Cluster, job: Path):
    cluster.quota = "team, requested: count/configmaps=1, used: 10, limited: 10"

    lines = said(klio, *RUN)

    assert lines[0] == "Error: the quota of the namespace is used up"
    assert lines[2].endswith(f"exceeded quota: {cluster.quota}")


def test_a_field_that_there_is_not(klio: Klio, cluster: Cluster, job: Path):
    change(job, "      containers:\n", "      tolerance: much\n      containers:\n")

    lines = said(klio, *RUN, status=2)

    assert lines[:2] == [
        "Error: the cluster does not take this",
        "  at: Deployment song, kubernetes/deployment.yaml",
    ]
    assert ".spec.template.spec.tolerance: field not declared in schema" in lines[2]
    assert cluster.applied == []


def test_a_selector_that_changes(klio: Klio, cluster: Cluster, job: Path):
    klio(*RUN)
    change(job, "    matchLabels:\n      app.kubernetes.io/name: song\n", "    matchLabels:\n      app: song\n")

    lines = said(klio, *RUN, "--update", status=2)

    assert "field is immutable" in lines[2]
    assert "kubectl delete" in lines[3]


def test_a_kind_that_the_cluster_does_not_know(klio: Klio, cluster: Cluster, job: Path):
    scaled = "{apiVersion: keda.sh/v1alpha1, kind: ScaledObject, metadata: {name: song}}"
    (job / "kubernetes" / "scaled.yaml").write_text(scaled)

    assert said(klio, *RUN, status=2)[:3] == [
        "Error: the cluster knows no ScaledObject of keda.sh/v1alpha1",
        "  at: ScaledObject song, kubernetes/scaled.yaml",
        "  got: studio",
    ]


def test_what_fails_half_way_says_what_was_done(klio: Klio, cluster: Cluster, job: Path):
    """Somebody loses a right between the rehearsal and the deed."""
    cluster.objects.put(("namespaces", "", "new"), {"kind": "Namespace", "metadata": {"name": "new"}})
    (job / "kubernetes" / "namespace.yaml").write_text("{apiVersion: v1, kind: Namespace, metadata: {name: new}}")
    cluster.forbidden.add(("patch", "deployments"))

    lines = said(klio, *RUN, "-n", "new")

    assert lines[0].startswith("applied before that: Namespace new, ConfigMap song-job-")
    assert lines[1] == "Error: the cluster does not allow you this"
