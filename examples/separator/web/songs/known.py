"""All that is known of one song, and the answer that follows from it."""

from __future__ import annotations

from dataclasses import dataclass

from klio_core.status import State as Told
from web.model import Links, Mix, Song, State, StemLink, Trouble
from web.places import Places, Stem
from web.songs import reasons
from web.songs.heard import Delivery, Heard
from web.songs.letters import Letter
from web.songs.lying import Lying
from web.songs.state import Facts, state_of

_MADE = (Told.COMMITTED, Told.PASSED_ON)
_AGAIN = "Attempt {}: the worker before did not finish."


@dataclass
class Known:
    """One song: what lies there, and what was heard of it in each job."""

    lying: Lying
    separate: Heard
    mix: Heard
    waits: float | None = None
    """In how many seconds it is done, as long as it is queued; None where that is not known."""

    @classmethod
    def of(cls, lying: Lying, places: Places) -> Known:
        """Answer a song of which nothing was heard yet."""
        return cls(lying, Heard(places.separate.lease_s), Heard(places.mix.lease_s))

    def song(self, name: str, now: float) -> Song:
        """Answer the song as clients see it at `now`, by its hash."""
        file, newest = self.lying.file, self.separate.newest(now)
        letter = self._letter(newest)
        lost = newest is not None and self.separate.lost(newest, now)
        there = self.lying.peaks is not None and len(self.lying.stems) == len(Stem)
        told = newest.record.state if newest else self._left()
        state, note = state_of(Facts(there, letter is not None, told, lost))
        working = newest if newest is not None and state is State.WORKING else None
        problem = self._trouble(state, letter, newest)
        base = f"/v1/songs/{name}"
        return Song(
            hash=name,
            state=state,
            progress=_progress(state, working),
            stage=(working.record.note or None) if working else None,
            note=note or _attempts(working),
            seconds_left=working.seconds_left if working else (self.waits if state is State.QUEUED else None),
            title=file.title,
            artist=file.artist,
            file_name=file.file_name,
            kind=file.kind,
            size_bytes=file.size_bytes,
            duration_s=self.music_s,
            uploaded_at=file.uploaded_at,
            seconds_queued=self._queued(state, working),
            seconds_worked=self._worked(working),
            attempt=self._attempt(newest),
            worker=self.lying.work.worker if self.lying.work else (working.record.worker if working else None),
            stems=tuple(
                StemLink(name=stem, url=f"{base}/stems/{stem}", size_bytes=self.lying.stems[stem].size)
                for stem in Stem
                if stem in self.lying.stems
            ),
            peaks_url=f"{base}/peaks" if self.lying.peaks else None,
            zip_url=f"{base}/stems.zip" if state is State.DONE else None,
            mixes=self._mixes(base, problem, now),
            problem=problem,
            links=Links(self=base, events=f"{base}/events"),
        )

    @property
    def music_s(self) -> float | None:
        """How long it sounds, in seconds."""
        return self.lying.work.duration_s if self.lying.work else self.lying.file.duration_s

    def asked(self, now: float) -> float:
        """When it was asked for, in seconds since the epoch, as far as that was heard; else when it was uploaded."""
        newest = self.separate.newest(now)
        asked = newest is not None and newest.record.state is Told.QUEUED
        return newest.began if newest and asked else self.lying.file.uploaded_at.timestamp()

    @property
    def held(self) -> bool:
        """Whether a worker had it when it was last heard of: only then does the passing of time change its state."""
        return self.separate.held or self.mix.held

    def _letter(self, newest: Delivery | None) -> Letter | None:
        """Answer the dead letter that stands: one of after the asking, and nobody has begun anew since."""
        ours = [one for one in self.lying.letters if one.mix is None and one.at > self.lying.file.asked]
        if not ours or (newest and newest.held and newest.began > ours[-1].learned):
            return None
        return ours[-1]

    def _trouble(self, state: State, letter: Letter | None, newest: Delivery | None) -> Trouble | None:
        if state is not State.FAILED:
            return None
        if letter is not None:
            return letter.trouble
        if newest is None or newest.record.state in _MADE:
            return reasons.stems_gone()
        return reasons.of_record(newest.record)

    def _left(self) -> Told | None:
        """Answer what a worker must have told that was not heard here: peaks come last, so all stems were there."""
        peaks = self.lying.peaks
        return Told.COMMITTED if peaks is not None and peaks.at > self.lying.file.asked else None

    def _queued(self, state: State, working: Delivery | None) -> float | None:
        since = self.lying.file.uploaded_at.timestamp()
        work, peaks = self.lying.work, self.lying.peaks
        if state is State.DONE and work is not None and peaks is not None and work.seconds is not None:
            return max(0.0, round(peaks.at - work.seconds - since, 1))
        return max(0.0, round(working.began - since, 1)) if working and working.whole else None

    def _worked(self, working: Delivery | None) -> float | None:
        if self.lying.work is not None:
            return self.lying.work.seconds
        return round(working.heard - working.began, 1) if working and working.whole else None

    def _attempt(self, newest: Delivery | None) -> int:
        return self.lying.work.attempt if self.lying.work else (newest.record.attempt if newest else 1)

    def _mixes(self, base: str, problem: Trouble | None, now: float) -> tuple[Mix, ...]:
        names = sorted({*self.lying.file.mixes, *self.lying.mixes})
        return tuple(self._mix(base, name, problem, now) for name in names)

    def _mix(self, base: str, name: str, problem: Trouble | None, now: float) -> Mix:
        stems = tuple(Stem(stem) for stem in name.split("+"))
        if name in self.lying.mixes:
            return Mix(name=name, stems=stems, state=State.DONE, url=f"{base}/mixes/{name}")
        asked = self.lying.file.mixes[name]
        letter = next((one for one in self.lying.letters if one.is_about(name) and one.at > asked), None)
        trouble = letter.trouble if letter else problem
        if trouble is not None:
            return Mix(name=name, stems=stems, state=State.FAILED, problem=trouble)
        return Mix(name=name, stems=stems, state=State.WORKING if self._mixing(name, now) else State.QUEUED)

    def _mixing(self, name: str, now: float) -> bool:
        """Whether a worker is at this mix. All mixes of a song are one element: the note says which one it is."""
        newest = self.mix.newest(now)
        if newest is None or newest.record.state is not Told.WORKING or self.mix.lost(newest, now):
            return False
        return newest.record.note in ("", name)


def _progress(state: State, working: Delivery | None) -> float:
    if state is State.DONE:
        return 1.0
    return (working.record.progress or 0.0) if working else 0.0


def _attempts(working: Delivery | None) -> str | None:
    return _AGAIN.format(working.record.attempt) if working and working.record.attempt > 1 else None
