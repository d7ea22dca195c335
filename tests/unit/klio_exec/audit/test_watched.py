"""Jobs that leave something behind, and jobs that only seem to: their own tests run under watch, in a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent, indent

import pytest

from klio_core.finding import Finding
from klio_exec.audit.checks import ALL

EVENTS = "{inputs: [{type: file, location: not-there.txt}]}"
JOB_FILE = f"job_name: j\npipeline_options: {{streaming: false}}\njob_config: {{events: {EVENTS}}}\n"
RUN = "import apache_beam as beam\nimport transforms\n\ndef run(p, c):\n    return p | beam.ParDo(transforms.Work())\n"
TEST = "from klio.testing import run_one\nfrom transforms import Work\n\ndef test_it():\n    run_one(Work(), 'a')\n"
HEAD = """\
import tempfile, threading, time, sqlite3, os, functools, concurrent.futures
import apache_beam as beam
from klio.transforms import decorators

class Work(beam.DoFn):
"""
PROCESS = "    @decorators.handle_klio\n    def process(self, data):\n"


def work(process: str, methods: str = "", module: str = "") -> str:
    """A module with one DoFn; what `process` does begins on line 8."""
    body = indent(dedent(process).strip(), " " * 8) + "\n        yield data\n"
    return HEAD + PROCESS + body + indent(dedent(methods), " " * 4) + dedent(module)


def audited(root: Path, transforms: str, **files: str) -> list[Finding]:
    """Write a job, and let `klioexec audit` look at it."""
    root.mkdir(exist_ok=True)
    named = {"klio-job.yaml": JOB_FILE, "run.py": RUN, "test_transforms.py": TEST, "transforms.py": transforms}
    for name, text in {**named, **{f"{name}.py": text for name, text in files.items()}}.items():
        (root / name).write_text(text)
    (root / "pytest.ini").write_text("[pytest]\naddopts = -n 2\n")  # a job may say so, and what is left be in a child
    report = root / "report.json"
    # The job's temporary files are where nobody else's are, and go away with the test.
    (root / "tmp").mkdir()
    command = [sys.executable, "-m", "klio_exec.cli", "audit", f"--job-dir={root}", f"--report={report}"]
    ran = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "TMPDIR": str(root / "tmp")})
    assert ran.stdout == ""
    assert report.is_file(), ran.stderr
    return [Finding.of(one) for one in json.loads(report.read_text())["found"]]


def told(found: list[Finding]) -> list[str]:
    return [f"{one.place} {one.check}" for one in found]


FILES = """
tempfile.NamedTemporaryFile(delete=False)
self.directory = tempfile.mkdtemp()
open(os.path.join(tempfile.gettempdir(), 'mine'), 'w').close()
place()
"""
THREADS = """
threading.Thread(target=time.sleep, args=(600,)).start()
threading.Timer(600, print).start()
"""
BAD = {
    "temp-files-left": (work(FILES, module="def place():\n    return tempfile.mkstemp()\n"), [8, 9, 10, 14]),
    "threads-left": (work(THREADS), [8, 9]),
    "unpicklable-dofn": (work("pass", "def __init__(self):\n    self.db = sqlite3.connect(':memory:')\n"), [11]),
}


@pytest.mark.slow
@pytest.mark.parametrize("check", BAD)
def test_what_is_left_behind_is_found_where_it_was_made(check: str, tmp_path: Path) -> None:
    transforms, lines = BAD[check]

    assert told(audited(tmp_path / "job", transforms)) == [f"transforms.py:{line} {check}" for line in lines]


def test_every_check_has_a_bad_job_and_says_why_it_matters_and_what_to_do() -> None:
    assert sorted(BAD) == sorted(one.check.name for one in ALL)
    assert [one.check.name for one in ALL if not (one.check.looks_for and one.check.why and one.check.mend)] == []


TIDY = """
with tempfile.TemporaryDirectory() as directory, tempfile.NamedTemporaryFile(), tempfile.TemporaryFile():
    open(os.path.join(directory, 'x'), 'w').close()
path = tempfile.mkstemp()[1]
os.unlink(path)
thread = threading.Thread(target=time.sleep, args=(0.01,))
thread.start()
with concurrent.futures.ThreadPoolExecutor(2) as pool:
    pool.submit(len, 'x').result()
self.pool.submit(len, 'x').result()
with self._klio.upload('a') as path:
    path.write_text('x')
"""
ONCE = """
def setup(self):
    self.kept = tempfile.mkdtemp()
    self.pool = concurrent.futures.ThreadPoolExecutor(2)
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
"""
OF_A_TEST = """
import tempfile, threading, time
from klio.testing import run_one
from transforms import Work

def test_it(tmp_path):
    (tmp_path / 'x').touch()
    tempfile.mkdtemp()
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    run_one(Work(), 'a')
"""


@pytest.mark.slow
def test_what_goes_away_or_is_made_once_or_by_a_test_is_not_found(tmp_path: Path) -> None:
    tidy = work(TIDY, methods=ONCE, module="KEPT = tempfile.mkdtemp()\n")

    assert audited(tmp_path / "job", tidy, test_transforms=OF_A_TEST) == []


@pytest.mark.slow
def test_tests_that_fail_or_are_not_there_are_told(tmp_path: Path) -> None:
    failing = audited(tmp_path / "failing", work("raise OSError"))
    (nothing,) = audited(tmp_path / "nothing", work("pass"), test_transforms="")

    assert [(one.check, one.what) for one in failing] == [("tests-fail", "pytest ended with status 1")]
    assert (nothing.check, nothing.grade.word) == ("no-tests", "warning")


@pytest.mark.slow
def test_a_run_that_draws_nothing_is_found_at_its_line(tmp_path: Path) -> None:
    (found,) = audited(tmp_path / "job", work("pass"), run="def run(p, c):\n    return p / 0\n")

    assert (found.check, found.place) == ("graph-fails", "run.py:2")
    assert "TypeError: unsupported operand" in found.what


PLUGIN = """
import traceback

from klio_exec.commands.audit_steps import base


class Looks(base.BaseKlioAuditStep):
    \"\"\"Looks at modules.\"\"\"

    AUDIT_STEP_NAME = "looks"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.stack = None

    def before_tests(self):
        import transforms
        transforms.seen = self.see

    def see(self):
        self.stack = traceback.extract_stack()

    def after_tests(self):
        name = self.klio_config.job_name
        self.tw.write("looked\\n", red=True)
        self.emit_warning("a warning of %s in %s\\n" % (name, self.job_dir.rpartition("/")[2]), bold=True)
        if self.stack:
            self.emit_error("an error", self.stack)


class OfItsOwn:
    @staticmethod
    def get_description():
        return "Is of no class."

    def __init__(self, job_dir, klio_config, tw):
        self.errored = self.warned = False

    def before_tests(self):
        pass

    def after_tests(self):
        self.warned = True


class Breaks(base.BaseKlioAuditStep):
    pass
"""
ENTRIES = """\
[klio.plugins.audit]
looks = old_plugin:Looks
own = old_plugin:OfItsOwn
breaks = old_plugin:Breaks
missing = old_plugin:Missing
"""


@pytest.fixture
def old_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package with steps as they were written for klio 22.3, installed."""
    site = tmp_path / "site"
    info = site / "old_plugin-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: old-plugin\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(ENTRIES)
    (site / "old_plugin.py").write_text(PLUGIN)
    monkeypatch.setenv("PYTHONPATH", str(site))


@pytest.mark.slow
@pytest.mark.usefixtures("old_plugin")
def test_a_plugin_that_was_written_for_klio_works_and_one_that_fails_is_told(tmp_path: Path) -> None:
    found = audited(tmp_path / "job", work("seen()", module="seen = None\n"))

    assert [(one.check, one.grade.word, one.what, one.place) for one in found] == [
        ("breaks", "error", "the step itself failed: NotImplementedError: Subclasses must implement after_tests!", ""),
        ("looks", "warning", "a warning of j in job", ""),
        ("looks", "error", "an error", "transforms.py:8"),
        (
            "missing",
            "error",
            "the step itself failed: AttributeError: module 'old_plugin' has no attribute 'Missing'",
            "",
        ),
        ("own", "warning", "it found something, and told it above", ""),
    ]


@pytest.mark.slow
@pytest.mark.usefixtures("old_plugin")
def test_the_steps_of_plugins_are_listed_with_where_they_come_from(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "klio_exec.cli", "audit", "--list"]

    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()

    assert lines[-4:] == [
        "breaks (old-plugin 1.2): No description",
        "looks (old-plugin 1.2): Looks at modules.",
        "missing (old-plugin 1.2): it cannot be loaded",
        "own (old-plugin 1.2): Is of no class.",
    ]
