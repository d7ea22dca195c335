from collections.abc import Callable
from typing import Any

import pytest

from klio_core.config import dump, parse

EVENT = "type: Custom, class: mine.events.Queue, name: queue, url: 'amqp://x', depth: {a: [1.5]}"
DATA = "type: custom, class: mine.stores.Tape, location: tape://7, file_suffix: .wav, drive: 2"


def job(section: str, side: str, entry: str) -> Any:
    return parse(f"job_name: j\njob_config: {{{section}: {{{side}: [{{{entry}}}]}}}}")


@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_events_of_a_class_of_ones_own_carry_its_options(side: str) -> None:
    config = job("events", side, EVENT)
    (entry,) = getattr(config.job_config.events, side)
    assert (entry.type, entry.class_, entry.name) == ("custom", "mine.events.Queue", "queue")
    assert entry.options == {"url": "amqp://x", "depth": {"a": [1.5]}}
    assert parse(dump(config)) == config


@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_media_in_a_store_of_ones_own_has_a_place_and_options(side: str) -> None:
    config = job("data", side, DATA)
    (entry,) = getattr(config.job_config.data, side)
    assert (entry.class_, entry.location, entry.file_suffix) == ("mine.stores.Tape", "tape://7", ".wav")
    assert entry.options == {"drive": 2}
    assert parse(dump(config)) == config


def test_no_option_is_taken_for_a_slip_of_the_pen() -> None:
    (entry,) = job("events", "inputs", "type: custom, class: a.B, formats: x, names: y").job_config.events.inputs
    assert entry.options == {"formats": "x", "names": "y"}


@pytest.mark.parametrize("streaming", ["true", "false"])
def test_custom_events_are_of_either_kind(streaming: str) -> None:
    options = f"pipeline_options: {{streaming: {streaming}}}"
    text = f"job_name: j\n{options}\njob_config: {{events: {{inputs: [{{{EVENT}}}]}}}}"
    assert parse(text).job_config.events.inputs[0].type == "custom"


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("type: custom", "[0].class: a required key is missing\n  to do: add the key class"),
        (
            "type: custom, class: Queue",
            "[0].class: not a dotted path\n  expected: package.module.Class\n  got: 'Queue'",
        ),
        ("type: custom, class: a.B, options: {}", "[0].options: a key that klio uses itself"),
    ],
)
def test_mistakes_are_told(job_complaint: Callable[..., str], entry: str, told: str) -> None:
    given = job_complaint(f"events: {{inputs: [{{{entry}}}]}}")
    assert given.startswith(f"klio-job.yaml:4: job_config.events.inputs{told}")
