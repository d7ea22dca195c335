from __future__ import annotations

from pathlib import Path

import pytest


@pytest.mark.parametrize("command", ["build", "push", "list"])
def test_without_an_engine_it_says_how_to_get_one(klio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str):
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    klio("job", "create", "hello", "--output", tmp_path / "job")

    screen = klio("image", command, "-j", tmp_path / "job", "-Opipeline_options.sdk_container_image=host/jobs/hello")

    assert (screen.status, screen.out) == (5, "")
    assert screen.err == (
        "Error: no container engine answers\n"
        "  at: tcp://127.0.0.1:1 (DOCKER_HOST)\n"
        "  got: Connection refused\n"
        "  to do: start Docker, or name another engine in DOCKER_HOST or by `docker context use`; "
        "`klio job run --local` needs none\n"
    )


def test_a_push_without_a_registry_says_which_key_names_it(klio, tmp_path: Path):
    klio("job", "create", "hello", "--output", tmp_path / "job")

    screen = klio("image", "push", "-j", tmp_path / "job")

    assert (screen.status, screen.out) == (2, "")
    assert screen.err == (
        "Error: the job file does not say where its image is pushed to\n"
        "  at: pipeline_options.sdk_container_image\n"
        "  expected: REGION-docker.pkg.dev/PROJECT/REPOSITORY/NAME, or a repository of another registry\n"
        "  got: klio-hello\n"
    )


def test_a_tag_that_no_registry_takes_is_refused_before_an_engine_is_asked(klio, tmp_path: Path):
    klio("job", "create", "hello", "--output", tmp_path / "job")

    screen = klio("image", "build", "-j", tmp_path / "job", "--image-tag", "fix/this")

    assert (screen.status, screen.out) == (2, "")
    assert screen.err.startswith("Error: not a tag of an image\n")
    assert "got: 'fix/this'\n" in screen.err


def test_a_private_key_is_kept_out_of_an_image_under_whatever_name(klio, tmp_path: Path):
    klio("job", "create", "hello", "--output", tmp_path / "job")
    key = tmp_path / "job" / "my-project-1a2b3c.json"
    key.write_text('{"private_key": "-----BEGIN ' + 'PRIVATE KEY-----\\nMII"}')

    screen = klio("image", "build", "-j", tmp_path / "job")

    assert (screen.status, screen.out) == (2, "")
    assert screen.err == (
        "Error: a private key would get into the image\n"
        f"  at: {key}\n"
        "  to do: move it out of the job's directory, or name it in .dockerignore; a run gets credentials by a mount\n"
    )


def test_the_file_of_a_secret_is_kept_out_of_the_image(klio, tmp_path: Path):
    klio("job", "create", "hello", "--output", tmp_path / "job")
    secret = tmp_path / "job" / "pip.conf"
    secret.write_text("hush")

    refused = klio("image", "build", "-j", tmp_path / "job", "--secret", f"id=pip,src={secret}")

    assert (refused.status, refused.out) == (2, "")
    assert refused.err == (
        "Error: the file of a secret would get into the image\n"
        f"  at: {secret}\n"
        "  to do: keep it outside of the job's directory, or name it in .dockerignore\n"
    )


def test_a_docker_context_that_is_not_there_is_named(klio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONTEXT", "gone")
    klio("job", "create", "hello", "--output", tmp_path / "job")

    screen = klio("image", "list", "-j", tmp_path / "job")

    assert (screen.status, screen.out) == (5, "")
    assert screen.err == (
        "Error: there is no such docker context\n"
        "  at: gone\n"
        "  to do: `docker context ls` lists those that are, `docker context use NAME` chooses one\n"
    )
