"""Runs all benchmarks, or those that are named, and prints one table. Exits 1 where a result is wrong.

python -m benchmarks [--short] [NAME…]
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections.abc import Sequence

from rich.console import Console

from benchmarks.each import measured, names
from benchmarks.table import Row, table_of

_WRONG = 1
_UNKNOWN = 2
_WIDTH = 180  # of a table that goes into a file


def main(arguments: Sequence[str]) -> int:
    """Answer the exit status."""
    asked = _parser().parse_args(arguments)
    unknown = set(asked.names) - set(names())
    if unknown:
        print(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(names())}", file=sys.stderr)
        return _UNKNOWN
    results, wrong = {}, 0
    for name in asked.names or names():
        began = time.monotonic()
        try:
            results[name] = measured(name, short=asked.short)
        except Exception:  # noqa: BLE001  (one that fails is told of, and the others go on)
            traceback.print_exc()
            results[name], wrong = [Row("WRONG, see above", "", "")], wrong + 1
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    Console(width=None if sys.stdout.isatty() else _WIDTH).print(table_of(results))
    return _WRONG if wrong else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure klio, and print one table.")
    parser.add_argument("--short", action="store_true", help="as little as shows a wrong result; the figures are rough")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(names())}")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
