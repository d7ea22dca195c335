"""The benchmarks by name, and one of them run by itself."""

from __future__ import annotations

import ast
import importlib
import logging
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks.table import Row


def names() -> list[str]:
    """Answer the benchmarks: the modules here that have a function `rows`. None is imported for that."""
    return [path.stem for path in sorted(Path(__file__).parent.glob("*.py")) if _has_rows(path)]


def measured(name: str, *, short: bool) -> list[Row]:
    """Run one benchmark in a process of its own. Raises what it raises."""
    alone = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=alone) as process:
        return process.submit(_rows_of, name, short=short).result()


def _rows_of(name: str, *, short: bool) -> list[Row]:
    logging.getLogger("apache_beam").setLevel(logging.ERROR)  # it warns of each file that a run writes again
    rows: list[Row] = importlib.import_module(f"benchmarks.{name}").rows(short=short)
    return rows


def _has_rows(path: Path) -> bool:
    return any(isinstance(node, ast.FunctionDef) and node.name == "rows" for node in ast.parse(path.read_text()).body)
