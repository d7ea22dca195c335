from __future__ import annotations

from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.pvalue import TaggedOutput
from apache_beam.transforms.window import GlobalWindows

from klio.context import UNBOUND, current
from klio.testing import run_one
from klio.transforms import decorators
from klio_core.errors import DataNotFound
from klio_core.message import Message
from klio_core.proto import klio_pb2

JOB = """
job_name: mixer
job_config:
  crossfade_s: 4
  data:
    inputs: [{type: gcs, location: gs://bucket/tracks, file_suffix: .wav}]
    outputs: [{type: gcs, location: gs://bucket/mixes, file_suffix: .ogg}]
"""


class Join(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        parts = [self._klio.download(name).read_bytes() for name in data.element.decode().split(",")]
        with self._klio.upload(data.element) as out:
            out.write_bytes(b"".join(parts))
        yield data


def test_files_in_files_out():
    result = run_one(Join(), "a,b", files={"a": b"1", "b": b"2"})

    assert result.elements == [b"a,b"]
    assert result.outputs == {"a,b": b"12"}


def test_locations_of_the_job_file_are_memory_and_names_have_neither_location_nor_suffix():
    assert run_one(Join(), "a,b", files={"a": b"1", "b": b"2"}, config=JOB).outputs == {"a,b": b"12"}


def test_two_runs_do_not_see_each_others_files():
    run_one(Join(), "a,b", files={"a": b"1", "b": b"2"})

    with pytest.raises(DataNotFound):
        run_one(Join(), "a,b", files={"a": b"1"})


def test_what_the_code_raises_is_raised_and_the_world_is_as_before():
    class Raising(beam.DoFn):
        @decorators.handle_klio
        def process(self, data):
            raise ValueError("no good")

    with pytest.raises(ValueError, match="no good"):
        run_one(Raising(), "a")
    assert current() is UNBOUND


def test_the_code_sees_its_job():
    @decorators.handle_klio
    def crossfade(ctx, data):
        return f"{ctx.config.job_name} {ctx.config.job_config.crossfade_s}"

    assert run_one(crossfade, "a", config=JOB).payloads == [b"mixer 4"]


def test_progress_is_told_to_nobody_whatever_the_job_file_says(tmp_path: Path):
    class Telling(beam.DoFn):
        @decorators.handle_klio
        def process(self, data):
            self._klio.progress(0.5, "half")
            yield data

    status = f"{{type: directory, location: {tmp_path / 'told'}}}"
    result = run_one(Telling, "a", config=f"job_name: teller\njob_config: {{events: {{status: {status}}}}}")

    assert result.elements == [b"a"]
    assert not (tmp_path / "told").exists()


def test_tagged_outputs_and_payloads_are_told_apart():
    class Sort(beam.DoFn):
        @decorators.handle_klio
        def process(self, data):
            yield data.payload + b"!"
            yield TaggedOutput("side", "tagged")

    result = run_one(Sort(), b"a", payload=b"came in")

    assert result.payloads == [b"came in!"]
    assert {tag: [message.payload for message in each] for tag, each in result.tagged.items()} == {"side": [b"tagged"]}


def test_a_dofn_lives_from_setup_to_teardown():
    calls = []

    class Living(beam.DoFn):
        def setup(self):
            calls.append("setup")

        def start_bundle(self):
            calls.append("start")

        @decorators.handle_klio
        def process(self, data):
            calls.append("process")
            yield data

        def finish_bundle(self):
            calls.append("finish")

        def teardown(self):
            calls.append("teardown")

    run_one(Living(), "a")

    assert calls == ["setup", "start", "process", "finish", "teardown"]


def test_a_generator_function_gives_all_its_messages_and_a_dofn_that_filters_none():
    @decorators.handle_klio
    def twice(ctx, data):
        yield "1"
        yield "2"

    class Filter(beam.DoFn):
        @decorators.handle_klio
        def process(self, data):
            return
            yield

    assert run_one(twice, "a").payloads == [b"1", b"2"]
    assert run_one(Filter(), "a").messages == []


def test_what_waits_for_the_end_of_the_bundle_is_there():
    class Together(beam.DoFn):
        def start_bundle(self):
            self.seen = []

        @decorators.handle_klio
        def process(self, data):
            self.seen.append(data.element)
            return
            yield

        def finish_bundle(self):
            for element in self.seen:
                yield GlobalWindows.windowed_value(Message.of(element + b"!").encode())

    assert run_one(Together, "a").elements == [b"a!"]


def test_a_message_of_any_kind_may_come():
    class Seen(beam.DoFn):
        @decorators.handle_klio
        def process(self, data):
            yield data.payload + b" seen"

    raw = klio_pb2.KlioMessage(version=klio_pb2.Version.V2)
    raw.data.element, raw.data.payload = b"a", b"proto"

    assert run_one(Seen, raw).payloads == [b"proto seen"]
    assert run_one(Seen, Message.of(b"a", payload=b"ours")).payloads == [b"ours seen"]
    assert run_one(Seen, b"a", payload=b"new").payloads == [b"new seen"]
