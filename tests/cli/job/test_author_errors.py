"""Errors in the author's own code, as whole screens: the author's line first, what is wrong with it, what to do.

Each job is that of `klio job create`, with one thing wrong in it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from klio_cli.new_job import place
from klio_cli.new_job.job import NewJob
from klio_core import local_state

KLIO = [sys.executable, "-m", "klio_cli.app"]


@dataclass(frozen=True)
class Wrong:
    """What is written in the place of what, and the screens that come of it; {job} is the job's directory.

    `verified` is what `klio job verify --offline` says of it, where a look at the text alone can tell.
    """

    file: str
    old: str
    new: str
    ran: str
    verified: str = ""


WRONG = {
    "a syntax error": Wrong(
        "transforms.py",
        "def process(self, data):",
        "def process(self, data)",
        ran="""\
Error: run.py cannot be imported
  at: {job}/transforms.py:12
      def process(self, data)
  got: SyntaxError: expected ':'
  to do: Python cannot read this line, or what is left open before it
""",
        verified="""\
✗ transforms.py:12: expected ':'
      def process(self, data)
    to do: Python cannot read this line, or what is left open before it
""",
    ),
    "an import of what is not installed": Wrong(
        "transforms.py",
        "import apache_beam as beam",
        "import apache_beam as beam\nimport librosaa",
        ran="""\
Error: run.py cannot be imported
  at: {job}/transforms.py:4
      import librosaa
  got: ModuleNotFoundError: No module named 'librosaa'
  to do: install it (librosaa), and add it to job-requirements.txt
""",
        verified="""\
✗ transforms.py:4: there is no module named librosaa
      import librosaa
    to do: install it (librosaa), and add it to job-requirements.txt
""",
    ),
    "an import of a name that is not there": Wrong(
        "run.py",
        "import apache_beam as beam",
        "import apache_beam as beam\nfrom transforms import HelloClio",
        ran="""\
Error: run.py cannot be imported
  at: {job}/run.py:4
      from transforms import HelloClio
  got: ImportError: cannot import name 'HelloClio' from 'transforms' ({job}/transforms.py)
  to do: see how transforms calls it, and that its version here is that of job-requirements.txt
""",
    ),
    "a process() that takes nothing": Wrong(
        "transforms.py",
        "def process(self, data):",
        "def process(self):",
        ran="""\
Error: HelloKlio.process() does not take what it is given
  at: {job}/transforms.py:12
      def process(self):
  expected: def process(self, data): …
  got: process(self): too many positional arguments
""",
        verified="""\
✗ transforms.py:12: klio cannot call HelloKlio.process(self)
      def process(self):
    to do: write `def process(self, data): …`
""",
    ),
    "a process() that wants more than it gets": Wrong(
        "transforms.py",
        "def process(self, data):",
        "def process(self, data, rate):",
        ran="""\
Error: HelloKlio.process() does not take what it is given
  at: {job}/transforms.py:12
      def process(self, data, rate):
  expected: def process(self, data): …
  got: process(self, data, rate): missing a required argument: 'rate'
""",
    ),
    "a run() that takes one thing": Wrong(
        "run.py",
        "def run(in_pcol, config):",
        "def run(in_pcol):",
        ran="""\
Error: run() does not take what klio gives it
  at: {job}/run.py:8
      def run(in_pcol):
  expected: def run(in_pcol, config): … that returns a PCollection
  got: run(in_pcol): too many positional arguments
""",
        verified="""\
✗ run.py:8: klio cannot call run(in_pcol)
      def run(in_pcol):
    to do: write `def run(in_pcol, config): …`
""",
    ),
    "no run()": Wrong(
        "run.py",
        "def run(",
        "def runn(",
        ran="""\
Error: run.py has no run()
  at: {job}/run.py:8
      def runn(in_pcol, config):
  expected: def run(in_pcol, config): … that returns a PCollection
  got: functions runn
  to do: rename runn() to run(), if it is meant
""",
        verified="""\
✗ run.py has no run()
    to do: write `def run(in_pcol, config): …`
""",
    ),
    "a run() that returns something else": Wrong(
        "run.py",
        "return in_pcol | beam.ParDo(transforms.HelloKlio())",
        "in_pcol | beam.ParDo(transforms.HelloKlio())\n    return 'done'",
        ran="""\
Error: run() returned no PCollection
  at: {job}/run.py:11
      return 'done'
  expected: the PCollection of the last transform, whose messages are written to events.outputs
  got: 'done'
  to do: end run() with `return in_pcol | beam.ParDo(…)`
""",
    ),
    "a DoFn that cannot be pickled": Wrong(
        "transforms.py",
        "    @decorators.handle_klio",
        "    def __init__(self):\n        self.numbers = (n for n in range(3))\n\n    @decorators.handle_klio",
        ran="""\
Error: the job's code cannot be sent to a worker
  at: {job}/transforms.py:12
      self.numbers = (n for n in range(3))
  expected: attributes and variables that can be pickled
  got: a generator in self.numbers: cannot pickle 'generator' object
  to do: make it in setup(), which each worker calls before its first element
""",
    ),
    "a function that holds an open file": Wrong(
        "run.py",
        "    return in_pcol |",
        '    log = open("log.txt", "a")\n    return in_pcol | beam.Filter(lambda raw: log.write("x")) |',
        ran="""\
Error: the job's code cannot be sent to a worker
  at: {job}/run.py:11
      return in_pcol | beam.Filter(lambda raw: log.write("x")) | beam.ParDo(transforms.HelloKlio())
  expected: attributes and variables that can be pickled
  got: a TextIOWrapper in log: Cannot pickle files that are not opened for reading: a
  to do: make it in setup(), which each worker calls before its first element
""",
    ),
    "a return where Beam wants a yield": Wrong(
        "transforms.py",
        "    @decorators.handle_klio",
        "    def process(self, data):\n        return data\n\n\nclass Another(beam.DoFn):\n    @decorators.handle_klio",
        ran="""\
Error: HelloKlio.process() returns one thing, where Beam wants something to iterate over
  at: {job}/transforms.py:12
      return data
  to do: `yield data`
""",
        verified="""\
✗ transforms.py:12: HelloKlio.process() returns one thing, where Beam wants something to iterate over
      return data
    to do: `yield data`
""",
    ),
    "what run() itself does wrong": Wrong(
        "run.py",
        "transforms.HelloKlio()",
        "transforms.HelloClio()",
        ran="""\
Error: run() raised
  at: {job}/run.py:10
      return in_pcol | beam.ParDo(transforms.HelloClio())
  got: AttributeError: module 'transforms' has no attribute 'HelloClio'
""",
    ),
}
EACH = pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
Spoil = Callable[[Wrong], Path]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory for jobs. One local cloud serves all of them, and is up from the first run on."""
    directory = tmp_path_factory.mktemp("jobs")
    (directory / ".klio").mkdir()
    yield directory
    if local_state.read(directory) is not None:
        subprocess.run([*KLIO, "local", "down", "--project", str(directory)], check=True, capture_output=True)


@pytest.fixture
def spoiled(home: Path, request: pytest.FixtureRequest) -> Spoil:
    """Make a job with this wrong in it."""

    def spoil(wrong: Wrong) -> Path:
        job = home / f"job-{abs(hash((request.node.name, wrong)))}"
        place.write(job, NewJob("hello", "klio-local", "batch").files())
        text = (job / wrong.file).read_text()
        assert text.count(wrong.old) == 1
        (job / wrong.file).write_text(text.replace(wrong.old, wrong.new))
        return job

    return spoil


def ran(job: Path, *arguments: str) -> tuple[int, str]:
    done = subprocess.run([*KLIO, *arguments, "-j", str(job)], capture_output=True, text=True, timeout=100)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
@EACH
def test_a_run_points_at_the_authors_line(spoiled: Spoil, wrong: Wrong):
    job = spoiled(wrong)

    status, screen = ran(job, "job", "run", "--local")

    assert (status, screen.replace(str(job), "{job}")) == (4, wrong.ran)


@pytest.mark.slow
def test_whoever_asks_for_more_gets_the_frames_of_the_framework_too(spoiled: Spoil):
    job = spoiled(WRONG["what run() itself does wrong"])

    status, screen = ran(job, "job", "run", "--local", "--verbose")

    assert status == 4
    assert "Traceback (most recent call last):\n" in screen
    assert screen.endswith(WRONG["what run() itself does wrong"].ran.format(job=job))


@EACH
def test_verification_points_at_the_authors_line_where_the_text_alone_tells(klio, spoiled: Spoil, wrong: Wrong):
    screen = klio("job", "verify", "--offline", "-j", spoiled(wrong))

    lines = screen.out.splitlines(keepends=True)
    assert screen.status == (1 if wrong.verified else 0)
    assert "".join(line for line in lines[:-2] if not line.startswith("✓")) == wrong.verified


TESTED = {
    "a syntax error": """
==================================== ERRORS ====================================
_____________________ ERROR collecting test_transforms.py ______________________
test_transforms.py cannot be imported
  at: {job}/transforms.py:12
      def process(self, data)
  got: SyntaxError: expected ':'
  to do: Python cannot read this line, or what is left open before it
=========================== short test summary info ============================
ERROR test_transforms.py - test_transforms.py cannot be imported
!!!!!!!!!!!!!!!!!!!! Interrupted: 1 error during collection !!!!!!!!!!!!!!!!!!!!
1 error
""",
    "an import of what is not installed": """
==================================== ERRORS ====================================
_____________________ ERROR collecting test_transforms.py ______________________
test_transforms.py cannot be imported
  at: {job}/transforms.py:4
      import librosaa
  got: ModuleNotFoundError: No module named 'librosaa'
  to do: install it (librosaa), and add it to job-requirements.txt
=========================== short test summary info ============================
ERROR test_transforms.py - test_transforms.py cannot be imported
!!!!!!!!!!!!!!!!!!!! Interrupted: 1 error during collection !!!!!!!!!!!!!!!!!!!!
1 error
""",
    "a process() that takes nothing": """\
F                                                                        [100%]
=================================== FAILURES ===================================
________________ test_writes_a_greeting_and_yields_the_element _________________

klio_config = KlioConfig(version=2, job_name='hello')

    def test_writes_a_greeting_and_yields_the_element(klio_config):
>       result = run_one(HelloKlio, "klio", config=klio_config)
                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
E       TypeError: HelloKlio.process() takes 1 positional argument but 2 were given

test_transforms.py:6: TypeError
=========================== short test summary info ============================
FAILED test_transforms.py::test_writes_a_greeting_and_yields_the_element - Ty...
1 failed
""",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", TESTED)
def test_a_test_points_at_the_authors_line(spoiled: Spoil, name: str):
    job = spoiled(WRONG[name])

    plain = ("-q", "--no-header", "--color=no", "-p", "no:cacheprovider")
    command = [*KLIO, "job", "test", "-j", str(job), "--", *plain]
    terminal = {name: value for name, value in os.environ.items() if name != "CI"} | {"COLUMNS": "80"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, env=terminal)

    screen = re.sub(r" in [0-9.]+s", "", done.stdout).replace(str(job), "{job}")
    assert (screen, done.stderr) == (TESTED[name], "")


@pytest.mark.slow
def test_what_the_authors_code_raises_in_a_test_is_shown_without_the_frames_of_klio(spoiled: Spoil):
    job = spoiled(Wrong("transforms.py", "data.element.decode()", "data.elemnt.decode()", ran=""))

    _, screen = ran(job, "job", "test")
    done = subprocess.run([*KLIO, "job", "test", "-j", str(job), "--", "--verbose"], capture_output=True, text=True)

    assert ">       name = data.elemnt.decode()\n" in screen
    assert "klio/transforms/" not in screen
    assert "klio/transforms/" in done.stdout
