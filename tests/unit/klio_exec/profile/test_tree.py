from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from klio_exec.profile.tree import Tree

HERE = Path(__file__).parent


def outer(tree: Tree) -> None:
    inner(tree)


def inner(tree: Tree) -> None:
    tree.look()


def test_the_tree_begins_at_the_outermost_function_of_a_directory():
    tree = Tree()
    for _ in range(3):
        outer(tree)

    lines = tree.text(HERE, coloured=False).splitlines()

    assert lines[0].endswith(" the job's code")
    names = [line.split()[-2] for line in lines[1:]]
    assert names[0] == "test_the_tree_begins_at_the_outermost_function_of_a_directory"
    assert {"outer", "inner"} <= set(names)


def test_code_that_was_never_seen_is_said_to_be_too_quick(tmp_path: Path):
    tree = Tree()
    outer(tree)

    assert tree.text(tmp_path, coloured=False) == (
        "the job's code took too little time to be seen; -n 100 works on each element a hundred times"
    )


def test_the_whole_tree_is_written_for_other_programs(tmp_path: Path):
    tree = Tree()
    outer(tree)

    tree.write(tmp_path / "tree.html", tmp_path / "tree.json")

    assert (tmp_path / "tree.html").read_text().lower().startswith("<!doctype html>")
    assert '"name": "inner"' in (tmp_path / "tree.json").read_text()


# In a process of its own: one that waits for ever cannot be ended from within.
COLLECTS = """
import gc
import threading

from klio_exec.profile.tree import Tree

tree = Tree()


class Knot:
    def __init__(self):
        self.me, self.local = self, threading.local()
        self.local.name = "x"


gc.collect()
for later in range(30):  # garbage is collected at whatever the look makes as the first, the second, the third …
    Knot()
    gc.set_threshold(gc.get_count()[0] + later)
    tree.look()
assert gc.isenabled()
gc.disable()
tree.look()
assert not gc.isenabled()
print("ended")
"""


def test_a_look_ends_where_garbage_is_collected_that_belongs_to_threads():
    run = subprocess.run([sys.executable, "-c", COLLECTS], capture_output=True, text=True, timeout=60, check=False)

    assert run.stdout == "ended\n", run.stderr
