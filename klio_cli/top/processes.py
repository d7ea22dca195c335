"""The processes of this machine, by Linux's /proc; elsewhere none is known."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_PARENT, _UTIME, _STIME, _RSS = 1, 11, 12, 21  # of /proc/PID/stat, counted from behind the command (man 5 proc)


@dataclass(frozen=True, slots=True)
class Process:
    """One process: whose child it is, the time it had a processor for (s), and the memory that is its own or shared."""

    pid: int
    parent: int
    cpu_s: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Load:
    """What some processes take together: `cpu` is processors in use, None where nothing is known to compare with."""

    cpu: float | None
    memory_bytes: int
    processes: int


def all_of_them(proc: Path = _PROC) -> dict[int, Process]:
    """Answer every process, by its number."""
    found = (_read(entry) for entry in proc.glob("[0-9]*"))
    return {process.pid: process for process in found if process is not None}


def below(processes: Mapping[int, Process], pid: int) -> list[int]:
    """Answer a process and all that it and its children have started."""
    children: dict[int, list[int]] = {}
    for process in processes.values():
        children.setdefault(process.parent, []).append(process.pid)
    found = [pid] if pid in processes else []
    for one in found:
        found += children.get(one, [])
    return found


def command_of(pid: int, proc: Path = _PROC) -> list[str]:
    """Answer the command line of a process, nothing where it has ended."""
    try:
        return (proc / str(pid) / "cmdline").read_text(errors="replace").split("\0")
    except OSError:
        return []


class Loads:
    """Compares what processes have used with what they had used the last time."""

    def __init__(self) -> None:
        self._before: Mapping[int, Process] = {}
        self._at = 0.0

    def of(
        self, groups: Mapping[str, list[int]], processes: Mapping[int, Process], at: float
    ) -> Iterator[tuple[str, Load]]:
        """Yield what each group takes; `at` is the time of the look (s, of any clock that only goes on)."""
        spent_s = at - self._at
        for name, pids in groups.items():
            there = [processes[pid] for pid in pids if pid in processes]
            known = [(one, self._before[one.pid]) for one in there if one.pid in self._before]
            used_s = sum(now.cpu_s - before.cpu_s for now, before in known)
            cpu = used_s / spent_s if known and spent_s > 0 else None
            yield name, Load(cpu, sum(one.memory_bytes for one in there), len(there))
        self._before, self._at = processes, at


def _read(entry: Path) -> Process | None:
    try:
        stat = (entry / "stat").read_text(errors="replace")
    except OSError:
        return None  # it has just ended
    fields = stat.rpartition(")")[2].split()  # the command before it may hold anything
    ticks = int(fields[_UTIME]) + int(fields[_STIME])
    memory = int(fields[_RSS]) * os.sysconf("SC_PAGE_SIZE")
    return Process(int(entry.name), int(fields[_PARENT]), ticks / os.sysconf("SC_CLK_TCK"), memory)
