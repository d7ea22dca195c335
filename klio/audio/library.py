"""librosa, imported without the risk of a crash: one process at a time while numba's cache may be cold.

librosa has numba compile a dozen functions when they are first imported or used: 20 s of CPU the first time, 1 s once
they are in numba's cache. Processes that fill one cache at the same time crash each other and can leave it poisoned
(numba issue 10128). So the import, and a first use of what klio uses, happen under a file lock; and images run
`python -m klio.audio.warm` when they are built. Set NUMBA_CPU_NAME=generic there and where they run, or another kind
of CPU will compile everything again.
"""

from __future__ import annotations

import fcntl
import importlib
import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

FILL_NO_CACHE = ("numba", "scipy.ndimage", "scipy.signal")  # heavy, and safe outside the lock


@cache
def librosa() -> Any:
    """Answer librosa, its parts `onset` and `feature` imported under the lock; later calls cost nothing."""
    for name in FILL_NO_CACHE:
        importlib.import_module(name)
    with one_process_at_a_time():
        library = importlib.import_module("librosa")
        # It loads its parts when they are first used, so they are used here, under the lock.
        silence = np.zeros(4096, np.float32)
        library.onset.onset_strength(y=silence, sr=22_050)
        library.feature.mfcc(S=library.power_to_db(library.feature.melspectrogram(y=silence)))
    return library


def librosa_display() -> Any:
    """Answer the part of librosa that draws. It brings matplotlib, which a job that draws nothing need not have."""
    librosa()
    return importlib.import_module("librosa.display")


@contextmanager
def one_process_at_a_time() -> Iterator[None]:
    """Hold the lock of all processes that share numba's cache."""
    place = os.open(lock_place(), os.O_RDONLY)  # a directory can be locked, and needs no right to write
    try:
        fcntl.flock(place, fcntl.LOCK_EX)
        yield
    finally:
        os.close(place)  # also gives the lock back


def lock_place() -> Path:
    """Answer the directory that processes with the same cache share: numba keys its cache by librosa's path.

    Raises ModuleNotFoundError where librosa is not installed.
    """
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        Path(chosen).mkdir(parents=True, exist_ok=True)
        return Path(chosen)
    spec = importlib.util.find_spec("librosa")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("librosa is not installed; pip install 'klio[audio]'")
    return Path(spec.origin).parent
