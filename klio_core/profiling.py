"""How `klio` asks `klioexec` to profile a job: one value, written as arguments on one side and parsed on the other."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from klio_core.errors import UsageError
from klio_core.invocation import FLAGS, Flag, Invocation, arguments_of, parser_of, said


class What(enum.StrEnum):
    """What is looked at."""

    CPU = "cpu"
    MEMORY = "memory"
    LINES = "lines"
    MEMORY_LINES = "memory-lines"
    TIMEIT = "timeit"


_OFTEN = 10
OWN_FLAGS = (
    Flag("input_file", "Take the elements from a file, one in each line.", Path, short="-i", metavar="FILE"),
    Flag("output_file", "Write the report to a file, and not to the screen.", Path, short="-o", metavar="FILE"),
    Flag("iterations", "Work on each element N times.", int, short="-n", metavar="N"),
    Flag("interval", "Look every S seconds.", float, metavar="S"),
    Flag("html", "Write it whole as a page to look at.", Path, metavar="FILE"),
    Flag("plot", "Draw CPU, memory and the elements over time, as a PNG.", Path, metavar="FILE"),
    Flag("per_element", "Look at each element by itself.", bool),
    Flag("speedscope", "Write the call tree for https://www.speedscope.app.", Path, metavar="FILE"),
    Flag("keep_outputs", "Write data outputs where the job file says, and not to a scratch place.", bool),
    Flag("show_logs", "Show the job's log as well.", bool),
)
"""What is said of a profile, besides which job it is of."""
FOR_ALL = ("input_file", "output_file", "iterations", "keep_outputs", "show_logs")
"""Those that every profile takes, by field."""
JOB_FLAGS = tuple(
    flag
    for flag in FLAGS
    if flag.field in ("job_dir", "config_file", "override", "template", "local", "project", "verbose")
)
"""What is said of the job."""


FOR_SOME = {
    What.CPU: ("interval", "html", "speedscope", "plot"),
    What.MEMORY: ("interval", "html", "plot"),
    What.LINES: (),
    What.MEMORY_LINES: ("per_element",),
    What.TIMEIT: (),
}
"""Those that each profile takes besides."""


@dataclass(frozen=True, slots=True)
class Profiling:
    """One profile of one job over some elements. `Profiling.parse(value.argv()) == value`.

    As with an Invocation, the one exception is an option whose value is exactly `--`.
    `elements` are as the command line has them (`os.fsencode` answers their bytes); those of `input_file` come behind.
    """

    what: What
    elements: tuple[str, ...] = ()
    job: Invocation = field(default_factory=Invocation)
    input_file: Path | None = None
    output_file: Path | None = None
    iterations: int | None = None
    interval: float = 0.01
    html: Path | None = None
    speedscope: Path | None = None
    plot: Path | None = None
    per_element: bool = False
    keep_outputs: bool = False
    show_logs: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be profiled. Raises UsageError."""
        if not (self.elements or self.input_file):
            raise UsageError("no element to work on", todo="name elements, or -i FILE with one in each line")
        for name in {name for names in FOR_SOME.values() for name in names} - {*FOR_SOME[self.what]}:
            if getattr(self, name) != _DEFAULTS[name]:
                raise UsageError(f"a profile of {self.what} takes no --{name.replace('_', '-')}")
        if self.iterations is not None and self.iterations < 1:
            raise UsageError("-n: less than once is not possible", got=str(self.iterations))

        if not self.interval > 0:
            raise UsageError("--interval: only more than 0 is possible", got=str(self.interval))

    @property
    def times(self) -> int:
        """How often each element is worked on."""
        return self.iterations or (_OFTEN if self.what is What.TIMEIT else 1)

    def argv(self) -> list[str]:
        """Answer the arguments that `parse` reads back as this value. Defaults are left out."""
        own = [
            arg for flag in OWN_FLAGS for arg in arguments_of(flag, getattr(self, flag.field), _DEFAULTS[flag.field])
        ]
        return [self.what, *self.job.argv(), *own, "--", *self.elements]

    @classmethod
    def parse(cls, argv: Sequence[str]) -> Profiling:
        """Read arguments. Raises UsageError for what is no option of a profile; `--help` prints and exits."""
        parser = parser_of("profile", "Measure the job over some elements.", (*JOB_FLAGS, *OWN_FLAGS))
        parser.add_argument("what", choices=[str(what) for what in What])
        parser.add_argument("elements", nargs="*", metavar="ELEMENT")
        options, elements = _split(argv)
        given = said(parser, options)
        given["elements"] = (*given.get("elements", ()), *elements)
        job = {flag.field: given.pop(flag.field) for flag in JOB_FLAGS if flag.field in given}
        return cls(What(given.pop("what")), job=Invocation(**job), **given)


def _split(argv: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Answer what stands before the first `--`, and the elements behind it, which may begin with a hyphen."""
    end = argv.index("--") if "--" in argv else len(argv)
    return argv[:end], argv[end + 1 :]


_DEFAULTS: dict[str, Any] = {one.name: one.default for one in fields(Profiling)}
