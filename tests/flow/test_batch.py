"""A batch job from end to end: a file of elements in, a file of elements out, the media in a directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from klio_core.dead_letter import DeadLetter

from .batches import Batch

pytestmark = pytest.mark.slow  # whole jobs in processes of their own: more than the inner loop has time for


@pytest.fixture
def batch(tmp_path: Path) -> Batch:
    return Batch(tmp_path)


def test_each_line_is_worked_on_passed_on_or_dropped(batch: Batch):
    batch.elements("new\nold\n\nmissing\n")
    batch.media(new="a", old="b")
    batch.media("out", old="kept")

    status, _, summary = batch.run()

    assert status == 0
    assert batch.out == {"new": "A", "old": "kept"}
    assert batch.done == ["new", "old"]
    assert summary["read"] == "3"
    assert summary["processed"].split()[0] == "1"
    assert summary["passed on"] == "1 output exists 1"
    assert summary["dropped"] == "1 input missing 1"


def test_a_dead_letter_makes_the_status_3_and_the_summary_say_where_it_is(batch: Batch):
    batch.elements("good\npoison\n../up\n")
    batch.media(good="a", poison="bad")

    status, log, summary = batch.run()

    assert status == 3, log
    assert batch.done == ["good"]
    assert batch.out == {"good": "A"}
    assert summary["dead letters"] in {"2 exception 1, bad-element 1 → dead", "2 bad-element 1, exception 1 → dead"}
    letters = [DeadLetter.decode(path.read_bytes()) for path in (batch.directory / "dead").iterdir()]
    assert {letter.element: letter.text.partition("\n")[0] for letter in letters} == {
        b"poison": "it is bad",
        b"../up": 'the element holds ".." where a name should stand between slashes',
    }


def test_an_empty_file_is_no_work_and_no_error(batch: Batch):
    batch.elements("")

    status, _, summary = batch.run()

    assert (status, batch.done) == (0, [])
    assert (summary["read"], summary["processed"]) == ("0", "0")


def test_an_input_file_that_is_not_there_is_named(batch: Batch):
    status, log, _ = batch.run()

    assert status == 6
    assert log == (
        "Error: there is no file of events\n"
        f"  at: {batch.directory}/elements*.txt\n"
        "  to do: check `location` in job_config.events.inputs\n"
    )


def test_what_beam_sees_raised_in_a_batch_points_at_the_authors_line(batch: Batch):
    batch.elements("a\n")
    batch.media(a="a")
    (batch.directory / "run.py").write_text(
        "import apache_beam as beam\n\n\n"
        "def broken(raw):\n    raise ValueError('not caught')\n\n\n"
        "def run(in_pcol, config):\n    return in_pcol | beam.Map(broken)\n"
    )

    status, log, _ = batch.run()

    assert status == 4
    assert log == (
        "Error: the job's code raised outside of @handle_klio, which ends a batch\n"
        f"  at: {batch.directory}/run.py:5\n"
        "      raise ValueError('not caught')\n"
        "  got: ValueError: not caught\n"
        "  to do: put the code under @handle_klio: then its element becomes a dead letter, and the others go on\n"
    )
