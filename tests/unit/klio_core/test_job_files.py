from __future__ import annotations

from pathlib import Path, PurePath

import pytest

from klio_core.job_files import is_of_tests, python_files

MINE = ["mix/__init__.py", "mix/fade.py", "run.py", "transforms.py"]
NOT_MINE = [
    ".venv/lib/a.py", "env/pyvenv.cfg", "env/lib/a.py", ".klio/a.py", "test_run.py", "run_test.py", "conftest.py",
    "tests/a.py", "mix/test_fade.py", "notes.txt",
]  # fmt: skip


def test_a_job_s_python_is_what_is_neither_hidden_nor_installed_nor_a_test(tmp_path: Path) -> None:
    for name in (*MINE, *NOT_MINE):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "round").symlink_to(tmp_path, target_is_directory=True)

    assert [str(path.relative_to(tmp_path)) for path in python_files(tmp_path)] == MINE


@pytest.mark.parametrize("name", ["test_a.py", "a_test.py", "conftest.py", "tests/a.py", "mix/test/b/c.py"])
def test_what_belongs_to_the_tests(name: str) -> None:
    assert is_of_tests(PurePath(name))


@pytest.mark.parametrize("name", ["a.py", "testing.py", "attest.py", "contest/a.py"])
def test_what_does_not(name: str) -> None:
    assert not is_of_tests(PurePath(name))
