"""Whether an element's files are there, as transforms with the outputs `found` and `not_found`."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, ClassVar

from klio.data.places import Files, existing, places_of
from klio.transforms.step import Results, Step
from klio_core.errors import JobCodeError
from klio_core.message import Message

log = logging.getLogger("klio")


class _Existence(Step):
    WITH_OUTPUTS = True
    side: ClassVar[str]

    def work(self, message: Message) -> Results:
        """Yield the message to `found` where every file is there, else to `not_found`."""
        places = places_of(self._files, message.element)
        there = existing(places)
        for place, found in zip(places, there, strict=True):
            log.info("%s %s at %s", self.side.title(), "found" if found else "not found", place.path)
        found = all(there)
        self.count(f"kmsg-data-{'found' if found else 'not-found'}-{self.side}")
        yield ("found" if found else "not_found"), message

    @property
    def _files(self) -> list[Files]:
        return [Files(number, entry) for number, entry in enumerate(self._entries())]

    def _entries(self) -> Sequence[Any]:
        entries: Sequence[Any] = getattr(self._klio.config.job_config.data, f"{self.side}s")
        if not entries:
            raise JobCodeError(
                f"{type(self).__name__} looks for files, and the job file does not say where",
                where=f"job_config.data.{self.side}s",
                expected=f"at least one data {self.side}",
                got="none",
            )
        return entries


class KlioGcsCheckInputExists(_Existence):
    """Looks for an element's data input, in whatever store it is; in several inputs, all of them must be there.

    `skip_klio_existence_check` keeps klio itself from looking, not this transform.
    """

    side = "input"


class KlioGcsCheckOutputExists(_Existence):
    """Looks for an element's data output, in whatever store it is; of several outputs, all of them must be there."""

    side = "output"
