from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from klio_cli.images.name import ImageName, name_of
from klio_core.config import KlioConfig, build
from klio_core.errors import UsageError

DIGEST = "0123456789ab"


def config(image: str | None = None) -> KlioConfig:
    options = {"sdk_container_image": image} if image else {}
    return build({"job_name": "hello", "pipeline_options": options, "job_config": {}})


def git(where: Path, *argv: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", where, *argv], capture_output=True, check=True
    )
    return done.stdout.decode().strip()


def test_outside_of_git_the_tag_is_the_digest(tmp_path: Path):
    assert name_of(config(), None, tmp_path, DIGEST) == ImageName("klio-hello", DIGEST)


def test_in_git_the_tag_begins_with_the_last_commit_of_the_jobs_directory(tmp_path: Path):
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "run.py").touch()
    git(tmp_path, "init", "-q")
    assert name_of(config(), None, tmp_path / "job", DIGEST).tag == DIGEST  # no commit yet
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "job")
    commit = git(tmp_path, "rev-parse", "--short=8", "HEAD")
    (tmp_path / "other").touch()
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "something else")

    assert name_of(config(), None, tmp_path / "job", DIGEST).tag == f"{commit}-{DIGEST}"


@pytest.mark.parametrize(
    ("image", "given", "expected"),
    [
        ("europe-docker.pkg.dev/p/r/hello", None, ImageName("europe-docker.pkg.dev/p/r/hello", DIGEST)),
        ("localhost:5000/hello", None, ImageName("localhost:5000/hello", DIGEST)),
        ("localhost:5000/hello:v1", None, ImageName("localhost:5000/hello", "v1", chosen=True)),
        ("localhost:5000/hello:v1", "v2", ImageName("localhost:5000/hello", "v2", chosen=True)),
        (None, "v2", ImageName("klio-hello", "v2", chosen=True)),
    ],
)
def test_the_job_file_names_the_repository_and_a_person_may_choose_the_tag(
    tmp_path: Path, image: str | None, given: str | None, expected: ImageName
):
    assert name_of(config(image), given, tmp_path, DIGEST) == expected


@pytest.mark.parametrize("tag", ["", "a b", ".a", "-a", "a/b", "ä", "x" * 129])
def test_what_is_no_tag_is_refused(tmp_path: Path, tag: str):
    with pytest.raises(UsageError, match="not a tag of an image"):
        name_of(config(f"hello:{tag}") if "/" not in tag and tag else config(), tag or "?", tmp_path, DIGEST)


def test_an_image_by_digest_is_no_name_to_build(tmp_path: Path):
    with pytest.raises(UsageError, match="named by its digest cannot be built"):
        name_of(config("hello@sha256:00"), None, tmp_path, DIGEST)
