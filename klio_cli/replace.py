"""A file with another text: the old one or the new one is there at any time, whole."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from tempfile import NamedTemporaryFile

from klio_core.errors import UsageError


def replace(path: Path, text: str | bytes) -> None:
    """Write `text` to `path`, with the permissions that it had. Raises UsageError where that cannot be done."""
    target = path.resolve()  # a link stays one
    try:
        with NamedTemporaryFile(prefix=f".{target.name}-", dir=target.parent, delete=False) as file:
            file.write(text.encode() if isinstance(text, str) else text)
            file.flush()
            os.fsync(file.fileno())
        beside = Path(file.name)
        if target.exists():
            shutil.copymode(target, beside)
        else:
            beside.chmod(0o644)
        beside.replace(target)
    except OSError as error:
        raise UsageError("the file cannot be written", where=str(path), got=error.strerror) from error
