from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from klio_exec.runners.suspects import Suspect, Suspects


def died(directory: Path, *keys: str, begun: str = "") -> None:
    """Leave the journal of a worker that died with these in the graph."""
    directory.mkdir(exist_ok=True)
    marks = "".join("+" if key in begun else "-" for key in keys)
    (directory / "dead.begun").write_text(f"{len(keys)}\n{marks}\n" + "".join(f"{key}\n" for key in keys))


@pytest.fixture
def suspects(tmp_path: Path) -> Suspects:
    return Suspects(tmp_path / "journal", max_attempts=3)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def test_nobody_is_suspected_where_nobody_died(suspects: Suspects):
    suspects.look()

    assert suspects.of("a") is None


def test_who_died_alone_is_guilty_each_time(suspects: Suspects, directory: Path):
    for _ in range(3):
        died(directory, "a")
        suspects.look()

    assert suspects.of("a") == Suspect(3, 3, "dead")


def test_of_a_batch_all_are_suspects_and_only_what_was_begun_counts_as_an_attempt(suspects: Suspects, directory: Path):
    died(directory, "a", "b", "c", begun="ab")
    suspects.look()

    assert [suspects.of(key) for key in "abcd"] == [
        Suspect(1, 1, "dead"),
        Suspect(1, 1, "dead"),
        Suspect(0, 0, "dead"),
        None,
    ]


def test_code_that_says_nothing_may_have_begun_with_any(suspects: Suspects, directory: Path):
    died(directory, "a", "b")
    suspects.look()

    assert [suspects.of(key) for key in "ab"] == [Suspect(1, 1, "dead"), Suspect(1, 1, "dead")]


def test_having_been_beside_a_killer_never_makes_guilty_however_often(tmp_path: Path):
    for max_attempts in (1, 2, 3):
        directory = tmp_path / str(max_attempts)
        suspects = Suspects(directory, max_attempts)
        for _ in range(9):
            died(directory, "innocent", "killer", begun="innocent killer")
            suspects.look()
        found = suspects.of("innocent")

        assert found is not None
        assert (found.attempts, found.faults) == (9, max_attempts - 1)


def test_what_is_done_is_suspected_no_more(suspects: Suspects, directory: Path):
    died(directory, "a")
    suspects.look()
    suspects.clear("a")
    suspects.look()

    assert suspects.of("a") is None


@pytest.mark.parametrize("others_first", [True, False])
def test_whoever_saw_the_death_says_how_and_others_know_it(suspects: Suspects, directory: Path, *, others_first: bool):
    died(directory, "a")
    if others_first:
        suspects.look()
    Suspects(directory, 3).died("dead", "SIGSEGV")
    suspects.look()

    assert suspects.of("a") == Suspect(1, 1, "dead", "SIGSEGV")


def test_who_was_ended_on_purpose_leaves_no_suspects(suspects: Suspects, directory: Path):
    died(directory, "a")
    suspects.forgive("dead")
    suspects.look()

    assert suspects.of("a") is None
    assert [path.name for path in directory.iterdir()] == []


def test_one_look_does_not_take_in_ones_own_journal(suspects: Suspects, directory: Path):
    died(directory, "a")
    suspects.look("dead")

    assert suspects.of("a") is None


def test_a_message_that_never_came_again_is_forgotten_when_pubsub_has_it_no_more(suspects: Suspects, directory: Path):
    died(directory, "gone", "there")
    suspects.look()
    month_ago = time.time() - 32 * 86_400
    os.utime(directory / "suspects" / "gone", (month_ago, month_ago))
    suspects.look()

    assert suspects.of("gone") is None
    assert suspects.of("there") is not None
    assert [path.name for path in (directory / "suspects").iterdir()] == ["there"]
