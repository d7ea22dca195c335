from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

from klio_cli.images.context import Context

VERSION = "26.11.0"


@pytest.fixture
def job(tmp_path: Path) -> Path:
    (tmp_path / "lib").mkdir()
    for name in ("run.py", "transforms.py", "lib/beats.py", "Dockerfile"):
        (tmp_path / name).write_text(f"# {name}\n")
    return tmp_path


def digest(job: Path) -> str:
    return Context.of(job, VERSION).digest()


def test_the_same_files_have_the_same_digest_whenever_they_were_written(job: Path):
    before = digest(job)
    os.utime(job / "run.py", (1, 1))

    assert digest(job) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda job: (job / "run.py").write_text("# other\n"),
        lambda job: (job / "lib" / "beats.py").rename(job / "lib" / "beat.py"),
        lambda job: (job / "run.py").chmod(0o755),
        lambda job: (job / "Dockerfile").write_text("FROM scratch\n"),
        lambda job: (job / "link").symlink_to("run.py"),
        lambda job: (job / "empty").mkdir(),
    ],
    ids=["content", "name", "executable", "Dockerfile", "link", "directory"],
)
def test_every_change_of_what_is_sent_changes_the_digest(job: Path, change):
    before = digest(job)
    change(job)

    assert digest(job) != before


@pytest.mark.parametrize(
    "name",
    [
        ".env",
        "lib/.env.prod",
        "a-credentials.json",
        "lib/host.key",
        ".klio/x",
        ".git/HEAD",
        ".mypy_cache/a",
        ".hypothesis/a",
    ],
)
def test_what_is_never_sent_changes_nothing(job: Path, name: str):
    before = digest(job)
    (job / name).parent.mkdir(exist_ok=True)
    (job / name).write_text("secret")

    assert digest(job) == before


def test_a_dockerignore_of_ones_own_adds_to_klios_and_may_let_in_again(job: Path):
    (job / ".dockerignore").write_text("# mine\nlib\n!public.pem\n")
    for name in ("public.pem", "private.pem"):
        (job / name).write_text("x")

    assert Context.of(job, VERSION).names == (".dockerignore", "public.pem", "run.py", "transforms.py")


def test_what_is_left_out_by_the_caller_is_not_sent(job: Path):
    (job / "out").mkdir()
    (job / "out" / "a.ogg").write_text("x")

    assert [name for name in Context.of(job, VERSION, ["out"]).names if "out" in name] == []


def test_the_archive_is_readable_for_every_user_of_the_container(job: Path):
    (job / "run.py").chmod(0o600)
    (job / "lib").chmod(0o700)

    with Context.of(job, VERSION).tar() as file, tarfile.open(fileobj=file) as archive:
        entries = {entry.name: entry for entry in archive.getmembers()}

    assert next(iter(entries)) == "Dockerfile"
    assert {name: oct(entry.mode) for name, entry in entries.items()} == {
        "Dockerfile": "0o644", "lib": "0o755", "lib/beats.py": "0o644", "run.py": "0o644", "transforms.py": "0o644",
    }  # fmt: skip
    assert {(entry.uid, entry.gid, entry.uname) for entry in entries.values()} == {(0, 0, "")}
