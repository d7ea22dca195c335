"""A job is audited in its image: its tests run there, and what they leave behind is told here."""

from __future__ import annotations

import json

from docker import DockerClient

from .kit import Hand, NewJob
from .test_runs import containers_of

LEAVES = """
import tempfile
from pathlib import Path

import apache_beam as beam

from klio.transforms import decorators


class HelloKlio(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        assert Path(__file__).parent == Path("/usr/src/app")
        tempfile.mkdtemp()
        yield data
"""
TEST = """
from klio.testing import run_one
from transforms import HelloKlio


def test_it():
    run_one(HelloKlio(), "a")
"""


def test_what_a_job_leaves_behind_in_its_image_is_told(klio: Hand, new_job: NewJob, engine: DockerClient):
    job = new_job("--use-defaults", transforms=LEAVES, test_transforms=TEST)

    done = klio("job", "audit", "--container", "--format", "json", "-j", job)

    assert done.returncode == 1, done.stderr
    (found,) = json.loads(done.stdout)["findings"]
    assert (found["check"], found["file"], found["line"]) == ("temp-files-left", "transforms.py", 14)
    assert containers_of(engine, job) == []
