"""`python -m web.token NAME`: make a token for somebody. It is shown once; the file keeps only its SHA-256."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from klio_core.errors import KlioError
from web import settings
from web.guard import tokens


def main(arguments: Sequence[str] | None = None) -> int:
    """Make a token and print it; answer the exit status."""
    asked = _options().parse_args(arguments)
    try:
        path = Path(asked.file or settings.read().tokens_file or "tokens.json")
        token = tokens.add(path, asked.name, admin=asked.admin)
    except KlioError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(token)
    if not settings.read().tokens_file:
        print(f"The front asks for tokens once it is started with tokens_file={path.absolute()}", file=sys.stderr)
    return 0


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m web.token", description=__doc__)
    options.add_argument("name", help="whose token it is: letters, digits and . _ @ -")
    options.add_argument("--admin", action="store_true", help="may see and delete all songs")
    options.add_argument("--file", help="the file of tokens; by default `tokens_file` of web.yaml, or tokens.json here")
    return options


if __name__ == "__main__":
    raise SystemExit(main())
