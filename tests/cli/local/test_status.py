from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from klio_core import local_state
from klio_core.local_state import LocalState

SINCE = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"


def test_status_says_where_the_cloud_is(klio, tmp_path: Path):
    from klio_exec.local.pubsub import local_pubsub

    with local_pubsub() as host:
        local_state.write(tmp_path, LocalState(os.getpid(), host, "http://127.0.0.1:2"))
        screen = klio("local", "status", "--project", tmp_path)

    assert (screen.status, screen.err) == (0, "")
    assert re.sub(SINCE, "SINCE", screen.out) == (
        f"project  {tmp_path}\n"
        f"pubsub   {host}\n"
        "objects  http://127.0.0.1:2\n"
        f"pid      {os.getpid()}\n"
        "since    SINCE\n"
        "\n"
        'For other programs in this shell: eval "$(klio local env)"\n'
    )


def test_status_says_what_waits(klio, tmp_path: Path):
    from klio_exec.local.pubsub import local_pubsub

    klio("job", "create", "hello", "--output", tmp_path / "job")
    with local_pubsub() as host:
        local_state.write(tmp_path, LocalState(os.getpid(), host, "http://127.0.0.1:2"))
        klio("message", "publish", "--local", "-j", tmp_path / "job", "a", "b")
        screen = klio("local", "status", "--project", tmp_path)

    assert screen.out.split("\n\n")[1] == (
        "subscription                                   waiting  in work\n"
        "projects/klio-local/subscriptions/hello-input  2        0"
    )


def test_status_says_what_the_cloud_does_wrong_on_purpose(klio, tmp_path: Path, pubsub_host: str):
    wrong = ("drop@pubsub.delivery,10%", "busy@objects.*,nth=3")
    local_state.write(tmp_path, LocalState(os.getpid(), pubsub_host, "http://127.0.0.1:2", faults=wrong))

    screen = klio("local", "status", "--project", tmp_path)

    assert "\nfault    drop@pubsub.delivery,10%\nfault    busy@objects.*,nth=3\n" in screen.out


def test_status_of_a_project_without_a_cloud_says_how_to_start_it(klio, tmp_path: Path):
    screen = klio("local", "status", "--project", tmp_path)

    assert (screen.status, screen.err) == (1, "")
    assert screen.out == f"The local cloud of {tmp_path} is not up.\nklio local up starts it.\n"


def ended_process() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_status_of_a_cloud_that_died_says_so(klio, tmp_path: Path):
    pid = ended_process()
    local_state.write(tmp_path, LocalState(pid, "127.0.0.1:1", "http://127.0.0.1:2"))

    screen = klio("local", "status", "--project", tmp_path)

    assert (screen.status, screen.err) == (1, "")
    assert re.sub(SINCE, "SINCE", screen.out) == (
        f"The local cloud of {tmp_path} is not up: process {pid}, of SINCE, has ended.\n"
        "klio local up starts it again, with all that it held.\n"
    )


@pytest.mark.slow
def test_a_cloud_that_hangs_is_said_not_to_answer(klio, hung: LocalState, tmp_path: Path):
    screen = klio("local", "status", "--project", tmp_path)

    assert screen.status == 6
    assert screen.err.splitlines()[:2] == ["Error: the local Pub/Sub does not answer", f"  at: {hung.pubsub}"]


def test_state_of_another_version_is_refused(klio, tmp_path: Path):
    (tmp_path / ".klio").mkdir()
    (tmp_path / ".klio" / "local.json").write_text('{"pid": 1, "pubsub": "a:1", "objects": "b", "format": 99}')

    screen = klio("local", "status", "--project", tmp_path)

    assert (screen.status, screen.out) == (6, "")
    assert screen.err.splitlines()[0] == "Error: the state of the local cloud cannot be read"
    assert "  got: format 99" in screen.err.splitlines()


def test_the_nearest_directory_upwards_with_state_is_the_project(klio, project: Path):
    (project / "a" / "b").mkdir(parents=True)

    assert klio("local", "env", "--project", project / "a" / "b").out == klio("local", "env", "--project", project).out


def test_env_prints_what_other_programs_need(klio, hung: LocalState, tmp_path: Path):
    screen = klio("local", "env", "--project", tmp_path)

    assert (screen.status, screen.err) == (0, "")
    assert screen.out == (
        f"export PUBSUB_EMULATOR_HOST={hung.pubsub}\n"
        "export STORAGE_EMULATOR_HOST=http://127.0.0.1:2\n"
        "export NO_GCE_CHECK=true\n"
    )


def test_env_of_a_cloud_that_is_not_up_is_an_error(klio, tmp_path: Path):
    screen = klio("local", "env", "--project", tmp_path)

    assert (screen.status, screen.out) == (6, "")
    assert screen.err == f"Error: the local cloud is not up\n  at: {tmp_path}\n  to do: klio local up\n"
