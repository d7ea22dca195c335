"""Whose songs are whose. Where tokens are required, one sees those that came with one's own token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request

from web.front import Front, TheFront
from web.guard.door import known, who
from web.guard.tokens import Who
from web.problems import no_such_song
from web.songs.catalogue import Entry

Whoever = Annotated[Who, Depends(who)]
"""Who asks, in the signature of a route."""

Sees = Callable[[str], bool]
"""Whether somebody may know that there is a song, by its hash."""

Shows = Callable[[Entry], Entry | None]
"""A song as somebody sees it, None for one that he does not see."""


def sees_in(front: Front, whoever: Who) -> Sees:
    """Answer which songs somebody sees."""

    def sees(song: str) -> bool:
        if whoever.admin:
            return True
        lying = front.catalogue.lying(song)
        return lying is not None and whoever.name in lying.file.owners

    return sees


def shown_in(front: Front, whoever: Who) -> Shows:
    """Answer how somebody sees songs: each by the name that it came with from him."""
    sees = sees_in(front, whoever)
    return lambda entry: entry.seen_by(whoever.name) if sees(entry.hash) else None


async def only_own(front: TheFront, request: Request) -> None:
    """Answer for songs of others that there are none: a dependency of all routes that have `song` in their address."""
    song = request.path_params.get("song")
    if song is not None and not sees_in(front, known(request))(song):
        raise no_such_song(song)


def let_go(front: Front, whoever: Who, song: str) -> None:
    """Remove a song; where others have uploaded it, too, only that it is this one's. Raises Problem and DataError."""
    front.song(song)
    lying = front.catalogue.lying(song)
    if lying is None or whoever.admin or not lying.file.without(whoever.name).owners:
        front.asking.delete(song)
        return
    front.files.change(song, lambda file: (file or lying.file).without(whoever.name))
    front.asking.look_at(song)
