"""A job as it was written for klio, its imports and its idioms unchanged, under klioexec: its run and its tests."""

from __future__ import annotations

import subprocess
import sys
import uuid
from pathlib import Path

import apache_beam as beam
import pytest

from klio.context import KlioContext, bind
from klio.transforms import helpers
from klio_core.config import parse
from klio_core.dead_letter import DeadLetter
from klio_core.message import JobRef, Limited, Message

from .kit import PROJECT, Cloud
from .runs import running

pytestmark = pytest.mark.slow  # whole jobs in processes of their own: more than the inner loop has time for

CONFIG = """
job_name: my-job
version: 2
pipeline_options:
  runner: DirectRunner
  project: my-project
  streaming: False
job_config:
  my_custom_key: hello
  metrics:
    logger:
      level: info
  events:
    inputs:
      - type: file
        location: ./ids.txt
    outputs:
      - type: file
        location: ./out
        skip_klio_write: True
  data:
    inputs:
      - type: file
        location: ./in
        file_suffix: .txt
        skip_klio_existence_check: True
    outputs:
      - type: file
        location: ./done
        file_suffix: .txt
        skip_klio_existence_check: True
"""

RUN = """
import apache_beam as beam
from klio.transforms import decorators
from klio.transforms import helpers
import transforms


@decorators.handle_klio
def shout(ctx, item):
    ctx.logger.info("shouting %s" % ctx.config.job_config.my_custom_key)
    return item.payload.upper()


def run(in_pcol, config):
    assert config.job_config.data.inputs[0].file_suffix == ".txt"
    exists = in_pcol | helpers.KlioGcsCheckInputExists()
    exists.not_found | helpers.KlioDrop()
    ping = exists.found | helpers.KlioFilterPing()
    out = (
        ping.process
        | beam.ParDo(transforms.CountWords())
        | beam.Map(shout)
        | helpers.KlioDebugMessage(prefix="after: ")
    )
    out | helpers.KlioWriteToEventOutput()
"""

TRANSFORMS = """
import os

import apache_beam as beam
from klio.transforms import decorators
from klio.utils import ThreadLimiter
from klio_core.proto import klio_pb2

limiter = ThreadLimiter(max_thread_count=2, name="words")


class CountWords(beam.DoFn):
    @decorators.set_klio_context
    def setup(self):
        self.words = self._klio.metrics.counter("words", transform=self.__class__.__name__)
        self.location = self._klio.config.job_config.data.inputs[0].location

    @decorators.handle_klio(thread_limiter=limiter)
    @decorators.timeout(20, exception_message="too slow")
    @decorators.retry(tries=2, exception=ValueError, exception_message="gave up")
    def process(self, item):
        element = item.element.decode("utf-8")
        with open(os.path.join(self.location, element + ".txt")) as f:
            text = f.read()
        if text == "bad":
            raise ValueError("bad words")
        self._klio.logger.info("Received %s from PubSub" % element)
        yield str(len(text.split())) + " words"

"""

TESTS = """
import pytest
from klio_core.proto import klio_pb2
from klio.transforms import core

import run
import transforms


@pytest.fixture
def klio_msg():
    msg = klio_pb2.KlioMessage()
    msg.data.element = b"a"
    msg.version = klio_pb2.Version.V2
    return msg


def test_process(klio_msg):
    dofn = transforms.CountWords()
    dofn.setup()
    output = list(dofn.process(klio_msg.SerializeToString()))
    actual = klio_pb2.KlioMessage()
    actual.ParseFromString(output[0])
    assert actual.data.payload == b"2 words"


def test_function(klio_msg):
    klio_msg.data.payload = b"text"
    actual = klio_pb2.KlioMessage.FromString(run.shout(klio_msg.SerializeToString()))
    assert actual.data.payload == b"TEXT"


def test_config_is_there():
    assert core.RunConfig.get().job_config.my_custom_key == "hello"
"""


@pytest.fixture
def job(tmp_path: Path) -> Path:
    files = {"klio-job.yaml": CONFIG, "run.py": RUN, "transforms.py": TRANSFORMS, "test_transforms.py": TESTS}
    files |= {"ids.txt": "a\nb\nbad\nmissing\n", "in/a.txt": "two words", "in/b.txt": "one", "in/bad.txt": "bad"}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_it_runs_as_it_did(job: Path):
    with running(job, "--direct-runner") as process:
        status = process.wait()

    assert status == 3, process.log
    written = [line for path in job.glob("out*") for line in path.read_text().split()]
    assert sorted(written) == ["a", "b"]
    letters = [DeadLetter.decode(path.read_bytes()) for path in job.rglob("retries-exhausted*.json")]
    assert [(letter.element, letter.text) for letter in letters] == [(b"bad", "gave up")]
    assert "ValueError: bad words" in letters[0].trace
    assert "after: Message(b'a'" in process.log
    assert process.summary["processed"].split()[0] == "2"
    assert process.summary["dropped"] == "1 dropped by run() 1"


def test_it_is_found_fit_before_it_runs(job: Path):
    command = [str(Path(sys.executable).with_name("klio")), "job", "verify", "--offline", "-j", str(job)]
    done = subprocess.run(command, capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_its_own_tests_pass(job: Path):
    command = [sys.executable, "-m", "klio_exec.cli", "test", "-j", str(job), "--", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


def test_a_parent_is_asked_by_the_topic_that_the_code_names(cloud: Cloud):
    name = f"parent-{uuid.uuid4().hex[:8]}"
    topic = cloud.topic(f"projects/{PROJECT}/topics/{name}")
    subscription = cloud.subscription(f"projects/{PROJECT}/subscriptions/{name}", topic)
    before = bind(KlioContext(parse(f"job_name: me\npipeline_options: {{project: {PROJECT}}}\njob_config: {{}}\n")))
    try:
        with beam.Pipeline(runner="FnApiRunner") as pipeline:
            raws = pipeline | beam.Create([Message.of(b"a", payload=b"large").encode()])
            raws | helpers.KlioTriggerUpstream(upstream_job_name="parent", upstream_topic=topic, log_level=None)
    finally:
        bind(before)

    (asked,) = [Message.decode(raw) for raw in cloud.pull(subscription)]
    parent, me = JobRef("parent", PROJECT), JobRef("me", PROJECT)
    assert (asked.element, asked.payload, asked.recipients) == (b"a", b"", Limited((parent, me), me))
