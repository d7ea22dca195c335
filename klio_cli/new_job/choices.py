"""What can be chosen of a new job: one table, which options and questions of `klio job create` are made of."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from string import Template

Values = Mapping[str, str]
Settings = Iterable[tuple[str, str]]
DATAFLOW = "DataflowRunner"
_STREAMS = frozenset({"streaming", "kubernetes"})
_BATCH = frozenset({"batch"})
_FIRST_INPUT = "job_config.events.inputs[0]"
_FIRST_OUTPUT = "job_config.events.outputs[0]"


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to choose: its option, what it is where nobody says, and the keys of the job file that it sets.

    `of` are the templates, or the runner, of whose jobs it is asked. `anywhere`: any other job takes it as an option.
    `settings` answers pairs of a path and a value, as an override has them, from all values of the job.
    """

    field: str
    help: str
    of: frozenset[str]
    settings: Callable[[Values], Settings]
    default: str = ""
    old: tuple[str, ...] = ()
    anywhere: bool = False

    @property
    def options(self) -> list[str]:
        """Its option, as it is written, and older names of it."""
        return [f"--{self.field.replace('_', '-')}", *self.old]

    def default_for(self, values: Values) -> str:
        """Answer what it is for a job of that name and project."""
        return Template(self.default).substitute(values)


def text(value: str) -> str:
    """Answer the text as an override writes it."""
    return value if re.fullmatch(r"[\w./][\w./:@+-]*[\w/]|\w", value) else json.dumps(value, ensure_ascii=False)


def topic_id(topic: str) -> str:
    """Answer the last part of a topic's name."""
    return topic.rpartition("/")[2]


def subscription_id(values: Values) -> str:
    """Answer the subscription that the job reads its input topic by; another job's topic has one for each reader."""
    found, name = topic_id(values["input_topic"]), values["name"]
    return found if found == f"{name}-input" else f"{found}-{name}"


def _key(field: str, path: str) -> Callable[[Values], Settings]:
    return lambda values: [(path, text(values[field]))]


def _list(field: str, path: str) -> Callable[[Values], Settings]:
    return lambda values: [(path, json.dumps([one.strip() for one in values[field].split(",")]))]


def _input_topic(values: Values) -> Settings:
    subscription = f"projects/{values['project']}/subscriptions/{subscription_id(values)}"
    return [(f"{_FIRST_INPUT}.topic", values["input_topic"]), (f"{_FIRST_INPUT}.subscription", subscription)]


def _type_at(location: str) -> str:
    return "gcs" if location.startswith("gs://") else "file"


def _data_output(field: str) -> Callable[[Values], Settings]:
    there = "job_config.data.outputs[0]"
    return lambda values: [(f"{there}.type", _type_at(values[field])), (f"{there}.location", text(values[field]))]


def _data_input(field: str) -> Callable[[Values], Settings]:
    def settings(values: Values) -> Settings:
        return [("job_config.data.inputs", json.dumps([{"type": _type_at(values[field]), "location": values[field]}]))]

    return settings


def _of_dataflow(field: str, said: str, key: str, default: str = "", old: tuple[str, ...] = ()) -> Choice:
    path = f"pipeline_options.{key}"
    return Choice(field, said, frozenset({DATAFLOW}), _key(field, path), default, old, anywhere=True)


_TEMP = "gs://$project-dataflow-tmp/$name"
CHOICES = (
    Choice("input_topic", "The topic that elements come from.", _STREAMS, _input_topic,
           "projects/$project/topics/$name-input"),
    Choice("output_topic", "The topic that elements go on to.", _STREAMS,
           _key("output_topic", f"{_FIRST_OUTPUT}.topic"), "projects/$project/topics/$name-output"),
    Choice("output_data_location", "Where files are written: gs://… or a directory.", _STREAMS,
           _data_output("output_data_location"), "gs://$project-output/$name"),
    Choice("input_data_location", "Where files are read, if the job reads some.", _STREAMS,
           _data_input("input_data_location")),
    Choice("batch_event_input", "The file of a batch job's elements, one in each line.", _BATCH,
           _key("batch_event_input", f"{_FIRST_INPUT}.location"), "input_elements.txt"),
    Choice("batch_event_output", "The files that list the elements that a batch job has done.", _BATCH,
           _key("batch_event_output", f"{_FIRST_OUTPUT}.location"), "output_elements"),
    Choice("batch_data_output", "Where a batch job writes files: a directory or gs://…", _BATCH,
           _data_output("batch_data_output"), "output"),
    Choice("batch_data_input", "Where a batch job reads files, if it reads some.", _BATCH,
           _data_input("batch_data_input")),
    _of_dataflow("region", "The region that it runs in.", "region", "europe-west1"),
    _of_dataflow("staging_location", "Where the job is staged: gs://…", "staging_location", f"{_TEMP}/staging"),
    _of_dataflow("temp_location", "Where temporary files are: gs://…", "temp_location", f"{_TEMP}/temp"),
    _of_dataflow("machine_type", "The machines of its workers.", "machine_type", "n1-standard-2",
                 ("--worker-machine-type",)),
    _of_dataflow("num_workers", "How many workers it begins with.", "num_workers"),
    _of_dataflow("max_num_workers", "The most workers.", "max_num_workers", "2"),
    _of_dataflow("autoscaling_algorithm", "NONE or THROUGHPUT_BASED.", "autoscaling_algorithm"),
    _of_dataflow("disk_size_gb", "The disk of each worker, in GB.", "disk_size_gb"),
    _of_dataflow("worker_image", "The image of its workers, if it is built elsewhere: no Dockerfile is written.",
                 "sdk_container_image"),
    Choice("experiments", "Experiments of Beam: a,b,c.", frozenset({DATAFLOW}),
           _list("experiments", "pipeline_options.experiments"), anywhere=True),
)  # fmt: skip


def asked_of(kinds: frozenset[str]) -> list[Choice]:
    """Answer what a job of this template and this runner has in any case, and what somebody is therefore asked."""
    return [choice for choice in CHOICES if choice.default and choice.of & kinds]


def taken_by(kinds: frozenset[str]) -> list[Choice]:
    """Answer all that a job of this template and this runner takes."""
    return [choice for choice in CHOICES if choice.anywhere or choice.of & kinds]
