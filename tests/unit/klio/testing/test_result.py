"""What run_one tells besides the messages: files of several outputs, verdicts, exceptions, logs, metrics."""

from __future__ import annotations

import logging

import apache_beam as beam
import pytest
from apache_beam.metrics import Metrics

from klio.testing import run_one
from klio.transforms import decorators
from klio_core.decision import Action, Verdict
from klio_core.errors import BadElement, JobCodeError, UsageError
from klio_core.message import Message

JOB = """
job_name: separator
job_config:
  data:
    inputs:
      - {type: gcs, location: gs://bucket/tracks, file_suffix: .wav}
      - {type: gcs, name: masks, location: gs://bucket/masks, file_suffix: .npy, skip_klio_existence_check: true}
    outputs:
      - {type: gcs, location: gs://bucket/stems, file_suffix: .wav}
      - {type: gcs, name: pictures, location: gs://bucket/pictures, file_suffix: .png, skip_klio_existence_check: true}
"""


class Separate(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        track = self._klio.download(data.element).read_bytes()
        mask = self._klio.download(data.element, "masks").read_bytes()
        with self._klio.upload(data.element) as stem, self._klio.upload(data.element, "pictures") as picture:
            stem.write_bytes(track + mask)
            picture.write_bytes(b"seen")
        yield data


class Noisy(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        self._klio.logger.info("at %s", data.element.decode())
        logging.getLogger("mine").warning("loud")
        self._klio.metrics.counter("loud-tracks").inc()
        Metrics.counter("mine", "loud-tracks").inc(2)
        self._klio.metrics.gauge("level").set(7)
        raise OSError("too loud")


FILES = {"0/a": b"track ", "masks/a": b"mask"}


def test_files_of_several_outputs_do_not_hide_each_other():
    assert run_one(Separate, "a", files=FILES, config=JOB).outputs == {"0/a": b"track mask", "pictures/a": b"seen"}


@pytest.mark.parametrize("name", ["a", "stems/a", "masks", "2/a"])
def test_a_file_that_names_none_of_several_inputs_is_refused_with_their_names(name: str):
    with pytest.raises(UsageError) as error:
        run_one(Separate, "a", files={name: b""}, config=JOB)

    assert error.value.expected == "a name that begins with one of: 0/…, masks/…"
    assert error.value.got == repr(name)


@pytest.mark.parametrize(
    ("message", "made", "verdict", "elements"),
    [
        (Message.of(b"a"), {}, Verdict(Action.PROCESS), [b"a"]),
        (Message.of(b"a"), {"0/a": b"there"}, Verdict(Action.PASS_ON, "output exists"), [b"a"]),
        (Message.of(b"a").with_force(), {"0/a": b"there"}, Verdict(Action.PROCESS), [b"a"]),
        (Message.of(b"a", ping=True), {}, Verdict(Action.PASS_ON, "ping"), [b"a"]),
        (Message.of(b"b"), {}, Verdict(Action.DROP, "input missing"), []),
    ],
    ids=["new", "made before", "forced", "ping", "no input"],
)
def test_with_rules_only_what_is_to_be_processed_reaches_the_code(message, made, verdict, elements):
    result = run_one(Separate, message, files=FILES, made=made, config=JOB, rules=True)

    assert result.verdict == verdict
    assert result.elements == elements
    assert ("pictures/a" in result.outputs) is (verdict.action is Action.PROCESS)


def test_an_output_that_is_made_again_counts_as_made_though_it_is_the_same():
    made = {"0/a": b"track mask", "pictures/a": b"seen"}

    again = run_one(Separate, Message.of(b"a").with_force(), files=FILES, made=made, config=JOB, rules=True)

    assert again.outputs == made


def test_a_job_without_data_processes_everything_that_is_no_ping():
    @decorators.handle_klio
    def shout(ctx, data):
        return data.element.upper()

    assert run_one(shout, "a", rules=True).verdict == Verdict(Action.PROCESS)


def test_what_the_rules_refuse_is_raised_or_kept():
    with pytest.raises(BadElement):
        run_one(Separate, "../a", config=JOB, rules=True)

    kept = run_one(Separate, "../a", config=JOB, rules=True, raises=False)

    assert isinstance(kept.exception, BadElement)
    assert kept.verdict == Verdict(Action.DEAD_LETTER, "bad-element")


def test_an_exception_a_log_and_metrics_are_kept_when_they_are_asked_for():
    result = run_one(Noisy, "a", raises=False)

    assert repr(result.exception) == "OSError('too loud')"
    assert result.verdict == Verdict(Action.DEAD_LETTER, "exception")
    assert [(one.levelname, one.name, one.getMessage()) for one in result.logs] == [
        ("INFO", "klio", "at a"),
        ("WARNING", "mine", "loud"),
    ]
    assert (result.metrics["loud-tracks"], result.metrics["level"]) == (3, 7)
    assert result.metrics["kmsg-received"] == 1


def test_nobody_listens_afterwards_and_levels_are_as_before():
    root, klio = logging.getLogger(), logging.getLogger("klio")
    before = (list(root.handlers), klio.level)

    run_one(Noisy, "a", raises=False)

    assert (list(root.handlers), klio.level) == before


@pytest.mark.parametrize("code", [beam.DoFn, len, lambda data: data], ids=["DoFn", "builtin", "function"])
def test_code_that_takes_no_messages_is_refused_before_it_runs(code):
    with pytest.raises(JobCodeError, match="is not under @handle_klio"):
        run_one(code, "a")
