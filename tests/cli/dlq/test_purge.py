from __future__ import annotations

import threading
from pathlib import Path

import pytest

from klio_cli.dlq.file import FileBox
from klio_cli.dlq.select import age
from klio_core.dead_letter import DeadLetter
from klio_core.errors import UsageError


def test_only_what_is_asked_for_is_removed(klio, job, grave):
    grave.fill("a", "b")
    grave.fill("a", reason="timeout")

    screen = klio("dlq", "purge", "--local", "-j", job, "--element", "a", "--reason", "timeout", "--yes")
    none = klio("dlq", "purge", "--local", "-j", job, "--reason", "no-such", "--yes")

    assert screen.out == f"Removed 1 dead letter of 3 in {grave.where}: timeout 1\n"
    assert (none.status, none.out, none.err) == (0, "", f"no such dead letters in {grave.where}\n")
    assert len(list(Path(grave.where).iterdir())) == 2


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("2m", 120), ("1h", 3600), ("7d", 604800), ("2w", 1209600)])
def test_ages_are_a_number_and_a_letter(text: str, seconds: float):
    assert age(text) == seconds


@pytest.mark.parametrize("text", ["", "7", "d", "7 d", "-1d", "1.5h", "7y"])
def test_what_is_no_age_is_refused(text: str):
    with pytest.raises(UsageError, match="not an age"):
        age(text)


@pytest.mark.parametrize("grave", ["file"], indirect=True)
def test_letters_that_a_job_adds_meanwhile_stay_and_so_does_what_is_no_letter(grave):
    grave.fill("first")
    with Path(grave.where).open("ab") as file:
        file.write(b"half a line\n")
    box = FileBox(grave.where)
    letters = box.read().letters
    adding = threading.Thread(target=lambda: [grave.fill(f"added{number}") for number in range(50)])
    adding.start()

    box.remove(letters)
    adding.join()

    first, *added = Path(grave.where).read_bytes().splitlines()
    assert first == b"half a line"
    assert [DeadLetter.decode(line).element for line in added] == [b"added%d" % number for number in range(50)]


@pytest.mark.parametrize("grave", ["file"], indirect=True)
def test_nobody_may_read_what_is_no_file(klio, job, grave):
    Path(grave.where).mkdir()

    screen = klio("dlq", "list", "--local", "-j", job)

    assert (screen.status, screen.out) == (6, "")
    assert screen.err == f"Error: dead letters cannot be read\n  at: {grave.where}\n  got: Is a directory\n"
