"""Who wants to be told of a song, and what they are told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from klio_core.errors import DataCorrupted


class Asker(BaseModel):
    """One who wants to be told: by a POST to `url`, with `data` sent back.

    `id` is of this one wish: whoever is told twice, since a worker died after telling, knows it by that.
    `form` is what the asker expects: `v1`, or the callback of the older interface under /apiv1.
    """

    model_config = ConfigDict(frozen=True, strict=True)

    id: str = Field(pattern="^[A-Za-z0-9_-]{1,64}$")
    url: str
    data: Any = None
    form: Literal["v1", "apiv1"] = "v1"


class Told(BaseModel):
    """What came of one callback.

    `to` is the scheme, the host and the port alone: what follows in the URL may be a secret of the asker's. `status`
    is that of the last answer, `at` in seconds since the epoch.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    to: str
    outcome: Literal["delivered", "refused", "failed"]
    status: int | None = None
    tries: int = 0
    detail: str = ""
    at: float = 0.0


_ASKERS = TypeAdapter(list[Asker])
_TOLD = TypeAdapter(list[Told])


def askers_in(path: Path) -> list[Asker]:
    """Read who has asked. Raises DataCorrupted for a file that somebody else has written."""
    try:
        return _ASKERS.validate_json(path.read_bytes())
    except ValidationError as error:
        raise DataCorrupted(
            "this is no list of those who want to be told",
            where=path.name,
            expected='[{"id": …, "url": …, "data": …, "form": "v1"}, …], as the web front writes it',
            got=str(error.errors(include_input=False)[0]["msg"]),
            todo="remove it; whoever asks again is kept in a new one",
        ) from None  # the error shows what was in it


def told_in(path: Path) -> list[Told]:
    """Read who has been told. Raises ValidationError."""
    return _TOLD.validate_json(path.read_bytes())


def written(told: Sequence[Told]) -> bytes:
    """Answer the record of who has been told, as JSON."""
    return _TOLD.dump_json(list(told), indent=1)


def body(asker: Asker, song: str, stems: Sequence[str]) -> bytes:
    """Answer what an asker is sent, as JSON.

    It is `{"hash", "state", "stems", "data"}`. Under the older interface the asker's `data` itself was sent: there the
    keys of `data` come first, and ours beside them where theirs leave room; data that is no object is sent alone.
    """
    ours = {"hash": song, "state": "done", "stems": list(stems), "data": asker.data}
    if asker.form == "apiv1" and asker.data is not None:
        return json.dumps(ours | asker.data if isinstance(asker.data, dict) else asker.data).encode()
    return json.dumps(ours).encode()
