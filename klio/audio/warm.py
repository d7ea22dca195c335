"""Fills numba's cache with what klio uses of librosa: `python -m klio.audio.warm`, when an image is built."""

from __future__ import annotations

import sys
import time

from klio.audio.library import librosa, lock_place


def main() -> None:
    """Fill the cache, and say how long it took."""
    started = time.monotonic()
    librosa()
    place = lock_place()
    sys.stdout.write(f"librosa is warm after {time.monotonic() - started:.1f} s; numba's cache is beside {place}\n")


if __name__ == "__main__":
    main()
