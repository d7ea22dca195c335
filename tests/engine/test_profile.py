"""A job profiled in its image: on its media, with its Python; what is written comes out, and nothing is left."""

from __future__ import annotations

from docker import DockerClient

from .kit import Hand, NewJob
from .test_runs import BATCH, containers_of

WORKS = """
import apache_beam as beam
from klio.transforms import decorators


class HelloKlio(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        if data.element == b"bad":
            raise ValueError("no sound")
        yield data
"""


def test_an_element_is_timed_in_the_image_and_the_report_comes_out(klio: Hand, new_job: NewJob, engine: DockerClient):
    job = new_job(*BATCH, transforms=WORKS)
    (klio.directory / "songs.txt").write_text("ada\nbob\n")
    before = sorted(path.name for path in job.iterdir())

    done = klio("job", "profile", "timeit", "--container", "-j", job, "-i", "songs.txt", "-n", "3", "-o", "report.txt")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "ParDo(HelloKlio)      6 " in (klio.directory / "report.txt").read_text()
    assert "processed          6" in done.stdout + done.stderr
    assert sorted(path.name for path in job.iterdir()) == before
    assert containers_of(engine, job) == []


def test_the_status_is_the_runs_and_what_the_image_lacks_is_said(klio: Hand, new_job: NewJob):
    job = new_job(*BATCH, transforms=WORKS)

    failing = klio("job", "profile", "timeit", "--container", "-j", job, "bad")
    lacking = klio("job", "profile", "lines", "--container", "-j", job, "ada")

    assert failing.returncode == 3
    assert lacking.returncode == 2
    assert "add klio[profile] to job-requirements.txt" in lacking.stderr
