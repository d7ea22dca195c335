"""A pool of child processes that run the author's code: kept for the next call, ended when they cannot be."""

from __future__ import annotations

import atexit
import logging
import os
import threading

from klio.metrics.forward import replay
from klio.transforms.processes import exit_status
from klio.transforms.remote import Child, Died, Late
from klio.transforms.task import Outcome, Task
from klio.transforms.wire import End, Raised, head_of, rest_of
from klio_core.errors import NativeCrash

log = logging.getLogger("klio")


class FromChild(Exception):
    """Carries what another process said, a traceback mostly, as its text."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


def call_in_child(task: Task, seconds: float | None) -> Outcome:
    """Run the task in a child process. Raises what it raises, with the child's traceback, and Late.

    None is no limit. The time begins when the child has everything that it needs. Raises NativeCrash where the child
    died of the call, JobCodeError where the call cannot be sent, NoProcess where no child will start.
    """
    head, rest = head_of(task), rest_of(task)
    child = _taken(task.name, head)
    try:
        yields, last = child.call(task.name, head, rest, seconds)
    except Died as error:
        printed = child.printed()
        raise _crash(task, child.ended()) from FromChild(printed) if printed else error
    except Late:
        where = child.where_it_is()
        child.end()
        raise Late from FromChild(where)
    except BaseException:  # Ctrl-C, too: a child whose call was left may not be kept; raised again
        child.end()
        raise
    _tell(task, child.printed())
    if isinstance(last, End):
        task.context.adopt(last.made)
    if last.worn:
        log.warning("%s: its process is replaced: %s", task.name, last.worn)
        child.end()
    else:
        with _lock:
            _idle.append(child)
    replay(last.told, task.context.metrics)
    if isinstance(last, Raised):
        raise last.error from FromChild(last.trace)
    return Outcome(tuple(yields), last.several)


def _tell(task: Task, printed: str) -> None:
    if printed:
        about = "" if task.data is None else f" about {task.data.element!r}"
        log.info("%s printed%s:\n%s", task.name, about, printed)


def _crash(task: Task, status: int) -> NativeCrash:
    how = exit_status(status)
    todo = "give the worker more memory, or the code less to do at once: so the kernel ends what takes too much"
    return NativeCrash(
        f"the process of the job's code ended under it: {how}",
        where=task.name,
        got=how,
        todo=todo if status == -9 else None,
    )


_idle: list[Child] = []
_lock = threading.Lock()


def _taken(name: str, head: bytes) -> Child:
    """Answer an idle child, best one that has run this callable before; a new one where none is idle."""
    while (child := _idle_one(name, head)) is not None:
        if not child.has_died:
            return child
        log.warning("%s: an idle process is replaced: it ended with %s", name, exit_status(child.ended()))
    return Child()


def _idle_one(name: str, head: bytes) -> Child | None:
    with _lock:
        found = next((child for child in reversed(_idle) if child.knows(name, head)), _idle[-1] if _idle else None)
        if found is not None:
            _idle.remove(found)
        return found


@atexit.register
def end_idle() -> None:
    """End the processes that wait for a call: the next one gets a new one, with what this process is by then."""
    with _lock:
        for child in _idle:
            child.end()
        _idle.clear()


def _forget_all() -> None:
    """A forked copy of this process must not talk to the children of the original, nor keep them alive."""
    for child in _idle:
        child.let_go()
    _idle.clear()


os.register_at_fork(after_in_child=_forget_all)
