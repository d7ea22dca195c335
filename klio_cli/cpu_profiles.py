"""What workers of a job that is profiled by Beam leave at `pipeline_options.profile_location`: found, and added up."""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from klio_core.errors import DataNotFound, UsageError

if TYPE_CHECKING:
    from pstats import Stats

SORTS = (
    "calls", "cumulative", "cumtime", "file", "filename", "module", "ncalls", "pcalls", "line", "name", "nfl",
    "stdname", "time", "tottime",
)  # fmt: skip
_AGO = re.compile(r"(\d+(?:\.\d+)?) (second|minute|hour|day|week)s? ago")


def moment(text: str, now: datetime) -> datetime:
    """Read `now`, `2 hours ago`, or a time such as 2026-11-21T08:30, which is in UTC unless it says otherwise.

    Raises UsageError for anything else.
    """
    if text == "now":
        return now
    if ago := _AGO.fullmatch(text):
        return now - timedelta(**{f"{ago[2]}s": float(ago[1])})
    try:
        said = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError("not a time", expected="now, `2 hours ago`, or 2026-11-21T08:30", got=repr(text)) from None
    return said if said.tzinfo else said.replace(tzinfo=UTC)


def collected(location: str, since: datetime, until: datetime) -> Stats:
    """Answer the profiles that were made in between, added up. Raises DataNotFound where there is none, CloudError."""
    with tempfile.TemporaryDirectory(prefix="klio-gcs-profile-data-") as directory:
        files = [file for file, made in _files(location, Path(directory)) if since <= made <= until]
        if not files:
            raise DataNotFound(
                "there is no profile of that time",
                where=location,
                expected=f"made between {since:%Y-%m-%d %H:%M} and {until:%Y-%m-%d %H:%M} UTC",
                todo="run the job with pipeline_options.profile_cpu, or say another time by --since",
            )
        return read(*files)


def read(*files: Path) -> Stats:
    """Answer profiles of cProfile, added up. Raises UsageError for a file that is none."""
    import marshal
    import pstats

    for file in files:
        try:
            marshal.loads(file.read_bytes())  # noqa: S302 - what pstats does with it, to say which one is no profile
        except (ValueError, EOFError, TypeError, OSError) as error:
            raise UsageError("not a profile of cProfile", where=str(file), got=str(error)) from error
    stats = pstats.Stats(str(files[0]))
    stats.add(*map(str, files[1:]))
    return stats


def report(stats: Stats, sort: Sequence[str], restrictions: Sequence[str]) -> str:
    """Answer the table of functions; of those, the first so many (5), a part (0.1), or what a pattern finds."""
    stats.stream = io.StringIO()  # type: ignore[attr-defined]  # pstats prints, and nowhere else than there
    stats.sort_stats(*sort).print_stats(*map(_restriction, restrictions))
    return str(stats.stream.getvalue()).strip()  # type: ignore[attr-defined]  # as above


def _restriction(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _files(location: str, directory: Path) -> Iterator[tuple[Path, datetime]]:
    """Yield the files below a location, copied to this machine where they are not, and when they were made."""
    from klio_cli.objects import Objects, Place, is_place

    if not is_place(location):
        for path in sorted(Path(location).glob("*")):
            if path.is_file():
                yield path, datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return
    with Objects.at(None) as objects:
        for number, (place, made) in enumerate(objects.dated(Place.parse(location))):
            path = directory / str(number)
            path.write_bytes(objects.read(place)[0])
            yield path, made
