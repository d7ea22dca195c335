"""Import librosa without the risk of a crash: one process at a time while numba's cache may be cold.

librosa has numba compile a dozen functions at import: 20 s of CPU the first time, 1 s once they are in numba's
cache. Processes that fill one cache at the same time crash each other and can leave it poisoned (numba issue 10128).
So the import, the only moment at which the automixer makes numba compile, happens under a file lock; and images run
`python warm.py` when they are built. Set NUMBA_CPU_NAME=generic there and where they run, or another kind of CPU will
compile everything again.
"""

import fcntl
import importlib
import importlib.util
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np

FILL_NO_CACHE = ("numba", "scipy.ndimage", "scipy.signal")  # heavy, and safe outside the lock


@cache
def librosa_onset() -> ModuleType:
    """librosa.onset, imported under the lock; later calls cost nothing."""
    for name in FILL_NO_CACHE:
        importlib.import_module(name)
    with _one_process_at_a_time():
        onset = importlib.import_module("librosa.onset")
        # librosa loads its parts when they are first used: use them here, under the lock.
        onset.onset_strength(y=np.zeros(4096, np.float32), sr=22_050)
    return onset


def main() -> None:
    """Fill numba's cache and say how long it took."""
    started = time.monotonic()
    librosa_onset()
    print(f"librosa is warm after {time.monotonic() - started:.1f} s; numba's cache is beside {_lock_place()}")


@contextmanager
def _one_process_at_a_time() -> Iterator[None]:
    place = os.open(_lock_place(), os.O_RDONLY)  # a directory can be locked, and needs no right to write
    try:
        fcntl.flock(place, fcntl.LOCK_EX)
        yield
    finally:
        os.close(place)  # also gives the lock back


def _lock_place() -> Path:
    """The directory that processes with the same cache share: numba keys its cache by librosa's path."""
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        Path(chosen).mkdir(parents=True, exist_ok=True)
        return Path(chosen)
    spec = importlib.util.find_spec("librosa")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("librosa is not installed; pip install 'klio[audio]'")
    return Path(spec.origin).parent


if __name__ == "__main__":
    main()
