from __future__ import annotations

from pathlib import Path

import pytest

from klio_core.config import KlioConfig, build
from klio_core.errors import EngineError, UsageError
from klio_core.invocation import Invocation
from klio_exec.dataflow.prebuild import check, prebuild


def config(**options: str) -> KlioConfig:
    return build({"job_name": "hello", "pipeline_options": options, "job_config": {}})


def test_a_job_that_has_nothing_to_install_says_what_it_wants_instead(tmp_path: Path):
    with pytest.raises(UsageError, match="there is nothing to build ahead\n") as refused:
        prebuild(config(sdk_container_image="host/jobs/hello"), Invocation(job_dir=tmp_path))

    assert "expected: setup_file or requirements_file\n" in str(refused.value)


@pytest.mark.parametrize("known", [None, "local_docker", "cloud_build"])
def test_beams_builders_are_known(known: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "docker").touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    check(known)


def test_a_builder_that_beam_does_not_know_is_refused(tmp_path: Path):
    with pytest.raises(UsageError, match="Beam knows no such builder\n") as refused:
        prebuild(config(setup_file="setup.py", prebuild_sdk_container_engine="kaniko"), Invocation(job_dir=tmp_path))

    assert "at: prebuild_sdk_container_engine: kaniko\n" in str(refused.value)


def test_without_the_docker_command_it_says_who_else_builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(EngineError, match="Beam builds by the docker command, which is not here\n") as refused:
        check("local_docker")

    assert "write prebuild_sdk_container_engine: cloud_build" in str(refused.value)


def test_what_cannot_be_packed_is_an_error_below_its_own_words(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    (tmp_path / "setup.py").write_text("raise SystemExit('no such thing')\n")
    (tmp_path / "docker").touch(0o755)

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        patch.setenv("PATH", str(tmp_path))
        with pytest.raises(EngineError, match="Beam could not build the image\n  at: prebuild_sdk_container_engine: "):
            prebuild(config(setup_file="setup.py"), Invocation(job_dir=tmp_path))

    said = capfd.readouterr()
    assert said.out == ""
    assert "no such thing" in said.err
