from __future__ import annotations

import pytest

from klio_core import mail
from klio_core.config import parse
from klio_core.errors import UsageError
from klio_core.message import Message
from klio_exec.profile.given import over

JOB = """\
job_name: mix
pipeline_options: {streaming: true, runner: DataflowRunner, project: p}
job_config:
  health_port: 8080
  metrics: {prometheus: {port: 9000}, shumway: true}
  dependencies: [{job_name: parent, gcp_project: p, input_topics: [projects/p/topics/parent]}]
  events:
    inputs:
      - {type: pubsub, topic: projects/p/topics/one}
      - {type: pubsub, topic: projects/p/topics/two}
    outputs: [{type: pubsub, topic: projects/p/topics/out}]
    dead_letters: {type: pubsub, topic: projects/p/topics/dead}
    status: {type: pubsub, topic: projects/p/topics/status}
  data:
    inputs: [{type: gcs, location: gs://bucket/in, file_suffix: .wav, ping: true}]
    outputs: [{type: gcs, location: gs://bucket/out, file_suffix: .ogg, force: false, name: mixed}]
"""


def test_the_first_input_gives_each_element_to_be_worked_on_whatever_is_there_and_the_others_nothing(tmp_path):
    over(parse(JOB), [b"a", b"\xff"], tmp_path, keep_outputs=False)

    arrived = [Message.decode(raw) for raw in mail.collect(mail.inputs(tmp_path, 0))]
    assert [(message.element, message.force, message.ping) for message in arrived] == [
        (b"a", True, False),
        (b"\xff", True, False),
    ]
    assert mail.collect(mail.inputs(tmp_path, 1)) == []
    assert mail.inputs(tmp_path, 1).is_dir()


def test_nothing_leads_outside(tmp_path):
    config = over(parse(JOB), [b"a"], tmp_path, keep_outputs=False)

    job, options = config.job_config, config.pipeline_options
    events = job.events
    places = [
        *(entry.options["location"] for entry in (*events.inputs, *events.outputs)),
        events.dead_letters.location,
        events.status.location,
        *(entry.location for entry in job.data.outputs),
        *(parent.inbox for parent in job.dependencies),
    ]
    assert [place for place in places if not place.startswith(f"{tmp_path}/")] == []
    assert (options.streaming, options.runner) == (False, "DirectRunner")
    assert (job.health_port, job.metrics.prometheus, job.metrics.shumway) == (None, None, False)


def test_data_is_read_where_it_is_and_outputs_keep_their_names(tmp_path):
    data = over(parse(JOB), [b"a"], tmp_path, keep_outputs=False).job_config.data

    assert [(entry.location, entry.ping) for entry in data.inputs] == [("gs://bucket/in", False)]
    assert [(entry.name, entry.file_suffix, entry.force) for entry in data.outputs] == [("mixed", ".ogg", True)]


def test_outputs_that_are_kept_go_where_the_job_file_says_and_replace_what_is_there(tmp_path):
    data = over(parse(JOB), [b"a"], tmp_path, keep_outputs=True).job_config.data

    assert [(entry.location, entry.force) for entry in data.outputs] == [("gs://bucket/out", True)]


def test_a_job_that_reads_all_its_events_itself_cannot_be_given_elements(tmp_path):
    config = parse(
        JOB.replace("topics/one}", "topics/one, skip_klio_read: true}").replace(
            "topics/two}", "topics/two, skip_klio_read: true}"
        )
    )

    with pytest.raises(UsageError) as caught:
        over(config, [b"a"], tmp_path, keep_outputs=False)

    assert str(caught.value) == (
        "klio gives this job no events, so it cannot give it elements\n"
        "  at: job_config.events.inputs\n"
        "  expected: an event input without skip_klio_read\n"
        "  got: 2 with it"
    )
