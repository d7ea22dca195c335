"""Where everything lies, read off the job files: locations and topics, and the only names that become paths."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, StringConstraints, WithJsonSchema

from klio.data.locate import path_of
from klio_core.config import KlioConfig, load
from klio_core.errors import ConfigError
from klio_core.message import JobRef

HASH_PATTERN = "^[0-9a-f]{64}$"
Hash = Annotated[str, StringConstraints(pattern=HASH_PATTERN)]
"""The SHA-256 of an upload, in small hexadecimal digits: the element of all jobs."""
_HASH = re.compile("[0-9a-f]{64}")


def is_hash(text: str) -> bool:
    """Whether a text is a `Hash`: elements of records may be anything."""
    return _HASH.fullmatch(text) is not None


class Stem(enum.StrEnum):
    """What a song is taken apart into, in the order in which people name it."""

    VOCALS = "vocals"
    DRUMS = "drums"
    BASS = "bass"
    OTHER = "other"


def mix_name(text: str) -> str:
    """Answer the one name of a mix: its stems, sorted, with + between them. Raises ValueError for anything else."""
    names = text.split("+")
    if not set(names) <= set(Stem) or len(set(names)) != len(names):
        raise ValueError(f"a mix is some of {', '.join(Stem)}, each once, with + between them")
    return "+".join(sorted(names))


_MIXES = ["+".join(stems) for number in range(len(Stem)) for stems in combinations(sorted(Stem), number + 1)]
MixName = Annotated[str, AfterValidator(mix_name), WithJsonSchema({"type": "string", "enum": _MIXES})]
"""A mix by its stems: `bass+drums`."""

WISHES = "wishes"
"""In place of the name of a mix, to the job `mix`: all that are wished for in the file of the song."""


@dataclass(frozen=True, slots=True)
class Job:
    """What the front knows of one job: who it is, where it is asked, and where it keeps what it could not do."""

    ref: JobRef
    topic: str
    subscription: str
    lease_s: float
    dead_letters: str


@dataclass(frozen=True, slots=True)
class Places:
    """All places. `callback` is None where there is no such job."""

    queue: str
    songs: str
    stems: str
    mixes: str
    callbacks: str
    told: str
    dead_letters: str
    status_topic: str
    max_duration_s: float
    separate: Job
    mix: Job
    callback: Job | None
    suffixes: dict[str, str]
    mix_suffix: str

    @classmethod
    def of(cls, jobs: Path) -> Places:
        """Read the job files of `separate`, `mix` and, if there, `callback` in a directory. Raises ConfigError."""
        separate, mix = load(jobs / "separate" / "klio-job.yaml"), load(jobs / "mix" / "klio-job.yaml")
        callback = _callback(jobs / "callback" / "klio-job.yaml")
        queue = _only(separate.job_config.data.inputs, "separate", "inputs").location
        outputs = {str(output.name): output for output in separate.job_config.data.outputs}
        _check_stems(outputs, jobs)
        made = _only(mix.job_config.data.outputs, "mix", "outputs")
        return cls(
            queue=queue,
            songs=_wishes(mix),
            stems=outputs["peaks"].location,
            mixes=made.location,
            callbacks=callback.job_config.data.inputs[0].location if callback else _beside(queue, "callbacks"),
            told=callback.job_config.data.outputs[0].location if callback else _beside(queue, "callbacks-sent"),
            dead_letters=_letters(separate),
            status_topic=_status_topic(separate),
            max_duration_s=float(getattr(separate.job_config, "max_duration_s", 1200.0)),
            separate=_job(separate),
            mix=_job(mix),
            callback=_job(callback) if callback else None,
            suffixes={name: output.file_suffix for name, output in outputs.items()},
            mix_suffix=made.file_suffix,
        )

    def original(self, song: str) -> str:
        """Answer the path of the upload, as it came."""
        return path_of(self.queue, song.encode())

    def song_file(self, song: str) -> str:
        """Answer the path of what the front knows of an upload, a `SongFile`."""
        return path_of(self.songs, song.encode(), ".json")

    def stem(self, song: str, stem: Stem) -> str:
        """Answer the path of one stem, an MP3."""
        return path_of(self.stems, song.encode(), self.suffixes[stem])

    def peaks(self, song: str) -> str:
        """Answer the path of the peaks, and of what the worker said of its work: the last object of a song."""
        return path_of(self.stems, song.encode(), self.suffixes["peaks"])

    def mix_of(self, song: str, name: str) -> str:
        """Answer the path of a mix, an MP3."""
        return path_of(self.mixes, f"{song}-mix-{name.replace('+', '-')}".encode(), self.mix_suffix)

    def callback_of(self, song: str) -> str:
        """Answer the path of those who want to be told of a song."""
        return path_of(self.callbacks, song.encode(), ".json")

    def told_of(self, song: str) -> str:
        """Answer the path of what came of telling them."""
        return path_of(self.told, song.encode(), ".json")

    @property
    def jobs(self) -> tuple[Job, ...]:
        """All jobs that there are."""
        return tuple(job for job in (self.separate, self.mix, self.callback) if job is not None)


def _callback(path: Path) -> KlioConfig | None:
    """Answer the job that tells who has asked, where there is one. Raises ConfigError."""
    if not path.exists():
        return None
    config = load(path)
    names = [entry.name for entry in (*config.job_config.data.inputs[:1], *config.job_config.data.outputs)]
    if names != ["askers", "told"]:
        where, got = f"{path}: job_config.data", ", ".join(map(str, names)) or "none"
        raise _wrong(where, "a first input with the name askers, and an output with the name told", got)
    return config


def _job(config: KlioConfig) -> Job:
    entry = next(entry for entry in config.job_config.events.inputs if entry.type == "pubsub" and entry.topic)
    return Job(
        JobRef(config.job_name, config.pipeline_options.project or ""),
        str(entry.topic),
        str(entry.subscription),
        float(config.job_config.lease_s),
        _letters(config),
    )


def _only(entries: tuple[Any, ...], job: str, side: str) -> Any:
    wanted = [entry for entry in entries if getattr(entry, "location", "").startswith("gs://")]
    if not wanted:
        raise _wrong(
            f"{job}/klio-job.yaml: job_config.data.{side}", "a location in Cloud Storage: gs://BUCKET/…", "none"
        )
    return wanted[0]


def _check_stems(outputs: dict[str, Any], jobs: Path) -> None:
    expected = [*Stem, "peaks"]
    if set(outputs) != set(expected):
        where = f"{jobs / 'separate' / 'klio-job.yaml'}: job_config.data.outputs"
        raise _wrong(where, f"outputs with the names {', '.join(expected)}", ", ".join(outputs))


def _letters(config: KlioConfig) -> str:
    entry = config.job_config.events.dead_letters
    location = getattr(entry, "location", "")
    if not location.startswith("gs://"):
        where = f"job {config.job_name}: job_config.events.dead_letters"
        raise _wrong(where, "type: directory, location: gs://BUCKET/dead-letters", location or "none")
    return str(location)


def _status_topic(config: KlioConfig) -> str:
    entry = config.job_config.events.status
    topic = getattr(entry, "topic", None)
    if not topic:
        where = f"job {config.job_name}: job_config.events.status"
        raise _wrong(where, "type: pubsub, topic: projects/PROJECT/topics/separator-status", "none")
    return str(topic)


def _wishes(config: KlioConfig) -> str:
    """Answer where the job `mix` reads what people wish for: in what the front knows of each upload."""
    inputs = {entry.name: entry.location for entry in config.job_config.data.inputs}
    if WISHES not in inputs:
        where, got = f"job {config.job_name}: job_config.data.inputs", ", ".join(map(str, inputs)) or "none"
        raise _wrong(where, f"an input with the name {WISHES}", got)
    return str(inputs[WISHES])


def _beside(location: str, name: str) -> str:
    return f"{location.rstrip('/').rpartition('/')[0]}/{name}"


def _wrong(where: str, expected: str, got: str) -> ConfigError:
    todo = "write it into the job file: the web front finds songs by it"
    return ConfigError(
        "the job file does not say what the web front needs", where=where, expected=expected, got=got, todo=todo
    )
