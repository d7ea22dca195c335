"""Lines that are read and written several at a time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.io import iobase
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner
from apache_beam.transforms.window import FixedWindows, TimestampedValue

from klio.context import KlioContext
from klio.events.lines import TOGETHER, ReadLines
from klio.events.write import write_events
from klio_core.config import parse
from klio_core.message import Message
from klio_core.status import State

ELEMENTS = [f"track-{number:04}" for number in range(2_500)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "in.txt"
    path.write_text("".join(f"{element}\n" for element in ELEMENTS))
    return path


def lists_of(path: Path) -> Any:
    source = ReadLines(str(path))._source
    (bundle,) = source.split(1 << 30)
    return bundle.source.read(bundle.source.get_range_tracker(None, None))


def test_lines_come_in_their_order_in_lists_that_grow_while_they_are_quickly_done_with(file: Path):
    lists = list(lists_of(file))

    assert [line.decode() for some in lists for line in some] == ELEMENTS
    assert len(lists) < len(ELEMENTS) / 2
    assert max(map(len, lists)) <= TOGETHER


def test_lines_that_take_long_come_one_by_one_so_that_a_runner_may_give_the_others_away(file: Path):
    lists = lists_of(file)
    for _ in range(4):
        next(lists)
    time.sleep(0.02)

    assert len(next(lists)) == 1


def test_what_a_runner_takes_away_is_read_by_another_one_and_nothing_twice(file: Path):
    whole = ReadLines(str(file))._source
    bundles = list(whole.split(5_000))

    read = [line.decode() for one in bundles for some in one.source.read(_tracker(one)) for line in some]

    assert len(bundles) > 1
    assert read == ELEMENTS


def _tracker(bundle: iobase.SourceBundle) -> Any:
    return bundle.source.get_range_tracker(bundle.start_position, bundle.stop_position)


def written(directory: Path, *parts: list[str], window: Callable[[Any], Any] | None = None, **keys: Any) -> list[str]:
    """Write elements as the event output of a job does. Answer what is in each file, in the order of their names."""
    output = {"type": "file", "location": f"{directory}/done", **keys}
    config = {
        "job_name": "lines",
        "pipeline_options": {"streaming": False},
        "job_config": {"events": {"outputs": [output]}},
    }
    context = KlioContext(parse(json.dumps(config)))
    pipeline = beam.Pipeline(runner=FnApiRunner())
    done = []
    for number, part in enumerate(parts):
        messages = pipeline | f"Create {number}" >> beam.Create([Message.of(each.encode()).encode() for each in part])
        state = State.PASSED_ON if number else State.COMMITTED
        done.append((f"part {number}", state, window(messages) if window else messages))
    write_events(done, context.config.job_config.events.outputs[0], context, "Write")
    result = pipeline.run()
    counters = result.metrics().query()["counters"]
    assert sum(one.committed for one in counters if one.key.metric.name == "kmsg-write") == sum(map(len, parts))
    return [path.read_text() for path in sorted(directory.glob("done*"))]


def test_what_is_done_and_what_was_passed_on_are_lines_of_one_file(tmp_path: Path):
    (text,) = written(tmp_path, ELEMENTS, ["passed-on"], header="elements", footer="end")

    first, *between, last, empty = text.split("\n")
    assert (first, last, empty) == ("elements", "end", "")
    assert sorted(between) == ["passed-on", *ELEMENTS]


def test_lines_without_ends_are_not_given_any(tmp_path: Path):
    assert written(tmp_path, ["a", "b", "c"], append_trailing_newlines=False) in (
        [a + b + c] for a in "abc" for b in "abc" for c in "abc"
    )


def test_the_lines_of_several_files_are_spread_over_all_of_them(tmp_path: Path):
    texts = written(tmp_path, ELEMENTS[:30], num_shards=3)

    assert [len(text.splitlines()) for text in texts] == [10, 10, 10]


def test_events_in_windows_of_the_author_s_are_written_too(tmp_path: Path):
    def in_windows(messages: Any) -> Any:
        return messages | beam.Map(lambda raw: TimestampedValue(raw, len(raw))) | beam.WindowInto(FixedWindows(1))

    (text,) = written(tmp_path, ["a", "bb", "ccc"], window=in_windows)

    assert sorted(text.split()) == ["a", "bb", "ccc"]
