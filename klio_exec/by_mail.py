"""Makes a job file say outright what --mail means: a batch whose events lie in files, which are handed from job to job.

`klio graph run` asks for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from klio.events.mail import ReadMail, WriteMail
from klio_core import mail
from klio_core.config import CustomEventInput, CustomEventOutput, DirectoryRecords, KlioConfig


def by_mail(config: KlioConfig, place: Path) -> KlioConfig:
    """Answer the job as a batch over the mail below `place`, which it leaves there, too.

    An event input for which no mail is there stays what the job file says: then the author's own files are read.
    """
    events, job_config = config.job_config.events, config.job_config
    said = {
        "inputs": tuple(_input(entry, number, place) for number, entry in enumerate(events.inputs)),
        "outputs": tuple(_output(entry, number, place) for number, entry in enumerate(events.outputs)),
        "status": DirectoryRecords(location=str(mail.records(place))),
    }
    asked = tuple(
        parent.model_copy(update={"inbox": str(mail.asked(place, parent.job_name))})
        for parent in job_config.dependencies
    )
    update = {"events": events.model_copy(update=said), "dependencies": asked}
    options = config.pipeline_options.model_copy(update={"streaming": False})
    return config.model_copy(update={"job_config": job_config.model_copy(update=update), "pipeline_options": options})


def _input(entry: Any, number: int, place: Path) -> Any:
    there = mail.inputs(place, number)
    if entry.skip_klio_read or not there.is_dir():
        return entry
    # Its name in run() stays what it would have been.
    name = entry.name or f"{entry.type}{number}"
    return CustomEventInput.model_validate(
        {"class": _dotted(ReadMail), "name": name, "format": "klio", "location": str(there)}
    )


def _output(entry: Any, number: int, place: Path) -> Any:
    if entry.skip_klio_write:
        return entry
    said = {
        "class": _dotted(WriteMail),
        "keep_payload": entry.keep_payload,
        "location": str(mail.outputs(place, number)),
    }
    return CustomEventOutput.model_validate(said)


def _dotted(made: type) -> str:
    return f"{made.__module__}.{made.__qualname__}"
