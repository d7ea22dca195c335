"""One audit: who watches, what they found, and the report of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from klio_core.errors import KlioError
from klio_core.finding import Check, Finding, Grade
from klio_exec.audit import plugins
from klio_exec.audit.checks import ALL
from klio_exec.audit.watch import Scene, Watch

_PASSED, _NOTHING_RAN = 0, 5
TESTS_FAIL = Check(
    "tests-fail",
    Grade.FAULT,
    "tests of the job's own that fail",
    why="what they do not come to is not looked at",
    mend="`klio job test` shows them",
)
NO_TESTS = Check(
    "no-tests",
    Grade.WARNING,
    "a job without tests",
    why="what is left behind shows only where the code runs",
    mend="write one: `klio job create` makes a job with test_transforms.py, which shows how",
)
GRAPH_FAILS = Check(
    "graph-fails",
    Grade.FAULT,
    "a run() that cannot draw the job's pipeline",
    why="the job does not start",
    mend="`klio job run --local` shows the whole of it",
)


def checks() -> list[Check]:
    """Answer all that is looked for while the tests run, with the steps of plugins."""
    return [TESTS_FAIL, NO_TESTS, GRAPH_FAILS, *(one.check for one in ALL), *(one.check for one in plugins.installed())]


@dataclass
class Session:
    """The watches over one run of a job's tests, but for those that its job file skips."""

    scene: Scene
    watches: list[Watch] = field(default_factory=list)

    def begin(self) -> None:
        """Let all watches begin."""
        makers: list[Callable[[Scene], Watch]] = [*ALL, *plugins.installed()]
        skipped = self.scene.config.job_config.audit.skip if self.scene.config.job_config.audit else []
        made = [make(self.scene) for make in makers]
        self.watches = [watch for watch in made if watch.check.name not in skipped]
        for watch in self.watches:
            watch.begin()

    def found(self, status: int) -> list[Finding]:
        """Answer what all found; `status` is that of pytest."""
        return [*self._of_tests(status), *(finding for watch in self.watches for finding in self._of(watch))]

    @staticmethod
    def _of_tests(status: int) -> Iterator[Finding]:
        if status == _NOTHING_RAN:
            yield NO_TESTS.found("the job has no tests")
        elif status != _PASSED:
            yield TESTS_FAIL.found(f"pytest ended with status {status}")

    def _of(self, watch: Watch) -> Iterator[Finding]:
        try:
            yield from watch.found()
        except KlioError as error:
            what = error.what + "".join(f": {said}" for said in (error.got or "").splitlines()[:1])
            yield GRAPH_FAILS.found(what, *self.scene.author.named_by(error), mend=error.todo or "")


def report(path: Path, found: list[Finding]) -> None:
    """Write what was looked for and found, as JSON, for whoever asked."""
    said = {"checks": [one.as_dict() for one in checks()], "found": [one.as_dict() for one in found]}
    path.write_text(json.dumps(said))


def list_checks(path: Path | None) -> None:
    """Write what is looked for, for whoever asked; or for people, where nobody did."""
    if path:
        report(path, [])
    else:
        sys.stdout.write("".join(f"{one.name} ({one.source}): {one.looks_for}\n" for one in checks()))
