from __future__ import annotations

import io

import pytest

from klio_cli.terminal import Terminal


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stdout", "environ", "interactive", "coloured"),
    [
        (io.StringIO(), {}, False, False),
        (Tty(), {}, True, True),
        (Tty(), {"NO_COLOR": "1"}, True, False),
        (Tty(), {"NO_COLOR": ""}, True, True),  # no-color.org: an empty value does not count
        (Tty(), {"TERM": "dumb"}, False, False),
    ],
)
def test_colours_and_redrawing_are_for_terminals(stdout, environ, interactive, coloured):
    terminal = Terminal(stdout=stdout, environ=environ)

    assert (terminal.interactive, terminal.coloured) == (interactive, coloured)
    assert terminal.styled("a", "red") == ("\x1b[31ma\x1b[0m" if coloured else "a")


def test_a_table_is_aligned():
    out = io.StringIO()

    Terminal(stdout=out).table(("name", "n"), [("a", "1"), ("longer", "22")])

    assert out.getvalue() == "name    n\na       1\nlonger  22\n"


@pytest.mark.parametrize(("reply", "yes"), [("y\n", True), ("Yes\n", True), ("\n", False), ("n\n", False), ("", False)])
def test_a_question_is_answered_by_yes_only(reply, yes):
    err = Tty()

    assert Terminal(Tty(reply), io.StringIO(), err).confirm("Sure?") is yes
    assert err.getvalue() == "Sure? [y/N] "


def test_where_nobody_can_reply_nothing_is_asked():
    err = io.StringIO()

    assert Terminal(io.StringIO("y\n"), io.StringIO(), err).confirm("Sure?") is False
    assert err.getvalue() == ""


@pytest.mark.parametrize(("said", "columns"), [({}, 100), ({"COLUMNS": "80"}, 80), ({"COLUMNS": "wide"}, 100)])
def test_where_no_terminal_is_a_page_has_the_width_that_is_asked_for(said, columns):
    terminal = Terminal(stdout=io.StringIO(), environ=said)

    terminal.draw("x" * (columns + 1))

    assert terminal.size == (columns, 1000)
    assert terminal.stdout.getvalue() == "x" * columns + "\nx\n"


def test_progress_is_shown_on_a_terminal_only():
    shown = {}
    for stdout in (Tty(), io.StringIO()):
        with Terminal(stdout=stdout, environ={}).progress("publishing", 2) as advance:
            advance()
            advance()
        shown[stdout.isatty()] = stdout.getvalue()

    assert "publishing" in shown[True]
    assert "100%" in shown[True]
    assert shown[False] == ""
