"""Whose modules a process sees while it is at a job's home, and afterwards."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from klio_exec.testing.home import Home


def test_modules_of_the_same_name_are_each_found_at_home_and_again(tmp_path: Path):
    homes = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "klio_home_test.py").write_text(f"NAME = {name!r}\nCALLS = []\n")
        homes.append(Home(tmp_path / name))

    for _ in range(2):
        for home, name in zip(homes, ("one", "two"), strict=True):
            with home.entered():
                module = importlib.import_module("klio_home_test")
                module.CALLS.append(1)
                assert name == module.NAME
                assert Path.cwd() == tmp_path / name
    with homes[0].entered():
        assert importlib.import_module("klio_home_test").CALLS == [1, 1]

    assert "klio_home_test" not in sys.modules
    assert str(tmp_path / "one") not in sys.path


def test_what_the_test_has_imported_of_the_job_is_the_same_there(tmp_path: Path, monkeypatch):
    (tmp_path / "klio_home_same.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    ours = importlib.import_module("klio_home_same")
    try:
        with Home(tmp_path).entered():
            assert importlib.import_module("klio_home_same") is ours
        assert sys.modules["klio_home_same"] is ours
    finally:
        del sys.modules["klio_home_same"]


def test_a_module_of_another_place_is_set_aside_and_comes_back(tmp_path: Path, monkeypatch):
    for name in ("elsewhere", "job"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "klio_home_aside.py").write_text(f"NAME = {name!r}\n")
    monkeypatch.syspath_prepend(tmp_path / "elsewhere")
    theirs = importlib.import_module("klio_home_aside")
    try:
        with Home(tmp_path / "job").entered():
            assert importlib.import_module("klio_home_aside").NAME == "job"
        assert sys.modules["klio_home_aside"] is theirs
    finally:
        del sys.modules["klio_home_aside"]
