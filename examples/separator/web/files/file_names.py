"""Names of files that people download: readable, and safe wherever they are kept."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote

_RESERVED = frozenset('<>:"/\\|?*')  # on Windows, which is the strictest
_LONGEST = 120


def readable(title: str, what: str, suffix: str) -> str:
    """Answer a name such as `Title - vocals.mp3`."""
    plain = "".join("_" if letter in _RESERVED or not letter.isprintable() else letter for letter in title)
    plain = " ".join(plain.split())[:_LONGEST].strip(" .") or "song"
    return f"{plain} - {what}{suffix}" if what else f"{plain}{suffix}"


def attachment(name: str) -> str:
    """Answer the Content-Disposition of a file to be kept under this name (RFC 6266; not in ASCII: RFC 8187)."""
    folded = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = "".join("_" if letter in '"\\%' else letter for letter in folded).strip()
    also = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='')}"
    return f'attachment; filename="{plain}"{also}'
