from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from klio_exec.runners.journal import Batch, Journal, abandoned

DIES = """
import os, sys
from pathlib import Path
from klio_exec.runners.journal import Journal

journal = Journal(Path(sys.argv[1]), "dead")
{}
os.kill(os.getpid(), 9)
"""


def left_by(directory: Path, what_it_did: str) -> Batch | None:
    subprocess.run([sys.executable, "-c", DIES.format(what_it_did), directory], check=False)
    with abandoned(directory / "dead.begun") as batch:
        return batch


def test_a_killed_worker_leaves_what_was_in_the_graph_and_what_was_begun(tmp_path: Path):
    left = left_by(tmp_path, "journal.begin(['a', 'b', 'c']); journal.mark(1)")

    assert left == Batch(("a", "b", "c"), frozenset({"b"}))
    assert list(tmp_path.iterdir()) == []


def test_the_last_batch_counts_and_none_of_a_longer_one_before(tmp_path: Path):
    left = left_by(tmp_path, "journal.begin([str(n) for n in range(99)]); journal.mark(5); journal.begin(['x', 'y'])")

    assert left == Batch(("x", "y"), frozenset())


def test_a_worker_that_dies_between_batches_leaves_nothing(tmp_path: Path):
    assert left_by(tmp_path, "journal.begin(['a']); journal.end()") is None
    assert left_by(tmp_path, "") is None


def test_the_journal_of_a_living_worker_is_left_alone_even_where_its_children_live(tmp_path: Path):
    code = DIES.replace("os.kill", "sys.stdout.write('+'); sys.stdout.flush(); sys.stdin.read(); os.kill")
    command = [sys.executable, "-c", code.format("journal.begin(['a'])"), tmp_path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as living:
        assert living.stdout is not None
        assert living.stdout.read(1) == b"+"
        with abandoned(tmp_path / "dead.begun") as batch:
            assert batch is None
        living.communicate(b"")

    with abandoned(tmp_path / "dead.begun") as batch:
        assert batch == Batch(("a",), frozenset())


def test_a_child_of_a_dead_worker_does_not_keep_its_journal(tmp_path: Path):
    fork = "journal.begin(['a'])\nimport time\nif os.fork() == 0: os.close(1); time.sleep(60)"

    assert left_by(tmp_path, fork) == Batch(("a",), frozenset())


def test_a_worker_that_ends_in_good_order_leaves_nothing(tmp_path: Path):
    journal = Journal(tmp_path, "me")
    journal.begin(["a"])
    journal.discard()

    assert list(tmp_path.iterdir()) == []
