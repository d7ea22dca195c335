"""What a step of a build needs and an image must not hold: passwords and tokens, named as Docker names them."""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from klio_core.errors import UsageError

_EXPECTED = "id=NAME,src=FILE or id=NAME,env=VARIABLE"
_SOURCE = {"source": "src"}
_FIELDS = {"id", "src", "env", "type"}
_LARGEST = 500_000  # bytes; BuildKit takes no more
_HIDDEN = "<secret>"
_TELLING = 6  # characters; a shorter line tells nothing, and would blacken the text around it


@dataclass(frozen=True, slots=True)
class Secret:
    """One secret: `--mount=type=secret,id=NAME` in a RUN of the Dockerfile reads its value in /run/secrets/NAME."""

    name: str
    value: bytes = field(repr=False)
    file: Path | None = None

    @classmethod
    def parse(cls, text: str, environ: Mapping[str, str] | None = None) -> Secret:
        """Read `id=NAME,src=FILE`, `id=NAME,env=VARIABLE`, or `id=NAME` for the variable of that name.

        Raises UsageError for anything else, and where there is no such file or variable.
        """
        said = _said(text)
        if "src" in said:
            path = Path(said["src"]).expanduser()
            return cls(said["id"], _within_bounds(said["id"], _file(path)), path.resolve())
        value = _variable(said.get("env", said["id"]), os.environ if environ is None else environ)
        return cls(said["id"], _within_bounds(said["id"], value))


def parse_all(texts: Iterable[str], environ: Mapping[str, str] | None = None) -> tuple[Secret, ...]:
    """Read some of them. Raises UsageError, where two have one name as well."""
    found = {}
    for text in texts:
        secret = Secret.parse(text, environ)
        if secret.name in found:
            raise UsageError("two secrets have one name", where="--secret", got=f"id={secret.name}")
        found[secret.name] = secret
    return tuple(found.values())


def refuse_sent(secrets: Iterable[Secret], sent: Container[Path]) -> None:
    """Raise UsageError for a secret whose file is one of those that the image is built from."""
    for secret in secrets:
        if secret.file in sent:
            todo = "keep it outside of the job's directory, or name it in .dockerignore"
            raise UsageError("the file of a secret would get into the image", where=str(secret.file), todo=todo)


def hidden(text: str, secrets: Iterable[Secret]) -> str:
    """Answer a text without these secrets: a step that fails may have printed one, whole or a line of it."""
    for secret in secrets:
        for line in secret.value.decode(errors="replace").splitlines():
            if len(line.strip()) >= _TELLING:
                text = text.replace(line.strip(), _HIDDEN)
    return text


def _said(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(","))
    said = {_SOURCE.get(key.strip(), key.strip()): value.strip() for key, _, value in pairs}
    is_whole = bool(said.get("id")) and not ("src" in said and "env" in said)
    if set(said) - _FIELDS or not is_whole or said.get("type", "file") not in ("file", "env"):
        # What was given is not repeated: somebody may have written the secret itself.
        raise UsageError("not a secret of a build", where="--secret", expected=_EXPECTED)
    if said.get("type") == "env" and "src" in said:
        said["env"] = said.pop("src")
    return said


def _file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError("the secret cannot be read", where=f"--secret, {path}", got=error.strerror) from error


def _variable(name: str, environ: Mapping[str, str]) -> bytes:
    if name not in environ:
        todo = f"export {name}, or name a file: {_EXPECTED}"
        raise UsageError("the variable of the secret is not set", where=f"--secret, {name}", todo=todo)
    return environ[name].encode()


def _within_bounds(name: str, value: bytes) -> bytes:
    if not value or len(value) > _LARGEST:
        expected = f"1 to {_LARGEST} bytes"
        raise UsageError("not a secret of a build", where=f"id={name}", expected=expected, got=f"{len(value)} bytes")
    return value
