import os
import socket
import subprocess

import pytest

from klio_core.errors import LocalCloudError
from klio_core.invocation import Invocation
from klio_core.local_state import LocalState, find_project, project_of, read, write


def test_what_is_written_is_read(tmp_path):
    state = LocalState(os.getpid(), "127.0.0.1:1", "http://127.0.0.1:2")
    write(tmp_path, state)
    assert read(tmp_path) == state


def test_a_process_that_listens_is_alive():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        assert LocalState(os.getpid(), f"127.0.0.1:{listening.getsockname()[1]}", "").alive


def test_a_process_that_does_not_listen_is_another_program_of_the_same_number():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    state = LocalState(os.getpid(), f"127.0.0.1:{port}", "")
    assert state.running
    assert not state.alive


def test_no_file_is_no_local_cloud(tmp_path):
    assert read(tmp_path) is None


def test_a_process_that_ended_is_not_alive():
    child = subprocess.Popen(["true"])
    child.wait()
    assert not LocalState(child.pid, "", "").alive


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"pid": 1, "pubsub": "", "objects": "", "format": 99}'])
def test_a_file_of_another_version_is_left_alone(tmp_path, text):
    (tmp_path / ".klio").mkdir()
    (tmp_path / ".klio" / "local.json").write_text(text)
    with pytest.raises(LocalCloudError, match="the state of the local cloud cannot be read"):
        read(tmp_path)
    assert (tmp_path / ".klio" / "local.json").read_text() == text


def test_a_project_is_where_its_state_is(tmp_path):
    (tmp_path / ".klio").mkdir()
    (tmp_path / "jobs" / "a").mkdir(parents=True)
    assert find_project(tmp_path / "jobs" / "a") == tmp_path.resolve()


def test_without_state_a_directory_is_its_own_project(tmp_path):
    assert find_project(tmp_path) == tmp_path.resolve()


def test_a_run_that_names_a_project_is_against_the_local_cloud_of_that(tmp_path):
    (tmp_path / "job" / ".klio").mkdir(parents=True)
    assert project_of(Invocation(tmp_path / "job")) == tmp_path / "job"
    assert project_of(Invocation(tmp_path / "job", project=tmp_path)) == tmp_path
