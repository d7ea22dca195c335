"""What a benchmark answers, and the one table that all of them are printed in.

A benchmark is a module of this directory with a function `rows(*, short: bool) -> list[Row]`. It raises where a result
is wrong (`check` says it well), and never because something took long: that depends on the machine. `short` asks for
the least work that still shows a wrong result, a few seconds of it. Each benchmark runs in a process of its own, so it
may set environment variables and fill memory.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from rich.table import Table


@dataclass(frozen=True)
class Row:
    """One figure. `plain` is what the same work costs in plain Beam, measured in the same run."""

    what: str
    aim: str
    measured: str
    plain: str = ""


class WrongResult(Exception):
    """What was measured did not do what it should have done."""


def check(holds: bool, said: str) -> None:  # noqa: FBT001  (reads like an assert, and holds under -O)
    """Raise WrongResult with what was `said` where something does not hold."""
    if not holds:
        raise WrongResult(said)


def table_of(results: Mapping[str, Sequence[Row]]) -> Table:
    """Answer the table: a section for each benchmark, the machine below it."""
    table = Table(title="klio's benchmarks", caption=machine(), caption_justify="left", title_justify="left")
    for column in ("benchmark", "what", "aim", "measured", "plain Beam"):
        table.add_column(column, justify="left", overflow="fold")
    for name, rows in results.items():
        for number, row in enumerate(rows):
            table.add_row("" if number else name, row.what, row.aim, row.measured, row.plain)
        table.add_section()
    return table


def machine() -> str:
    """Answer what the figures were measured on."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} processors ({_processor()}), {memory_gib:.0f} GiB, {platform.system()}, "
        f"{platform.python_implementation()} {platform.python_version()}, Beam {version('apache-beam')}, "
        f"{datetime.now(UTC):%Y-%m-%d}; busy with other things: {os.getloadavg()[0]:.1f}"
    )


def _processor() -> str:
    described = Path("/proc/cpuinfo")
    lines = described.read_text().splitlines() if described.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()
