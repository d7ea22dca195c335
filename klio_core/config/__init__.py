"""klio-job.yaml, and what it means: read strictly, told apart completely, kept frozen."""

from klio_core.config.dump import dump
from klio_core.config.json_schema import schema_json
from klio_core.config.load import build, load, parse
from klio_core.config.problems import InvalidConfig, Place, Problem
from klio_core.config.schema.data import (
    Data,
    DataInput,
    DataOutput,
    FileDataInput,
    FileDataOutput,
    GcsDataInput,
    GcsDataOutput,
    MemoryDataInput,
    MemoryDataOutput,
)
from klio_core.config.schema.dependencies import Dependency
from klio_core.config.schema.events import (
    DeadLetters,
    DirectoryRecords,
    EventInput,
    EventOutput,
    Events,
    FileEventInput,
    FileEventOutput,
    FileRecords,
    PubSubEventInput,
    PubSubEventOutput,
    StatusRecords,
    TopicRecords,
)
from klio_core.config.schema.job import KlioConfig, KlioJobConfig
from klio_core.config.schema.pipeline import KlioPipelineConfig

__all__ = ["Data", "DataInput", "DataOutput", "DeadLetters", "Dependency", "DirectoryRecords", "EventInput",
    "EventOutput", "Events", "FileDataInput", "FileDataOutput", "FileEventInput", "FileEventOutput", "FileRecords",
    "GcsDataInput", "GcsDataOutput", "InvalidConfig", "KlioConfig", "KlioJobConfig", "KlioPipelineConfig",
    "MemoryDataInput", "MemoryDataOutput", "Place", "Problem", "PubSubEventInput", "PubSubEventOutput",
    "StatusRecords", "TopicRecords", "build", "dump", "load", "parse", "schema_json"]  # fmt: skip
