"""Jobs as tests write them: a few files, and what the audit finds in them."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from klio_cli.audit import audit
from klio_core.config import load
from klio_core.finding import Finding
from klio_core.invocation import Invocation

_JOB_FILE = "job_name: j\npipeline_options: {runner: DirectRunner}\njob_config: {}\n"
_HEAD = """\
import apache_beam as beam
from klio.transforms import decorators
"""


def dofn(body: str, imports: str = "") -> str:
    """A module with one DoFn, whose process() begins on line 7 where nothing else is imported."""
    process = "class Work(beam.DoFn):\n    @decorators.handle_klio\n    def process(self, data):\n"
    return _HEAD + imports + process + "".join(f"        {line}\n" for line in dedent(body).strip().splitlines())


def found_in(root: Path, files: dict[str, str]) -> list[Finding]:
    """Write a job, and look at it."""
    for name, text in {"klio-job.yaml": _JOB_FILE, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    job = Invocation(job_dir=root)
    return audit.look(job, load(job.config_path), None).found


def told(found: list[Finding]) -> list[str]:
    """The findings, as short as they can be compared."""
    return [f"{one.place} {one.check}" for one in found]
