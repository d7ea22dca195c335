"""Batch jobs for tests: written to a directory, run as a process, and asked what came of it."""

from __future__ import annotations

from pathlib import Path

import yaml

from .runs import running

TRANSFORMS = """
import apache_beam as beam

from klio.transforms import decorators


class Shout(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        text = self._klio.download(data.element).read_text()
        if text == "bad":
            raise ValueError("it is bad")
        with self._klio.upload(data.element) as out:
            out.write_text(text.upper())
        yield data
"""
RUN = """
import apache_beam as beam
import transforms


def run(in_pcol, config):
    return in_pcol | beam.ParDo(transforms.Shout())
"""


class Batch:
    """A batch job in a directory; its paths are relative to it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.config = {
            "job_name": "shout",
            "pipeline_options": {"runner": "DirectRunner", "streaming": False},
            "job_config": {
                "events": {
                    "inputs": [{"type": "file", "location": "elements*.txt"}],
                    "outputs": [{"type": "file", "location": "done", "file_name_suffix": ".txt"}],
                    "dead_letters": {"type": "directory", "location": "dead"},
                },
                "data": {
                    "inputs": [{"type": "file", "location": "in", "file_suffix": ".txt"}],
                    "outputs": [{"type": "file", "location": "out", "file_suffix": ".txt"}],
                },
            },
        }
        (directory / "transforms.py").write_text(TRANSFORMS)
        (directory / "run.py").write_text(RUN)
        for side in ("in", "out"):
            (directory / side).mkdir()

    def elements(self, text: str) -> None:
        (self.directory / "elements.txt").write_text(text)

    def media(self, side: str = "in", **files: str) -> None:
        for name, text in files.items():
            (self.directory / side / f"{name}.txt").write_text(text)

    @property
    def out(self) -> dict[str, str]:
        return {path.stem: path.read_text() for path in (self.directory / "out").iterdir()}

    @property
    def done(self) -> list[str]:
        shards = sorted(self.directory.glob("done-*-of-*.txt"))
        return sorted(line for shard in shards for line in shard.read_text().splitlines())

    def run(self, *flags: object) -> tuple[int, str, dict[str, str]]:
        """Answer the exit status, all that was printed, and the summary."""
        (self.directory / "klio-job.yaml").write_text(yaml.safe_dump(self.config))
        with running(self.directory, "--direct-runner", *flags) as process:
            status = process.wait()
            return status, process.log, process.summary
