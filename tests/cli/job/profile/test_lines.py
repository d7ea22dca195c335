from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.job.profile.conftest import Profile


def hits(report: str) -> dict[str, int]:
    """How often each line of code was run."""
    found = re.findall(r"^ +\d+ +(\d+) +[\d.]+ +[\d.]+ +[\d.]+ +(.+)$", report, re.MULTILINE)
    return {code.strip(): int(number) for number, code in found}


@pytest.mark.slow
def test_lines_are_those_of_the_functions_that_are_marked(profile: Profile):
    done = profile("lines", "-n", "3", "a", "b")

    assert done.returncode == 0, done.stderr
    assert hits(done.stdout)["return held[0]"] == 6
    assert re.findall(r"Function: (.+) at line", done.stdout) == ["mixed"]


@pytest.mark.slow
def test_where_nothing_is_marked_they_are_those_of_what_works_on_elements(profile: Profile, mix: Path):
    code = mix / "transforms.py"
    code.write_text(code.read_text().replace("@decorators.profile\n", ""))

    done = profile("lines", "a", "b")

    assert sorted(re.findall(r"Function: (.+) at line", done.stdout)) == ["Load.process", "Mix.process"]
    assert hits(done.stdout)["yield data"] == 2
