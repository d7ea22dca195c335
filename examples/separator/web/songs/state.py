"""In which state a song is: one pure rule over what lies there and what was heard."""

from __future__ import annotations

from dataclasses import dataclass

from klio_core.status import State as Told
from web.model import State

LOST = "The worker that had this song is gone. Another one takes it, from the beginning."
_HELD = (Told.LEASED, Told.WORKING)
_LEFT = (Told.DEAD_LETTER, Told.DROPPED, Told.COMMITTED, Told.PASSED_ON)


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides: whether all stems are there, whether a dead letter stands, what the newest record told, if any.

    `lost` is whether the lease of its worker has ended without a word.
    """

    stems: bool = False
    letter: bool = False
    told: Told | None = None
    lost: bool = False


def state_of(facts: Facts) -> tuple[State, str | None]:
    """Answer the state, and a note where it needs one.

        stems  letter  told                  lost │ state
        yes    .       .                     .    │ done
        no     yes     .                     .    │ failed, for the reason in the letter
        no     no      dead letter, dropped  .    │ failed, for the reason in the record
        no     no      committed, passed on  .    │ failed: somebody took the stems away
        no     no      leased, working       no   │ working
        no     no      leased, working       yes  │ queued, with a note
        no     no      queued, nothing       .    │ queued

    A record counts only until its worker could have said more, so nothing works for ever.
    """
    if facts.stems:
        return State.DONE, None
    if facts.letter or facts.told in _LEFT:
        return State.FAILED, None
    if facts.told in _HELD:
        return (State.QUEUED, LOST) if facts.lost else (State.WORKING, None)
    return State.QUEUED, None
