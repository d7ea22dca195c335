"""Every error klio raises on purpose, on one page.

The library raises; only the command line prints and exits::

    KlioError                      exit 1  an unexpected state of our own
    ├── ConfigError                exit 2  klio-job.yaml, a template or an override cannot be used
    ├── UsageError                 exit 2  a command was asked for something it cannot do
    ├── MessageError               exit 3  one message cannot be worked on: a dead letter, never a crash
    │   ├── UndecodableMessage             the bytes are no KlioMessage
    │   ├── UnknownVersion                 a KlioMessage of a version that we do not know
    │   ├── BadElement                     the element cannot become a path
    │   ├── TriggerLoop                    parents said they made our input, again and again, and it is missing
    │   ├── BadPayload                     what no message can carry, or what a transform cannot read
    │   ├── KlioTimeoutError               the author's code took longer than @timeout allows
    │   ├── KlioRetriesExhausted           the author's code failed as often as @retry allows
    │   ├── NativeCrash                    the process of the author's code died under it
    │   ├── TooLarge                       more than may be taken into memory
    │   └── BadAudio                       an audio file that cannot be used
    │       ├── NotAudio                   something else: a web page, an archive, noise
    │       ├── EmptyAudio                 no bytes, or a header and not one sample
    │       ├── TruncatedAudio             it ends before its own header says so
    │       └── UnsoundAudio               no sound: NaN, absurd levels, more than two channels
    ├── LostWork                   exit 3  the run ended, and something was dead-lettered or lost
    ├── JobCodeError               exit 4  run.py cannot be loaded, or its run() breaks its contract
    ├── EngineError                exit 5  no container engine, or it refused
    │   └── NoProcess                      the machine starts no process for the author's code
    ├── CloudError                 exit 6  a service did not answer, or said no
    │   ├── EventError                     events could not be read or written
    │   └── LocalCloudError                the local cloud cannot be started, found or stopped
    └── DataError                  exit 6  media could not be read or written
        ├── DataNotFound                   there is nothing at the path
        ├── DiskFull                       there is no room for what is to be written on this machine
        ├── DataCorrupted                  what arrives is not what the store announced
        └── LostLease                      somebody else committed this output first

A message has one form: what happened, where, what was expected and found, what to do next.
"""

from __future__ import annotations

from typing import ClassVar


class KlioError(Exception):
    """What happened, and, where known: where, what was expected, what was found, what to do.

    `reason` is the short stable word under which a dead letter or a counter files this error. A `transient` error
    may go away by itself: in a stream its message is delivered again instead of becoming a dead letter.
    """

    exit_code: ClassVar[int] = 1
    reason: ClassVar[str] = "klio-error"
    transient: ClassVar[bool] = False

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        expected: str | None = None,
        got: str | None = None,
        todo: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.expected = expected
        self.got = got
        self.todo = todo

    def __str__(self) -> str:
        parts = [
            ("at", self.where),
            ("expected", self.expected),
            ("got", self.got),
            ("to do", self.todo),
        ]
        return "\n".join([self.what, *(f"  {name}: {text}" for name, text in parts if text)])

    def __reduce__(self) -> tuple[object, ...]:
        # Exception's own reduce forgets keyword arguments, and errors travel between processes.
        return (_rebuild, (type(self), self.__dict__.copy()))


def _rebuild(kind: type[KlioError], state: dict[str, object]) -> KlioError:
    error = kind.__new__(kind)
    Exception.__init__(error, state["what"])
    error.__dict__.update(state)
    return error


class ConfigError(KlioError):
    exit_code = 2
    reason = "bad-config"


class UsageError(KlioError):
    exit_code = 2
    reason = "usage"


class MessageError(KlioError):
    exit_code = 3
    reason = "bad-message"


class UndecodableMessage(MessageError):
    reason = "undecodable"


class UnknownVersion(MessageError):
    reason = "unknown-version"


class BadElement(MessageError):
    reason = "bad-element"


class TriggerLoop(MessageError):
    reason = "trigger-loop"


class BadPayload(MessageError):
    reason = "bad-payload"


class KlioTimeoutError(MessageError):
    reason = "timeout"


class KlioRetriesExhausted(MessageError):
    reason = "retries-exhausted"


class NativeCrash(MessageError):
    reason = "native-crash"


class TooLarge(MessageError):
    reason = "too-large"


class BadAudio(MessageError):
    reason = "bad-audio"


class NotAudio(BadAudio):
    reason = "not-audio"


class EmptyAudio(BadAudio):
    reason = "empty-audio"


class TruncatedAudio(BadAudio):
    reason = "truncated-audio"


class UnsoundAudio(BadAudio):
    reason = "unsound-audio"


class LostWork(KlioError):
    exit_code = 3
    reason = "lost-work"


class JobCodeError(KlioError):
    exit_code = 4
    reason = "job-code"


class EngineError(KlioError):
    exit_code = 5
    reason = "engine"


class NoProcess(EngineError):
    reason = "no-process"
    transient = True


class CloudError(KlioError):
    exit_code = 6
    reason = "cloud"
    transient = True


class EventError(CloudError):
    reason = "events"


class LocalCloudError(CloudError):
    reason = "local-cloud"


class DataError(KlioError):
    exit_code = 6
    reason = "data"
    transient = True


class DataNotFound(DataError):
    reason = "data-not-found"
    transient = False


class DiskFull(DataError):
    reason = "disk-full"


class DataCorrupted(DataError):
    reason = "data-corrupted"
    transient = False


class LostLease(DataError):
    reason = "lost-lease"
