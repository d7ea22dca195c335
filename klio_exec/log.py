"""What `klioexec` says: on its standard error, and, in a run that keeps its log, in a file of this process too."""

from __future__ import annotations

import itertools
import logging
import os
import sys
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

import click

from klio_core import run_log
from klio_core.redact import redacted

_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
_LARGEST = 8 * 2**20  # bytes of a file, of which there are two: a log for days does not fill a disk
_OURS = "klio"


class _WithoutSecrets(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


class _AsLine(_WithoutSecrets):
    def __init__(self) -> None:
        super().__init__()
        self._numbers = itertools.count()

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        process = os.getpid()
        line_id, source = f"{process}-{next(self._numbers)}", f"{record.name}[{process}]"
        return run_log.LogLine(time, line_id, record.levelname, source, super().format(record)).encode()


def set_up(*, verbose: bool) -> None:
    """Log to standard error, and keep a log where the environment says so."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_WithoutSecrets(_FORMAT, "%H:%M:%S"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger(_OURS).setLevel(logging.DEBUG if verbose else logging.INFO)
    # What fails in a graph Beam logs with 60 lines of its own; we say it in one, and the dead letter keeps them all.
    logging.getLogger("apache_beam").setLevel(logging.INFO if verbose else logging.CRITICAL)
    logging.getLogger().setLevel(logging.INFO if verbose else logging.ERROR)
    if directory := os.environ.get(run_log.VARIABLE):
        keep(Path(directory))


def quieten() -> None:
    """From here on, say errors only."""
    logging.getLogger(_OURS).setLevel(logging.ERROR)


def keep(directory: Path) -> None:
    """Keep the log of this process, and of those it starts, in a directory."""
    os.environ[run_log.VARIABLE] = str(directory)
    file = run_log.file_for(directory, os.getpid())
    handler = RotatingFileHandler(file, maxBytes=_LARGEST, backupCount=1, delay=True)
    handler.setFormatter(_AsLine())
    logging.getLogger().addHandler(handler)


def tell(text: str, level: int = logging.INFO) -> None:
    """Print a text for people on standard error, and keep it as it is in the log."""
    click.echo(text, err=True)
    record = logging.LogRecord(_OURS, level, "", 0, text, None, None)
    for handler in logging.getLogger().handlers:
        if isinstance(handler, RotatingFileHandler):
            handler.handle(record)
