from __future__ import annotations

from pathlib import Path

from klio.parents import Parent, parents_of
from klio_core import mail
from klio_core.config import parse
from klio_core.message import JobRef
from klio_exec.by_mail import by_mail

JOB = parse("""
job_name: mix
pipeline_options: {streaming: false}
job_config:
  events:
    inputs:
      - {type: file, location: entry.txt}
      - {type: file, location: urgent.txt, name: urgent}
      - {type: avro, location: own, skip_klio_read: true}
    outputs:
      - {type: file, location: done, keep_payload: true}
      - {type: avro, location: own, skip_klio_write: true}
  data:
    inputs: [{type: file, location: beats}]
  dependencies:
    - {job_name: beats}
""")


def test_events_come_from_mail_and_go_to_mail_under_the_names_that_run_knows(tmp_path: Path):
    for number in range(3):
        mail.post(mail.inputs(tmp_path, number), [])

    events = by_mail(JOB, tmp_path).job_config.events

    assert [entry.name for entry in events.inputs[:2]] == ["file0", "urgent"]
    assert [entry.options for entry in events.inputs[:2]] == [
        {"location": str(mail.inputs(tmp_path, number))} for number in range(2)
    ]
    assert (events.outputs[0].options, events.outputs[0].keep_payload) == (
        {"location": str(mail.outputs(tmp_path, 0))},
        True,
    )
    assert (events.inputs[2], events.outputs[1]) == (
        JOB.job_config.events.inputs[2],
        JOB.job_config.events.outputs[1],
    )
    assert events.status.location == str(mail.records(tmp_path))


def test_where_no_mail_is_the_inputs_are_those_of_the_job_file(tmp_path: Path):
    assert by_mail(JOB, tmp_path).job_config.events.inputs == JOB.job_config.events.inputs


def test_parents_are_asked_by_mail_and_without_it_a_batch_job_asks_nobody(tmp_path: Path):
    assert parents_of(by_mail(JOB, tmp_path)) == (Parent(JobRef("beats"), str(mail.asked(tmp_path, "beats")), (0,)),)
    assert parents_of(JOB) == ()


def test_a_streaming_job_runs_as_a_batch(tmp_path: Path):
    topic = "projects/studio/topics/live-in"
    job = parse(f"{{job_name: live, job_config: {{events: {{inputs: [{{type: pubsub, topic: {topic}}}]}}}}}}")
    mail.post(mail.inputs(tmp_path, 0), [])

    run = by_mail(job, tmp_path)

    assert run.pipeline_options.streaming is False
    assert [(entry.type, entry.name) for entry in run.job_config.events.inputs] == [("custom", "pubsub0")]
