"""What a failure says of the author's line. Letters as records are in test_records.py."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from klio_core.dead_letter import Failure

HERE = Path(__file__).parent


def read(text: str) -> object:
    return json.loads(text)


def test_the_authors_innermost_line_is_told_and_not_that_of_a_library():
    with pytest.raises(ValueError, match="Expecting") as caught:
        read("{")

    line = Path(__file__).read_text().splitlines().index("    return json.loads(text)") + 1
    assert Failure.of(caught.value).line_in(HERE) == f"test_dead_letter.py:{line}: return json.loads(text)"


def test_where_nothing_of_the_author_is_in_it_nothing_is_told(tmp_path: Path):
    with pytest.raises(ValueError, match="Expecting") as caught:
        read("{")

    assert Failure.of(caught.value).line_in(tmp_path) == ""
    assert Failure("native-crash", "NativeCrash", "it died").line_in(HERE) == ""


def test_a_line_that_is_not_to_be_had_is_told_by_its_number():
    trace = 'Traceback (most recent call last):\n  File "/job/gone.py", line 3, in f\nValueError: no\n'

    assert Failure("exception", "ValueError", "no", trace).line_in(Path("/job")) == "gone.py:3"


def test_what_is_installed_below_the_job_is_not_the_authors():
    trace = (
        'Traceback (most recent call last):\n  File "/job/work.py", line 3, in f\n    helper()\n    ~~~~~~^^\n'
        '  File "/job/.venv/lib/python3.11/site-packages/lib.py", line 9, in helper\n    raise ValueError\n'
        "ValueError: no\n"
    )

    assert Failure("exception", "ValueError", "no", trace).line_in(Path("/job")) == "work.py:3: helper()"


def test_in_a_log_the_line_is_that_of_the_directory_that_the_job_runs_in(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(ValueError, match="Expecting") as caught:
        read("{")
    failure = Failure.of(caught.value)

    monkeypatch.chdir(HERE)
    assert failure.at_line().startswith(" at test_dead_letter.py:")
    monkeypatch.chdir("/")
    assert failure.at_line() == ""


def test_a_directory_that_is_gone_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()

    assert Failure("exception", "ValueError", "no", '  File "/job/a.py", line 3').at_line() == ""
