from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from klio_cli.top.processes import Loads, Process, all_of_them, below, command_of

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc here")
CHILD = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'], stdin=sys.stdin)"


@pytest.fixture
def family() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has started another one, both of which wait."""
    with subprocess.Popen([sys.executable, "-c", CHILD], stdin=subprocess.PIPE) as parent:
        yield parent
        assert parent.stdin is not None
        parent.stdin.close()


def test_a_process_comes_with_all_that_it_has_started(family: subprocess.Popen[bytes]):
    deadline = time.monotonic() + 60
    while len(found := below(all_of_them(), family.pid)) < 2:
        assert time.monotonic() < deadline
    assert found[0] == family.pid
    assert all_of_them()[found[1]].parent == family.pid
    assert family.pid in below(all_of_them(), os.getpid())


def test_what_has_ended_is_nothing():
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass

    assert below(all_of_them(), ended.pid) == []
    assert command_of(ended.pid) == []


def test_this_process_has_its_own_command_time_and_memory():
    ours = all_of_them()[os.getpid()]

    assert command_of(os.getpid())[0] == sys.executable or "pytest" in " ".join(command_of(os.getpid()))
    assert ours.parent == os.getppid()
    assert abs(ours.cpu_s - sum(os.times()[:2])) < 1
    assert 10 * 2**20 < ours.memory_bytes < 64 * 2**30


def test_a_command_of_any_name_is_read(tmp_path: Path):
    entry = tmp_path / "7"
    entry.mkdir()
    fields = ["S", "3", *(["0"] * 9), "200", "100", *(["0"] * 8), "10", "0"]
    (entry / "stat").write_text(f"7 (a ) (b) {' '.join(fields)}")

    ticks, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    assert all_of_them(tmp_path) == {7: Process(7, 3, 300 / ticks, 10 * page)}


def test_a_load_is_what_was_used_since_the_last_look():
    loads = Loads()
    groups = {"w1": [1, 2], "w2": [3], "gone": [9]}
    before = {1: Process(1, 0, 5.0, 100), 2: Process(2, 1, 1.0, 10), 3: Process(3, 0, 2.0, 7)}
    after = {1: Process(1, 0, 6.0, 200), 2: Process(2, 1, 2.0, 20), 4: Process(4, 0, 9.0, 1)}

    first = dict(loads.of(groups, before, at=10.0))
    second = dict(loads.of({**groups, "new": [4]}, after, at=12.0))

    assert (first["w1"].cpu, first["w1"].memory_bytes, first["w1"].processes) == (None, 110, 2)
    assert (second["w1"].cpu, second["w1"].memory_bytes) == (1.0, 220)
    assert [(second[name].cpu, second[name].processes) for name in ("w2", "new")] == [(None, 0), (None, 1)]
