"""Why a song failed, in plain words: klio's short reasons, and what its errors said, for people who bring songs."""

from __future__ import annotations

import re

from klio_core.dead_letter import DeadLetter
from klio_core.status import Status
from web.model import Trouble
from web.problems import URN

_AGAIN = "Try again. If it fails again, tell whoever runs this service."
_PLAIN = {
    "not-audio": ("This is no audio file", "Play it on your machine; upload an MP3, WAV, FLAC, OGG or M4A."),
    "empty-audio": ("There is no sound in this file", "Play it on your machine, and upload one that has sound."),
    "truncated-audio": ("This file ends too early", "Download or copy it again, and upload the whole file."),
    "unsound-audio": ("What is in this file is no sound", "Export it again from the program that made it."),
    "bad-audio": ("This audio file cannot be used", "Export it again, as FLAC or WAV for one."),
    "too-large": ("This song is too long", "Cut it into shorter parts, and upload each."),
    "timeout": ("This song took too long", _AGAIN),
    "retries-exhausted": ("This song could not be worked on", _AGAIN),
    "native-crash": ("The worker broke over this song", _AGAIN),
    "bad-payload": ("Nobody can make this mix", "Choose at least one of the stems."),
    "trigger-loop": ("The stems of this mix could not be made", _AGAIN),
    "input-missing": ("The upload is gone", "Upload the song again."),
    "stems-gone": ("The stems are gone", "Try again: they are made anew."),
}
_PART = re.compile(r"^  (expected|got|to do): (.*)$", re.MULTILINE)
_OURS = re.compile(r"(/[\w.+-]+){2,}")  # paths on a worker say nothing to a client
_LONGEST = 300


def of_letter(letter: DeadLetter) -> Trouble:
    """Answer what a dead letter means to a client; an error of the code itself only by its type."""
    known = letter.reason in _PLAIN
    said = dict(_PART.findall(letter.text)) if known else {}
    what = letter.text.partition("\n")[0] if known else letter.error
    detail = ", ".join([what, *(f"{name} {said[name]}" for name in ("expected", "got") if said.get(name))])
    return _trouble(letter.reason, detail)


def of_record(status: Status) -> Trouble:
    """Answer what the last record of a song says, where there is no letter."""
    reason = status.note.partition(":")[0].replace(" ", "-")
    return _trouble(reason if reason in _PLAIN else "dropped", status.note)


def stems_gone() -> Trouble:
    """Answer the trouble of a song whose stems somebody has taken away."""
    return _trouble("stems-gone", "They were made once, and are not there any more.")


def _trouble(reason: str, detail: str) -> Trouble:
    title, todo = _PLAIN.get(reason, ("This song could not be worked on", _AGAIN))
    return Trouble(type=f"{URN}{reason}", title=title, detail=_OURS.sub("…", detail)[:_LONGEST], todo=todo)
