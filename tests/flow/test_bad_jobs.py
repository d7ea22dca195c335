"""What keeps a job from running, each with the whole text that the person in front of the screen reads."""

from __future__ import annotations

import pytest

from .conftest import NewJob
from .kit import Job

PLAIN = "def run(in_pcol, config):\n    return in_pcol\n"


@pytest.fixture
def job(new_job: NewJob) -> Job:
    job = new_job()
    job.write(run=PLAIN)
    return job


def end_of(job: Job) -> tuple[int, str]:
    with job.process() as process:
        return process.wait(), process.log


@pytest.mark.slow
def test_a_run_that_returns_nothing_though_there_is_an_output(job: Job):
    job.write(run="import apache_beam as beam\n\n\ndef run(in_pcol, config):\n    in_pcol | beam.Map(print)\n")

    status, text = end_of(job)

    assert status == 4
    assert text == (
        "Error: run() returned no PCollection\n"
        f"  at: {job.directory}/run.py:4\n      def run(in_pcol, config):\n"
        "  expected: the PCollection of the last transform, whose messages are written to events.outputs\n"
        "  got: None\n"
        "  to do: end run() with `return in_pcol | beam.ParDo(…)`\n"
    )


@pytest.mark.slow
def test_a_run_that_returns_no_messages_fails_each_message_with_what_to_do(job: Job):
    job.config["job_config"]["max_attempts"] = 1
    job.write(run="import apache_beam as beam\n\n\ndef run(in_pcol, config):\n    return in_pcol | beam.Map(len)\n")
    job.publish("a")
    with job.process("--exit-when-idle", 1) as process:
        status = process.wait()

    assert status == 3, process.log
    (letter,) = job.letters
    assert (letter.reason, letter.error) == ("bad-payload", "BadPayload")
    assert letter.text.startswith("run() returned something that is no message")


def test_an_unknown_runner(job: Job):
    job.config["pipeline_options"]["runner"] = "DirectRuner"
    job.write(run=PLAIN)

    status, text = end_of(job)

    assert status == 2
    assert text.startswith(f"Error: {job.directory}/klio-job.yaml cannot be used: 1 problem\n")
    assert "did you mean DirectRunner" in text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "what"),
    [("in", "the subscription cannot be read"), ("out", "the topic cannot be used")],
)
def test_a_subscription_or_a_topic_that_is_not_there(job: Job, kind: str, what: str):
    entry = job.config["job_config"]["events"]["inputs" if kind == "in" else "outputs"][0]
    key = "subscription" if kind == "in" else "topic"
    entry[key] = entry[key].replace(job.name, "nobody-made-it")
    job.write(run=PLAIN)

    status, text = end_of(job)

    assert status == 6
    assert text.startswith(f"Error: {what}\n  at: {entry[key]}\n  got: NotFound: ")
    assert text.endswith(
        "  to do: check the name in klio-job.yaml; `klio job run --local` makes missing ones on the local cloud\n"
    )


def test_an_option_that_there_is_not(job: Job):
    with job.process("--nope") as process:
        status = process.wait()

    assert (status, process.log) == (
        2,
        "Error: klioexec run: unrecognized arguments: --nope\n  to do: klioexec run --help lists the options\n",
    )
