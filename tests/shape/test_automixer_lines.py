"""How little code a job is: the automixer against the same work without klio."""

from __future__ import annotations

import re

import pytest

from tests.shape.source import ROOT

AUTOMIXER = ROOT / "examples" / "automixer"
JOB_FILES = ("run.py", "transforms.py")
LIMIT = 30


def written_lines(*names: str) -> int:
    """Lines with something on them."""
    return sum(1 for name in names for line in (AUTOMIXER / name).read_text().splitlines() if line.strip())


def test_the_automixer_is_at_most_thirty_lines_of_job_code() -> None:
    assert written_lines(*JOB_FILES) <= LIMIT


def test_no_line_of_the_automixer_hides_a_second_one() -> None:
    lines = [line for name in JOB_FILES for line in (AUTOMIXER / name).read_text().splitlines()]

    assert [line for line in lines if ";" in line or len(line) > 100] == []


def test_the_same_work_without_klio_is_several_times_as_long() -> None:
    assert written_lines("vanilla_beam.py") >= 3 * written_lines(*JOB_FILES)


@pytest.mark.parametrize("page", ["README.md", "CHANGELOG.md"])
def test_the_figures_that_are_told_are_the_figures_that_are(page: str) -> None:
    told = (ROOT / page).read_text()
    job, vanilla = written_lines(*JOB_FILES), written_lines("vanilla_beam.py")

    assert {int(number) for number in re.findall(r"(\d+) lines of job code", told)} <= {job, LIMIT}
    assert {int(number) for number in re.findall(r"(\d+) lines of (?:plain|vanilla) Beam", told)} <= {vanilla}
