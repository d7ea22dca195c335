"""`klioexec run`: from an invocation to a summary and an exit status."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from apache_beam import Pipeline

from klio.context import KlioContext, bind
from klio.events.dead_letters import DEFAULT_DIRECTORY
from klio_core import runs
from klio_core.config import KlioConfig, load
from klio_core.errors import KlioError
from klio_core.invocation import Invocation
from klio_core.local_state import project_of
from klio_exec import log, sample
from klio_exec.by_mail import by_mail
from klio_exec.load import load_run
from klio_exec.local import world
from klio_exec.localise import localised
from klio_exec.options import options_here
from klio_exec.pipeline import build
from klio_exec.resources import check, make_missing
from klio_exec.rooted import rooted
from klio_exec.runners import page
from klio_exec.runners.choose import check_workers, on_dataflow, run_for
from klio_exec.runners.health import Health
from klio_exec.runners.report import Report, Tell, ToSupervisor, to_nobody
from klio_exec.runners.supervisor import Supervisor, stop_for
from klio_exec.runners.tally import Tally
from klio_exec.stop import Stop
from klio_exec.summary import Summary

_LOST = 3
_INTERRUPTED = 130


def run(invocation: Invocation) -> tuple[str, int]:
    """Run a job to its end. Answers the summary to print, and the exit status.

    Raises KlioError for everything that keeps the job from running.
    """
    config = _ready(invocation)
    if on_dataflow(config, invocation):
        from klio_exec.dataflow.launch import launch

        return launch(config, invocation)
    check_workers(config, invocation)
    with _recorded(invocation, config) as ended:
        summary, status = _run(config, invocation, ended)
        return summary, ended(status)


def _run(config: KlioConfig, invocation: Invocation, ended: Callable[[int], int]) -> tuple[str, int]:
    start = time.monotonic()
    stop = Stop(config.job_config.drain_timeout_s) if invocation.workers is None else stop_for(config)
    stop.when_ended(ended)

    def end(tally: Tally) -> tuple[str, int]:
        summary = Summary.of(config.job_name, tally, time.monotonic() - start)
        return summary.text(_dead_letters(config)), _status(summary, stop)

    health = Health.of(config, stop)
    if invocation.workers is None:
        return end(_run_here(config, invocation, stop, lambda tally: _last_words(*end(tally)), alive=health.alive))
    stop.listen()
    supervisor = Supervisor(config, invocation.workers, stop, invocation.exit_when_idle, health.alive)
    stop.when_given_up(lambda: _last_words(*end(supervisor.so_far)))
    return end(supervisor.run(invocation))


def work(line: Connection[Any, Any], invocation: Invocation) -> int:
    """Be one of several workers, and tell the supervisor at the other end of `line` how it goes, or what ended it."""
    to_supervisor = ToSupervisor(line)

    def end(tally: Tally) -> int:
        to_supervisor.send(Report(tally, held=False, quiet_since=time.monotonic()))
        return 0

    try:
        config = _ready(invocation)
        stop = Stop(config.job_config.drain_timeout_s, logging.DEBUG)
        return end(_run_here(config, invocation, stop, end, tell=to_supervisor))
    except KlioError as error:
        to_supervisor.send(error)
        return error.exit_code


@contextmanager
def _recorded(invocation: Invocation, config: KlioConfig) -> Iterator[Callable[[int], int]]:
    """Keep a record and a log of the run where whoever started us wants that. Gives what notes its end."""
    project = os.environ.pop(runs.VARIABLE, "")
    if not project:
        yield lambda status: status
        return
    with runs.recorded(Path(project), config.job_name, "local" if invocation.local else "direct") as recorder:
        log.keep(recorder.run.directory)
        try:
            yield recorder.ended
        except Exception as error:  # whatever it is, the record says that the run has ended; it is raised again
            recorder.ended(getattr(error, "exit_code", 1))
            raise


def _run_here(
    config: KlioConfig,
    invocation: Invocation,
    stop: Stop,
    given_up: Callable[[Tally], int],
    *,
    tell: Tell = to_nobody,
    alive: Callable[[], None] = lambda: None,
) -> Tally:
    os.chdir(invocation.job_dir)  # locations in a job file are relative to the job, and stay so
    context = KlioContext(rooted(config, Path.cwd()), max_failures=invocation.max_failures)
    bind(context)
    stop.listen()
    run_code = load_run(Path())
    chosen = run_for(context, invocation, stop, tell, alive)
    page.show(chosen.tally, config)
    options = options_here(config)
    pipeline = Pipeline(runner=chosen.runner, options=options)
    build(pipeline, context, run_code, invocation.limit)
    if not invocation.local:
        check(config)
    stop.when_given_up(lambda: given_up(chosen.tally.with_letters(context.buried)))
    with sample.shown(context, log.tell) if invocation.sample is not None else nullcontext():
        return chosen.run(pipeline, options)


def _ready(invocation: Invocation) -> KlioConfig:
    """Read the job file. Under --local: the local cloud is up, clients find it, and all that the job names is there."""
    config = load(invocation.config_path, overrides=invocation.override, templates=invocation.template)
    if not invocation.local:
        return config
    project = project_of(invocation)
    state = world.up(project)
    os.environ.update(state.environment())
    config = localised(by_mail(config, invocation.mail) if invocation.mail else config, project)
    make_missing(config)
    return config


def _last_words(summary: str, status: int) -> int:
    log.tell(summary)
    return status


def _status(summary: Summary, stop: Stop) -> int:
    if stop.interrupted:
        return _INTERRUPTED
    return _LOST if summary.dead else 0


def _dead_letters(config: KlioConfig) -> str:
    entry = config.job_config.events.dead_letters
    if entry is None:
        return DEFAULT_DIRECTORY
    return str(getattr(entry, "topic", None) or getattr(entry, "location", ""))
