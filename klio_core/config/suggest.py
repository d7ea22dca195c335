"""The name that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], closeness: float = 0.6) -> str | None:
    """Return the known name most like this one, None if none is as close (0 to 1) as asked for."""
    import difflib

    by_lower = {choice.lower(): choice for choice in known}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=closeness)
    return by_lower[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """Return the question to ask, None if nothing is close."""
    found = nearest(name, known)
    return f"did you mean {found}?" if found else None
