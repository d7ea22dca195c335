"""The tests of a job in its image: on its files, with its Python, without anything of this machine."""

from __future__ import annotations

from docker import DockerClient

from .kit import Hand, NewJob
from .test_runs import containers_of

IN_THE_IMAGE = ("job", "test", "--container")
LOOKS_AROUND = """
import os
from pathlib import Path

from klio.testing import run_one
from transforms import HelloKlio


def test_one_element(klio_config):
    assert run_one(HelloKlio, "ada", config=klio_config).outputs == {"ada": b"Hello, ada!\\n"}


def test_the_whole_job(local_cloud):
    job = local_cloud.job()
    job.publish("ada")
    job.drain()
    assert job.verdicts == {"ada": "committed"}


def test_it_is_the_image():
    assert Path(__file__).parent == Path("/usr/src/app")
    assert [name for name in os.environ if name.startswith("GOOGLE_APPLICATION")] == []
"""


def test_a_job_s_tests_pass_in_its_image_and_leave_nothing(klio: Hand, new_job: NewJob, engine: DockerClient):
    job = new_job("--use-defaults", test_transforms=LOOKS_AROUND)
    before = sorted(path.name for path in job.iterdir())

    done = klio(*IN_THE_IMAGE, "-j", job, "--", "-q", GOOGLE_APPLICATION_CREDENTIALS="/no/such/key.json")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout
    assert "warning" not in done.stdout
    assert sorted(path.name for path in job.iterdir()) == before
    assert containers_of(engine, job) == []


def test_the_status_is_pytest_s_and_a_test_that_was_changed_is_run_as_it_is_now(klio: Hand, new_job: NewJob):
    job = new_job("--use-defaults", test_transforms="def test_it():\n    assert 1 == 2\n")
    failing = klio(*IN_THE_IMAGE, "-j", job)
    (job / "test_transforms.py").write_text("def test_it():\n    assert 2 == 2\n")
    passing = klio(*IN_THE_IMAGE, "-j", job)
    (job / "test_transforms.py").unlink()
    empty = klio(*IN_THE_IMAGE, "-j", job)

    assert (failing.returncode, passing.returncode, empty.returncode) == (1, 0, 5)
    assert "assert 1 == 2" in failing.stdout
    assert "Error: the job has no tests\n  at: /usr/src/app\n" in empty.stdout
