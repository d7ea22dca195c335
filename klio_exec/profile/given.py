"""Makes a job file say outright what a profile means: a batch over some elements, which leaves nothing outside.

What it would publish, record, ask of its parents or bury lies in a scratch directory, and so do its data outputs,
unless they are to be kept. Every element is worked on, whatever is there already.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from klio_core import mail
from klio_core.config import DirectoryRecords, FileDataOutput, KlioConfig
from klio_core.errors import UsageError
from klio_core.message import Message
from klio_exec.by_mail import by_mail

_KEPT = {"name", "file_suffix", "skip_klio_existence_check", "verify"}


def over(config: KlioConfig, elements: list[bytes], scratch: Path, *, keep_outputs: bool) -> KlioConfig:
    """Answer the job as a batch over `elements`, which come by the first event input that klio reads.

    Raises UsageError for a job that klio gives no events.
    """
    _post(config, elements, scratch)
    job = by_mail(config, scratch).job_config
    letters = DirectoryRecords(location=str(scratch / "dead-letters"))
    inputs = tuple(entry.model_copy(update={"ping": False}) for entry in job.data.inputs)
    outputs = job.data.outputs if keep_outputs else tuple(_outputs(job.data.outputs, scratch))
    forced = tuple(entry.model_copy(update={"force": True}) for entry in outputs)
    update = {
        "events": job.events.model_copy(update={"dead_letters": letters}),
        "data": job.data.model_copy(update={"inputs": inputs, "outputs": forced}),
        "metrics": job.metrics.model_copy(update=_UNTOLD) if job.metrics else job.metrics,
        "health_port": None,
    }
    options = config.pipeline_options.model_copy(update={"streaming": False, "runner": "DirectRunner"})
    return config.model_copy(update={"job_config": job.model_copy(update=update), "pipeline_options": options})


_UNTOLD = {"prometheus": None, "shumway": False}


def _post(config: KlioConfig, elements: list[bytes], scratch: Path) -> None:
    entries = config.job_config.events.inputs
    read = [number for number, entry in enumerate(entries) if not entry.skip_klio_read]
    if not read:
        raise UsageError(
            "klio gives this job no events, so it cannot give it elements",
            where="job_config.events.inputs",
            expected="an event input without skip_klio_read",
            got=f"{len(entries)} with it" if entries else "no event input",
        )
    for number in read:  # one for which nothing is posted is empty, and not what the job file says
        mail.inputs(scratch, number).mkdir(parents=True)
    mail.post(mail.inputs(scratch, read[0]), [Message.of(one, force=True).encode() for one in elements])


def _outputs(entries: Sequence[Any], scratch: Path) -> list[FileDataOutput]:
    return [
        FileDataOutput(location=str(scratch / "data" / str(number)), **entry.model_dump(include=_KEPT))
        for number, entry in enumerate(entries)
    ]
