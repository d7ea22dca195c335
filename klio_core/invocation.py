"""How `klio` asks `klioexec` to run a job: one value, written as arguments on one side and parsed on the other."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NoReturn

from klio_core.errors import UsageError


@dataclass(frozen=True, slots=True)
class Flag:
    """One option of a run: both programs build their command line from this."""

    field: str
    help: str
    kind: type = str  # str, Path, int, float, or bool for a switch
    repeat: bool = False
    negatable: bool = False  # --name / --no-name, and unset is a third value
    short: str = ""
    metavar: str = "TEXT"

    @property
    def name(self) -> str:
        """The long option: `--job-dir`."""
        return "--" + self.field.replace("_", "-")


FLAGS = (
    Flag("job_dir", "The job's directory.", Path, short="-j", metavar="DIR"),
    Flag("config_file", "The job file, if it is not klio-job.yaml.", Path, short="-c", metavar="FILE"),
    Flag("override", "Set a key of the job file: a.b[0].c=value.", repeat=True, short="-O", metavar="KEY=VALUE"),
    Flag("template", "Fill ${KEY} in the job file.", repeat=True, short="-T", metavar="KEY=VALUE"),
    Flag("local", "On this machine, against the local cloud.", bool),
    Flag("project", "With --local: whose local cloud, if not that of the job's directory.", Path, metavar="DIR"),
    Flag("direct_runner", "On this machine, against the services that the job file names.", bool),
    Flag("image_tag", "The tag of the job's image.", metavar="TAG"),
    Flag("blocking", "Wait until the job has ended.", bool, negatable=True),
    Flag("update", "Replace the running job in place.", bool, negatable=True),
    Flag("mail", "Take and leave events as files below this directory, for `klio graph run`.", Path, metavar="DIR"),
    Flag("workers", "Work on a streaming job in N processes; one that dies is replaced.", int, metavar="N"),
    Flag("exit_when_idle", "End a streaming run after this many seconds without a message.", float, metavar="S"),
    Flag("max_messages", "End the run after N messages; the rest is left alone.", int, metavar="N"),
    Flag("sample", "Work on the first N messages, and show what became of each.", int, metavar="N"),
    Flag("max_failures", "End the run when more than N messages have become dead letters.", int, metavar="N"),
    Flag("verbose", "Show debug logs and whole tracebacks.", bool, short="-v"),
)


_SAMPLE_IDLE_S = 5.0


@dataclass(frozen=True, slots=True)
class Invocation:
    """One run of one job. `Invocation.parse(invocation.argv()) == invocation`.

    The one exception is a value that is exactly `--`, which the argparse of Python before 3.13 takes away.
    """

    job_dir: Path = Path()
    config_file: Path | None = None
    override: tuple[str, ...] = ()
    template: tuple[str, ...] = ()
    local: bool = False
    project: Path | None = None
    direct_runner: bool = False
    image_tag: str | None = None
    blocking: bool | None = None
    update: bool | None = None
    mail: Path | None = None
    workers: int | None = None
    exit_when_idle: float | None = None
    max_messages: int | None = None
    sample: int | None = None
    max_failures: int | None = None
    verbose: bool = False

    def __post_init__(self) -> None:
        """Refuse what no run can do. Raises UsageError."""
        if self.max_failures is not None and self.max_failures < 0:
            raise UsageError("--max-failures: less than none is not possible", got=str(self.max_failures))
        if self.limit is not None and self.limit < 1:
            raise UsageError("--max-messages, --sample: one at least", got=str(self.limit))
        if self.max_messages is not None and self.sample is not None:
            raise UsageError("--max-messages and --sample exclude each other", todo="--sample N ends after N, too")
        if self.limit is not None and self.workers is not None:
            raise UsageError("--workers: each would take that many messages", todo="leave it out, or the limit")

    @property
    def limit(self) -> int | None:
        """How many messages are worked on at most."""
        return self.max_messages if self.sample is None else self.sample

    @property
    def idle_s(self) -> float | None:
        """After how many seconds without a message the run ends. A sample does not wait for what may never come."""
        asked = self.exit_when_idle
        return _SAMPLE_IDLE_S if asked is None and self.sample is not None else asked

    @property
    def config_path(self) -> Path:
        """The job file: as given, else `klio-job.yaml` of the job's directory."""
        return self.job_dir / (self.config_file or "klio-job.yaml")

    def argv(self) -> list[str]:
        """Answer the arguments that `parse` reads back as this value. Defaults are left out."""
        return [arg for flag in FLAGS for arg in arguments_of(flag, getattr(self, flag.field), _DEFAULTS[flag.field])]

    @classmethod
    def parse(cls, argv: Sequence[str]) -> Invocation:
        """Read arguments. Raises UsageError for what is no option of a run; `--help` prints and exits."""
        return cls(**said(parser_of("run", "Run the job in this process.", FLAGS), argv))


_DEFAULTS: dict[str, Any] = {f.name: f.default for f in fields(Invocation)}


def arguments_of(flag: Flag, value: Any, default: Any) -> list[str]:
    """Answer the arguments that say a flag's value; none for its default."""
    if flag.repeat:
        return [f"{flag.name}={item}" for item in value]
    if flag.kind is bool:
        if value is False:
            return [f"--no-{flag.name[2:]}"] if flag.negatable else []
        return [flag.name] if value else []
    return [] if value is None or value == default else [f"{flag.name}={value}"]


def said(parser: argparse.ArgumentParser, argv: Sequence[str]) -> dict[str, Any]:
    """Answer what arguments say, by field. Raises UsageError; `--help` prints and exits."""
    given = vars(parser.parse_intermixed_args(list(argv)))
    return {
        key: tuple(value) if isinstance(value, list) else value for key, value in given.items() if value is not None
    }


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.prog}: {message}", todo=f"{self.prog} --help lists the options")


def parser_of(command: str, description: str, flags: Sequence[Flag]) -> argparse.ArgumentParser:
    """Answer what reads the arguments of a command of `klioexec`; it raises UsageError for what is no option."""
    parser = _Parser(prog=f"klioexec {command}", description=description, allow_abbrev=False)
    for flag in flags:
        names = [flag.short, flag.name] if flag.short else [flag.name]
        options: dict[str, Any] = {"dest": flag.field, "help": flag.help, "default": None}
        if flag.kind is bool:
            options["action"] = argparse.BooleanOptionalAction if flag.negatable else "store_true"
        else:
            options |= {
                "type": flag.kind,
                "metavar": flag.metavar,
                "action": "append" if flag.repeat else "store",
            }
        parser.add_argument(*names, **options)
    return parser
