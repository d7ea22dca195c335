"""What can be wrong with a track, on one page. Each error becomes a dead letter with its text::

BadAudio (a ValueError)
├── NotAudio         the file is something else: a web page, an archive, noise
├── EmptyAudio       no bytes, or a header and not one sample
├── TruncatedAudio   the file ends before its own header says so
├── TooLongAudio     longer than the limit, which also stops decompression bombs
└── UnsoundAudio     decodes, but not to sound: NaN, infinity, absurd levels or more than two channels
"""


class BadAudio(ValueError):
    """What happened, and where, what was expected, what was found, what to do next."""

    def __init__(self, what: str, where: str, expected: str, got: str, todo: str) -> None:
        super().__init__(what, where, expected, got, todo)  # all of it in args: errors are pickled by workers
        self.what = what
        self.details = {"at": where, "expected": expected, "got": got, "to do": todo}

    def __str__(self) -> str:
        return "\n".join([self.what, *(f"  {name}: {text}" for name, text in self.details.items())])


class NotAudio(BadAudio):
    """The file holds no audio that can be read."""


class EmptyAudio(BadAudio):
    """There is not one sample in the file."""


class TruncatedAudio(BadAudio):
    """The file is shorter than its header says."""


class TooLongAudio(BadAudio):
    """The track is longer than allowed."""


class UnsoundAudio(BadAudio):
    """The samples are not sound."""
