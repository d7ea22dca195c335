"""From a file to the tree of what is written in it."""

from __future__ import annotations

from pathlib import Path

from klio_core.config.compose import MAX_BYTES, compose
from klio_core.config.nodes import Mapping, Scalar
from klio_core.config.problems import InvalidConfig, Place, Problem

_EXAMPLE = "begin with the lines 'job_name: my-job' and 'job_config: {}'"


def read_text(path: Path) -> str:
    """Return the text of a configuration file.

    Raises:
        InvalidConfig: there is no such file, it cannot be read, is too large, or is not UTF-8.

    """
    source = str(path)
    try:
        with path.open("rb") as file:
            # One byte over the limit is enough to be refused for it later, however large the file is.
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        todo = "run this in a job's directory, name another file, or make a job: klio job create NAME"
        raise _unreadable("there is no such file", source, todo) from None
    except IsADirectoryError:
        todo = f"name the file in it, such as {path / 'klio-job.yaml'}"
        raise _unreadable("this is a directory", source, todo) from None
    except (OSError, ValueError) as error:
        raise _unreadable(f"the file cannot be read: {error}", source, "look at its permissions") from error
    return _decoded(raw, source)


def read_tree(text: str, source: str) -> Mapping:
    """Return the mapping that a text must hold.

    Raises:
        InvalidConfig: the text cannot be used as YAML, is empty, or is not a mapping.

    """
    root = compose(text, source)
    if root is None or (isinstance(root, Scalar) and root.plain and not root.text):
        raise InvalidConfig(source, [Problem("the file is empty", Place(source, 1), todo=_EXAMPLE)])
    if not isinstance(root, Mapping):
        got = "a single word" if isinstance(root, Scalar) else "a list"
        raise InvalidConfig(
            source,
            [Problem("the file is not a mapping", root.place, "", "lines 'key: value'", got, _EXAMPLE)],
        )
    return root


def _decoded(raw: bytes, source: str) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if len(raw) > MAX_BYTES:
            # Cut within a character, or not text at all: too large either way.
            return " " * len(raw)
        place = Place(source, raw.count(b"\n", 0, error.start) + 1)
        got = f"the byte 0x{raw[error.start]:02x}"
        todo = "save the file as UTF-8"
        raise InvalidConfig(source, [Problem("not UTF-8", place, "", "UTF-8", got, todo)]) from None


def _unreadable(what: str, source: str, todo: str) -> InvalidConfig:
    return InvalidConfig(source, [Problem(what, Place(source), todo=todo)])
