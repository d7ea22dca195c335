from __future__ import annotations

import io
import json
from pathlib import Path

import click
import pytest

from klio_cli.app import main
from klio_cli.terminal import Terminal
from klio_core.errors import UndecodableMessage


def test_the_table_is_whole_in_a_pipe(klio, job, grave):
    grave.fill("a" * 200, text="it is no good, " * 20, attempts=5)
    grave.fill("b\x1b[31m", reason="bad-element", at=0.0)

    screen = klio("dlq", "list", "--local", "-j", job)

    header, first, second, empty, last = screen.out.splitlines()
    assert header.split() == ["element", "reason", "error", "attempts", "when", "job"]
    assert first.startswith("b\\x1b[31m ")
    assert second.split("  ")[0] == "a" * 200
    assert "ValueError: " + ("it is no good, " * 20).strip() in second
    assert second.split()[-4:] == ["5", "1970-01-01", "00:16:40Z", grave.config.job_name]
    assert (empty, last) == ("", f"2 dead letters in {grave.where}: bad-element 1, exception 1")
    assert screen.err == ""


class Wide(io.StringIO):
    """A terminal, as far as anybody asks."""

    def isatty(self) -> bool:
        return True


def test_on_a_terminal_what_is_too_wide_is_folded_and_not_cut(job, grave, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "100")
    grave.fill("abcdefghij" * 20)
    out = Wide()

    assert main(["dlq", "list", "--local", "-j", str(job)], Terminal(io.StringIO(), out, io.StringIO(), {})) == 0

    table, _, _ = click.unstyle(out.getvalue()).rpartition("1 dead letter in")
    assert max(map(len, table.splitlines())) <= 100
    assert "".join(line.split(" ")[0] for line in table.splitlines()[1:]) == "abcdefghij" * 20


def test_json_is_an_object_for_each_letter_without_the_bytes(klio, job, grave):
    grave.fill("ä")

    screen = klio("dlq", "list", "--local", "-j", job, "--format", "json")

    (line,) = screen.out.splitlines()
    letter = grave.letter("ä")
    assert json.loads(line) == {
        "name": letter.name.removesuffix(".json"),
        "element": "ä",
        "reason": "exception",
        "error": "ValueError",
        "text": "ä is no good",
        "attempts": 1,
        "at": 1000.0,
        "job": grave.config.job_name,
        "source": grave.config.job_config.events.inputs[0].topic,
        "message_bytes": len(letter.message),
        "version": "26.11.0",
    }


def test_of_bytes_that_were_no_message_only_the_beginning_is_shown(klio, job, grave):
    raw = b"x" * 100_000
    grave.bury(grave.letter("-", UndecodableMessage.reason, element=raw, message=raw))

    for form in ("table", "json"):
        screen = klio("dlq", "list", "--local", "-j", job, "--format", form)
        assert "x" * 60 + ("… (100000 bytes)" if form == "table" else "\\u2026 (100000 bytes)") in screen.out
        assert len(screen.out) < 1000


def test_what_is_no_letter_is_named_and_left(klio, job, grave):
    grave.fill("a")
    (Path(grave.where) / "notes.txt").write_text("mine")
    (Path(grave.where) / "more.json").write_text("{}")
    (Path(grave.where) / "below").mkdir()

    screen = klio("dlq", "list", "--local", "-j", job)
    klio("dlq", "purge", "--local", "-j", job, "--yes")

    assert screen.err == "not read, being no dead letters: more.json, notes.txt\n"
    assert sorted(path.name for path in Path(grave.where).iterdir()) == ["below", "more.json", "notes.txt"]


def test_without_an_entry_each_kind_of_run_has_its_own_directory_and_the_other_is_pointed_at(klio, project, job, grave):
    path = job / "klio-job.yaml"
    path.write_text("".join(line for line in path.read_text().splitlines(True) if "dead_letters:" not in line))
    there = project / ".klio" / "dead-letters" / grave.config.job_name
    there.mkdir(parents=True)
    (there / "letter.json").write_bytes(grave.letter("a").encode())

    with_local = klio("dlq", "list", "--local", "-j", job)
    without = klio("dlq", "list", "-j", job)

    assert with_local.out.splitlines()[-1] == f"1 dead letter in {there}: exception 1"
    assert without.err == (
        f"no dead letters in {job}/.klio/dead-letters\nThere are some in {there}, of runs with --local.\n"
    )


def test_letters_that_nobody_kept_are_spoken_of(klio, job, grave, cloud):
    topic = "projects/klio-local/topics/nobody-listens"
    path = job / "klio-job.yaml"
    path.write_text(
        path.read_text().replace("type: directory, location: dead-letters", f"type: pubsub, topic: {topic}")
    )
    cloud.publisher.create_topic(name=topic)
    cloud.publisher.publish(topic, grave.letter("lost").encode(), reason="x", job=grave.config.job_name).result()

    first = klio("dlq", "list", "--local", "-j", job)
    cloud.publisher.publish(topic, grave.letter("kept").encode(), reason="x", job=grave.config.job_name).result()
    cloud.publisher.publish(topic, grave.letter("other").encode(), reason="x", job="another job").result()
    second = klio("dlq", "list", "--local", "-j", job, "--format", "json")

    subscription = f"projects/klio-local/subscriptions/nobody-listens-{grave.config.job_name}"
    assert first.err == (
        f"no dead letters in {topic}\n"
        f"Made {subscription}: what was published before cannot be seen. A run with --local makes it beforehand.\n"
    )
    assert ([json.loads(line)["element"] for line in second.out.splitlines()], second.err) == (["kept"], "")
