"""Mixes: ask for one, and get it."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from web.files.file_names import readable
from web.files.sending import SOUND, File, sending
from web.front import TheFront
from web.guard.owners import Whoever
from web.model import Mix, Song, State, Wanted
from web.places import Hash, MixName, mix_name
from web.problems import Problem, answers

router = APIRouter(prefix="/v1/songs/{song}/mixes", tags=["mixes"])


@router.post("", status_code=202, response_model=Mix, responses={200: {"model": Mix}, **answers(404)})
def ask_for_mix(front: TheFront, song: Hash, wanted: Wanted, response: Response) -> Mix:
    """Ask for a mix of some stems. 200 where it is there already, 202 where it is being made."""
    name = _name(wanted)
    if front.asking.unasked_mix(song, name):
        front.asking.ask_for_mix(song, name)
    found = _found(front, song, name)
    if found is None:
        raise RuntimeError("a mix that was asked for is not known")
    response.headers["Location"] = f"/v1/songs/{song}/mixes/{name}"
    response.status_code = 200 if found.state is State.DONE else 202
    return found


@router.head("/{name}", include_in_schema=False)
@router.get("/{name}", response_class=Response, responses=SOUND)
def get_mix(front: TheFront, request: Request, whoever: Whoever, song: Hash, name: MixName) -> Response:
    """Answer a mix as MP3, or a range of it."""
    known = front.song(song, whoever.name)
    file = File(front.places.mix_of(song, name), "audio/mpeg", readable(known.title, name, ".mp3"))
    return sending(front, request, file, _not_yet(known, name))


def _not_yet(song: Song, name: str) -> Problem:
    found = next((mix for mix in song.mixes if mix.name == name), None)
    return Problem(
        404,
        "not-there-yet",
        "This mix is not there yet",
        detail=f"It is {found.state}." if found else "Nobody has asked for it.",
        todo=f"POST {song.links.self}/mixes asks for it; {song.links.events} tells when it is there.",
    )


def _found(front: TheFront, song: str, name: str) -> Mix | None:
    return next((mix for mix in front.song(song).mixes if mix.name == name), None)


def _name(wanted: Wanted) -> str:
    try:
        return mix_name("+".join(wanted.stems))
    except ValueError as error:
        todo = "Name each stem once."
        raise Problem(422, "no-such-mix", "This is no mix", detail=str(error), todo=todo) from error
