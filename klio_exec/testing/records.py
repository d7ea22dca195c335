"""Where a job in a test keeps what it writes, and what became of its elements by its own records."""

from __future__ import annotations

from pathlib import Path

from klio_core.config import DirectoryRecords, KlioConfig
from klio_core.config.places import Place, with_places
from klio_core.dead_letter import DeadLetter
from klio_core.status import State, Status, records_in, text_of
from klio_exec.localise import localised


class Records:
    """The dead letters and the status records of one job, below `directory`, whatever its job file says of them."""

    def __init__(self, directory: Path) -> None:
        self._letters = directory / "dead-letters"
        self._statuses = directory / "status"
        self._directory = directory

    def kept_here(self, config: KlioConfig, job_dir: Path) -> KlioConfig:
        """Answer the job as it runs in a test: it reads below `job_dir`, and writes below our directory.

        So do paths mean in its job file that are relative; absolute ones, and those with a scheme, stay.
        """
        events = config.job_config.events
        said = {
            "dead_letters": DirectoryRecords(location=str(self._letters)),
            "status": DirectoryRecords(location=str(self._statuses)),
        }
        job = config.job_config.model_copy(update={"events": events.model_copy(update=said)})
        here = localised(config.model_copy(update={"job_config": job}), self._directory)

        def rooted(written: str, place: Place) -> str:
            # Text, not a Path: a pattern may end in "/", and a prefix in ".".
            return written if written.startswith("/") else f"{self._directory if place.writable else job_dir}/{written}"

        return with_places(here, rooted)

    @property
    def dead_letters(self) -> list[DeadLetter]:
        """All dead letters, the oldest first."""
        letters = [DeadLetter.decode(path.read_bytes()) for path in self._letters.glob("*.json")]
        return sorted(letters, key=lambda letter: letter.at)

    @property
    def statuses(self) -> list[Status]:
        """All status records, in the order of their times."""
        files = self._statuses.glob("*.jsonl")
        return sorted((status for path in files for status in records_in(path.read_bytes())), key=lambda one: one.at)

    @property
    def verdicts(self) -> dict[str, str]:
        """What has become of each element, in a word, and why: `committed`, `passed on: output exists`."""
        return {text_of(status.element): _said(status) for status in self.statuses if status.state.final}


def _said(status: Status) -> str:
    # A dead letter's note goes on with the exception and its text: those are in the letter.
    why = status.note.partition(":")[0] if status.state is State.DEAD_LETTER else status.note
    return f"{status.state}: {why}" if why else str(status.state)
