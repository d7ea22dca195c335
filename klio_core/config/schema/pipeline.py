"""`pipeline_options`: what klio and Beam need to know about a run.

Keys that are not listed here are Beam's, and are handed on as they are.
"""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from klio_core.config.problems import shown
from klio_core.config.schema.runners import Runner
from klio_core.config.schema.scalars import Count, Flag, Free, Number, Text, Texts, Word, one_of
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
        "machine_type": "worker_machine_type",
        "disk_type": "worker_disk_type",
        "sdk_container_image": "worker_harness_container_image",
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
    enable_streaming_engine: Flag = False
    flexrs_goal: FlexRSGoal | None = None
    autoscaling_algorithm: Autoscaling = "NONE"
    num_workers: Count = 2
    max_num_workers_given: Count | None = Field(default=None, alias="max_num_workers")
    disk_size_gb: Count = 32
    worker_machine_type: Word = "n1-standard-2"
    worker_harness_container_image: Text | None = None
    worker_disk_type: Text | None = None
    use_public_ips: Flag | None = None
    min_cpu_platform: Text | None = None
    gke_namespace: Text | None = None
    profile_location: Text | None = None
    profile_cpu: Flag | None = None
    profile_memory: Flag | None = None
    profile_sample_rate: Number | None = None

    @property
    def max_num_workers(self) -> int:
        """The most workers; Beam is told only `max_num_workers_given`."""
        return self.max_num_workers_given or max(2, self.num_workers)

    @property
    def machine_type(self) -> str:
        """Beam's newer name of `worker_machine_type`."""
        return self.worker_machine_type

    @property
    def sdk_container_image(self) -> str | None:
        """Beam's newer name of `worker_harness_container_image`."""
        return self.worker_harness_container_image

    @property
    def disk_type(self) -> str | None:
        """The worker's kind of disk as Dataflow wants it: as a resource of the project and the region."""
        if self.worker_disk_type not in _DISKS:
            return self.worker_disk_type
        return _DISK_URL.format(project=self.project, region=self.region, disk=self.worker_disk_type)

    @model_validator(mode="after")
    def _disk_is_known(self) -> Self:
        if self.worker_disk_type is None or self.worker_disk_type in _DISKS:
            return self
        choices = "|".join(map(re.escape, _DISKS))
        known = _DISK_URL.format(project=self.project, region=self.region, disk="")
        if not re.fullmatch(rf"{re.escape(known)}({choices})", self.worker_disk_type):
            expected = f"{', '.join(_DISKS)}, or {known}… of the same project and region"
            raise fault("unknown worker_disk_type", expected=expected, got=shown(self.worker_disk_type))
        return self
