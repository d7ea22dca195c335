"""Makes a job file say outright what --local means: this machine, the local cloud, dead letters and status kept."""

from __future__ import annotations

from pathlib import Path

from klio_core.config import DirectoryRecords, KlioConfig, StatusTopic
from klio_core.local_state import dead_letter_dir, journal_dir, status_dir
from klio_core.names import status_topic


def localised(config: KlioConfig, project_dir: Path) -> KlioConfig:
    """Answer the job as it runs on this machine against the local cloud."""
    events = config.job_config.events
    said: dict[str, object] = {}
    if events.dead_letters is None:
        said["dead_letters"] = DirectoryRecords(location=str(dead_letter_dir(project_dir, config.job_name)))
    kept = str(status_dir(project_dir, config.job_name))
    if events.status is None and config.pipeline_options.streaming:
        said["status"] = StatusTopic(topic=status_topic(config.pipeline_options.project), location=kept)
    elif isinstance(events.status, StatusTopic) and events.status.location is None:
        said["status"] = events.status.model_copy(update={"location": kept})
    journal = config.job_config.journal or str(journal_dir(project_dir, config.job_name))
    update = {"events": events.model_copy(update=said), "journal": journal}
    job_config = config.job_config.model_copy(update=update)
    return config.model_copy(update={"job_config": job_config, "pipeline_options": _direct(config)})


def _direct(config: KlioConfig) -> object:
    return config.pipeline_options.model_copy(update={"runner": "DirectRunner"})
