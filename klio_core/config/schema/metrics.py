"""Which metrics a job keeps, and in which unit its timers count."""

from __future__ import annotations

import re
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, Tag

from klio_core.config.problems import shown
from klio_core.config.schema.kinds import SECTION_OR_SWITCH
from klio_core.config.schema.scalars import Flag, Natural, Word, one_of
from klio_core.config.schema.section import Section
from klio_core.config.schema.wrong import fault

_HIGHEST_PORT = 65_535
_UNITS = {"nanoseconds": "ns", "microseconds": "us", "milliseconds": "ms", "seconds": "s"}


def _short(unit: str) -> str:
    return _UNITS.get(unit, unit)


def _removed(value: object) -> object:
    if value:
        raise fault("removed from klio", todo="delete the key; Dataflow shows the native metrics itself")
    return value


def _agent(address: str) -> str:
    if not (found := re.fullmatch(r"[^:\s]+(:(\d{1,5}))?", address)) or int(found[2] or 0) > _HIGHEST_PORT:
        raise fault("not an address", expected="HOST, or HOST:PORT", got=shown(address))
    return address


TimerUnit = Annotated[str, one_of(*_UNITS.values(), *_UNITS), AfterValidator(_short)]
Level = Annotated[
    Literal["debug", "info", "warning", "error", "critical"],
    one_of("debug", "info", "warning", "error", "critical"),
]


class LogMetrics(Section):
    """Metrics as lines of the log."""

    level: Level = "debug"
    timer_unit: TimerUnit = "ns"


class NativeMetrics(Section):
    """Metrics as counters of the runner."""

    timer_unit: TimerUnit = "s"


class ShumwayMetrics(Section):
    """Metrics sent to an ffwd agent."""

    key: Word | None = None
    timer_unit: TimerUnit = "ns"
    ffwd_addr: Annotated[Word, AfterValidator(_agent)] = "127.0.0.1"


class PrometheusMetrics(Section):
    """Metrics for Prometheus to fetch, at http://localhost:PORT/metrics."""

    # 0 is any free port.
    port: Annotated[Natural, Field(le=_HIGHEST_PORT)]


Log: TypeAlias = Annotated[
    Annotated[LogMetrics, Tag("type=section")] | Annotated[Flag, Tag("type=switch")], SECTION_OR_SWITCH
]
Native: TypeAlias = Annotated[
    Annotated[NativeMetrics, Tag("type=section")] | Annotated[Flag, Tag("type=switch")], SECTION_OR_SWITCH
]
Shumway: TypeAlias = Annotated[
    Annotated[ShumwayMetrics, Tag("type=section")] | Annotated[Flag, Tag("type=switch")], SECTION_OR_SWITCH
]


class Metrics(Section):
    """Each kind of metrics: a mapping to set it, true or false to switch it, nothing to leave it as it is."""

    timer_unit: TimerUnit | None = None
    logger: Log | None = None
    native: Native | None = None
    shumway: Shumway | None = None
    prometheus: PrometheusMetrics | None = None
    stackdriver_logger: Annotated[object, AfterValidator(_removed)] = None
