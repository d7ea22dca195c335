import uuid

import pytest

from klio.context import KlioContext, bind
from klio.data.stores import store_for
from klio_core.config import parse


class Place:
    """A job with one input and one output in memory, and a directory of dead letters."""

    def __init__(self, tmp_path):
        self.root = f"memory://{uuid.uuid4().hex}"
        self.dead = tmp_path / "dead"
        self.tmp_path = tmp_path

    def put(self, side, name, content=b"x"):
        source = self.tmp_path / "source"
        source.write_bytes(content)
        store_for(self.root).commit(source, f"{self.root}/{side}/{name}", expect=None)

    def get(self, side, name):
        with store_for(self.root).open(f"{self.root}/{side}/{name}") as file:
            return file.read()

    def config(self, *, data_input="", data_output="", job="", streaming=True):
        return parse(f"""
job_name: mixer
pipeline_options: {{streaming: {str(streaming).lower()}, project: proj, runner: DirectRunner}}
job_config:
  {job}
  events:
    dead_letters: {{type: directory, location: {self.dead}}}
  data:
    inputs: [{{type: memory, location: "{self.root}/in", file_suffix: .wav {data_input}}}]
    outputs: [{{type: memory, location: "{self.root}/out", file_suffix: .ogg {data_output}}}]
""")

    @property
    def letters(self):
        from klio_core.dead_letter import DeadLetter

        return [DeadLetter.decode(path.read_bytes()) for path in sorted(self.dead.glob("*.json"))]


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


@pytest.fixture
def bound(place):
    """Bind a job for the time of a test."""
    before = []

    def bind_job(*, decides=False, **config):
        context = KlioContext(place.config(**config), decides=decides)
        before.append(bind(context))
        return context

    yield bind_job
    if before:
        bind(before[0])
