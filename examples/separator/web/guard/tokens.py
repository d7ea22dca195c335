"""Who asks: bearer tokens of people and programs, and the cookie that the page holds instead.

Without a file of tokens anybody may do everything. A token is 256 random bits, so its plain SHA-256 gives nothing away.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError

from klio_core.errors import ConfigError, UsageError

log = logging.getLogger("klio.separator.web")
COOKIE = "separator-session"
_BEARER = "bearer "
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$")]


@dataclass(frozen=True, slots=True)
class Who:
    """Who asks. `name` is None where no tokens are required."""

    name: str | None = None
    admin: bool = False


ANYBODY = Who(admin=True)
"""Who asks where no tokens are required."""


class Entry(BaseModel):
    """One token, as its file keeps it: not the token."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
    admin: bool = False


_FILE = TypeAdapter(dict[Name, Entry])


class Tokens:
    """The tokens of a file, read again when the file changes; None as its path: none are required."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._entries: Mapping[str, Entry] = {}
        if path is not None:
            self._entries, self._seen = read(path), _stamp(path)

    @property
    def required(self) -> bool:
        """Whether one has to say who one is."""
        return self._path is not None

    def of(self, token: str | None) -> Who | None:
        """Answer whose token it is, None for nobody's. All are compared, each in constant time."""
        if self._path is None:
            return ANYBODY
        digest = _digest(token or "")
        found = [name for name, entry in self._now().items() if hmac.compare_digest(entry.sha256, digest)]
        return Who(found[0], self._entries[found[0]].admin) if token and found else None

    def _now(self) -> Mapping[str, Entry]:
        assert self._path is not None
        stamp = _stamp(self._path)
        if stamp != self._seen:
            self._seen = stamp
            try:
                self._entries = read(self._path)
            except ConfigError:  # those who have tokens go on; whoever broke the file sees it in the log
                log.exception("the tokens are those that were read before")
        return self._entries


def token_in(headers: Mapping[str, str], cookies: Mapping[str, str]) -> str | None:
    """Answer the token of a request: its Authorization header's, else its cookie's."""
    said = headers.get("authorization", "")
    if said:
        return said[len(_BEARER) :].strip() if said.lower().startswith(_BEARER) else ""
    return cookies.get(COOKIE)


def add(path: Path, name: str, *, admin: bool = False) -> str:
    """Make a token for a name, keep its SHA-256 in the file, and answer it: nobody can answer it again.

    Raises UsageError for a name that has one, or that is none; ConfigError where the file cannot be used.
    """
    entries = dict(read(path)) if path.exists() else {}
    if name in entries:
        todo = f"take its lines out of {path} first; its token ends with that"
        raise UsageError("this name has a token", where=str(path), got=name, todo=todo)
    token = secrets.token_urlsafe(32)
    try:
        written = _FILE.validate_python(entries | {name: Entry(sha256=_digest(token), admin=admin)})
    except ValidationError as error:
        expected = "letters, digits and . _ @ -, 64 at most"
        raise UsageError("this is no name for a token", expected=expected, got=repr(name)) from error
    _write(path, _FILE.dump_json(written, indent=2) + b"\n")
    return token


def read(path: Path) -> Mapping[str, Entry]:
    """Answer the tokens of a file. Raises ConfigError."""
    todo = "make it with `python -m web.token NAME`"
    try:
        return _FILE.validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigError("the file of tokens cannot be read", where=str(path), got=str(error), todo=todo) from error
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        got = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        expected = '{"NAME": {"sha256": "64 hexadecimal digits", "admin": false}}'
        where = str(path)
        raise ConfigError("the file of tokens is none", where=where, expected=expected, got=got, todo=todo) from error


def _write(path: Path, content: bytes) -> None:
    """Replace the file as a whole; nobody else may read it."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as file:  # mode 0600
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino
