"""`klioexec explain`: what a job would do with one message, and why. Stores are asked, nothing is sent."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import fields

from klio.context import KlioContext
from klio.gate import Decision
from klio_core.config import KlioConfig, load
from klio_core.decision import Action, Facts, Found, Look, Verdict, decide
from klio_core.invocation import Invocation
from klio_core.local_state import project_of
from klio_core.message import Limited, Message
from klio_exec.local import world
from klio_exec.resources import make_buckets

_RULE = re.compile(r"^ +(?P<cells>[a-z .]+?) +│ (?P<answer>.+)$", re.MULTILINE)


def explain(invocation: Invocation, raw: bytes) -> str:
    """Answer the verdict on one encoded message, each fact with what the store said, and the rule that applied.

    Raises ConfigError for a bad job file, DataError where a store does not answer.
    """
    config = load(invocation.config_path, overrides=invocation.override, templates=invocation.template)
    if invocation.local:
        os.environ.update(world.up(project_of(invocation)).environment())
        make_buckets(config)  # as a run does; else one that has not run yet is an error instead of an answer
    os.chdir(invocation.job_dir)  # locations in a job file are relative to the job
    (decision,) = KlioContext(config).gate.decide([raw])
    return "\n".join(_lines(config, decision))


def row_of(facts: Facts) -> tuple[int, str]:
    """Answer the number, from 1, of the first row of the table in `decide` that fits, and the row itself."""
    known = [_word(getattr(facts, field.name)) for field in fields(facts)]
    for number, rule in enumerate(_rules()):
        cells = rule["cells"].split()
        if number and all(cell in (".", value) for cell, value in zip(cells, known, strict=True)):
            return number, f"{'  '.join(cells)} │ {rule['answer']}"
    raise AssertionError(f"no row of the table fits {facts}")


def _rules() -> Iterator[re.Match[str]]:
    return _RULE.finditer(decide.__doc__ or "")


def _word(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _lines(config: KlioConfig, decision: Decision) -> Iterator[str]:
    verdict = decision.verdict
    yield f"{config.job_name}: {_said(verdict)}"
    if decision.error is not None and verdict.reason != "trigger-loop":
        yield from (f"  {line}" for line in str(decision.error).splitlines())
        return
    for name in _asked(decision.facts):
        value = getattr(decision.facts, name)
        word = "not asked" if value is Found.UNKNOWN else _word(value)
        first, *more = _why(config, decision, name) or [""]
        yield f"  {name:<11}{word:<14}{first}".rstrip()
        yield from (f"{'':<27}{line}" for line in more)
    number, row = row_of(decision.facts)
    yield f"  {f'row {number}':<11}{row}"
    if verdict.action is Action.TRIGGER:
        yield from (f"  would ask {parent.job} by {parent.place}" for parent, _ in decision.triggers)


def _asked(facts: Facts) -> list[str]:
    """Answer the facts to tell: the last ones have no meaning unless an input is missing."""
    names = [field.name for field in fields(facts)]
    if not facts.addressed:
        return names[:1]
    return names if facts.input is Found.NO else names[: names.index("parents")]


def _said(verdict: Verdict) -> str:
    return f"{verdict.action} ({verdict.reason})" if verdict.reason else str(verdict.action)


def _why(config: KlioConfig, decision: Decision, fact: str) -> list[str]:
    """Answer where a fact comes from, a line for each thing that was looked at."""
    job = config.job_config
    match fact:
        case "addressed":
            return [f"the message is for {_recipients(decision.message)}"]
        case "ping" | "force":
            entries = job.data.inputs if fact == "ping" else job.data.outputs
            is_set = any(getattr(entry, fact) is not None for entry in entries)
            return [f"the job file says so, in job_config.data.{'inputs' if fact == 'ping' else 'outputs'}"] * is_set
        case "output" | "input":
            look = Look(fact)
            return [f"{place.path}: {'there' if there else 'not there'}" for place, there in decision.places(look)]
        case "parents":
            return [f"{parent.job} makes it" for parent, _ in decision.triggers] or _nobody_to_ask(config, decision)
    return [f"asked at most {job.max_triggers} times"] * decision.facts.spent


def _nobody_to_ask(config: KlioConfig, decision: Decision) -> list[str]:
    """Answer the parents that the job file names no way to ask, as is usual for batch jobs; or that there is none."""
    job = config.job_config
    names = tuple(data.name for data in job.data.inputs)
    missing = {place.number for place in decision.missing}
    makers = [parent.job_name for parent in job.dependencies if missing.intersection(parent.made_of(names))]
    return [f"{name} makes it, and is asked by `klio graph run` only" for name in makers] or [
        "none makes what is missing"
    ]


def _recipients(message: Message) -> str:
    to = message.recipients
    return ", ".join(map(str, to.recipients)) if isinstance(to, Limited) else "anyone"
