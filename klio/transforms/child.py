"""The other end of `children`: a process that runs the author's code, one call after the other."""

from __future__ import annotations

import logging
import os
import pickle
import shutil
import signal
import threading
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from klio.context import KlioContext, bind
from klio.metrics.forward import Forward
from klio.transforms.limit import LAZY
from klio.transforms.task import Task, Yielded, perform
from klio.transforms.wire import End, Raised, completed, opened
from klio.work import Work
from klio_core.errors import JobCodeError

Call = tuple[str, bytes | None, bytes]


def main(fd: int, home: str, log_level: int) -> None:
    """Serve calls until the parent is gone. `home` is a directory that the parent removes when this process is."""
    logging.basicConfig(level=log_level)
    connection: Connection[Any, Any] = Connection(fd)
    calls: SimpleQueue[Call] = SimpleQueue()
    threading.Thread(target=_listen, args=(connection, calls, home), daemon=True).start()
    known: dict[str, Task] = {}
    while True:
        _serve(connection, known, calls.get(), Path(home))


def _listen(connection: Connection[Any, Any], calls: SimpleQueue[Call], home: str) -> None:
    try:
        while True:
            calls.put(connection.recv())
    except (EOFError, OSError):  # the parent is gone, so nobody wants what is being worked on
        shutil.rmtree(home, ignore_errors=True)
        os.killpg(0, signal.SIGKILL)


def _serve(connection: Connection[Any, Any], known: dict[str, Task], call: Call, home: Path) -> None:
    name, head, rest = call
    forward = Forward()
    try:
        if head is not None:
            known.pop(name, None)  # before the new one comes: both may be large
            known[name] = opened(head)
        task = completed(known[name], rest)
        connection.send(None)
        _answer(connection, task, forward, home)
    except BaseException as error:  # noqa: BLE001  (whatever it is, it is raised in the parent)
        connection.send(Raised(_portable(error), "".join(traceback.format_exception(error)), forward.told))


def _answer(connection: Connection[Any, Any], task: Task, forward: Forward, home: Path) -> None:
    context, data = task.context, task.data
    bind(context)
    forward.take_over(context)
    work = _begun(context, data, home)
    try:
        result = perform(task)
        several = isinstance(result, LAZY)
        for value in result if several else (result,):
            connection.send(Yielded.of(value, data))
        if work is not None:
            work.commit()
        connection.send(End(several, forward.told))
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


def _portable(error: BaseException) -> BaseException:
    """Answer the error, or what says of it as much as can travel."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301  (our own bytes)
    except Exception:  # noqa: BLE001  (an author's exception may fail to be pickled in any way)
        return JobCodeError(
            f"{type(error).__name__}: {error}", got="an exception that cannot be pickled", where=type(error).__module__
        )
    return error
