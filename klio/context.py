"""What a job's code knows of its job: `self._klio` in a DoFn, the first argument of a function."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from klio.data.absent import absent_in
from klio.events.dead_letters import DeadLetters, dead_letters_for, default_dead_letters, kept
from klio.events.status import Recorder, recorder_for
from klio.metrics import MetricsRegistry
from klio.metrics.counts import count_dead_letter
from klio.metrics.relays import relays_for, timer_unit
from klio.work import Made, Work
from klio_core.config import KlioConfig, load
from klio_core.dead_letter import DeadLetter, Failure
from klio_core.decision import told
from klio_core.errors import EventError, JobCodeError, LostWork, MessageError
from klio_core.message import Arrival, Format, JobRef, Message
from klio_core.status import State

if TYPE_CHECKING:
    from klio.gate import Gate

log = logging.getLogger("klio")
T = TypeVar("T")


class KlioContext:
    """One job in one run. It travels inside what Beam pickles; whatever is no value is made anew where it arrives.

    `decides` says who applies the rules: the first `@handle_klio` that a message meets (True: a plain Beam pipeline),
    or the gate that klioexec draws before the author's code (False). `raises` is for tests: errors are raised as they
    come, instead of making their message a dead letter. After more than `max_failures` dead letters a run ends.
    """

    def __init__(
        self,
        config: KlioConfig | None,
        *,
        decides: bool = False,
        raises: bool = False,
        max_failures: int | None = None,
    ) -> None:
        self._config = config
        self._max_failures = max_failures
        self.decides = decides
        self.raises = raises
        self.run = uuid.uuid4().hex[:12]
        self._start_here()

    def _start_here(self) -> None:
        """Begin with what belongs to one process and is not taken along."""
        self.thread = threading.local()  # .work: what each thread is at
        self.notes: dict[object, Any] = {}  # what others make of the job, once in each process

    @property
    def bound(self) -> bool:
        """Whether a job file was given. Without one nothing is decided."""
        return self._config is not None

    @property
    def config(self) -> KlioConfig:
        """The job file. Raises JobCodeError where no job is bound, as in a unit test that gave none."""
        if self._config is None:
            raise JobCodeError(
                "the code asked for its job's configuration, and no job is bound",
                todo="in a test use klio.testing.run_one, in a plain Beam pipeline klio.use_job('klio-job.yaml')",
            )
        return self._config

    @cached_property
    def job(self) -> JobRef:
        """The job as messages name it: `.job_name`, `.gcp_project`."""
        return JobRef(self.config.job_name, self.config.pipeline_options.project or "")

    @property
    def logger(self) -> logging.Logger:
        """The logger of all klio jobs, named `klio`."""
        return log

    @cached_property
    def metrics(self) -> MetricsRegistry:
        """Counters, gauges and timers, as Beam's metrics, and told to every relay that the job file asks for."""
        if self._config is None:
            return MetricsRegistry("no job")
        return MetricsRegistry(self._config.job_name, relays_for(self._config))

    @cached_property
    def timer_unit(self) -> str:
        """The unit of `kmsg-timer`."""
        return timer_unit(self._config.job_config.metrics) if self._config else "s"

    @cached_property
    def streaming(self) -> bool:
        """Whether events come without end, so that a message can be delivered again."""
        return self.bound and bool(self.config.pipeline_options.streaming)

    @cached_property
    def format(self) -> Format:
        """How bytes inside the pipeline are to be read."""
        return Format.KLIO if self.bound and not self.decides else Format.EITHER

    @cached_property
    def gate(self) -> Gate:
        """The rules of this job."""
        from klio.gate import Gate

        return Gate(self.config, self.job)

    @cached_property
    def status(self) -> Recorder:
        """Tells where each element is, to whoever listens."""
        entry = self._config.job_config.events.status if self._config else None
        topic, location = getattr(entry, "topic", None), getattr(entry, "location", None)
        return recorder_for(self.config.job_name if self.bound else "", topic, location)

    @cached_property
    def dead_letters(self) -> DeadLetters:
        """Keeps messages that could not be worked on."""
        entry: Any = self.config.job_config.events.dead_letters
        if entry is None:
            return default_dead_letters()
        return dead_letters_for(entry.type, getattr(entry, "topic", None) or entry.location)

    def bury(self, raw: bytes, element: bytes, failure: Failure, source: str = "") -> None:
        """Keep a message as a dead letter, count it, log it once, without its payload.

        What is kept is the event as it came to the job, whatever has become of it by now; `source` says by which input
        it came, where the message itself does not. Raises EventError if the letter cannot be kept, and LostWork where
        a batch has had more failures than it may.
        """
        arrival = _arrival(raw) or Arrival(raw, source)
        letter = DeadLetter(
            message=arrival.event,
            element=element,
            job=self.config.job_name,
            reason=failure.reason,
            error=failure.error,
            text=failure.text,
            at=time.time(),
            trace=failure.traceback,
            attempts=max(map(self.status.attempt, {element, _element_of(arrival.event)})),
            version=version("klio"),
            source=arrival.source,
        )
        said = f"{failure.reason}: {failure.error}: {failure.text.partition(chr(10))[0]}"
        try:
            self.dead_letters.write(letter)
        except EventError as error:
            raise self._unkept(error, f"the letter of {element!r} ({said})") from error
        kept(self.run).add(failure.reason)
        count_dead_letter(failure.reason)
        log.error("dead letter %r (%s)%s", element, said, failure.at_line())
        self.status.tell(element, State.DEAD_LETTER, said)
        if self.failed_too_often and not self.streaming:
            raise self.lost_work()

    @property
    def buried(self) -> Counter[str]:
        """How many dead letters this process has written in this run, by reason."""
        return kept(self.run).by_reason

    @property
    def failed_too_often(self) -> bool:
        """Whether those are more than `max_failures`."""
        return self._max_failures is not None and self.buried.total() > self._max_failures

    def lost_work(self) -> LostWork:
        """Answer the error of a run that failed too often."""
        return LostWork(
            f"more than {self._max_failures} messages became dead letters, so the run was stopped",
            where=f"--max-failures {self._max_failures}",
            got=told(self.buried),
            todo="`klio dlq list` shows them; what was made so far stays, and is passed on when the job runs again",
        )

    def _unkept(self, error: EventError, whose: str) -> EventError:
        then = "its message is not acknowledged" if self.streaming else "the run ends here"
        got = f"{error.got}; it was {whose}"
        return EventError(f"a dead letter could not be kept, so {then}", where=error.where, got=got, todo=error.todo)

    def once(self, key: object, make: Callable[[KlioContext], T]) -> T:
        """Answer what `make` makes of this job: made once in each process, and noted under `key`."""
        try:
            noted: T = self.notes[key]
        except KeyError:
            noted = self.notes[key] = make(self)
        return noted

    def begin(self, message: Message) -> Work:
        """Answer the work on one message."""
        inputs, outputs = self.media
        absent = absent_in(self.run).take(message.element) if outputs else ()
        return Work(message.element, inputs, outputs, None, absent)

    @cached_property
    def media(self) -> tuple[Sequence[Any], Sequence[Any]]:
        """The data inputs and outputs of the job file."""
        data = self._config.job_config.data if self._config else None
        return (data.inputs, data.outputs) if data else ((), ())

    def resume(self, work: Work | None) -> None:
        """Make `work` the one that this thread is at."""
        self.thread.work = work

    def start_over(self) -> None:
        """Forget the files that this thread's element has made so far: the attempt that made them has failed."""
        work: Work | None = getattr(self.thread, "work", None)
        if work is not None:
            work.start_over()

    def adopt(self, made: Sequence[Made]) -> None:
        """Take over the files that another process has made for this thread's element."""
        if made:
            self._work().adopt(made)

    def download(self, name: str | bytes, source: int | str = 0) -> Path:
        """Answer a local copy of the file `name` of a data input; it is removed when the element is done.

        `source` is the input's number or name in the job file. Raises DataNotFound, BadElement, DataError.
        """
        return self._work().download(name, source)

    def upload(self, name: str | bytes, target: int | str = 0) -> AbstractContextManager[Path]:
        """Answer, for a `with` block, a local path to write the data output `name` to.

        When the block and then your code have ended well, the file becomes the output, whole or not at all: all files
        of an element together, before its events leave. `target` is the output's number or name in the job file.
        Raises DataError. Where another worker makes the output meanwhile, theirs stays, and no event leaves here.
        """
        return self._work().upload(name, target)

    def progress(self, fraction: float, note: str = "") -> None:
        """Tell how far the work on the current element is, 0 to 1, with a word on what is being done."""
        self.status.progress(self._work().element, fraction, note)

    def _work(self) -> Work:
        work: Work | None = getattr(self.thread, "work", None)
        if work is None:
            raise JobCodeError(
                "no element is being worked on in this thread",
                expected="a call from inside a function under @handle_klio",
                todo="pass what you need to threads of your own, and call these from the function itself",
            )
        return work

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name in _TRAVELS}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start_here()


def _arrival(raw: bytes) -> Arrival | None:
    """Answer how the gate saw a message come, None for bytes that no gate of ours has let in."""
    try:
        return Message.decode(raw, Format.EITHER).arrival
    except MessageError:
        return None


def _element_of(event: bytes) -> bytes:
    try:
        return Message.decode(event, Format.EITHER).element
    except MessageError:
        return event


_TRAVELS = frozenset({"_config", "_max_failures", "decides", "raises", "run"})
UNBOUND = KlioContext(None, raises=True)
_current = UNBOUND


def current() -> KlioContext:
    """Answer the job of this process; `UNBOUND` where none was given."""
    return _current


def bind(context: KlioContext) -> KlioContext:
    """Make `context` the job of this process. Answers the one that was bound before."""
    global _current  # one process builds pipelines of one job at a time
    before, _current = _current, context
    return before


def use_job(path: str | Path, overrides: Sequence[str] = (), templates: Sequence[str] = ()) -> KlioContext:
    """Say which job the DoFns of a plain Beam pipeline belong to.

    From here on `@handle_klio` itself applies the rules: ping, force, output exists, input missing. Call it before
    the pipeline is built. Raises ConfigError for a job file that cannot be used.
    """
    context = KlioContext(load(Path(path), overrides=overrides, templates=templates), decides=True)
    bind(context)
    return context
