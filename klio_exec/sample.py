"""What became of each element of a sample, as a table at its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from klio.context import KlioContext
from klio.data.places import Files, existing, places_of
from klio_core.config import KlioConfig
from klio_core.errors import BadElement, DataError
from klio_core.status import State, Status, text_of

_HEAD = ("element", "verdict", "seconds", "outputs", "reason")
_HAS_OUTPUTS = (State.COMMITTED, State.PASSED_ON)


class Sample:
    """Keeps the last record of each element, in the order in which they came."""

    def __init__(self) -> None:
        self._last: dict[bytes, Status] = {}

    def write(self, status: Status) -> None:
        """Take one record."""
        self._last[status.element] = status

    def settle(self) -> None:
        """Nothing leaves this process."""

    def text(self, config: KlioConfig) -> str:
        """Answer the table; the stores are asked for the outputs that each element has now."""
        rows = [_HEAD, *(_row(status, config) for status in self._last.values())]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
        return "\n".join(line.rstrip() for line in lines)


@contextmanager
def shown(context: KlioContext, tell: Callable[[str], None]) -> Iterator[None]:
    """`tell` the table of what the block works on, however it ends."""
    sample = Sample()
    context.status.tell_too(sample)
    try:
        yield
    finally:
        tell(sample.text(context.config))


def _row(status: Status, config: KlioConfig) -> Sequence[str]:
    outputs = ", ".join(_outputs(status, config)) if status.state in _HAS_OUTPUTS else ""
    seconds = "" if status.seconds is None else f"{status.seconds:.2f}"
    return (_shown(text_of(status.element)), str(status.state), seconds, outputs, _shown(status.note))


def _outputs(status: Status, config: KlioConfig) -> Iterator[str]:
    files = [Files(number, entry) for number, entry in enumerate(config.job_config.data.outputs)]
    try:
        places = places_of(files, status.element)
        yield from (place.path for place, there in zip(places, existing(places), strict=True) if there)
    except BadElement:
        return  # it names no file
    except DataError as error:
        yield f"({error.what})"


def _shown(text: str) -> str:
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
