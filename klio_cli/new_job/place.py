"""Files in a new directory: all of them at once, or nothing, whatever happens meanwhile."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from klio_core.errors import UsageError

_MARK = ".klio-new-"


def refuse_occupied(target: Path) -> None:
    """Raise UsageError where there is something already; an empty directory is nothing."""
    try:
        occupied = os.path.lexists(target) and not (target.is_dir() and not any(target.iterdir()))
    except OSError as error:
        raise _cannot(target, error) from error
    if occupied:
        raise UsageError("there is something already", where=str(target.resolve()), todo="choose another --output")


def write(target: Path, texts: Mapping[str, str]) -> None:
    """Write the files into a directory that is empty or not there. Raises UsageError where that cannot be done."""
    refuse_occupied(target)
    target = target.resolve()
    try:
        _remove_left_by_the_killed(target)
        with TemporaryDirectory(prefix=f".{target.name}{_MARK}{os.getpid()}-", dir=target.parent) as beside:
            made = Path(beside) / target.name
            _write_all(made, texts)
            if target.exists():
                _fill(target, made, texts)
            else:
                made.rename(target)
    except OSError as error:
        raise _cannot(target, error) from error


def _write_all(made: Path, texts: Mapping[str, str]) -> None:
    made.mkdir()
    for name, text in texts.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(text)


def _fill(target: Path, made: Path, texts: Mapping[str, str]) -> None:
    """Move what was made into a directory that is there: somebody may stand in it, so it is not replaced."""
    moved = []
    try:
        for name in {name.partition("/")[0] for name in texts}:
            (made / name).rename(target / name)
            moved.append(target / name)
    except BaseException:  # also where somebody ends us: half a job is none
        for path in moved:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        raise


def _remove_left_by_the_killed(target: Path) -> None:
    """A process that was killed could not take away what it had begun: its number is in the name."""
    for path in target.parent.iterdir():
        mark, _, rest = path.name.partition(_MARK)
        number = rest.partition("-")[0]
        if mark == f".{target.name}" and number.isdecimal() and not _runs(int(number)):
            shutil.rmtree(path, ignore_errors=True)


def _runs(process: int) -> bool:
    with suppress(PermissionError):  # somebody else's
        try:
            os.kill(process, 0)
        except (ProcessLookupError, OverflowError):
            return False
    return True


def _cannot(target: Path, error: OSError) -> UsageError:
    return UsageError("the job's directory cannot be written", where=str(target), got=error.strerror)
