from __future__ import annotations

import json

import pytest

from klio_core.finding import Check, Finding, Grade, exit_status

CHECK = Check("cold-image", Grade.WARNING, "a cold image", why="it is slow", mend="warm it", source="klio")


def test_a_finding_has_the_words_of_its_check_and_a_place() -> None:
    found = CHECK.found("librosa compiles", "beats.py", 3)

    assert str(found) == "beats.py:3: librosa compiles\n    why: it is slow\n    to do: warm it"
    assert CHECK.found("it", mend="another way").todo == "another way"


@pytest.mark.parametrize(("file", "line", "place"), [("run.py", 7, "run.py:7"), ("run.py", 0, "run.py"), ("", 0, "")])
def test_a_place_is_written_as_editors_take_it(file: str, line: int, place: str) -> None:
    assert Finding(Grade.FINE, "it", file=file, line=line).place == place


@pytest.mark.parametrize("grade", Grade)
def test_findings_and_checks_go_through_json(grade: Grade) -> None:
    found = Finding(grade, "what", "to do", 2, why="why", file="a.py", line=1, check="cold-image")

    assert Finding.of(json.loads(json.dumps(found.as_dict()))) == found
    assert Check.of(json.loads(json.dumps(CHECK.as_dict()))) == CHECK


def test_only_faults_make_an_exit_status_and_the_greatest_wins() -> None:
    fine, warning = Finding(Grade.FINE, "a", status=9), Finding(Grade.WARNING, "b", status=9)

    assert exit_status([fine, warning]) == 0
    assert exit_status([warning, Finding(Grade.FAULT, "c"), Finding(Grade.FAULT, "d", status=2)]) == 2
