"""The other end of `children`: a process that runs the author's code, one call after the other."""

from __future__ import annotations

import faulthandler
import logging
import os
import pickle
import sys
import threading
import traceback
from collections.abc import Mapping
from logging.handlers import QueueHandler
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from klio.context import KlioContext, bind
from klio.metrics.forward import Forward
from klio.transforms.limit import LAZY
from klio.transforms.policy import free_of_policy
from klio.transforms.processes import flush_c, go_first
from klio.transforms.setup import set_up
from klio.transforms.surroundings import Keeper, Worn
from klio.transforms.task import Task, Yielded, perform
from klio.transforms.wire import WHERE, End, Logged, Raised, Ready, completed, opened
from klio.work import Made, Work
from klio_core.errors import JobCodeError, NativeCrash


def work(fd: int, home: str, log_levels: Mapping[str, int]) -> None:
    """Serve the calls that come by the connection `fd`; never returns. `home` is where temporary files go.

    What runs in here may do anything: whoever forked this process sees to its end, and to what it leaves.
    """
    link = Link(fd)
    for name, level in log_levels.items():
        logging.getLogger(name).setLevel(level)
    logging.root.addHandler(ToParent(link))
    sys.stdout = open(1, "w", buffering=1, closefd=False)  # noqa: SIM115  (of a crash the last line says most)
    faulthandler.enable()
    faulthandler.register(WHERE)
    go_first()
    os.environ["TMPDIR"] = home  # what the code leaves there is removed with the process
    server = Server(link, Path(home))
    while True:
        server.serve(*link.receive())


# What is held is sent when it is so many bytes.
_MUCH = 1 << 20
# The status of a process whose parent is gone, or whose code has closed the connection, which is not its own.
_UNHEARD = 1


class Link:
    """The connection to the parent."""

    def __init__(self, fd: int) -> None:
        self._connection: Connection[Any, Any] = Connection(fd)
        self._sending = threading.Lock()
        self._held = bytearray()

    def receive(self) -> tuple[str, bytes | None, bytes]:
        """Wait for a call: its name, what stays the same (None: as it was the last time), and the arguments."""
        try:
            call: tuple[str, bytes | None, bytes] = self._connection.recv()
        except (EOFError, OSError):
            os._exit(_UNHEARD)
        return call

    def hold(self, what: Any) -> None:
        """Take something as it is now, and send it with what is sent next. Raises whatever pickling it raises."""
        self._held += pickle.dumps(what)
        if len(self._held) > _MUCH:
            self._flush()

    def send(self, what: Any) -> None:
        """Send what was held, and this."""
        self._held += pickle.dumps(what)
        self._flush()

    def send_at_once(self, what: Any) -> None:
        """Send this, in any thread, before what is held."""
        self._sent(pickle.dumps(what))

    def _flush(self) -> None:
        self._sent(self._held)
        self._held = bytearray()

    def _sent(self, what: bytes | bytearray) -> None:
        with self._sending:
            try:
                self._connection.send_bytes(what)
            except OSError:
                os._exit(_UNHEARD)


class ToParent(QueueHandler):
    """Hands records of the log to the parent, which logs them as its own."""

    def __init__(self, link: Link) -> None:
        super().__init__(SimpleQueue())  # stays empty: records go by the link
        self._link = link

    def enqueue(self, record: logging.LogRecord) -> None:
        """Send a record, which `prepare` has made fit to travel."""
        self._link.send_at_once(Logged(record))


class Server:
    """Does calls, and remembers the objects of those that it has done."""

    def __init__(self, link: Link, home: Path) -> None:
        self._link = link
        self._home = home
        self._known: dict[str, Task] = {}
        self._forward = Forward()
        self._keeper: Keeper | None = None

    def serve(self, name: str, head: bytes | None, rest: bytes) -> None:
        """Do one call, and send what comes of it."""
        self._forward.told = []
        end: End | Raised
        try:
            if head is not None:
                self._open(name, head)
                self._link.send(Ready(os.getpid()))
            task = completed(self._known[name], rest)
            several, made = self._answer(task)
            end = End(several, self._forward.told, made)
        except BaseException as error:  # noqa: BLE001  (whatever it is, it is raised in the parent)
            trace = "".join(traceback.format_exception(error))
            end = Raised(_portable(error), trace, self._forward.told)
        flush_c()
        try:
            if self._keeper is not None:
                self._keeper.tidy()
        except Worn as worn:
            end.worn = str(worn)
        self._link.send(end)

    def _open(self, name: str, head: bytes) -> None:
        self._known.pop(name, None)  # before the new one comes: both may be large
        task = opened(head)
        bind(task.context)
        free_of_policy(task.context)
        self._forward.take_over(task.context)
        set_up(*task.args)
        self._known[name] = task
        self._keeper = Keeper()  # what setup() and the imports have changed is as it should be

    def _answer(self, task: Task) -> tuple[bool, list[Made]]:
        """Send what the code yields; answer whether it is a generator, and the files that it made."""
        context, data = task.context, task.data
        bind(context)
        work = _begun(context, data, self._home)
        try:
            result = perform(task)
            several = isinstance(result, LAZY)
            for value in result if several else (result,):
                self._link.hold(Yielded.of(value, data))
            return several, [] if work is None else work.hand_over()
        finally:
            context.resume(None)
            if work is not None:
                work.close()


def _begun(context: KlioContext, data: Any, home: Path) -> Work | None:
    if data is None or not context.bound:
        return None
    media = context.config.job_config.data
    work = Work(data.element, media.inputs, media.outputs, home)
    context.resume(work)
    return work


def _portable(error: BaseException) -> Exception:
    """Answer the error, or what says of it as much as can travel."""
    if not isinstance(error, Exception):  # sys.exit() and the like would end the parent
        return NativeCrash("the code asked its process to end", got=repr(error))
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301  (our own bytes)
    except Exception:  # noqa: BLE001  (an author's exception may fail to be pickled in any way)
        return JobCodeError(
            f"{type(error).__name__}: {error}", got="an exception that cannot be pickled", where=type(error).__module__
        )
    return error
