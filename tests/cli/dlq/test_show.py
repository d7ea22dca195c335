from __future__ import annotations

from datetime import UTC, datetime

from klio_core.message import JobRef, Message, Visit


def test_everything_is_shown_but_the_payload(klio, job, grave):
    visit = Visit(datetime(2026, 11, 21, 14, 5, 9, tzinfo=UTC), JobRef("decode", "p"))
    message = Message.of(b"a", payload=b"secret payload", force=True).with_visit(visit).encode()
    letter = grave.letter("a/1", message=message, text="no good\n  at: line 3", attempts=5)
    grave.bury(letter)

    screen = klio("dlq", "show", "--local", "-j", job, "a/1")

    assert (screen.status, screen.err) == (0, "")
    assert (
        screen.out
        == f"""\
{letter.name.removesuffix(".json")}
  element    a/1
  reason     exception
  error      ValueError
  text       no good
               at: line 3
  attempts   5
  when       1970-01-01 00:16:40Z
  job        {grave.config.job_name}
  came by    {letter.source}
  klio       26.11.0
  message    a KlioMessage of version 2, {len(message)} bytes
             element: a
             for: anyone (force)
             payload: 14 bytes
             audit log:
               2026-11-21 14:05:09Z  p::decode
  traceback  Traceback
               in the code
"""
    )


def test_bytes_that_are_no_message_are_not_shown_either(klio, job, grave):
    grave.bury(
        grave.letter("x", "undecodable", message=b"\xff\xfe", element=b"\xff\xfe", trace="", source="", version="")
    )

    name = grave.letter("x", "undecodable", message=b"\xff\xfe", element=b"\xff\xfe").name
    shown = klio("dlq", "show", "--local", "-j", job, name)

    assert "  element    \\udcff\\udcfe\n" in shown.out
    assert "  message    2 bytes: the event is no KlioMessage\n" in shown.out
    assert "  came by    (not known)\n  klio       (not known)\n" in shown.out
    assert shown.out.endswith("  traceback  (none)\n")


def test_an_element_with_two_letters_shows_both(klio, job, grave):
    grave.fill("a")
    grave.fill("a", reason="timeout")

    screen = klio("dlq", "show", "--local", "-j", job, "a")

    assert [line.split()[1] for line in screen.out.splitlines() if line.startswith("  reason")] == [
        "exception",
        "timeout",
    ]


def test_what_is_not_there_says_how_to_find_it(klio, job, grave):
    screen = klio("dlq", "show", "--local", "-j", job, "nobody")

    assert (screen.status, screen.out) == (2, "")
    assert screen.err == (
        f"Error: there is no such dead letter\n  at: {grave.where}\n  got: 'nobody'\n"
        "  to do: `klio dlq list` lists the elements, and with --format json the names\n"
    )
