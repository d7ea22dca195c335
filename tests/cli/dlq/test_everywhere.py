"""What holds wherever dead letters are kept: a directory, a file, a topic, an object store."""

from __future__ import annotations

import json

import pytest

from klio_core.dead_letter import DeadLetter

from .conftest import KINDS

pytestmark = pytest.mark.parametrize("grave", KINDS, indirect=True)


def listed(klio, job, *flags: str) -> list[str]:
    screen = klio("dlq", "list", "--local", "-j", job, "--format", "json", *flags)
    assert screen.status == 0, screen.err
    return [json.loads(line)["element"] for line in screen.out.splitlines()]


def test_looking_changes_nothing(klio, job, grave):
    grave.fill("a", "b")
    grave.fill("c", reason="bad-element", at=900.0)

    assert listed(klio, job) == ["c", "a", "b"]
    assert klio("dlq", "show", "--local", "-j", job, "a").status == 0
    assert listed(klio, job, "--reason", "exception") == ["a", "b"]
    assert listed(klio, job, "--element", "b") == ["b"]
    table = klio("dlq", "list", "--local", "-j", job)
    assert table.out.splitlines()[-1] == f"3 dead letters in {grave.where}: exception 2, bad-element 1"


def test_where_there_are_none_it_says_so(klio, job, grave):
    screen = klio("dlq", "list", "--local", "-j", job)

    assert (screen.status, screen.out, screen.err) == (0, "", f"no dead letters in {grave.where}\n")


def test_what_is_replayed_is_sent_byte_for_byte_and_gone(klio, job, grave, cloud):
    events = grave.config.job_config.events.inputs[0]
    grave.fill("a", "b")
    grave.bury(
        DeadLetter(b"\xff\x00 no message", b"odd", grave.config.job_name, "x", "E", "", 1.0, source=events.topic)
    )
    grave.fill("kept", reason="bad-element")

    screen = klio("dlq", "replay", "--local", "-j", job, "--reason", "exception", "--yes")
    odd = klio("dlq", "replay", "--local", "-j", job, "--element", "odd", "--yes")

    assert (screen.status, screen.out) == (0, "Sent again what 2 dead letters held, and removed them\n")
    assert odd.status == 0
    sent = {grave.letter("a").message, grave.letter("b").message, b"\xff\x00 no message"}
    assert set(cloud.pulled(events.subscription, 3)) == sent
    assert listed(klio, job) == ["kept"]


def test_what_is_purged_is_gone_and_the_rest_is_not(klio, job, grave):
    grave.fill("old")
    grave.fill("older", reason="bad-element")
    grave.fill("new", at=4e9)

    screen = klio("dlq", "purge", "--local", "-j", job, "--older-than", "4w", "--yes")

    assert (screen.status, screen.err) == (0, "")
    assert screen.out.startswith(f"Removed 2 dead letters of 3 in {grave.where}: ")
    assert listed(klio, job) == ["new"]


@pytest.mark.parametrize("command", ["replay", "purge"])
def test_without_a_yes_nothing_is_done(klio, job, grave, command):
    grave.fill("a")

    screen = klio("dlq", command, "--local", "-j", job)

    assert (screen.status, screen.out) == (2, "")
    assert screen.err.endswith("  to do: answer yes, or say --yes\n")
    assert listed(klio, job) == ["a"]


def test_a_letter_that_was_written_twice_is_one_and_goes_as_one(klio, job, grave):
    grave.fill("a", attempts=1)
    grave.fill("a", attempts=2, at=2000.0)

    assert listed(klio, job) == ["a"]
    assert klio("dlq", "list", "--local", "-j", job).out.splitlines()[1].split()[-4] == "2"
    assert klio("dlq", "purge", "--local", "-j", job, "--yes").status == 0
    assert listed(klio, job) == []
