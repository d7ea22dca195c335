"""Numbers for those who know songs by numbers alone, made of a song's hash: every front has the same, and keeps none.

All are below 2 to the 53rd, so exact in every program that reads JSON. The number of a song is the first 48 bits of its
hash. Two of a hundred thousand songs share one in one of fifty thousand such services; then the newer song is meant.
"""

from __future__ import annotations

from web.places import Stem

LIMIT = 2**53
TRACKS = {1: Stem.DRUMS, 2: Stem.BASS, 3: Stem.VOCALS, 4: Stem.OTHER}
"""The stems of a song, by their numbers, which are the same in every song."""

_DIGITS = 12  # in hexadecimal: 48 bits


def of_song(song: str) -> int:
    """Answer the number of a song, by its hash."""
    return int(song[:_DIGITS], 16)


def of_job(song: str, track: int) -> int:
    """Answer the number of the work on one track of a song: that of the song, and then that of the track."""
    return 10 * of_song(song) + track


def parted(job: int) -> tuple[int, int]:
    """Answer the numbers of the song and of the track that a job's number is made of."""
    return divmod(job, 10)
