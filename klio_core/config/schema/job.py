"""`job_config`: what is this job's own, and the whole file around it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TextIO

from pydantic import AfterValidator, ConfigDict, Field, Tag, model_validator

from klio_core.config.dump import dump
from klio_core.config.judge import judged
from klio_core.config.preprocess import RAW, prepared, raw_tree
from klio_core.config.problems import Place, Problem, shown
from klio_core.config.schema.audit import AuditSection
from klio_core.config.schema.data import Data
from klio_core.config.schema.dependencies import Dependencies
from klio_core.config.schema.events import Events
from klio_core.config.schema.kinds import SECTION_OR_SWITCH
from klio_core.config.schema.metrics import Metrics
from klio_core.config.schema.names import JobName
from klio_core.config.schema.pipeline import KlioPipelineConfig
from klio_core.config.schema.retry import RetrySection
from klio_core.config.schema.scalars import Count, Flag, Free, Natural, Off, Seconds, Whole, Word, nothing_is, one_of
from klio_core.config.schema.section import Section
from klio_core.config.schema.wrong import fault
from klio_core.config.values import Values


def _version(value: int) -> int:
    if value not in (1, 2):
        raise fault("unknown version", expected="1 or 2", got=shown(value))
    return value


Version = Annotated[Whole, AfterValidator(_version)]
Isolation = Annotated[Literal["thread", "subprocess"], one_of("thread", "subprocess")]
MetricsOrFalse = Annotated[
    Annotated[Metrics, Tag("type=section")] | Annotated[Off, Tag("type=switch")],
    SECTION_OR_SWITCH,
    nothing_is(dict),
]


class KlioJobConfig(Section):
    """What a job reads, writes and allows; every key that is not listed here is its author's."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Free]
    slip: ClassVar[float] = 0.83

    allow_non_klio_messages: Flag = False
    blocking: Flag = False
    wait_for_pipeline_running: Flag = False
    max_in_flight: Count = 500
    max_attempts: Count = 5
    lease_s: Annotated[Count, Field(le=600)] = 60  # Pub/Sub's own limit
    drain_timeout_s: Seconds = 60.0
    journal: Word | None = None
    # 0 is any free port.
    health_port: Annotated[Natural, Field(le=65535)] | None = None
    dependencies: Dependencies = ()
    # A trigger for an element that is already on its way is not repeated within this time.
    trigger_ttl_s: Seconds = 600.0
    max_triggers: Count = 3
    # What code under @handle_klio gets that does not say it by a decorator of its own.
    retry: RetrySection | None = None
    timeout_s: Seconds | None = None
    max_thread_count: Count | None = None
    # None: as timeout_s needs it.
    isolation: Isolation | None = None
    metrics: MetricsOrFalse = Field(default_factory=Metrics)
    audit: AuditSection | None = None
    events: Annotated[Events, nothing_is(dict)] = Field(default_factory=Events)
    data: Annotated[Data, nothing_is(dict)] = Field(default_factory=Data)


class KlioConfig(Section):
    """The whole of klio-job.yaml."""

    advice: ClassVar = {"name": "write job_name"}

    version: Version = 2
    job_name: JobName
    pipeline_options: Annotated[KlioPipelineConfig, nothing_is(dict)] = Field(
        default_factory=KlioPipelineConfig, repr=False
    )
    job_config: Annotated[KlioJobConfig, nothing_is(dict)] = Field(repr=False)

    def __init__(
        self,
        raw_config_data: Mapping[str, Any] | None = None,
        raw_overrides: Sequence[str] | None = None,
        raw_templates: Sequence[str] | None = None,
        config_skip_preprocessing: bool = False,  # noqa: FBT001, FBT002 - klio's signature
        **keys: Any,
    ) -> None:
        """Make the configuration of its keys; or of raw data, as klio 22.3 does, with templates and overrides.

        Raises:
            InvalidConfig: raw data that cannot be used. Of keys: pydantic's ValidationError.

        """
        if raw_config_data is None:
            super().__init__(**keys)
            return
        values, problems = Values(dict(raw_config_data)), list[Problem]()
        if not config_skip_preprocessing:
            values, problems = prepared(raw_tree(raw_config_data), raw_templates or (), raw_overrides or ())
        self.__setstate__(judged(KlioConfig, values, Place(RAW), problems).__getstate__())

    # Validation makes instances itself, as for every model: it need not come through here.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    def write_to_file(self, path_or_stream: str | os.PathLike[str] | TextIO) -> None:
        """Write the effective configuration as YAML; for a path, its directory is made where it is missing."""
        if isinstance(path_or_stream, str | os.PathLike):
            path = Path(path_or_stream)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dump(self))
        else:
            path_or_stream.write(dump(self))

    @model_validator(mode="before")
    @classmethod
    def _name_the_run(cls, given: Any) -> Any:
        """Let a run be named after its job, unless it has a name of its own."""
        if not isinstance(given, dict) or not isinstance(given.get("job_name"), str):
            return given
        options = given.get("pipeline_options")
        if options is not None and not isinstance(options, dict):
            return given
        return {**given, "pipeline_options": {"job_name": given["job_name"], **(options or {})}}
