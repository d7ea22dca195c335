"""What is sent to the engine to build an image from: the job's directory, without what must not get into an image."""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import IO

from klio_cli.images import dockerfile
from klio_core.errors import UsageError

KEY_INSIDE = "a private key would get into the image"
KEY_ADVICE = "move it out of the job's directory, or name it in .dockerignore; a run gets credentials by a mount"

_IGNORE = ".dockerignore"
_PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----")
_MAY_SPEAK_OF_KEYS = {".py", ".md"}
_LOOKED_AT = 65_536  # bytes; a key file is smaller


@dataclass(frozen=True, slots=True)
class Context:
    """The files of a build, by their names below `root`, and the text of the Dockerfile."""

    root: Path
    names: tuple[str, ...]
    dockerfile: str

    @classmethod
    def of(cls, root: Path, klio_version: str, left_out: Sequence[str] = ()) -> Context:
        """Look at a job's directory, without `left_out`, and without what .dockerignore names.

        What klio leaves out of every image, .dockerignore can let in again by `!NAME`.

        Raises UsageError where the image would hold a private key, or a file cannot be read.
        """
        names = _names(root, left_out)
        for path in _keys(root, names):
            raise UsageError(KEY_INSIDE, where=str(path), todo=KEY_ADVICE)
        return cls(root, tuple(names), dockerfile.text_for(root, klio_version))

    def files(self) -> set[Path]:
        """Answer what is sent, each as it is called from the root of this machine."""
        return {(self.root / name).resolve() for name in self.names}

    def digest(self) -> str:
        """Answer 12 hexadecimal digits that change with every change of what the image is built from."""
        whole = hashlib.sha256(self.dockerfile.encode())
        for name in self.names:
            for part in _parts(self.root / name, name):
                whole.update(hashlib.sha256(part).digest())
        return whole.hexdigest()[:12]

    def tar(self) -> IO[bytes]:
        """Answer the files as an archive: owned by root and readable for all, whoever made them on this machine."""
        spool = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
        with tarfile.open(fileobj=spool, mode="w") as archive:
            # First, as a plain header: by the first bytes BuildKit tells an archive from the text of a Dockerfile.
            text = self.dockerfile.encode()
            entry = tarfile.TarInfo(dockerfile.NAME)
            entry.size, entry.mode = len(text), 0o644
            archive.addfile(entry, io.BytesIO(text))
            for name in self.names:
                archive.add(self.root / name, name, recursive=False, filter=_anonymous)
        spool.seek(0)
        return spool


def _patterns(root: Path) -> list[str]:
    ours = (files("klio_cli") / f"templates/shared/{_IGNORE}.tmpl").read_text()
    own = root / _IGNORE
    lines = f"{ours}\n{own.read_text() if own.is_file() else ''}".splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _is_sent(path: Path) -> bool:
    return path.is_symlink() or path.is_file() or path.is_dir()


def _parts(path: Path, name: str) -> Iterator[bytes]:
    yield name.encode()
    if path.is_symlink():
        yield str(path.readlink()).encode()
    elif path.is_file():
        yield b"x" if path.stat().st_mode & 0o100 else b"-"
        yield _read(path)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        todo = f"make it readable, or name it in {_IGNORE}"
        raise UsageError("a file of the job cannot be read", where=str(path), got=error.strerror, todo=todo) from error


def keys_in(root: Path) -> list[Path]:
    """Answer the files with a private key that would get into the image of the job in `root`."""
    return list(_keys(root, _names(root)))


def _names(root: Path, left_out: Sequence[str] = ()) -> list[str]:
    from docker.utils.build import exclude_paths

    found = exclude_paths(str(root), [*left_out, *_patterns(root)], dockerfile.NAME)
    return sorted(name for name in found if name not in ("", ".", dockerfile.NAME) and _is_sent(root / name))


def _keys(root: Path, names: Sequence[str]) -> Iterator[Path]:
    for path in (root / name for name in names):
        if path.suffix in _MAY_SPEAK_OF_KEYS or path.is_symlink() or not path.is_file():
            continue
        if path.stat().st_size <= _LOOKED_AT and _PRIVATE_KEY.search(_read(path)):
            yield path


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
    return entry
