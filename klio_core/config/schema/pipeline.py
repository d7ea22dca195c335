"""`pipeline_options`: what klio and Beam need to know about a run.

Keys that are not listed here are Beam's, and are handed on as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, ModelWrapValidatorHandler, PrivateAttr, model_validator

from klio_core.config.problems import shown
from klio_core.config.schema.resources import Resources
from klio_core.config.schema.runners import Runner
from klio_core.config.schema.scalars import Count, Flag, Free, Number, Text, Texts, Word, nothing_is, one_of
from klio_core.config.schema.section import Section
from klio_core.config.schema.wrong import fault

_DISKS = ("local-ssd", "pd-ssd", "pd-standard")
_DISK_URL = "compute.googleapis.com/projects/{project}/regions/{region}/diskTypes/{disk}"

FlexRSGoal = Annotated[Literal["COST_OPTIMIZED", "SPEED_OPTIMIZED"], one_of("COST_OPTIMIZED", "SPEED_OPTIMIZED")]
Autoscaling = Annotated[Literal["THROUGHPUT_BASED", "NONE"], one_of("THROUGHPUT_BASED", "NONE")]


class KlioPipelineConfig(Section):
    """Options of a run; where Beam has renamed one, both names may be written and read."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Free]

    spellings: ClassVar = {
        "worker_machine_type": "machine_type",
        "worker_disk_type": "disk_type",
        "worker_harness_container_image": "sdk_container_image",
    }

    runner: Runner = "DataflowRunner"
    streaming: Flag = True
    job_name: Word | None = None
    project: Word | None = None
    region: Word = "europe-west1"
    subnetwork: Text | None = None
    staging_location: Text | None = None
    temp_location: Text | None = None
    template_location: Text | None = None
    update: Flag = False
    transform_name_mapping: Text | None = None
    experiments: Texts = Field(default_factory=list)
    labels: Texts = Field(default_factory=list)
    label: Text | None = None
    sdk_location: Text | None = None
    setup_file: Text | None = None
    requirements_file: Text | None = None
    dataflow_endpoint: Text | None = None
    dataflow_kms_key: Text | None = None
    dataflow_worker_jar: Text | None = None
    service_account_email: Text | None = None
    no_auth: Flag = False
    dataflow_service_options: Texts = Field(default_factory=list)
    enable_streaming_engine: Flag = False
    flexrs_goal: FlexRSGoal | None = None
    autoscaling_algorithm: Autoscaling = "NONE"
    num_workers: Count = 2
    max_num_workers_given: Count | None = Field(default=None, alias="max_num_workers")
    disk_size_gb: Count = 32
    machine_type: Word = "n1-standard-2"
    sdk_container_image: Text | None = None
    disk_type: Text | None = None
    use_public_ips: Flag | None = None
    min_cpu_platform: Text | None = None
    gke_namespace: Text | None = None
    profile_location: Text | None = None
    profile_cpu: Flag | None = None
    profile_memory: Flag | None = None
    profile_sample_rate: Number | None = None
    resources: Annotated[Resources, nothing_is(dict)] | None = None

    _old_names: Mapping[str, str] = PrivateAttr(default_factory=dict)

    @property
    def max_num_workers(self) -> int:
        """The most workers; Beam is told only `max_num_workers_given`."""
        return self.max_num_workers_given or max(2, self.num_workers)

    @property
    def old_names(self) -> Mapping[str, str]:
        """The names of keys as they were written, where Beam calls them differently today, and those of today."""
        return self._old_names

    @property
    def all_labels(self) -> list[str]:
        """The labels of the run, `label` among them."""
        return [*self.labels, *([self.label] if self.label else [])]

    @property
    def worker_machine_type(self) -> str:
        """An older name of `machine_type`."""
        return self.machine_type

    @property
    def worker_harness_container_image(self) -> str | None:
        """An older name of `sdk_container_image`."""
        return self.sdk_container_image

    @property
    def worker_disk_type(self) -> str | None:
        """The worker's kind of disk as Dataflow wants it: as a resource of the project and the region."""
        if self.disk_type not in _DISKS:
            return self.disk_type
        return _DISK_URL.format(project=self.project, region=self.region, disk=self.disk_type)

    @model_validator(mode="wrap")
    @classmethod
    def _note_old_names(cls, given: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        made = handler(given)
        if isinstance(given, dict):
            changed = {**cls.spellings, "label": "labels"}
            made._old_names = {old: now for old, now in changed.items() if old in given}  # noqa: SLF001  (its own)
        return made

    @model_validator(mode="after")
    def _disk_is_known(self) -> Self:
        if self.disk_type is None or self.disk_type in _DISKS:
            return self
        choices = "|".join(map(re.escape, _DISKS))
        known = _DISK_URL.format(project=self.project, region=self.region, disk="")
        if not re.fullmatch(rf"{re.escape(known)}({choices})", self.disk_type):
            expected = f"{', '.join(_DISKS)}, or {known}… of the same project and region"
            raise fault("unknown disk_type", expected=expected, got=shown(self.disk_type))
        return self
