"""What is certain about a job without running it: a list of findings, one function for each thing looked at."""

from __future__ import annotations

import ast
import enum
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from klio_cli import imports, job_dir
from klio_core.errors import ConfigError
from klio_core.invocation import Invocation

if TYPE_CHECKING:
    from klio_core.config import KlioConfig

_RUN = "def run(in_pcol, config): …"
_FROM = re.compile(r"^FROM\s+(?:--\S+\s+)*(\S*apache/beam_python[\d.]+_sdk:(\S+))", re.MULTILINE | re.IGNORECASE)


class Grade(enum.Enum):
    """How a finding counts."""

    FINE = ("✓", "green")
    WARNING = ("!", "yellow")
    FAULT = ("✗", "red")

    @property
    def mark(self) -> str:
        """The sign in front of the line."""
        return self.value[0]

    @property
    def colour(self) -> str:
        """The colour of the sign."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the checklist: what was found, what to do about it, and, for a fault, the exit status it leads to."""

    grade: Grade
    what: str
    todo: str = ""
    status: int = 1


def findings(job: Invocation) -> list[Finding]:
    """Look at everything; nothing is imported, no service is asked."""
    root = job.job_dir
    checks = (_config(job), _run_py(root), _imports(root), _requirements(root), _dockerfile(root))
    return [finding for check in checks for finding in check]


def summary(found: Sequence[Finding]) -> str:
    """Answer the last line of the checklist."""
    faults = sum(finding.grade is Grade.FAULT for finding in found)
    warnings = sum(finding.grade is Grade.WARNING for finding in found)
    counts = [f"{len(found)} checks", f"{faults} failed"] + ([f"{warnings} to think about"] if warnings else [])
    return ", ".join(counts)


def exit_status(found: Iterable[Finding]) -> int:
    """Answer 0, 1 for a fault, 2 where the job file cannot be used."""
    return max((finding.status for finding in found if finding.grade is Grade.FAULT), default=0)


def _config(job: Invocation) -> Iterator[Finding]:
    try:
        config = job_dir.load(job)
    except ConfigError as error:
        yield Finding(Grade.FAULT, str(error), status=error.exit_code)
        return
    mode = "streaming" if config.pipeline_options.streaming else "batch"
    yield Finding(Grade.FINE, f"{job.config_path.name}: {config.job_name}, {mode}")
    yield from _events(config)


def _events(config: KlioConfig) -> Iterator[Finding]:
    events = config.job_config.events
    if not events.inputs:
        yield Finding(Grade.WARNING, "no event input", "without one, run() gets the bare pipeline")
    if _is_lost_with_the_worker(config):
        yield Finding(
            Grade.WARNING,
            "dead letters are kept on the machine that the work fails on; on Dataflow that goes away, and they with it",
            "set job_config.events.dead_letters to a topic, or to a directory in Cloud Storage (`location: gs://…`)",
        )
    elif events.dead_letters is None:
        yield Finding(
            Grade.WARNING,
            "no dead_letters: what fails is kept under .klio, and only on the machine that it failed on",
            "add `dead_letters: {type: directory, location: dead-letters}` under job_config.events",
        )
    else:
        yield Finding(Grade.FINE, f"dead letters go to a {events.dead_letters.type}")


def _is_lost_with_the_worker(config: KlioConfig) -> bool:
    letters = config.job_config.events.dead_letters
    if config.pipeline_options.runner.lower() != "dataflowrunner":
        return False
    return letters is None or (letters.type != "pubsub" and not letters.location.startswith("gs://"))


def _run_py(root: Path) -> Iterator[Finding]:
    path = root / "run.py"
    if not path.is_file():
        yield Finding(Grade.FAULT, "there is no run.py", f"write one, with `{_RUN}`")
        return
    try:
        tree = ast.parse(path.read_bytes(), str(path))
    except SyntaxError as error:
        yield Finding(Grade.FAULT, f"run.py:{error.lineno}: {error.msg}")
        return
    yield _run_function(tree)


def _run_function(tree: ast.Module) -> Finding:
    defined = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    bound = imports.names_bound_in(tree)
    for name in ("run_basic", "run"):  # klioexec looks for them in this order
        if name in defined:
            return _signature(defined[name])
        if name in bound:
            return Finding(Grade.FINE, f"run.py: {name}, defined elsewhere")
    return Finding(Grade.FAULT, "run.py has no run()", f"write `{_RUN}`")


def _signature(run: ast.FunctionDef | ast.AsyncFunctionDef) -> Finding:
    written = f"{run.name}({ast.unparse(run.args)})"
    if isinstance(run, ast.AsyncFunctionDef) or not _takes_two(run.args):
        return Finding(Grade.FAULT, f"run.py:{run.lineno}: klio cannot call {written}", f"write `{_RUN}`")
    return Finding(Grade.FINE, f"run.py: {written}")


def _takes_two(arguments: ast.arguments) -> bool:
    positional = len(arguments.posonlyargs) + len(arguments.args)
    required = positional - len(arguments.defaults)
    enough = positional >= 2 or arguments.vararg is not None
    return required <= 2 and enough and all(default is not None for default in arguments.kw_defaults)


def _imports(root: Path) -> Iterator[Finding]:
    missing = list(imports.unresolved(root))
    for one in missing:
        yield Finding(Grade.FAULT, str(one), f"install it ({one.module}), and add it to job-requirements.txt")
    if not missing:
        yield Finding(Grade.FINE, "every import of the job's modules is installed here")


def _requirements(root: Path) -> Iterator[Finding]:
    path = root / "job-requirements.txt"
    if not path.is_file():
        return
    lines = [line.split(" #")[0].strip() for line in path.read_text().splitlines()]
    loose = [line for line in lines if line and not line.startswith(("#", "-")) and not _pinned(line)]
    if loose:
        todo = "write the version with ==, so that tomorrow's image is today's"
        yield Finding(Grade.FAULT, f"job-requirements.txt: not pinned: {', '.join(loose)}", todo)
    else:
        yield Finding(Grade.FINE, "job-requirements.txt: all pinned")


def _pinned(requirement: str) -> bool:
    return "==" in requirement or " @ " in requirement


def _dockerfile(root: Path) -> Iterator[Finding]:
    path = root / "Dockerfile"
    base = _FROM.search(path.read_text()) if path.is_file() else None
    if base is None:
        return
    image, in_image = base.groups()
    try:
        here = metadata.version("apache-beam")
    except metadata.PackageNotFoundError:
        return
    if in_image == here:
        yield Finding(Grade.FINE, f"Dockerfile: Beam {here}, as installed here")
    else:
        todo = f"FROM {image.removesuffix(in_image)}{here}, or install apache-beam=={in_image} here"
        yield Finding(Grade.FAULT, f"Dockerfile: Beam {in_image}, but {here} is installed here", todo)
