"""klio-job.yaml, and what it means: read strictly, told apart completely, kept frozen."""

from klio_core.config.dump import dump
from klio_core.config.json_schema import schema_json
from klio_core.config.load import build, load, parse
from klio_core.config.preprocess import KlioConfigPreprocessor
from klio_core.config.problems import InvalidConfig, Place, Problem
from klio_core.config.schema.avro import AvroEventInput, AvroEventOutput
from klio_core.config.schema.bigquery import BigQueryEventInput, BigQueryEventOutput
from klio_core.config.schema.custom import CustomDataInput, CustomDataOutput, CustomEventInput, CustomEventOutput
from klio_core.config.schema.data import (
    Data,
    FileDataInput,
    FileDataOutput,
    GcsDataInput,
    GcsDataOutput,
    MemoryDataInput,
    MemoryDataOutput,
)
from klio_core.config.schema.dependencies import Dependency
from klio_core.config.schema.events import (
    DirectoryRecords,
    Events,
    FileEventInput,
    FileEventOutput,
    FileRecords,
    PubSubEventInput,
    PubSubEventOutput,
    StatusTopic,
    TopicRecords,
)
from klio_core.config.schema.job import KlioConfig, KlioJobConfig
from klio_core.config.schema.pipeline import KlioPipelineConfig

__all__ = ["AvroEventInput", "AvroEventOutput", "BigQueryEventInput", "BigQueryEventOutput", "CustomDataInput",
    "CustomDataOutput", "CustomEventInput", "CustomEventOutput", "Data", "Dependency", "DirectoryRecords", "Events",
    "FileDataInput", "FileDataOutput", "FileEventInput", "FileEventOutput", "FileRecords", "GcsDataInput",
    "GcsDataOutput", "InvalidConfig", "KlioConfig", "KlioConfigPreprocessor", "KlioJobConfig", "KlioPipelineConfig",
    "MemoryDataInput", "MemoryDataOutput", "Place", "Problem", "PubSubEventInput", "PubSubEventOutput",
    "StatusTopic", "TopicRecords", "build", "dump", "load", "parse", "schema_json"]  # fmt: skip
