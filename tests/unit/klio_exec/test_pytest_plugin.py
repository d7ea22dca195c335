"""What klio brings to every pytest."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points


def test_the_plugin_is_there_without_an_import():
    (plugin,) = entry_points(group="pytest11", name="klio")

    assert plugin.value == "klio_exec.pytest_plugin"


def test_for_those_who_do_not_use_it_the_plugin_imports_nothing_of_klio_but_itself():
    plugin = "import klio_exec.pytest_plugin"
    code = f"import sys, pytest; before = set(sys.modules); {plugin}; print(*set(sys.modules) - before)"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert set(loaded) == {"klio_exec", "klio_exec.pytest_plugin"}


def test_messages_are_made_as_a_test_asks(klio_message):
    asked = klio_message("track-1", payload=b"p", force=True)

    assert (asked.element, asked.payload, asked.force, asked.ping) == (b"track-1", b"p", True, False)
    assert klio_message(b"\xff", ping=True).ping
