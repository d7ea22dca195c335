"""Which files of a job's directory are its Python, and which of them are tests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePath

_OF_TESTS = re.compile(r"test_.*\.py|.*_test\.py|conftest\.py")
_TESTS = {"test", "tests"}


def python_files(root: Path) -> Iterator[Path]:
    """Yield the job's Python files but for its tests; hidden directories and virtual environments are left out."""
    for path in sorted(root.iterdir()):
        if path.is_dir() and _holds_code(path):
            yield from python_files(path)
        elif path.suffix == ".py" and path.is_file() and not _OF_TESTS.fullmatch(path.name):
            yield path


def is_of_tests(file: PurePath) -> bool:
    """Whether a file, by its path below the job's directory, belongs to its tests."""
    return bool(_OF_TESTS.fullmatch(file.name)) or not _TESTS.isdisjoint(file.parts[:-1])


def _holds_code(path: Path) -> bool:
    hidden = path.name.startswith(".") or path.name in _TESTS or path.is_symlink()
    return not hidden and not (path / "pyvenv.cfg").exists() and path.name != "site-packages"
