"""Messages that workers were at when they died, one small file each, shared by all workers of a job."""

from __future__ import annotations

import json
import logging
import os
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from klio_exec.runners.journal import SUFFIX, Batch, abandoned

log = logging.getLogger("klio.run")
_SUSPECTS = "suspects"
_KEPT_S = 31 * 86_400.0  # no message of Pub/Sub is kept for longer


@dataclass(frozen=True, slots=True)
class Suspect:
    """A message under suspicion.

    `attempts` is how often the author's code has begun to work on it, `faults` how many of those count towards
    `max_attempts`, `worker` the one that died last, and `how` it did, where somebody saw it.
    """

    attempts: int = 0
    faults: int = 0
    worker: str = ""
    how: str = ""


class Suspects:
    """Whom to suspect of having killed a worker: those whose work it had begun, until they are done.

    Of a batch nobody knows who it was, so its messages are then worked on one by one. Whoever dies alone is guilty of
    it; having been beside another one never makes a message guilty, whatever `max_attempts` is.
    """

    def __init__(self, directory: Path, max_attempts: int) -> None:
        self._directory = directory
        self._most = max_attempts
        self._known: set[str] = set()

    def look(self, own: str = "") -> None:
        """Take in what workers have left that died since; `own` is the name of the asking one."""
        for path in sorted(self._directory.glob(f"*{SUFFIX}")):
            if path.stem != own:
                self.died(path.stem)
        try:
            self._known = {path.name for path in (self._directory / _SUSPECTS).iterdir() if not _outlived(path)}
        except FileNotFoundError:
            self._known = set()

    def died(self, worker: str, how: str = "") -> None:
        """Suspect what this worker was at, unless it lives. `how` says what became of it."""
        try:
            with abandoned(self._directory / f"{worker}{SUFFIX}") as batch:
                if batch is not None:
                    log.warning("%s died at work on %d messages; they are tried one by one", worker, len(batch.keys))
                    self._accuse(batch, worker, how)
                elif how:
                    self._say(worker, how)
        except OSError as error:  # a disk that is full must not end those who go on
            log.warning("what %s was at when it died is not taken into account (%s)", worker, error)

    def forgive(self, worker: str) -> None:
        """Forget what this worker was at: it was ended on purpose."""
        with abandoned(self._directory / f"{worker}{SUFFIX}"):
            pass

    def of(self, key: str) -> Suspect | None:
        """Answer what is known against a message, as of the last `look`; None for nearly all."""
        return self._read(key) if key in self._known else None

    def clear(self, key: str) -> None:
        """Forget a message: it is done, or a dead letter."""
        if key in self._known:
            self._known.discard(key)
            self._file(key).unlink(missing_ok=True)

    def _accuse(self, batch: Batch, worker: str, how: str) -> None:
        (self._directory / _SUSPECTS).mkdir(exist_ok=True)
        alone = len(batch.keys) == 1
        for key in batch.keys:
            known = self._read(key) or Suspect()
            begun = alone or key in batch.begun or not batch.begun  # code without @handle_klio marks nothing
            faults = known.faults + 1 if alone else min(known.faults + begun, self._most - 1)
            self._write(key, Suspect(known.attempts + begun, faults, worker, how))

    def _say(self, worker: str, how: str) -> None:
        """Add how a worker died of whose death another one has taken note already."""
        for path in (self._directory / _SUSPECTS).glob("*"):
            known = self._read(path.name)
            if known is not None and known.worker == worker:
                self._write(path.name, replace(known, how=how))

    def _file(self, key: str) -> Path:
        return self._directory / _SUSPECTS / key

    def _read(self, key: str) -> Suspect | None:
        try:
            return Suspect(**json.loads(self._file(key).read_text()))
        except FileNotFoundError:
            return None

    def _write(self, key: str, suspect: Suspect) -> None:
        path = self._file(key)
        temporary = self._directory / f"{key}.{os.getpid()}.tmp"  # beside them, so that it is not taken for one
        temporary.write_text(json.dumps(asdict(suspect)))
        temporary.replace(path)


def _outlived(path: Path) -> bool:
    """Whether the message is gone without having been done, as from a subscription that was purged; then forget it."""
    try:
        outlived = time.time() - path.stat().st_mtime > _KEPT_S
    except FileNotFoundError:  # somebody has just cleared it
        return True
    if outlived:
        path.unlink(missing_ok=True)
    return outlived
